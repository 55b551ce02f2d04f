"""However rows are divided, what is fitted is the same; and columns cost no jobs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from engine_cases import pipeline, step
from engine_questions import answers, opened, table_of_questions
from spark_plans import SPARK, divided

from skc import plan
from skc.data.duckdb.engine import open_duckdb
from skc.data.engine import OpenEngine
from skc.data.spark import buckets, jobs, places
from skc.data.spark.engine import SparkEngine
from skc.fit import fit
from skc.ir import DataSource, Input, Pipeline, ProfileOptions

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("session")]  # PySpark's are its own


def learned(made: Pipeline, data: Any, open_engine: OpenEngine) -> Any:
    """The plan, and the profile of all rows, of those before `where` too."""
    fitted = fit(made, data, open_engine=open_engine, profile=ProfileOptions((), 5, 1))
    assert fitted.profile is not None
    return plan.dumps(fitted.pipeline), fitted.profile, [w.message for w in fitted.warnings], fitted.rows


@pytest.fixture(scope="module")
def skewed() -> pa.Table:
    """One key has 99 % of the rows, and one number half of them."""
    draw = np.random.default_rng(3)
    rows = 2000
    keys = np.where(draw.random(rows) < 0.99, "most", draw.integers(0, 9, rows).astype(str))
    numbers = np.where(draw.random(rows) < 0.5, 0.0, draw.normal(size=rows) * 10.0 ** draw.integers(-9, 9, rows))
    counts = [None if one < 9 else int(one) for one in draw.integers(0, 99, rows)]
    return pa.table({"k": keys.astype(object), "x": numbers, "n": pa.array(counts, pa.int64())})


SKEWED = (Input("k", "string"), Input("x", "float64"), Input("n", "int64", nullable=True))


@pytest.fixture(scope="module")
def of_skewed() -> Pipeline:
    made = pipeline(
        step("scaled", "standard_scale", "inputs/x"),
        step("bins", "quantile_bin", "inputs/x", bins=7),
        step("often", "impute", "inputs/n", strategy="most_frequent"),
        step("hot", "one_hot", "inputs/k"),
        inputs=SKEWED,
    )
    return replace(made, data=DataSource(where="n IS NULL OR n < 70"))


@pytest.fixture(scope="module")
def expected(of_skewed: Pipeline, skewed: pa.Table) -> Any:
    return learned(of_skewed, skewed, open_duckdb)


@pytest.mark.parametrize("partitions", [7, 1])
def test_the_number_of_partitions_makes_no_difference(
    partitions: int,
    session: Any,
    of_skewed: Pipeline,
    skewed: pa.Table,
    expected: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The values in as many tasks."""
    monkeypatch.setattr(buckets, "IN_BUCKET", 256)
    frame = shuffled(session, skewed, tmp_path).repartition(partitions)
    assert learned(of_skewed, frame, SPARK) == expected


@pytest.mark.parametrize(("partitions", "keys"), [(200, ["k"]), (10_000, [])])
def test_many_partitions_most_of_them_empty_make_no_difference(
    partitions: int, keys: list[str], session: Any, of_skewed: Pipeline, skewed: pa.Table, tmp_path: Path
) -> None:
    """By key: one has nearly all rows; or each with one row at most."""
    made = replace(of_skewed, data=None)
    frame = shuffled(session, skewed, tmp_path).repartition(partitions, *keys)
    other = fit(made, frame, open_engine=SPARK)
    assert plan.dumps(other.pipeline) == plan.dumps(fit(made, skewed).pipeline)


def shuffled(session: Any, table: pa.Table, folder: Path) -> Any:
    order = np.random.default_rng(1).permutation(table.num_rows)
    pyarrow.parquet.write_table(table.take(pa.array(order)), folder / "rows.parquet")
    return session.read.parquet(str(folder / "rows.parquet"))


@pytest.mark.parametrize("is_frame", [True, False])
def test_what_where_excluded_is_counted_alike(is_frame: bool, session: Any, tmp_path: Path) -> None:
    """Every question about the rows before `where`, of a frame and of files, one of them without rows."""
    table = table_of_questions()
    where = "n > 0 AND s <> 'a'"
    for k, part in enumerate((table.slice(0, 150), table.slice(0, 0), table.slice(150))):
        pyarrow.parquet.write_table(part, tmp_path / f"{k}.parquet")
    data: Any = str(tmp_path / "*.parquet")
    with opened(open_duckdb, data, where) as of_duckdb:
        rows, asked = of_duckdb.count(), answers(of_duckdb.unfiltered())  # type: ignore[arg-type]  # a table is enough
    if is_frame:
        data = session.read.parquet(str(tmp_path)).repartition(5)
    with divided(3), opened(SPARK, data, where) as of_spark:
        assert of_spark.count() == rows < 400
        given = answers(of_spark.unfiltered())  # type: ignore[arg-type]
    assert given["rows"] == 400
    for key, value in asked.items():
        assert repr(given[key]) == repr(value), key


