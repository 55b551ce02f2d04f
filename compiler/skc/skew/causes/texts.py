"""Text in another case, with spaces, cut; and categories whose codes were exchanged."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from skc.skew.causes.column import Compared
from skc.skew.causes.evidence import MOST_BITS, Guess, bits_of_values
from skc_runtime.kinds import Array

_CHANGES: Sequence[tuple[str, Callable[[str], str]]] = (
    ("in lower case", str.lower),
    ("in upper case", str.upper),
    ("with its case folded", str.casefold),
    ("with a capital letter first", str.capitalize),
    ("with a capital letter in every word", str.title),
    ("without the spaces around it", str.strip),
    ("in lower case, without the spaces around it", lambda text: text.strip().lower()),
    ("in the Unicode form NFC", lambda text: unicodedata.normalize("NFC", text)),
    ("in the Unicode form NFKC", lambda text: unicodedata.normalize("NFKC", text)),
    ("without accents", lambda text: _without_accents(text)),
    ("encoded as UTF-8 and read as Latin-1", lambda text: text.encode("utf-8", "surrogatepass").decode("latin-1")),
)


def changed_text(case: Compared) -> Iterator[Guess]:
    """What a common function makes of the text; or a text that is the recomputed one only after such a function."""
    if case.texts is None:
        return
    served, recomputed = case.texts
    both_missing = case.served.missing & case.recomputed.missing
    one_missing = case.served.missing ^ case.recomputed.missing
    for name, change in _CHANGES:
        after = np.array([change(text) for text in recomputed], object)
        holds = (served == after) & ~one_missing | both_missing
        yield Guess("text", f"the text {name}", holds, MOST_BITS, 0, {"change": name}, after != recomputed)
    for name, change in _CHANGES:
        before = np.array([change(text) for text in served], object)
        holds = (recomputed == before) & ~one_missing | both_missing
        text = f"a text that is the value only {name}"
        yield Guess("text", text, holds, MOST_BITS, 0, {"missing_change": name}, before != served)


def cut_text(case: Compared) -> Iterator[Guess]:
    """The first k characters."""
    if case.texts is None:
        return
    served, recomputed = case.texts
    length = max((len(text) for text in served[case.differs]), default=0)
    if length:
        holds = np.array([a == b[:length] for a, b in zip(served, recomputed, strict=True)], bool)
        holds &= case.served.missing == case.recomputed.missing
        yield Guess("text", f"the first {length} characters", holds, MOST_BITS, 1, {"characters": length})


def exchanged_codes(case: Compared) -> Iterator[Guess]:
    """Every value has exactly one other, as after another order of the categories."""
    if case.numbers is not None and not case.is_whole:
        return
    served, recomputed = (_keys(c.values, c.missing) for c in (case.served, case.recomputed))
    after: dict[Any, Any] = {}
    for new, old in zip(served, recomputed, strict=True):
        if after.setdefault(old, new) != new:
            return
    if len(after) < 2 or len(set(after.values())) != len(after):
        return
    permuted = set(after) == set(after.values())
    text = "the codes of the categories permuted" if permuted else "other codes of the same categories"
    moved = {str(old): str(new) for old, new in after.items() if old != new}
    holds = np.ones(len(served), bool)
    bits = bits_of_values(np.array([str(value) for value in served], object)[case.differs])
    yield Guess("codes", text, holds, bits, len(moved), {"codes": dict(sorted(moved.items())[:100])})


def _keys(values: Array, missing: Array) -> list[Any]:
    return [None if absent else value for value, absent in zip(values.tolist(), missing.tolist(), strict=True)]


def _without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
