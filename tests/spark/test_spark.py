"""Spark gives what DuckDB gives: the same plans to the byte, the same answers to every question, the same refusals.

All in one file, since starting a session takes longer than most of these tests.
"""

from __future__ import annotations

import datetime
import math
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import looked_up
import numpy as np
import op_harness
import pyarrow as pa
import pyarrow.parquet
import pytest
import toolchains
from engine_cases import REFUSED, ROWS, pipeline, staged, step
from engine_questions import WITHOUT, B, F, G, N, S, answers, counted, opened, table_of_questions
from spark_plans import SPARK, divided, plan_of

import skc
from skc.data.duckdb.engine import open_duckdb
from skc.data.engine import AnyRow, Grouping, IsNull, OpenEngine
from skc.data.sampling import sampled
from skc.data.spark import buckets, jobs, places
from skc.data.spark.data import SparkData
from skc.data.spark.engine import spark_at
from skc.diagnostics import SkcError
from skc.fit import fit
from skc.frontend.yaml.reader import read_pipeline
from skc.ir import DataSource, Freshness, Input, Pipeline, ProfileOptions
from skc.ops import OPS
from skc.skew.freshness.leaks import leak_warnings

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("session")]  # PySpark's are its own
ROOT = Path(__file__).parents[2]
RIDES = ROOT / "examples" / "rides"


@pytest.fixture(scope="module")
def rides() -> pa.Table:
    """A part of the example's rows, as texts and numbers."""
    header, *lines = (RIDES / "data.csv").read_text(encoding="utf-8").splitlines()[:1501]
    kinds = {"passengers": int, "distance_km": float, "fare": float, "night": lambda text: text == "true"}
    columns: dict[str, list[Any]] = {name: [] for name in header.split(",")}
    for line in lines:
        for (name, column), text in zip(columns.items(), line.split(","), strict=True):
            read = kinds.get(name)
            column.append(text if read is None else None if text == "" else read(text))
    return pa.table(columns)


def test_the_example_has_the_same_plan_from_files_and_frames(session: Any, rides: pa.Table, tmp_path: Path) -> None:
    """Rows in 7 files, one of them without rows, and frames of 1 and 7 partitions, shuffled."""
    path, out = RIDES / "pipeline.yaml", tmp_path / "artifact"
    expected = plan_of(path, rides, out)
    shuffled = rides.take(pa.array(np.random.default_rng(1).permutation(rides.num_rows)))
    for k in range(7):
        rows = shuffled.take(pa.array(range(k, rides.num_rows, 6))) if k < 6 else rides.slice(0, 0)
        pyarrow.parquet.write_table(rows, tmp_path / f"{k}.parquet")
    assert plan_of(path, str(tmp_path / "*.parquet"), out, engine="spark", master="local[2]") == expected
    frame = session.createDataFrame(shuffled.to_pylist(), schema=ddl_of(rides))
    expected = plan_of(path, rides, out, profile=False)
    assert plan_of(path, frame.coalesce(1), out, profile=False) == expected
    assert plan_of(path, frame.repartition(7), out, profile=False) == expected


def ddl_of(table: pa.Table) -> str:
    names = {"string": "string", "int64": "bigint", "double": "double", "bool": "boolean"}
    return ", ".join(f"`{field.name}` {names[str(field.type)]}" for field in table.schema)


def test_real_data_have_the_same_plan(tmp_path: Path) -> None:
    toolchains.need("real data")
    subject, data = ROOT / "tests" / "real" / "titanic.yaml", str(toolchains.real_data() / "titanic.csv")
    assert plan_of(subject, data, tmp_path / "b", engine="spark") == plan_of(subject, data, tmp_path / "a")


def test_an_artifact_is_verified_on_a_sample_of_the_rows(rides: pa.Table, tmp_path: Path) -> None:
    pyarrow.parquet.write_table(rides, tmp_path / "rides.parquet")
    compiled = skc.compile(RIDES / "pipeline.yaml", tmp_path / "rides.parquet", tmp_path / "a", rows=20, engine="spark")
    assert compiled.report is not None
    assert compiled.report.is_equal
    (own,) = [check for check in compiled.report.checks if check.name == "data"]
    assert own.rows == compiled.stages[0].rows
    assert own.rows > 1000
    assert (tmp_path / "a" / "plan.json").exists()


def test_every_statistic_in_stages_is_the_same() -> None:
    one = fit(staged(), ROWS)
    with divided():
        other = fit(staged(), ROWS, open_engine=SPARK)
    assert one.pipeline == other.pipeline
    assert [w.message for w in one.warnings] == [w.message for w in other.warnings]
    assert (one.rows, one.stages) == (other.rows, other.stages) == (40, 2)


