"""The ops that clean text, against Python's own `str`, `float` and `unicodedata`, on texts of every kind."""

from __future__ import annotations

import itertools
import random
import re
import unicodedata
from typing import Any

import numpy as np
import op_harness as harness
import pytest
from sklearn.feature_extraction.text import strip_accents_ascii, strip_accents_unicode

from skc.artifact import assemble
from skc.diagnostics import SkcError
from skc.ops import OPS
from skc.ops.text._characters import WHITE_SPACE, all_characters
from skc_runtime.kinds import Array

# What people write, and what looks like it: case, normal forms, ligatures, no-break and zero-width characters, blanks.
NEAR = "aA bİßΣςﬁ\u00a0\u200d\u200b\u3000é\u0301\t\n\r,.$1٣１中😀"


def graph(op: str, params: dict[str, Any], texts: list[str]) -> Array:
    pipeline = harness.fit(harness.build(OPS[op], params, {"s": "string"}), [])
    return harness.Graph(pipeline, "columns").run([[text] for text in texts]).values[:, 0]


def texts_of(alphabet: str, seed: int, count: int = 3000) -> list[str]:
    r = random.Random(seed)
    return ["".join(r.choices(alphabet, k=r.choice((0, 1, 2, 3, 5, 9, 40)))) for _ in range(count)]


def characters() -> list[str]:
    """All up to U+3100, every half-width and full-width form, and every 23rd of the others."""
    listed = all_characters()
    near = [c for c in listed if ord(c) < 0x3100 or 0xFE00 <= ord(c) < 0x10000]
    return [*near, *listed[0x3100::23]]


@pytest.mark.parametrize("side", ["both", "start", "end"])
@pytest.mark.parametrize("characters", [None, "a\u00a0,", "^]-\\[.$*", "\n", "é😀中"])
def test_strip_is_that_of_python(side: str, characters: str | None) -> None:
    texts = [*texts_of(NEAR, 1), *texts_of("^]-\\[.$*\n a", 2)]
    expected = {"both": str.strip, "start": str.lstrip, "end": str.rstrip}[side]
    found = graph("strip", {"characters": characters, "side": side}, texts)
    assert found.tolist() == [expected(text, characters) for text in texts]


FOLDS = {
    "lower": ({}, str.lower),
    "upper": ({}, str.upper),
    "casefold": ({}, str.casefold),
    "strip_accents": ({"to": "unicode"}, strip_accents_unicode),
}


@pytest.mark.parametrize("name", ["lower", "upper", "casefold", "strip_accents"])
def test_every_character_folds_as_in_python(name: str) -> None:
    """Each by itself among others, sigmas in every context, and texts of several pieces."""
    params, expected = FOLDS[name]
    listed = all_characters()
    tables = [" ".join(listed[i : i + 5_000]) for i in range(0, len(listed), 5_000)]
    sigmas = ["".join(word) for word in itertools.product("Σaσ.'1 \u0301😀", repeat=3)]
    texts = [*tables, *sigmas, *texts_of(NEAR, 13), "ß" * 600, "aΣ" * 300]
    assert graph(name, params, texts).tolist() == [expected(text) for text in texts]


def test_only_ascii_is_left_as_in_scikit_learn() -> None:
    texts = [*texts_of(NEAR, 14), *("".join(all_characters()[i : i + 1000]) for i in range(0, 0x20000, 1000))]
    assert graph("strip_accents", {"to": "ascii"}, texts).tolist() == [strip_accents_ascii(text) for text in texts]


def test_the_unicode_version_is_in_the_manifest() -> None:
    for name, has_tables in (("lower", True), ("strip", False), ("fold_text", True)):
        pipeline = harness.fit(harness.build(OPS[name], {}, {"s": "string"}), [])
        built_with = assemble(pipeline, "columns").manifest.built_with
        assert built_with.get("unicode") == (unicodedata.unidata_version if has_tables else None)


def test_white_space_is_that_of_python() -> None:
    assert "".join(filter(str.isspace, all_characters())) == WHITE_SPACE
    texts = [f"{c}a{c}" for c in characters()]
    assert graph("strip", {}, texts).tolist() == [text.strip() for text in texts]


def _numerals(r: random.Random) -> str:
    """A number of random digits, or one next to or on the middle of two floats."""
    if r.random() < 0.5:
        whole, fraction = (str(r.randrange(10 ** r.randrange(1, 19))) for _ in range(2))
        return r.choice((whole, f"{whole}.{fraction}", f"{whole}.", f".{fraction}"))
    places = r.randrange(1, 18)
    middle = (2 * r.randrange(2**52, 2**53) + 1) * 5**places + r.choice((-1, 0, 1))
    digits = str(middle).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}"