@contextmanager
def jobs_counted(session: Any, group: str) -> Iterator[list[int]]:
    """How many jobs Spark runs; the list has the number behind the block."""
    context, counted = session.sparkContext, list[int]()
    context.setJobGroup(group, "counted")
    try:
        yield counted
    finally:
        counted.append(len(context.statusTracker().getJobIdsForGroup(group)))
        context._jsc.clearJobGroup()


def spilled(session: Any) -> int:
    """The bytes that all stages so far wrote to disk because memory did not suffice."""
    context = session.sparkContext
    gateway = context._gateway
    nothing = gateway.new_array(gateway.jvm.double, 0), gateway.jvm.java.util.ArrayList()
    stages = context._jsc.sc().statusStore().stageList(None, False, False, *nothing)
    return sum(stages.apply(k).diskBytesSpilled() for k in range(stages.size()))


@dataclass
class Kept:
    """What was persisted when the engine was closed, in bytes."""

    on_disk: int = 0


@pytest.fixture
def kept(session: Any, monkeypatch: pytest.MonkeyPatch) -> Kept:
    found = Kept()

    def close(engine: SparkEngine) -> None:
        found.on_disk = sum(one.diskSize() for one in session.sparkContext._jsc.sc().getRDDStorageInfo())
        before(engine)

    before = SparkEngine.close
    monkeypatch.setattr(SparkEngine, "close", close)
    return found


def test_memory_that_does_not_suffice_makes_no_difference(
    session: Any, kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All tests in this session have the little that conftest.py gives them."""
    rows = 400_000
    draw = np.random.default_rng(4)
    table = pa.table(
        {f"x{k}": draw.normal(size=rows) for k in range(8)} | {"s": draw.integers(0, 50_000, rows).astype(str)}
    )
    inputs = (*(Input(f"x{k}", "float64") for k in range(8)), Input("s", "string"))
    steps = [step(f"y{k}", "quantile_bin", f"inputs/x{k}", bins=9) for k in range(8)]
    made = pipeline(*steps, step("hot", "vocabulary", "inputs/s", top_k=99), inputs=inputs)
    monkeypatch.setattr(buckets, "IN_BUCKET", 256)  # so that many blocks are brought together
    before = spilled(session)
    for k in range(4):
        pyarrow.parquet.write_table(table.slice(k * rows // 4, rows // 4), tmp_path / f"{k}.parquet")
    other = fit(made, tmp_path, open_engine=SPARK)
    assert plan.dumps(other.pipeline) == plan.dumps(fit(made, tmp_path).pipeline)
    assert spilled(session) > before + 100_000
    assert kept.on_disk > 1 << 24


def of_columns(columns: int) -> tuple[Pipeline, pa.Table]:
    draw = np.random.default_rng(2)
    inputs, steps, arrays = [], [], {}
    for k in range(columns):
        inputs += [Input(f"x{k}", "float64", nullable=True), Input(f"s{k}", "string")]
        steps += [
            step(f"a{k}", "standard_scale", f"inputs/x{k}"),
            step(f"b{k}", "quantile_bin", f"inputs/x{k}", bins=5),
        ]
        steps += [step(f"c{k}", "one_hot", f"inputs/s{k}")]
        arrays |= {f"x{k}": draw.normal(size=60), f"s{k}": draw.integers(0, 5, 60).astype(str).astype(object)}
    return pipeline(*steps, inputs=tuple(inputs)), pa.table(arrays)


@pytest.mark.parametrize("is_large", [False, True])
def test_ten_times_the_columns_are_not_ten_times_the_jobs(
    is_large: bool, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if there were so many rows that bits of values are counted pass by pass, and no column stays sorted."""
    if is_large:
        monkeypatch.setattr("skc.data.held.SORTED", 1)
        monkeypatch.setattr(places, "FEW", 0)
        monkeypatch.setattr(places, "PATTERNS", 1 << 15)
    numbers = []
    for columns in (3, 30):
        made, rows = of_columns(columns)
        with jobs_counted(session, f"{columns} {is_large}") as counted:
            other = learned(made, rows, SPARK)
        assert other == learned(made, rows, open_duckdb)
        numbers += counted
    few, many = numbers
    assert many <= (2 * few if is_large else few + 1), numbers
    assert few <= (30 if is_large else 14), numbers


def test_states_of_many_partitions_are_added_by_executors(
    of_skewed: Pipeline, skewed: pa.Table, expected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "ADDED", 1)
    with divided(5):
        assert learned(of_skewed, skewed, SPARK) == expected