@pytest.mark.parametrize("code", REFUSED)
def test_the_same_rows_are_refused(code: str) -> None:
    made, rows = REFUSED[code]
    with divided():
        assert refusal(made, rows, SPARK) == refusal(made, rows, open_duckdb)


def refusal(made: Pipeline, rows: Any, open_engine: OpenEngine) -> list[Any]:
    with pytest.raises(SkcError) as error:
        fit(made, rows, open_engine=open_engine)
    return [(d.code, d.message, d.hint, d.notes) for d in error.value.diagnostics]


FITTED = [
    (name, k)
    for name, op in OPS.items()
    for k, case in enumerate(op.cases)
    if case.refused is None and case.state is None and case.fit
]


def test_the_cases_of_every_op_have_the_same_states() -> None:
    """All cases that fit as one pipeline over one table, in which each case repeats its rows; one job answers all."""
    chosen = [(f"{name}.{k}", OPS[name].cases[k], OPS[name]) for name, k in FITTED]
    plain = [(key, case, op) for key, case, op in chosen if case.target is None]
    length = max(len(case.fit) for _, case, _ in plain)
    steps, inputs, columns = [], [], {}
    for key, case, op in plain:
        renamed = {f"{key}.{name}": kind for name, kind in case.columns.items()}
        made = op_harness.build(op, case.params, renamed)
        names = {one.name: f"{key}/{one.name}" for one in made.steps}
        refs = {**{i.value: i.value for i in made.inputs}, **names}
        for one in made.steps:
            moved = tuple(replace(ref, value=refs[ref.value]) for ref in one.inputs)
            steps.append(replace(one, name=names[one.name], inputs=moved))
        inputs += made.inputs
        for j, i in enumerate(made.inputs):
            values = [case.fit[n % len(case.fit)][j] for n in range(length)]
            columns[i.name] = pa.array(values, stored_type(i))
    everything = Pipeline("all", tuple(inputs), tuple(steps), (), ())
    table = pa.table(columns)
    one = fit(everything, table)
    with divided(3):
        other = fit(everything, table, open_engine=SPARK)
    assert [s.state for s in one.pipeline.steps] == [s.state for s in other.pipeline.steps]
    assert len({s.op for s in one.pipeline.steps if s.state is not None}) >= 14


def stored_type(i: Input) -> pa.DataType:
    return {"float64": pa.float64(), "float32": pa.float32(), "bool": pa.bool_(), "string": pa.string()}.get(
        i.dtype, pa.int64()
    )


@pytest.mark.parametrize("k", [k for name, k in FITTED if name == "target_encode"])
def test_what_goes_with_a_target_is_the_same(k: int) -> None:
    case = OPS["target_encode"].cases[k]
    made = op_harness.build(OPS["target_encode"], case.params, case.columns, None, case.target)
    assert made.data is not None
    assert made.data.target is not None
    declared = [*made.inputs, made.data.target]
    table = pa.table({i.name: pa.array([row[j] for row in case.fit], stored_type(i)) for j, i in enumerate(declared)})
    with divided(3):
        assert fit(made, table, open_engine=SPARK).pipeline == fit(made, table).pipeline


@pytest.fixture(scope="module")
def questions() -> pa.Table:
    return table_of_questions()