def test_parse_number_is_float() -> None:
    r = random.Random(3)
    texts = [r.choice(("", "-", "+")) + _numerals(r) for _ in range(60_000)]
    texts = [text for text in texts if max(map(len, text.lstrip("+-").split("."))) <= 18]
    assert len(texts) > 40_000
    found = graph("parse_number", {}, texts)
    assert found.view(np.int64).tolist() == np.array([float(text) for text in texts]).view(np.int64).tolist()


def test_parse_number_scales_before_it_rounds() -> None:
    r = random.Random(4)
    unsigned = [text for text in (_numerals(r) for _ in range(20_000)) if max(map(len, text.split("."))) <= 18]
    for params, ends in (
        ({"percent": True}, {"%": -2}),
        ({"multipliers": {"k": 1e3, "M": 1e6, "n": 1e-9}}, {"k": 3, "M": 6, "n": -9, "": 0}),
        ({"exponent": True}, {f"e{n}": n for n in range(-279, 280)}),
    ):
        chosen = [(text, *r.choice([*ends.items()])) for text in unsigned]
        found = graph("parse_number", params, [text + end for text, end, _ in chosen])
        expected = np.array([float(f"{text}e{power}") for text, _, power in chosen])
        assert found.view(np.int64).tolist() == expected.view(np.int64).tolist()


def test_parse_number_takes_no_other_text() -> None:
    """Every text of up to four of these characters, and many characters beside a digit: what is a number is one for
    Python too, apart from groups.
    """
    short = ["".join(t) for n in range(5) for t in itertools.product("1.,-+ e٣_", repeat=n)]
    texts = [*short, *(f"1{c}" for c in characters()), *(f"{c}1" for c in characters())]
    found = graph("parse_number", {"thousands": ",", "invalid": "null"}, texts)
    for text, value in zip(texts, found.tolist(), strict=True):
        if value == value:
            assert float(text.replace(",", "")) == value
        else:
            assert not text.isascii() or not _is_float(text) or {*text} & {*" \t\n\v\f\r\x1c\x1d\x1e\x1f_e"}, repr(text)


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("words", [["a"], ["é", "\u0301"], ["\n", ".", "$1"], ["😀", "ab ", "İ"]])
def test_questions_about_parts_are_those_of_python(words: list[str]) -> None:
    texts = texts_of(NEAR, 5)
    found = {name: graph(name, {"text": words}, texts).tolist() for name in ("starts_with", "ends_with", "contains")}
    assert found["starts_with"] == [text.startswith(tuple(words)) for text in texts]
    assert found["ends_with"] == [text.endswith(tuple(words)) for text in texts]
    assert found["contains"] == [any(word in text for word in words) for text in texts]


PATTERNS = (
    "[a-z]+",
    r"[^a\s]*",
    r".?[a-zß-ü]{2,4}.*",
    "(?:a|ab)(c|bcd)*d?",
    r"\s*[$]?[0-9]{1,3}(?:,[0-9]{3})*(\.[0-9]+)?\s*",
    "[\\]\\-^.]+|é|",
    "(a?b?)*A",
    "[^\n]*\n[^\x01]*",
)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_matches_is_fullmatch(pattern: str) -> None:
    alphabets = (NEAR, "abcd", "1,.$ ", "]-^.é", "aA\n")
    texts = [text for seed, alphabet in enumerate(alphabets) for text in texts_of(alphabet, seed, 1500)]
    found = graph("matches", {"pattern": pattern}, texts)
    expected = [re.fullmatch(pattern, text) is not None for text in texts]
    assert found.tolist() == expected
    assert {True, False} == set(expected)


def test_a_pattern_is_refused_or_means_the_same() -> None:
    """Random patterns: what is not refused matches as in Python, and what replaces may also be searched for."""
    r = random.Random(6)
    parts = [
        *"ab.",
        r"\.",
        "[ab]",
        "[^a]",
        r"\s",
        "(?:a|b)",
        "(ab|)",
        "|",
        "*",
        "+",
        "?",
        "{1,2}",
        "{2}",
        "^",
        r"\w",
        "-",
    ]
    texts = ["".join(t) for n in range(5) for t in itertools.product("ab.", repeat=n)] + ["a\n", "\u00a0b", "-", "é"]
    counts = {"matches": 0, "replace": 0}
    for _ in range(600):
        pattern = "".join(r.choices(parts, k=r.randint(1, 5)))
        for name, params in (("matches", {}), ("replace", {"by": "#"})):
            try:
                found = graph(name, {"pattern": pattern, **params}, texts).tolist()
            except SkcError as error:
                assert error.diagnostics[0].code == "SKC129", pattern
                continue
            counts[name] += 1
            if name == "matches":
                assert found == [re.fullmatch(pattern, text) is not None for text in texts], pattern
            else:
                assert found == [re.sub(pattern, "#", text) for text in texts], pattern
    assert min(counts.values()) > 50, counts


