"""How numbers are written: with which marks, in a file as a whole, and with what around them in a single column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from skc.data.text.forms import text_form
from skc.data.text.value_mending import MARKS
from skc.draft.texts import Form
from skc.ir import ReadOptions
from skc_runtime.kinds import DType

PLAIN = (".", "")
DECIMAL_COMMA = (",", "")
# `1,234` alone is a number with thousands, as it has groups of three; any other group leaves the decimal comma.
WAYS = (PLAIN, (".", ","), *(marks for marks in MARKS if marks[0] == "." and marks[1] != ","), DECIMAL_COMMA, *(
    marks for marks in MARKS if marks[0] == ","
))  # fmt: skip
CODE = r"[+-]?0[0-9]+"  # `007` is not the number 7
LONG = r"[+-]?[0-9]{17,}"  # an id, which float64 cannot hold
BLANK = "[ \u00a0\u202f]?"
CORE = r"[0-9][0-9.,'’ \u00a0\u202f]*[0-9]|[0-9]|[.,][0-9]+"
WRITTEN = re.compile(rf"([+-]?)([^0-9+-]*?)([+-]?)({CORE})([^0-9]*)")
MULTIPLIERS = {
    "k": 1e3,
    "K": 1e3,
    "M": 1e6,
    "B": 1e9,
    "bn": 1e9,
    "Tsd.": 1e3,
    "Mio": 1e6,
    "Mio.": 1e6,
    "Mrd": 1e9,
    "Mrd.": 1e9,
}
# What of letters may stand before a number: in a code such as `c295` they are a part of it.
CURRENCIES = frozenset(
    [
        *("EUR", "USD", "GBP", "CHF", "JPY", "CNY", "INR", "SEK", "NOK", "DKK", "PLN", "CZK"),
        *("US$", "R$", "A$", "C$", "HK$", "Rs", "Rs.", "kr", "Fr.", "zł"),
    ]
)


def number_form(dtype: DType, options: ReadOptions) -> Form:
    """Numbers as a file with these options writes them, without codes and ids."""
    return Form(text_form(dtype, options), _is_no_code)


def _is_no_code(text: str) -> bool:
    return re.fullmatch(f"{CODE}|{LONG}", text) is None


def marks_of(columns: Iterable[Sequence[str]]) -> tuple[str, str, bool]:
    """The decimal mark and the thousands mark with which most columns are numbers, and whether that is a guess."""
    columns = [_cores(texts) for texts in columns if texts]
    fitting = {marks: [k for k, texts in enumerate(columns) if _are_numbers(texts, marks)] for marks in WAYS}
    best = max(WAYS, key=lambda marks: len(fitting[marks]))  # the first of several
    rivals = [marks for marks in WAYS if marks != best and len(fitting[marks]) == len(fitting[best])]
    is_plain = len(fitting[best]) == len(fitting[PLAIN])
    return (*best, not is_plain and DECIMAL_COMMA in rivals)


def _cores(texts: Sequence[str]) -> Sequence[str]:
    """The numbers in texts such as `1.234,56 €`, which show the marks too."""
    parts = [WRITTEN.fullmatch(text.strip()) for text in texts]
    return [part[4] for part in parts if part is not None] if all(parts) else texts


def has_groups(texts: Iterable[str]) -> bool:
    """Whether each decimal point has three digits behind it and one to three before, as groups of a number have."""
    pointed = [text for text in texts if "." in text]
    return len(pointed) > 2 and all(re.fullmatch(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}", text) for text in pointed)


def _are_numbers(texts: Sequence[str], marks: tuple[str, str]) -> bool:
    form = number_form("float64", replace(ReadOptions(), decimal=marks[0], thousands=marks[1]))
    return all(form.fits(text) for text in texts)


@dataclass(frozen=True)
class Written:
    """The parameters of `parse_number` for a column, and what is a guess about them."""

    parameters: Mapping[str, Any]
    guess: str | None = None

    @property
    def form(self) -> Form:
        """The texts that the op reads."""
        point, mark = re.escape(self.parameters.get("decimal", ".")), self.parameters.get("thousands")
        whole = "[0-9]{1,18}"
        if mark is not None:
            whole = f"(?:{whole}|[0-9]{{1,3}}(?:{re.escape(mark)}[0-9]{{3}}){{1,5}})"
        core = f"(?:{whole}(?:{point}[0-9]{{0,18}})?|{point}[0-9]{{1,18}})"
        prefix = _optional(self.parameters.get("prefix", ()), f"{{}}{BLANK}")
        multiplier = _optional(self.parameters.get("multipliers", ()), f"{BLANK}{{}}")
        percent = f"{BLANK}%" if self.parameters.get("percent") else ""
        suffix = _optional(self.parameters.get("suffix", ()), f"{BLANK}{{}}")
        return Form(f"(?:[+-]?{prefix}|{prefix}[+-]?){core}{multiplier}{percent}{suffix}")


def _optional(words: Iterable[str], pattern: str) -> str:
    listed = "|".join(re.escape(word) for word in words)
    return f"(?:{pattern.format(f'(?:{listed})')})?" if listed else ""


def written_number(texts: Sequence[str]) -> Written | None:
    """How numbers with something around them are written; None if the texts are not such numbers."""
    parts = [WRITTEN.fullmatch(text) for text in texts]
    if not texts or any(part is None for part in parts):
        return None
    matches = [part for part in parts if part is not None]
    prefixes = {part[2].strip(" \u00a0\u202f") for part in matches} - {""}
    suffixes = {part[5].strip(" \u00a0\u202f") for part in matches}
    has_bare = "" in suffixes
    suffixes -= {""}
    is_code = any(re.search(r"[^\W_]", prefix) and prefix not in CURRENCIES for prefix in prefixes)
    if is_code or len(prefixes) > 1 or len(suffixes - MULTIPLIERS.keys()) > 1:  # kg and g are not the same
        return None
    marks = next((marks for marks in WAYS if _are_numbers([part[4] for part in matches], marks)), None)
    if marks is None:
        return None
    parameters: dict[str, Any] = {"decimal": marks[0]} if marks[0] != "." else {}
    if marks[1]:
        parameters["thousands"] = marks[1]
    if prefixes:
        parameters["prefix"] = sorted(prefixes)
    return _with_suffixes(parameters, suffixes, has_bare)


def _with_suffixes(parameters: dict[str, Any], suffixes: set[str], has_bare: bool) -> Written:
    if suffixes == {"%"} and not has_bare:
        return Written({**parameters, "percent": True})
    multipliers = {word: MULTIPLIERS[word] for word in sorted(suffixes) if word in MULTIPLIERS}
    others = sorted(suffixes - multipliers.keys())
    if multipliers:
        parameters["multipliers"] = multipliers
    if others:
        parameters["suffix"] = others
    guess = None
    if multipliers:
        guess = "; ".join(f"`{word}` is {value:,.0f}" for word, value in multipliers.items())
    elif "%" in others:
        guess = "some are followed by %, and none is divided by 100"
    elif others and has_bare:
        guess = "a number is the same with and without what follows it"
    return Written(parameters, guess)
