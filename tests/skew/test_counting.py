"""Counting serving in frozen bins: what Python counts, on both engines, for any order of rows and any division."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_engine import open_memory

from skc.data.duckdb.engine import open_duckdb
from skc.data.engine import Column
from skc.data.sources import Source
from skc.diagnostics import SkcError
from skc.fit import fit
from skc.ir import DataSource, Feature, Input, Pipeline, ProfileOptions, Ref
from skc.profile.document import ColumnProfile, by_name
from skc.skew.counting import EXAMPLES, Bins, count
from skc.skew.effects import Tally
from skc.skew.parts import WHOLE, Divide, Part, width_of
from skc_runtime.kinds import INT64_MAX, INT64_MIN

ENGINES = pytest.mark.parametrize("open_engine", [open_duckdb, open_memory], ids=["duckdb", "memory"])
TYPES = {
    "f": ("float64", pa.float64(), [-math.inf, -1.5, -0.0, 0.0, 5e-324, 0.1, 2.5, math.inf, None]),
    "i": ("int64", pa.int64(), [INT64_MIN, -1, 0, 1, 2, 2**53 + 1, INT64_MAX, None]),
    "b": ("bool", pa.bool_(), [True, False, None]),
    "s": ("string", pa.string(), ["", "a", "é", "é", "\U0001f600", "A", " a", "\0", None]),
    "d": ("date", pa.int64(), [-719_162, 0, 20_000, None]),
}
SENTINELS = {"f": (-1.5,), "i": (-1,)}
ROW = st.fixed_dictionaries({name: st.sampled_from(values) for name, (_, _, values) in TYPES.items()})
ROWS = st.lists(ROW, min_size=1, max_size=40)


def table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.table({name: pa.array([row[name] for row in rows], kind) for name, (_, kind, _) in TYPES.items()})


def inputs() -> tuple[Input, ...]:
    return tuple(Input(name, dtype, nullable=True) for name, (dtype, _, _) in TYPES.items())  # type: ignore[arg-type]


def profiles(rows: list[dict[str, Any]]) -> dict[str, ColumnProfile]:
    pipeline = Pipeline("p", inputs(), (), tuple(Feature(i.name, Ref(i.value)) for i in inputs()), ())
    rows = [{**row, "s": None if row["s"] == "\0" else row["s"]} for row in rows]  # which fitting refuses
    profile = fit(pipeline, table(rows), profile=ProfileOptions(minimum=1, top=3)).profile
    assert profile is not None
    return dict(by_name(profile))


def counted(
    rows: list[dict[str, Any]], frozen: dict[str, ColumnProfile], open_engine: Any, divide: Divide | None = None
) -> dict[Part, tuple[Tally, ...]]:
    with open_engine(2, "200MB") as engine:
        data = engine.load(Source("memory", frame=table(rows)), inputs(), DataSource())
        bins = [
            Bins(Column(i.name, i.dtype, i.name, None, SENTINELS.get(i.name, ())), frozen[i.name]) for i in inputs()
        ]
        return count(data, bins, divide or Divide())


def expected(name: str, rows: list[dict[str, Any]], profile: ColumnProfile) -> Tally:
    values = [row[name] for row in rows if row[name] is not None and row[name] not in SENTINELS.get(name, ())]
    numbers = profile.numbers
    edges = () if numbers is None else numbers.edges
    inside = Counter(bisect_left(edges, v) for v in values)
    listed = [] if profile.categories is None else [v for v, _ in profile.categories.counts]
    others = [] if profile.categories is None else [v for v in values if v not in listed]
    return Tally(
        rows=len(rows),
        nulls=len(rows) - len(values),
        zeros=0 if numbers is None else values.count(0),
        infinite=(0, 0) if numbers is None else (values.count(-math.inf), values.count(math.inf)),
        below=0 if numbers is None else sum(v < numbers.low for v in values),
        above=0 if numbers is None else sum(v > numbers.high for v in values),
        bins=() if numbers is None else tuple(inside[k] for k in range(len(edges) + 1)),
        listed=tuple(values.count(v) for v in listed),
        unlisted=len(others),
        examples=tuple(sorted(set(others))[:EXAMPLES]),
    )


@ENGINES
@settings(max_examples=10, deadline=None)
@given(training=ROWS, serving=ROWS, source=st.randoms())
def test_the_counts_are_those_of_python_in_any_order(
    training: list[Any], serving: list[Any], source: Any, open_engine: Any
) -> None:
    frozen = profiles(training)
    tallies = counted(serving, frozen, open_engine)
    assert tallies == {WHOLE: tuple(expected(name, serving, frozen[name]) for name in TYPES)}
    source.shuffle(serving)
    assert counted(serving, frozen, open_engine) == tallies


@ENGINES
@settings(max_examples=5, deadline=None)
@given(training=ROWS, serving=ROWS)
def test_a_group_is_counted_as_its_rows_alone(training: list[Any], serving: list[Any], open_engine: Any) -> None:
    frozen = profiles(training)
    divide = Divide(Column("d", "date", "column `d`"), width_of("1w"), Column("s", "string", "column `s`"))
    tallies = counted(serving, frozen, open_engine, divide)
    (whole,) = counted(serving, frozen, open_engine).values()
    assert tallies.pop(WHOLE) == whole
    week = 7 * 86_400_000_000
    by_part: dict[Part, list[Any]] = {}
    for row in serving:
        window = None if row["d"] is None else row["d"] * 86_400_000_000 // week * week
        by_part.setdefault(Part(window, row["s"], True, True), []).append(row)
    assert tallies.keys() == by_part.keys()
    for part, rows in by_part.items():
        alone = counted(rows, frozen, open_engine)[WHOLE]
        assert [without_examples(t) for t in tallies[part]] == [without_examples(t) for t in alone]


def without_examples(tally: Tally) -> Any:
    """Examples are of all rows together."""
    return {**vars(tally), "examples": ()}


@ENGINES
def test_no_row_is_counted_as_nothing(open_engine: Any) -> None:
    frozen = profiles([{"f": 1.0, "i": 1, "b": True, "s": "a", "d": 1}])
    (tallies,) = counted([], frozen, open_engine).values()
    assert [(t.rows, t.nulls, sum(t.bins), sum(t.listed), t.unlisted) for t in tallies] == [(0, 0, 0, 0, 0)] * 5


def test_a_million_different_values_are_counted_in_the_memory_of_the_profile() -> None:
    frozen = {"s": profiles([{"f": 1.0, "i": 1, "b": True, "s": "a", "d": 1}] * 3)["s"]}
    values = pa.table({"s": pa.array([f"v{k}" for k in range(300_000)] + ["a"] * 7)})
    with open_duckdb(2, "100MB") as engine:
        data = engine.load(Source("memory", frame=values), (Input("s", "string"),), DataSource())
        (tally,) = count(data, [Bins(Column("s", "string", "s"), frozen["s"])], Divide())[WHOLE]
    assert (tally.rows, tally.listed, tally.unlisted) == (300_007, (7,), 300_000)
    assert tally.examples == ("v0", "v1", "v10")


@pytest.mark.parametrize(
    ("texts", "start"),
    [
        (["2025-11-10 23:59:59", "2025-11-10"], "2025-11-10"),
        (["2025-11-10T23:59:59Z", "2025-11-11T01:00:00+02:00"], "2025-11-10"),
        (["1969-12-31 23:59:59.999999"], "1969-12-31"),
    ],
)
def test_texts_in_iso_8601_are_times(texts: list[str], start: str) -> None:
    divide = Divide(Column("at", "string", "column `at`"), width_of("1d"))
    parts, where = divide([pa.array(texts)], len(texts))
    assert [part.label for part in parts] == [start]
    assert where.tolist() == [0] * len(texts)


def test_a_text_that_is_not_a_time_is_refused() -> None:
    divide = Divide(Column("at", "string", "column `at`"), width_of("1d"))
    with pytest.raises(SkcError, match=r"column `at` does not hold times: .soon.") as error:
        divide([pa.array(["2025-11-10", None, "soon"])], 3)
    assert error.value.code == "SKC623"


@pytest.mark.parametrize("text", ["", "d", "0d", "1", "1y", "-1d", "1.5h", "1234567d"])
def test_a_wrong_width_is_refused(text: str) -> None:
    with pytest.raises(SkcError, match="is not the length of a window") as error:
        width_of(text)
    assert error.value.code == "SKC140"
