"""Requests joined with their rows of training, and what their columns have in common: SQL over tables of a store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import pyarrow as pa

from skc.data.duckdb.connection import Database, scalar
from skc.skew.causes import Column, Context, explain
from skc.skew.replay.reason import reason_of
from skc.skew.replay.store import REQUESTS, FeatureColumn
from skc.skew.replay.training_report import Counts, Pair, Skew, TrainingColumn
from skc.values.types import Scalar, make_block
from skc_runtime.agreement import agree
from skc_runtime.kinds import KINDS, DType

SAMPLES = 5
MOST_ROWS = 2000  # to find out why a column differs
MOST_AGREEING = 500
AT_ONCE = 40  # columns of a query
PAIRS = "pairs"


@dataclass(frozen=True)
class Side:
    """A column of requests and of training, by their names in SQL; some values also count as null."""

    name: str
    dtype: DType
    request: str
    training: str
    null_values: tuple[Scalar, ...] = ()
    feature: FeatureColumn | None = None

    @property
    def a(self) -> str:
        """The request's value in SQL."""
        return self._read(self.request)

    @property
    def b(self) -> str:
        """The training row's."""
        return self._read(self.training)

    def _read(self, column: str) -> str:
        kind = KINDS[self.dtype]
        if self.feature is not None and kind.is_float and kind.numpy.itemsize == np.dtype(np.float32).itemsize:
            return f"CAST({column} AS FLOAT)"  # a file of text has the decimals of a float32
        for value in self.null_values:
            column = f"NULLIF({column}, {scalar(value)})"
        return column

    @property
    def is_number(self) -> bool:
        return KINDS[self.dtype].is_number

    @property
    def skew(self) -> Skew:
        """What a difference of it is."""
        return "data skew" if self.feature is None else "code skew"


