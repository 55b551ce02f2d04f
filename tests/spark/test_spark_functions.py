"""What executors run, called without Spark: each statistic is that of DuckDB, and a planted fault in it is found.

So this is tested also where there is no Java, and on many pipelines.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from engine_cases import INPUTS, ROWS, pipeline, step
from engine_questions import WITHOUT, B, F, G, N, S, answers, counted, opened, table_of_questions
from frame_in_memory import MemoryFrame, MemorySession, open_in_memory
from random_subjects import outcome, subject

from skc.data.duckdb.engine import open_duckdb
from skc.data.engine import MEMORY_LIMIT, Aggregate, AnyRow, Column, Grouping, HoldsNul, IsNull, OpenEngine, Term
from skc.data.sampling import sampled
from skc.data.sources import resolve
from skc.data.spark import aggregates, buckets, data, engine, groups, jobs, places, rows, table
from skc.data.spark.rows import Local, block
from skc.diagnostics import SkcError
from skc.fit import fit

PIPELINES = int(os.environ.get("SKC_SPARK_PIPELINES", "12"))
SPARK = open_in_memory(12)  # some partitions have none of a rare value


@pytest.fixture(autouse=True)
def _divided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "rows_of_block", lambda _: 3)
    monkeypatch.setattr(rows, "VALUES", 1)  # tables of 1,024 rows
    monkeypatch.setattr(buckets, "IN_BUCKET", 16)


@pytest.mark.parametrize("seed", range(PIPELINES))
def test_a_random_pipeline_is_the_same(seed: int) -> None:
    given = subject(seed)
    assert outcome(given.pipeline, given.rows, SPARK) == outcome(given.pipeline, given.rows, open_duckdb)


def everything(open_engine: OpenEngine) -> dict[str, str]:
    """What may be asked of rows with a `where`, in a form that no engine may differ in."""
    groupings = {f"{c.name}{k}{n}": Grouping(c, n) for k, c in enumerate((F, G, N, B, S, *WITHOUT)) for n in (1, 30)}
    limited = {f"{c.name} {limit}": Grouping(c, 1, limit) for c in (F, N, B, S) for limit in (1, 3)}
    with opened(open_engine, table_of_questions(), "n IS NOT NULL") as rows:
        told: dict[str, Any] = answers(rows)
        before = rows.unfiltered()
        told["before"] = before.aggregate([Aggregate("count", c) for c in (F, N, S)]), before.sums([Term(G)])
        told["counted"] = sorted(map(repr, (sorted(map(repr, one)) for one in counted(rows, groupings).values())))
        told["limited"] = {key: _first(found, limited[key]) for key, found in counted(rows, limited).items()}
        told["found"] = [rows.find(c, n) for c in (AnyRow(), IsNull("s"), HoldsNul("s")) for n in (0, 7)]
        told["constant"] = rows.is_constant("same"), rows.is_constant("s"), sorted(rows.narrow())
        told["taken"] = rows.rows_at(np.array([0, 3, 77]), [F, S, B]).to_pylist()
        told["sampled"] = sorted(map(repr, sampled(rows, [F, N, S], 100).to_pylist()))
        told["read"] = [one for batch in rows.batches(["s", "n"], 30) for one in batch.to_pylist()]
    made = pipeline(
        step("m", "impute", "inputs/x", strategy="mean"), step("y", "quantile_bin", "m", bins=3), inputs=INPUTS[:1]
    )
    told["graph"] = fit(made, ROWS, open_engine=open_engine).pipeline
    return {key: repr(value) for key, value in told.items()}


def _first(found: set[Any], grouping: Grouping) -> list[Any]:
    """The first by count, with all ties."""
    assert grouping.limit is not None
    least = sorted((n for *_, n in found), reverse=True)[: grouping.limit][-1]
    return sorted(map(repr, (one for one in found if one[-1] >= least)))


@pytest.fixture(scope="module")
def expected() -> dict[str, str]:
    return everything(open_duckdb)


@pytest.mark.parametrize("few", [True, False])
def test_every_answer_is_that_of_duckdb(few: bool, expected: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where few values come to the driver at once, and where none do."""
    if not few:
        _with_many(monkeypatch)
    given = everything(SPARK)
    assert given.keys() == expected.keys()
    for key, value in expected.items():
        assert given[key] == value, key


