"""Which options would mend texts that are not of the declared type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from skc.data.text.forms import form_of
from skc.data.text.mending import under_data
from skc.data.text.splitting import BLANKS
from skc.ir import Input, ReadOptions

MARKS = (  # decimal and thousands
    *((",", "."), (",", " "), (",", "\u00a0"), (",", "\u202f"), (",", "'")),
    *((".", ","), (".", " "), (".", "\u00a0"), (".", "\u202f"), (".", "'"), (".", "’")),
)
BOOLS = (("yes", "no"), ("y", "n"), ("t", "f"), ("1", "0"), ("on", "off"), ("ja", "nein"), ("oui", "non"), ("si", "no"))
MOST_NULLS = 5  # texts that a hint suggests as null
Mends = Callable[[Mapping[str, Any]], bool]  # whether some options mend the column, and spoil no other


def value_hint(value: Input, texts: Sequence[str], options: ReadOptions, mends: Mends) -> str | None:
    """The options that would mend all values of a column; None if there are none."""
    words = [text for text in texts if _is_word(text)] if value.kind.is_number else []
    nulls = {"null_values": [*options.null_values, *words]} if words and len(words) <= MOST_NULLS else {}
    for changes in _changes(value, [text for text in texts if text not in words], options):
        together = {**changes, **nulls} if not value.null_values else changes
        if together and mends({name: tuple(v) if isinstance(v, list) else v for name, v in together.items()}):
            return _hint(value, together, words)
    if value.kind.is_float and any("," in text for text in texts):
        return 'write all numbers of a column alike, with a decimal point or, with `decimal: ","` under `data`, a comma'
    return None


def _hint(value: Input, changes: Mapping[str, Any], words: Sequence[str]) -> str:
    hint = f"write {under_data(changes)}"
    if words:
        hint += " if such a text means null" + ("" if value.nullable else ", and declare the input `nullable: true`")
    if not value.kind.is_float and changes.get("thousands") in (".", ","):
        hint += ", or declare it float64 if that is a decimal mark"
    return hint


def _is_word(text: str) -> bool:
    """Whether a text has no digit, so that it cannot be meant as a number."""
    return not re.search("[0-9]", text)


def _changes(value: Input, texts: Sequence[str], options: ReadOptions) -> Iterator[dict[str, Any]]:
    """What may mend the texts, the simplest first."""
    if _fit(value, texts, options):
        yield {}
    if not options.trim and _fit(value, [text.strip(BLANKS) for text in texts], options):
        yield {"trim": True}
    if value.dtype == "bool" and not (value.true_values or value.false_values):
        yield from _bools(texts, options)
    if value.kind.is_number:
        yield from _marks(value, texts, options)


def _marks(value: Input, texts: Sequence[str], options: ReadOptions) -> Iterator[dict[str, Any]]:
    before = {"decimal": options.decimal, "thousands": options.thousands}
    singles: list[dict[str, Any]] = [{"decimal": ","}, {"decimal": "."}] if value.kind.is_float else []
    for marks in [*singles, *({"decimal": point, "thousands": mark} for point, mark in MARKS)]:
        if marks.get("thousands", options.thousands) == marks["decimal"]:
            continue
        if _fit(value, texts, replace(options, **marks)):
            yield {name: mark for name, mark in marks.items() if mark != before[name]}


def _bools(texts: Sequence[str], options: ReadOptions) -> Iterator[dict[str, Any]]:
    """Known words for true and false, as they are written here."""
    for yes, no in BOOLS:
        pair = [[text for text in texts if text.strip(BLANKS).lower() == word] for word in (yes, no)]
        if sum(map(len, pair)) == len(texts):
            known = (options.true_values, options.false_values)
            names = ("true_values", "false_values")
            yield {name: [*old, *new] for name, old, new in zip(names, known, pair, strict=True) if new}


def _fit(value: Input, texts: Sequence[str], options: ReadOptions) -> bool:
    form = form_of(value, options.of(value))
    return (bool(texts) and all(re.fullmatch(form, text) for text in texts)) or not texts