class Joined:
    """The pairs. A request has at most one row of training: the one of its key, with times the latest not after it."""

    def __init__(
        self, database: Database, has_times: bool, features: Sequence[FeatureColumn], *, is_exact: bool
    ) -> None:
        self._database, self._has_times, self._is_exact = database, has_times, is_exact
        self._features = [Side(f.named, cast(DType, f.dtype), f"f{k}", f"g{k}", (), f) for k, f in enumerate(features)]
        self._inputs: list[Side] = []
        if not is_exact:
            kinds: list[Any] = ["DOUBLE", "DOUBLE"]
            function: Any = partial(database.connection.create_function, "skc_agree", _agree)
            function(kinds, "BOOLEAN", type="arrow")
        self.requests = self.matched = 0

    def pair(self, inputs: Sequence[Side]) -> None:
        """Join; then every pair knows whether its request is its row of training."""
        self._inputs = list(inputs)
        how = (
            "ASOF JOIN training t ON r.k = t.k AND r.us >= t.us" if self._has_times else "JOIN training t ON r.k = t.k"
        )
        same = " AND ".join(f"({side.a} IS NOT DISTINCT FROM {side.b})" for side in inputs) or "TRUE"
        self._database.execute("CREATE TABLE numbered AS SELECT *, row_number() OVER () AS nr FROM training")
        self._database.execute("DROP TABLE training")
        self._database.execute("ALTER TABLE numbered RENAME TO training")
        self._database.execute(
            f"CREATE TABLE {PAIRS} AS SELECT *, {same} AS same FROM "
            f"(SELECT r.*, t.* EXCLUDE (k, us) FROM {REQUESTS} r {how})"
        )
        ((self.requests,),) = self._database.execute(f"SELECT count(*) FROM {REQUESTS}")
        ((self.matched,),) = self._database.execute(f"SELECT count(*) FROM {PAIRS}")

    def unused(self) -> int:
        """Rows of training that no request has."""
        ((number,),) = self._database.execute(f"SELECT count(*) FROM training WHERE nr NOT IN (SELECT nr FROM {PAIRS})")
        return int(number)

    def skewed(self) -> tuple[int, int]:
        """Pairs with data skew, and with code skew."""
        unlike = " OR ".join(f"(h{k} AND NOT {self._equal(side)})" for k, side in enumerate(self._features))
        code = f"skewed OR {unlike}" if unlike else "skewed"
        ((data_skew, code_skew),) = self._database.execute(
            f"SELECT count_if(NOT same), count_if(same AND ({code})) FROM {PAIRS}"
        )
        return int(data_skew), int(code_skew)

    def columns(self) -> tuple[TrainingColumn, ...]:
        """Inputs first, then features of the pairs whose requests are equal."""
        sides = [(side, "TRUE") for side in self._inputs]
        sides += [(side, f"same AND h{k}") for k, side in enumerate(self._features)]
        counts = list(self._counts(sides))
        return tuple(self._column(side, where, *one) for (side, where), one in zip(sides, counts, strict=True))

    def _counts(self, sides: Sequence[tuple[Side, str]]) -> Iterator[tuple[Counts, float | None]]:
        for start in range(0, len(sides), AT_ONCE):
            some = sides[start : start + AT_ONCE]
            (row,) = self._database.execute(f"SELECT {', '.join(self._sums(*side) for side in some)} FROM {PAIRS}")
            for k in range(len(some)):
                *numbers, smape = row[5 * k : 5 * k + 5]
                yield Counts(*map(int, numbers)), None if smape is None else float(smape)

    def _sums(self, side: Side, where: str) -> str:
        a, b, equal = side.a, side.b, self._equal(side)
        both = f"{a} IS NOT NULL AND {b} IS NOT NULL"
        parts = [
            f"count_if({where} AND {equal})",
            f"count_if({where} AND {both} AND NOT {equal})",
            f"count_if({where} AND {a} IS NULL AND {b} IS NOT NULL)",
            f"count_if({where} AND {a} IS NOT NULL AND {b} IS NULL)",
        ]
        if not side.is_number:
            return ", ".join([*parts, "NULL"])
        x, y = f"CAST({a} AS DOUBLE)", f"CAST({b} AS DOUBLE)"
        distance = f"CASE WHEN {x} = {y} THEN 0e0 ELSE abs({x} - {y}) / ((abs({x}) + abs({y})) / 2e0) END"
        finite = f"{where} AND {both} AND isfinite({x}) AND isfinite({y})"
        return ", ".join([*parts, f"avg(CASE WHEN {finite} THEN {distance} END)"])

    def _equal(self, side: Side) -> str:
        equal = f"({side.a} IS NOT DISTINCT FROM {side.b})"
        if self._is_exact or side.feature is None or side.feature.is_exact:
            return equal
        return f"({equal} OR coalesce(skc_agree(CAST({side.a} AS DOUBLE), CAST({side.b} AS DOUBLE)), FALSE))"

    def _column(self, side: Side, where: str, counts: Counts, smape: float | None) -> TrainingColumn:
        if not counts.differing:
            return TrainingColumn(side.name, side.skew, counts, smape)
        rows = self._rows(side, f"{where} AND NOT {self._equal(side)}", MOST_ROWS)
        equal = self._rows(side, f"{where} AND {self._equal(side)}", MOST_AGREEING)
        pairs = tuple(Pair(*row[:4]) for row in sorted(rows[:SAMPLES], key=lambda row: (row[1], row[0])))
        return TrainingColumn(
            side.name, side.skew, counts, smape, len(rows), reason_of(self._why(side, rows, equal)), pairs
        )

    def _rows(self, side: Side, where: str, most: int) -> list[tuple[Any, ...]]:
        """Some pairs: id, time, both values, and the inputs of training; spread over all of them."""
        others = "".join(f", {one.b}" for one in self._inputs)
        return self._database.execute(
            f"SELECT id, us, {side.a}, {side.b}{others} FROM {PAIRS} WHERE {where} ORDER BY hash(id), id LIMIT {most}"
        )

    def _why(self, side: Side, rows: Sequence[tuple[Any, ...]], equal: Sequence[tuple[Any, ...]]) -> Any:
        every = [*rows, *equal]
        differs = np.arange(len(every)) < len(rows)
        served, training = (_values(side.name, side.dtype, [row[2 + k] for row in every]) for k in (0, 1))
        others = tuple(
            _values(one.name, one.dtype, [row[4 + k] for row in every], "input")
            for k, one in enumerate(self._inputs)
            if one is not side
        )
        return explain(served, training, Context(differs, others))


def _agree(a: pa.ChunkedArray, b: pa.ChunkedArray) -> pa.Array:
    """Whether numbers that are not exact agree; null is not given to it."""
    x, y = (values.to_numpy().astype(np.float64) for values in (a, b))
    return pa.array(agree(x, y, exact=False))


def _values(name: str, dtype: DType, values: Sequence[Any], role: Any = "feature") -> Column:
    """Values of SQL as a column."""
    present = np.array([value is not None for value in values], dtype=bool)
    zero = KINDS[dtype].zero
    block = make_block(dtype, np.array([zero if v is None else v for v in values], KINDS[dtype].numpy), present)
    return Column(name, dtype, block.values, block.valid, role)