def _with_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "FEW", 0)
    monkeypatch.setattr(groups, "FEW", 0)
    monkeypatch.setattr(groups, "LEAST_FEW", 0)
    monkeypatch.setattr(buckets, "WAITING", 8)
    monkeypatch.setattr(buckets, "AT_ONCE", 3)
    monkeypatch.setattr(jobs, "ADDED", 1)


@dataclass(frozen=True)
class Fault:
    """Something in a module is replaced by what a function makes of it."""

    where: Any
    name: str
    by: Callable[[Any], Any]
    many: bool = False  # where none come to the driver at once


def left(*states: Any) -> Any:
    """A sum that forgets what comes second."""
    return states[-2]


def without_first(states: Callable[..., list[Any]]) -> Any:
    return lambda *of: states(*of)[1:]


def first_twice(states: Callable[..., list[Any]]) -> Any:
    return lambda *of: [*states(*of), *states(*of)[:1]]


def _turned(placed: rows.Placed) -> rows.Placed:
    return replace(placed, parts=placed.parts[::-1], rows=placed.rows[::-1])


SALTS = count()
FAULTS = {
    "a partition is left out of every sum": Fault(table, "folded", lambda f: _with_states(f, without_first)),
    "a partition is added twice": Fault(table, "folded", lambda f: _with_states(f, first_twice)),
    "executors forget states": Fault(jobs.Added, "__call__", lambda f: lambda s, b: f(s, _without_last(b)), many=True),
    "a count is the larger one": Fault(aggregates, "ADDING", lambda d: {**d, "count": max}),
    "the least is the greater one": Fault(aggregates, "ADDING", lambda d: {**d, "least": aggregates._larger}),
    "the greatest is the lesser one": Fault(aggregates, "ADDING", lambda d: {**d, "greatest": aggregates._smaller}),
    "a NUL must be everywhere": Fault(aggregates, "ADDING", lambda d: {**d, "has_nul": lambda a, b: a and b}),
    "zeros of one part only": Fault(aggregates, "ADDING", lambda d: {**d, "equal": max}),
    "widened values of one part only": Fault(aggregates, "ADDING", lambda d: {**d, "widened": max}),
    "the least widened is lost": Fault(aggregates, "ADDING", lambda d: {**d, "least_widened": lambda a, b: None}),
    "nulls are counted": Fault(
        aggregates.Aggregates,
        "__call__",
        lambda f: (
            lambda s, t: tuple(t.count() if a.reduction == "count" else r for a, r in zip(s.of, f(s, t), strict=True))
        ),
    ),
    "a sum of one table only": Fault(aggregates.Scan, "added", lambda f: lambda s, a, b: (*f(s, a, b)[:2], a[2], a[3])),
    "sums of products of one table only": Fault(table, "added", lambda f: left),
    "bins of one table only": Fault(table, "bins_added", lambda f: left),
    "patterns of one table only": Fault(places, "added", lambda f: left),
    "negative numbers are the greatest": Fault(places, "SIGN", lambda s: np.uint64(0)),
    "a place is one too far": Fault(places, "_Search", lambda f: lambda p, at: f(p, np.maximum(at - 1, 0))),
    "every text is a constant": Fault(aggregates, "_two", lambda f: lambda v: v.take(pa.array([0]))),
    "ties at the limit are cut": Fault(groups, "_rank", lambda f: lambda *of: f(*of) + 1 if of[-1] else 0),
    "ties at the limit of many are cut": Fault(
        groups, "_rank", lambda f: lambda *of: f(*of) + 1 if of[-1] else 0, many=True
    ),
    "values of one partition are not counted": Fault(groups, "states", without_first),
    "values of one partition are counted twice": Fault(groups, "states", first_twice),
    "values that repeat in a partition are counted once": Fault(buckets, "added", lambda f: lambda b: f(b[-1:])),
    "values that wait are lost": Fault(
        buckets.ValueCounts, "_added", lambda f: lambda s, b: _without_last(f(s, b)), many=True
    ),
    "a block is lost": Fault(buckets, "_blocks", lambda f: lambda *of: f(*of).slice(1), many=True),
    "hashes are those of one process": Fault(buckets, "_hashed", lambda f: lambda c: _salted(f(c)), many=True),
    "equal values are added up apart": Fault(
        buckets, "_parts", lambda f: lambda whole, near: (whole.slice(k, 3) for k in range(0, len(near), 3)), many=True
    ),
    "the last values are not added up": Fault(
        buckets, "_parts", lambda f: lambda whole, near: _without_last(f(whole, near)), many=True
    ),
    "the sign of a number is lost": Fault(buckets, "_bits", lambda f: lambda v: f(v) & np.int64(2**63 - 1)),
    "rows without a value are complete": Fault(
        rows.Local, "tables", lambda f: lambda s, b: f(replace(s, complete=()), b)
    ),
    "rows are not in their order": Fault(rows.Local, "joined", lambda f: lambda s, b: _turned(f(s, b))),
    "a row is found one too far": Fault(data, "Found", lambda f: lambda c, skip, most: f(c, skip + 1, most)),
    "another row is taken": Fault(table, "Taken", lambda f: lambda at, starts, p: f(at, starts + 1, p)),
    "another row is chosen": Fault(table, "Chosen", lambda f: lambda at, starts, *of: f(at, starts + 1, *of)),
    "rows before `where` are those after it": Fault(data.SparkData, "unfiltered", lambda f: lambda s: s),
    "rows that the graph computes are lost": Fault(
        table.Computed, "__call__", lambda f: lambda s, b: _without_last(f(s, b))
    ),
}


