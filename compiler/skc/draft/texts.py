"""A column of text, and what does not fit a form of it.

Of a column with few different texts, all are checked. Of any other the first rows propose a form, and the engine
then searches all rows for texts that are not of that form: what a draft says of a column, it says of all rows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from skc.data.engine import Column, Data

MOST_MISFITS = 20  # texts


@dataclass(frozen=True)
class Form:
    """A regular expression that RE2 and Python read alike, and what else must be true of a text that matches it."""

    pattern: str
    holds: Callable[[str], bool] | None = None

    def fits(self, text: str) -> bool:
        return re.fullmatch(self.pattern, text) is not None and (self.holds is None or self.holds(text))


@dataclass(frozen=True)
class Misfits:
    """The texts that do not fit, with how often each occurs; `is_all` unless there are too many."""

    counts: Mapping[str, int]
    is_all: bool = True

    def __add__(self, other: Misfits) -> Misfits:
        counts = Counter(self.counts) + Counter(other.counts)
        return Misfits(dict(counts.most_common(MOST_MISFITS + 1)), self.is_all and other.is_all and _are_few(counts))


def _are_few(counts: Mapping[str, int]) -> bool:
    return len(counts) <= MOST_MISFITS


@dataclass(frozen=True)
class Texts:
    """The texts of a column with how often each occurs: all of them, or, where `data` is given, of the first rows."""

    counts: Mapping[str, int]
    column: Column
    data: Data | None = None

    def misfits(self, form: Form) -> Misfits:
        """The texts in all rows that do not have a form."""
        here = {text: n for text, n in self.counts.items() if not form.fits(text)}
        if self.data is None or not _are_few(here):
            return Misfits(dict(Counter(here).most_common(MOST_MISFITS + 1)), _are_few(here))
        misfits = self.data.fold(partial(_misfits_of, form), Misfits.__add__, [self.column])
        return misfits or Misfits({})

    def without(self, words: Mapping[str, int]) -> Texts:
        """Those that are left."""
        return Texts({text: n for text, n in self.counts.items() if text not in words}, self.column, self.data)


def _misfits_of(form: Form, batch: pa.RecordBatch) -> Misfits:
    texts = batch.column(0).drop_null()
    is_match = pc.match_substring_regex(texts, f"^(?:{form.pattern})$")
    wrong = texts.filter(pc.invert(is_match))
    if form.holds is not None:
        counted = pc.value_counts(texts.filter(is_match))
        values, numbers = counted.field("values").to_pylist(), counted.field("counts").to_pylist()
        unheld = {text: n for text, n in zip(values, numbers, strict=True) if not form.holds(text)}
    else:
        unheld = {}
    counted = pc.value_counts(wrong)
    if len(counted) > MOST_MISFITS:
        counted = counted.slice(0, MOST_MISFITS + 1)
    values, numbers = counted.field("values").to_pylist(), counted.field("counts").to_pylist()
    return Misfits({}) + Misfits({**dict(zip(values, numbers, strict=True)), **unheld})
