"""How often each field differs, and why: columns of the requests that differ and of some that do not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal, TypeVar

import numpy as np

from skc.skew.causes import Cause, Column, Context, explain
from skc.skew.causes.column import narrowed
from skc.skew.replay.sample import Spread
from skc.skew.shadow.answers import Answer, number_of
from skc.skew.shadow.differing import REFUSED, Difference, Kind, Rules, column_name
from skc.skew.shadow.evaluating import Evaluator
from skc.skew.shadow.inputs import Known, is_null
from skc.skew.shadow.pairs import Pair
from skc_runtime.agreement import agree
from skc_runtime.kinds import KINDS, DType

MOST_FIELDS = 5000
MOST_ROWS = 2000  # of a field that are kept to find out why they differ
MOST_AGREEING = 500
SAMPLES = 3
OTHERS = "other fields"
ONE = (0,)
A: Literal["A"] = "A"
B: Literal["B"] = "B"
T = TypeVar("T")


@dataclass(frozen=True)
class Sample:
    """A request with both values."""

    id: str
    a: Any
    b: Any


@dataclass(frozen=True)
class FieldReport:
    """A field that differs in `differing` requests, `noise` of them also between two answers of A (None: not asked).

    `worst` is the greatest |a - b|, None for what is not a number. `cause` explains the values of the side `cause_of`.
    """

    name: str
    kind: Kind
    differing: int
    noise: int | None
    worst: float | None
    cause: Cause | None
    cause_of: Literal["A", "B"] | None  # the side that has other values than the other for this cause
    samples: tuple[Sample, ...]


@dataclass
class _Field:
    kind: Kind
    place: tuple[str, int] | None
    differing: int = 0
    noise: int = 0
    worst: float | None = None
    rows: Spread[tuple[Pair, Difference]] = field(default_factory=lambda: Spread(MOST_ROWS))


class FieldTally:
    """Counts the requests in which each field differs."""

    def __init__(self, rules: Rules, known: Mapping[str, Known], evaluator: Evaluator | None = None) -> None:
        self._rules, self._known, self._evaluator = rules, known, evaluator
        self._fields: dict[str, _Field] = {}
        self._agreeing: Spread[Pair] = Spread(MOST_AGREEING)

    def add(self, pair: Pair, differences: Sequence[Difference], noise: Sequence[Difference]) -> None:
        """Count the fields that differ between A and B, and between two answers of A."""
        if not differences and not noise:
            self._agreeing.offer(ONE, partial(_given, pair))
        noisy = {difference.field for difference in noise}
        for difference in noise:
            self._of(difference).noise += 1
        for difference in differences:
            one = self._of(difference)
            one.differing += 1
            a, b = number_of(difference.a), number_of(difference.b)
            if a is not None and b is not None and math.isfinite(a - b):
                one.worst = max(one.worst or 0.0, abs(a - b))
            if difference.field not in noisy:
                kept = pair, difference
                one.rows.offer(ONE, partial(_given, kept))

    def reports(self, *, again: bool) -> tuple[FieldReport, ...]:
        """All fields that differ, the most first."""
        names = sorted(self._fields, key=lambda name: (-self._fields[name].differing, name))
        return tuple(self._report(name, self._fields[name], again=again) for name in names)

    def _of(self, difference: Difference) -> _Field:
        name = difference.field
        if name not in self._fields and len(self._fields) >= MOST_FIELDS:
            return self._fields.setdefault(OTHERS, _Field(difference.kind, None))
        return self._fields.setdefault(name, _Field(difference.kind, difference.place))

    def _report(self, name: str, one: _Field, *, again: bool) -> FieldReport:
        samples = tuple(Sample(pair.id, d.a, d.b) for pair, d in one.rows.items[:SAMPLES])
        cause, side = (None, None) if name in (OTHERS, REFUSED) or not one.rows.items else self._cause(name, one)
        noise = one.noise if again else None
        return FieldReport(name, one.kind, one.differing, noise, one.worst, cause, side, samples)

    def _cause(self, name: str, one: _Field) -> tuple[Cause | None, Literal["A", "B"] | None]:
        """Of the column of B, against that of A, over the rows that differ and some in which nothing does; of A
        against B, if B is what the artifact computes.
        """
        pairs = [pair for pair, _ in one.rows.items]
        rows = [*pairs, *(pair for pair in self._agreeing.items if _cell(pair.a, name, one.place) is not None)]
        spec = None if one.place is None else self._rules.outputs.get(one.place[0])
        kind = None if spec is None else spec.dtype
        label = name if spec is None or one.place is None else spec.columns[one.place[1]]
        a = _column(label, [_cell(row.a, name, one.place) for row in rows], kind)
        b = _column(name, [_cell(row.b, name, one.place) for row in rows], kind)
        if a is None or b is None:
            return None, None
        differs = np.arange(len(rows)) < len(pairs)
        records = [row.record for row in rows]
        known = None if self._evaluator is None or one.place is None else self._evaluator.known(records, one.place)
        if known is not None:
            for served, recomputed, side in ((b, a, B), (a, b, A)):
                if _is_same(
                    recomputed, known[0]
                ):  # that side is the artifact; what else it computes explains the other
                    cause = explain(served, recomputed, replace(known[1], differs=differs))
                    return cause, side if cause else None
        cause = explain(b, a, Context(differs, (*self._others(one.place, rows), *self._inputs(rows))))
        return cause, B if cause else None

    def _others(self, own: tuple[str, int] | None, rows: Sequence[Pair]) -> list[Column]:
        """The other features that A has, which B may have taken instead."""
        columns = []
        for output, values in rows[0].a.features.items():
            spec = self._rules.outputs.get(output)
            for k in range(len(values) if isinstance(values, list) else 0):
                if (output, k) != own:
                    name = column_name(spec, output, k)
                    cells = [_cell(row.a, name, (output, k)) for row in rows]
                    column = _column(name, cells, None if spec is None else spec.dtype)
                    columns += [] if column is None else [column]
        return columns

    def _inputs(self, rows: Sequence[Pair]) -> list[Column]:
        """The inputs of the requests."""
        columns = []
        for name in dict.fromkeys(name for row in rows for name in (row.record or {})):
            values = [(row.record or {}).get(name) for row in rows]
            column = _column(name, [[value] for value in values], None, "input")
            if column is not None:
                sentinels = np.array([is_null(value, self._known.get(name)) for value in values], dtype=bool)
                columns.append(replace(column, sentinels=sentinels))
        return columns


def _is_same(column: Column, other: Column) -> bool:
    """Whether a side has what the artifact computes."""
    if column.kind != other.kind or column.values.dtype != other.values.dtype:
        return False
    same = agree(column.values, other.values, exact=False) | column.missing
    return bool(np.array_equal(column.missing, other.missing) and same.all())


def _given(item: T, _: int) -> T:
    return item


def _cell(answer: Answer, name: str, place: tuple[str, int] | None) -> Any:
    """The value of a field in a list, so that None is a null; None if the answer does not have it."""
    if place is None:
        return [answer.fields[name]] if name in answer.fields else None
    values = answer.features.get(place[0])
    return [values[place[1]]] if isinstance(values, list) and place[1] < len(values) else None


def _column(name: str, cells: Sequence[Any], kind: DType | None, role: Any = "feature") -> Column | None:
    """Values, each in a list, as a column; None if one is absent, or they are of several kinds."""
    if any(cell is None for cell in cells):
        return None
    values = [cell[0] for cell in cells]
    numbers = [math.nan if value is None else number_of(value) for value in values]
    if (kind is None or KINDS[kind].is_float) and all(number is not None for number in numbers):
        floats = np.array(numbers, KINDS[kind or "float64"].numpy)
        floats = narrowed(floats, np.float32) if kind is None else floats
        return Column(name, "float32" if floats.dtype == np.float32 else "float64", floats, None, role)
    if kind == "int64" and all(_is_whole(value) for value in values):
        whole = np.array([0 if value is None else int(value) for value in values], np.int64)
        return Column(name, "int64", whole, np.array([value is not None for value in values]), role)
    present = np.array([value is not None for value in values])
    if all(isinstance(value, bool | None) for value in values):
        return Column(name, "bool", np.array([bool(value) for value in values]), present, role)
    if all(isinstance(value, str | None) for value in values):
        return Column(name, "string", np.array([value or "" for value in values], object), present, role)
    return None


def _is_whole(value: Any) -> bool:
    if value is None or type(value) is int:
        return value is None or -(2**63) <= value < 2**63
    return isinstance(value, str) and value.removeprefix("-").isdigit() and len(value) < 19