def _with_states(folded: Callable[..., Any], changed: Callable[[Any], Any]) -> Callable[..., Any]:
    def fold(*of: Any) -> Any:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(jobs, "states", changed(jobs.states))
            return folded(*of)

    return fold


def _salted(counted: pa.Table) -> pa.Table:
    near = counted["near"].to_numpy() + np.uint16(next(SALTS) * 40_503 % buckets.NEAR)
    return counted.set_column(counted.column_names.index("near"), "near", pa.array(near))


def _without_last(batches: Iterator[Any]) -> Iterator[Any]:
    yield from [*batches][:-1]


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name: str, expected: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    fault = FAULTS[name]
    if fault.many:
        _with_many(monkeypatch)
    old = fault.where.__dict__[fault.name]
    monkeypatch.setattr(fault.where, fault.name, fault.by(old))
    try:
        given = everything(SPARK)
    except (AssertionError, SkcError, KeyError, IndexError, TypeError, ValueError):
        return  # it is noticed at once
    assert given != expected


@pytest.mark.parametrize("before", [None, "50"])
@pytest.mark.parametrize("is_lost", [False, True])
def test_a_session_has_its_setting_back(before: str | None, is_lost: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where Spark fails at the end."""
    session = MemorySession(2)
    if before is not None:
        session.conf.set(engine.BATCH, before)
    spark = engine.SparkEngine(session, MEMORY_LIMIT)
    spark.load(*_sources())
    assert session.conf[engine.BATCH] == str(rows.blocks_at_once(len(INPUTS)))
    if is_lost:
        monkeypatch.setattr(MemoryFrame, "unpersist", _failing)
        with pytest.raises(ConnectionError):
            spark.close()
    else:
        spark.close()
    assert session.conf.get(engine.BATCH) == before


def _sources() -> tuple[Any, Any, Any]:
    source, declared = resolve(ROWS, None)
    return source, INPUTS, declared


def _failing(frame: MemoryFrame) -> None:
    raise ConnectionError


def test_values_go_through_spark_in_blocks() -> None:
    """Spark sees one row for the values of a bucket, however many they are, and all of a bucket are in one task."""
    table = pa.table({"c": pa.array(map(str, range(3000)))})
    column = Column("c", "string", "column `c`")
    frame = MemoryFrame(
        [pa.Table.from_batches([block(k, 0, 1000, [table["c"].chunk(0).slice(1000 * k, 1000)])]) for k in range(3)]
    )
    blocks = buckets.shuffled(frame, Local((column,)), (column,), 5, len(table))  # type: ignore[arg-type]  # it is like one
    of_each = [set(one["bucket"].to_pylist()) for one in blocks.partitions]
    assert sum(len(one) for one in blocks.partitions) <= 3 * -(-len(table) // buckets.IN_BUCKET)
    assert len([one for one in of_each if one]) > 1
    assert sum(map(len, of_each)) == len(set().union(*of_each))
    counted = [values for one in blocks.partitions for values in buckets.together(iter(one.to_batches()))]
    texts = [text for values in counted for text in values["text"].to_pylist()]
    assert sorted(texts) == sorted(map(str.encode, table["c"].to_pylist()))
