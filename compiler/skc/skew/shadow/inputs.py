"""Which inputs explain that answers differ: where requests with a null, an unseen or an old value differ more.

Why a test: of 40 inputs with 50 categories each, some have a greater share of differing requests by chance. A condition
is named if Fisher's test, adjusted after Benjamini and Hochberg over all that were counted, has p < 0.01, and the share
is at least twice that of the other requests, and a point above it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skc.skew.shadow.answers import number_of
from skc.skew.shadow.pairs import Pair

LEVEL = 0.01
LEAST_ROWS = 5
MOST_VALUES = 200  # categories of an input that are counted
MOST_SHOWN = 10
MOST_KEPT = 50_000  # requests, of those that differ and of the others, that causes are looked for in
LONGEST_VALUE = 60  # characters of a category
Condition = tuple[str, str]  # an input, and what is so about it
AGES = ((10.0, "10 s"), (60.0, "1 min"), (600.0, "10 min"), (3600.0, "1 h"), (86_400.0, "1 d"))


@dataclass(frozen=True)
class Known:
    """Which values of an input count as null, in golden form; and what it had in training, as far as the profile knows:
    all of its categories, and its bounds.
    """

    is_number: bool = False
    nulls: frozenset[Any] = frozenset()
    categories: frozenset[Any] | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class InputCause:
    """A condition on an input: `differing` of the `rows` that meet it differ, and `other_differing` of `other_rows`."""

    input: str
    condition: str
    rows: int
    differing: int
    other_rows: int
    other_differing: int
    adjusted_p: float

    @property
    def share(self) -> float:
        return self.differing / self.rows

    @property
    def other_share(self) -> float:
        return self.other_differing / self.other_rows if self.other_rows else 0.0

    @property
    def text(self) -> str:
        """`fare null`."""
        return f"{self.input} {self.condition}"


class InputTally:
    """Counts, for every condition on an input, the requests that meet it and those of them that differ."""

    def __init__(self, known: Mapping[str, Known]) -> None:
        self._known = known
        self._counts: dict[Condition, list[int]] = {}
        self._values: dict[str, int] = {}
        self._rows = self._differing = 0
        self._kept: tuple[list[frozenset[Condition]], list[frozenset[Condition]]] = ([], [])

    def add(self, pair: Pair, differs: bool) -> None:
        """Count a request whose values are known."""
        if pair.record is None:
            return
        self._rows += 1
        self._differing += differs
        met = frozenset(self._met(pair))
        for key in met:
            count = self._counts.setdefault(key, [0, 0])
            count[0] += 1
            count[1] += differs
        if len(self._kept[differs]) < MOST_KEPT:
            self._kept[differs].append(met)

    def causes(self) -> tuple[InputCause, ...]:
        """The conditions that explain differences: first the one that explains most of them and holds for little else,
        then the same among the requests that do not meet it.
        """
        agreeing, differing = self._kept
        causes: list[InputCause] = []
        while len(causes) < MOST_SHOWN and (best := _best(agreeing, differing)) is not None:
            key = best.input, best.condition
            n, k = self._counts[key]
            causes.append(InputCause(*key, n, k, self._rows - n, self._differing - k, best.adjusted_p))
            agreeing, differing = ([met for met in rows if key not in met] for rows in (agreeing, differing))
        return tuple(causes)

    def _met(self, pair: Pair) -> Iterator[Condition]:
        assert pair.record is not None
        known = self._known
        for name in known.keys() - pair.record.keys():
            yield name, "missing"
        for name, value in pair.record.items():
            if is_null(value, known.get(name)):
                yield name, "null"
                continue
            if isinstance(value, dict | list):
                yield name, "refused"
                continue
            if name in known:
                yield from _against_training(name, value, known[name])
            is_category = name not in known or not known[name].is_number
            if is_category and isinstance(value, str | bool) and len(str(value)) <= LONGEST_VALUE:
                yield from self._category(name, value)
        for name, age in pair.ages.items():
            for seconds, text in AGES:
                if age > seconds:
                    yield name, f"older than {text}"

    def _category(self, name: str, value: str | bool) -> Iterator[Condition]:
        key = name, f'= "{value}"' if isinstance(value, str) else f"= {str(value).lower()}"
        if key not in self._counts:
            if self._values.get(name, 0) >= MOST_VALUES:
                return
            self._values[name] = self._values.get(name, 0) + 1
        yield key


def _best(agreeing: Sequence[frozenset[Condition]], differing: Sequence[frozenset[Condition]]) -> InputCause | None:
    """The condition that explains most of the rows that differ, if any does; ties go to the rarer one, then by name."""
    from scipy.stats import hypergeom

    from skc.skew.measures import adjusted

    those, others = (Counter(key for met in rows for key in met) for rows in (differing, agreeing))
    rows, k = len(agreeing) + len(differing), len(differing)
    counted = [(key, one + others[key], one) for key, one in those.items() if one + others[key] < rows]
    p = adjusted([float(hypergeom.sf(one - 1, rows, k, n)) for _, n, one in counted])
    causes = [InputCause(*key, n, one, rows - n, k - one, q) for (key, n, one), q in zip(counted, p, strict=True)]
    named = [cause for cause in causes if _is_cause(cause)]
    return min(named, key=lambda c: (-c.share * c.differing, c.rows, *_rank(c)), default=None)


def _rank(cause: InputCause) -> tuple[int, str, str]:
    """Of conditions that the same requests meet: the oldest age first, a category last."""
    older = [f"older than {text}" for _, text in AGES]
    age = -older.index(cause.condition) if cause.condition in older else 0
    return cause.condition.startswith("=") or age, cause.input, cause.condition


def is_null(value: Any, known: Known | None) -> bool:
    """Whether the pipeline takes a value, in golden form, for null."""
    if value is None or known is None or isinstance(value, dict | list):
        return value is None
    return value in known.nulls


def _against_training(name: str, value: Any, known: Known) -> Iterator[Condition]:
    if known.categories is not None and value not in known.categories:
        yield name, "unseen"
    number = int(value) if known.is_number and _is_decimal(value) else number_of(value)
    if number is not None and known.low is not None and known.high is not None:
        if number < known.low:
            yield name, "below training"
        if number > known.high:
            yield name, "above training"


def _is_decimal(value: Any) -> bool:
    """Whether it is an int64 in golden form."""
    return isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit()


def _is_cause(cause: InputCause) -> bool:
    clear = cause.share >= 2 * cause.other_share and cause.share - cause.other_share >= 0.01
    return cause.adjusted_p < LEVEL and cause.differing >= LEAST_ROWS and clear