def test_length_substring_and_split_are_those_of_python() -> None:
    texts = [*texts_of(NEAR, 7), *texts_of("a,b", 8)]
    assert graph("length", {}, texts).tolist() == [len(text) for text in texts]
    for start, length in itertools.product((0, 1, 2, 7, 30, -1, -2, -7, -40), (1, 2, 9, 100, None)):
        if (start, length) != (0, None):
            found = graph("substring", {"start": start, "length": length}, texts).tolist()
            assert found == [text[start:][:length] for text in texts], (start, length)
    for delimiter, part in (
        (",", 0),
        (",", 2),
        (",", -1),
        (",", -3),
        ("é", 1),
        ("a", -2),
        ("ab", 1),
        ("aa", 2),
        (" ", 5),
    ):
        found = graph("split", {"delimiter": delimiter, "part": part, "missing": "empty"}, texts).tolist()
        parts = [text.split(delimiter) for text in texts]
        assert found == [p[part] if -len(p) <= part < len(p) else "" for p in parts], (delimiter, part)


def test_collapse_spaces_and_replace_are_those_of_python() -> None:
    texts = [*texts_of(NEAR, 9), *texts_of("ab", 10), *texts_of(" \t\u00a0a", 11)]
    assert graph("collapse_spaces", {}, texts).tolist() == [" ".join(text.split()) for text in texts]
    for old, new in (("a", ""), ("ab", "ba"), ("aba", "a"), ("\u0301", "´"), ("\n", "\\n"), ("aa", "aaa")):
        assert graph("replace", {"text": old, "by": new}, texts).tolist() == [t.replace(old, new) for t in texts]


def test_concat_is_a_join() -> None:
    texts = texts_of(NEAR, 12, 300)
    rows = [list(row) for row in zip(texts, texts[1:], texts[2:], strict=False)]
    params = {"separator": ", ", "prefix": "(", "suffix": "é)"}
    pipeline = harness.fit(harness.build(OPS["concat"], params, {"a": "string", "b": "string", "c": "string"}), [])
    found = harness.Graph(pipeline, "columns").run(rows).values[:, 0]
    assert found.tolist() == [f"({', '.join(row)}é)" for row in rows]


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
def test_a_normal_form_is_that_of_python_or_refused(form: str) -> None:
    """Every character by itself, every composed one as base and marks in every order, and letters with marks drawn at
    random; hardly anything that people write is refused.
    """
    r = random.Random(15)
    listed = [c for c in all_characters() if unicodedata.category(c) not in ("Cn", "Co")]
    marks = [c for c in listed if unicodedata.combining(c)]
    composed = [unicodedata.normalize("NFD", c) for c in listed if unicodedata.decomposition(c)]
    letters = [*"aeinoqxßøשกカᄀ가ﬁ", *r.sample(listed, 300)]
    drawn = ["".join([r.choice(letters), *r.choices(marks, k=r.randint(1, 3)), r.choice(letters)]) for _ in range(6000)]
    swapped = [text[0] + text[:0:-1] for text in composed]
    common = [unicodedata.normalize("NFD", text) for text in ("Việt Nam", "Łódź", "naïve", "São Paulo", "Ελλάς", "Йод")]
    singles = [f".{c}." for c in listed if not unicodedata.combining(c)]
    texts = [*singles, *composed, *swapped, *drawn, *common]
    pipeline = harness.fit(harness.build(OPS["normalize_text"], {"form": form}, {"s": "string"}), [])
    run = harness.Graph(pipeline, "columns").run([[text] for text in texts])
    refused = {row for _, row, _ in run.guards}
    for i, text in enumerate(texts):
        assert i in refused or run.values[i, 0] == unicodedata.normalize(form, text), ascii(text)
    assert not refused & {*range(len(texts) - len(common), len(texts))}
    assert len(refused & {*range(len(singles))}) < 200
    assert len(refused & {*range(len(texts) - len(drawn) - len(common), len(texts))}) < 0.9 * len(drawn)