@pytest.mark.parametrize("few", [0, places.FEW])
def test_every_question_has_the_same_answer(questions: pa.Table, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Places by four passes over 16 bits each, or by one; states that executors add, or the driver alone; values in
    many buckets, or in one.
    """
    monkeypatch.setattr(places, "FEW", few)
    monkeypatch.setattr(buckets, "IN_BUCKET", buckets.IN_BUCKET if few else 32)
    monkeypatch.setattr(jobs, "ADDED", 1 if few == 0 else jobs.ADDED)
    with opened(open_duckdb, questions) as data:
        expected = answers(data)
    with divided(), opened(SPARK, questions) as data:
        given = answers(data)
    assert given.keys() == expected.keys()
    for key, value in expected.items():
        assert repr(given[key]) == repr(value), key


def test_values_are_counted_alike(questions: pa.Table) -> None:
    groupings = {
        f"{c.name}{k}{limit}{least}": Grouping(c, least, limit)
        for k, c in enumerate((F, G, N, B, S, *WITHOUT))
        for limit, least in ((None, 1), (3, 1), (None, 30), (0, 1), (1000, 2))
    }
    with opened(open_duckdb, questions) as data:
        expected = counted(data, {key: replace(g, limit=None, min_count=1) for key, g in groupings.items()})
    with divided(), opened(SPARK, questions) as data:
        given = counted(data, groupings)
    for key, grouping in groupings.items():
        counts = sorted((n for *_, n in expected[key]), reverse=True)
        least = grouping.min_count
        if grouping.limit is not None and grouping.limit < len(counts):
            least = max(least, counts[grouping.limit - 1] if grouping.limit else counts[0] + 1)
        assert given.get(key, set()) == {one for one in expected[key] if one[-1] >= least}, key


def test_rows_are_found_sampled_and_read_by_their_places(questions: pa.Table) -> None:
    with (
        opened(open_duckdb, questions, "n IS NOT NULL") as one,
        divided(),
        opened(SPARK, questions, "n IS NOT NULL") as other,
    ):
        for condition, skip in ((AnyRow(), 0), (AnyRow(), 123), (AnyRow(), 9999), (IsNull("s"), 0), (IsNull("f"), 4)):
            expected, given = one.find(condition, skip), other.find(condition, skip)
            assert given.place == expected.place
            assert repr(given.values) == repr(expected.values)
        at = np.array([0, 3, 77, 200])
        assert other.rows_at(at, [F, S, B]).equals(one.rows_at(at, [F, S, B]))
        rows = [sorted(map(repr, sampled(data, [F, N, S], 100).to_pylist())) for data in (one, other)]
        assert rows[0] == rows[1]
        assert 50 < len(rows[0]) < 200
        assert (other.is_constant("same"), other.is_constant("s"), other.narrow()) == (True, False, frozenset({"g"}))
        names = ["s", "n"]
        assert pa.Table.from_batches(other.batches(names, 30)).cast(
            pa.schema([("c0", pa.string()), ("c1", pa.int64())])
        ) == pa.Table.from_batches(one.batches(names, 30)).cast(pa.schema([("c0", pa.string()), ("c1", pa.int64())]))


def test_a_frame_has_the_types_that_its_columns_have(session: Any) -> None:
    """Whatever the time zone of the session."""
    moment = datetime.datetime(2024, 3, 31, 1, 59, 59, 999_999, datetime.UTC)
    naive, day, hours = datetime.datetime(1969, 7, 20, 20), datetime.date(2024, 2, 28), datetime.timedelta(hours=7)
    columns: dict[str, tuple[str, pa.DataType, list[Any]]] = {
        "at": ("timestamp", pa.timestamp("us", "UTC"), [moment + k * hours for k in range(9)]),
        "local": ("timestamp_ntz", pa.timestamp("us"), [naive + k * hours for k in range(9)]),
        "day": ("date", pa.date32(), [day + (k % 2) * datetime.timedelta(1) for k in range(9)]),
        "price": ("decimal(9, 2)", pa.decimal128(9, 2), [Decimal(k * k).scaleb(-2) for k in range(9)]),
        "share": ("float", pa.float32(), [math.nan if k == 3 else k / 3 for k in range(9)]),
        "small": ("tinyint", pa.int8(), [k - 2 if k else None for k in range(9)]),
        "a.b": ("string", pa.string(), [str(k % 3) for k in range(9)]),
        "seen": ("timestamp_ntz", pa.timestamp("us"), [naive + k * k * hours for k in range(9)]),
    }
    table = pa.table({name: pa.array(values, kind) for name, (_, kind, values) in columns.items()})
    ddl = ", ".join(f"`{name}` {kind}" for name, (kind, _, _) in columns.items())
    frame = session.createDataFrame(list(zip(*(values for _, _, values in columns.values()), strict=True)), ddl)
    inputs = (
        Input("at", "timestamp"),
        Input("local", "timestamp", zone="Europe/Berlin"),
        Input("day", "date"),
        Input("price", "float64"),
        Input("share", "float64", nullable=True),
        Input("small", "int64", nullable=True),
        Input("a.b", "string"),
    )
    scaled = [step("price", "standard_scale", "inputs/price"), step("share", "quantile_bin", "inputs/share", bins=2)]
    ids = [step(name, "vocabulary", f"inputs/{name}") for name in ("small", "a.b")]
    made = replace(
        pipeline(*scaled, *ids, inputs=inputs), data=DataSource(where="day < DATE '2024-02-29' OR \"a.b\" = '1'")
    )
    for moment in ("at", "seen"):
        made = replace(made, freshness=Freshness((), moment))
        one = fit(made, table, profile=ProfileOptions((), 5, 1))
        other = fit(made, frame.repartition(3), open_engine=SPARK, profile=ProfileOptions((), 5, 1))
        assert one.pipeline == other.pipeline
        assert one.profile == other.profile
        assert one.profile is not None
        assert one.profile.ages is not None
        assert one.profile.ages.moment == moment
    assert [w.text() for w in one.warnings] == [w.text() for w in other.warnings]
    assert "SKC235" in {w.code for w in one.warnings}
    assert one.rows == other.rows == 7


def test_what_a_frame_lacks_is_refused_before_it_is_read(session: Any) -> None:
    frame = session.range(3).selectExpr("raise_error('it was read') AS x", "id AS n", "array(id) AS s")
    made = pipeline(step("y", "vocabulary", "inputs/n"), inputs=(Input("n", "int64"), Input("m", "int64")))
    ((code, message, *_),) = refusal(made, frame, SPARK)
    assert (code, message) == ("SKC204", "the table has no column `m`")
    made = pipeline(step("y", "vocabulary", "inputs/s"), inputs=(Input("s", "string"),))
    assert refusal(made, frame, SPARK)[0][:2] == ("SKC205", "the table: column `s` is BIGINT[], but is declared string")
    made = pipeline(step("y", "vocabulary", "inputs/n"), inputs=(Input("n", "int64"),))
    assert refusal(replace(made, data=DataSource(where="nn > 1")), frame, SPARK)[0][0] == "SKC207"
    assert refusal(made, frame, open_duckdb)[0][0] == "SKC202"
    made = pipeline(step("y", "vocabulary", "inputs/n"), inputs=(Input("n", "int64", nullable=True),))
    failing = session.range(3).selectExpr("if(id > 1, raise_error('no luck'), id) AS n")
    ((code, message, _, notes),) = refusal(made, failing, SPARK)
    assert (code, message) == ("SKC220", "`the DataFrame` cannot be read")
    assert "no luck" in notes[0]
    assert "\n" not in notes[0]


def test_a_value_of_a_frame_is_refused_with_its_partition_and_row(session: Any) -> None:
    """Also where a task has several partitions."""
    frame = session.range(0, 400, 1, 40).selectExpr("if(id = 333, 'x', cast(id AS string)) AS n")
    made = pipeline(step("y", "vocabulary", "inputs/n"), inputs=(Input("n", "int64", text="number"),))
    assert refusal(made, frame, SPARK)[0][:2] == ("SKC206", "partition 33, row 4: `x` in column `n` is not an int64")


def test_the_first_file_that_is_refused_is_named(tmp_path: Path) -> None:
    for k, text in enumerate(("1", "2\nx", "y")):
        (tmp_path / f"{k}.csv").write_text(f"n\n{text}\n")
    made = pipeline(step("y", "vocabulary", "inputs/n"), inputs=(Input("n", "int64"),))
    for engine in (SPARK, open_duckdb):
        ((code, message, _, _),) = refusal(made, str(tmp_path / "*.csv"), engine)
        assert (code, message) == ("SKC206", f"{tmp_path}/1.csv, row 2 (line 3): `x` in column `n` is not an int64")
    (tmp_path / "0.csv").write_bytes(b"n\n\xff\n")
    assert refusal(made, str(tmp_path / "0.csv"), SPARK) == refusal(made, str(tmp_path / "0.csv"), open_duckdb)
    for k in range(2):
        (tmp_path / f"{k}.jsonl").write_text('{"a": 1}\n' * 3)
    made = pipeline(step("y", "vocabulary", "inputs/n"), inputs=(Input("n", "int64", nullable=True),))
    lines = str(tmp_path / "*.jsonl")
    assert refusal(made, lines, SPARK) == refusal(made, lines, open_duckdb)


def test_a_session_is_used_as_it_is(session: Any, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("n\n1\n3\n")
    made = pipeline(step("y", "vocabulary", "inputs/n"), inputs=(Input("n", "int64"),))
    assert fit(made, tmp_path / "rows.csv", open_engine=spark_at("local[2]")).rows == 2
    assert session.range(3).count() == 3  # it was not stopped
    assert not session.sparkContext._jsc.getPersistentRDDs()
    with pytest.raises(SkcError, match=r"SKC691.*`local\[2\]` is active, and `yarn` is asked for"):
        fit(made, tmp_path / "rows.csv", open_engine=spark_at("yarn"))


def test_leaks_are_those_of_duckdb(session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one file and in several, with the first row; in a frame, by its partition."""
    monkeypatch.setattr(SparkData, "batches", None)  # no column comes to the driver
    rows = looked_up.training(400, lambda k: datetime.timedelta(hours=-3 if k % 9 == 8 else 0))
    for name, start in (("a", 0), ("b", 5), ("c", 100)):
        pyarrow.parquet.write_table(rows.slice(start, {"a": 5, "b": 95, "c": 300}[name]), tmp_path / f"{name}.parquet")
    (tmp_path / "pipeline.yaml").write_text(looked_up.PIPELINE)
    pipeline, _ = read_pipeline(tmp_path / "pipeline.yaml")
    for data in (str(tmp_path / "c.parquet"), str(tmp_path / "*.parquet")):
        (expected,) = leak_warnings(pipeline, data)
        (warning,) = leak_warnings(pipeline, data, None, SPARK)
        assert warning == expected
        assert ("row 8:" if "c." in data else "b.parquet, row 4:") in warning.notes[0]
    frame = session.read.parquet(str(tmp_path / "c.parquet"))
    (warning,) = leak_warnings(pipeline, frame, None, SPARK)
    assert "partition 0, row 8:" in warning.notes[0]
