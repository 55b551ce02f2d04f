"""`skc_runtime.spark.transform` gives what the runtime gives for each row alone, however Spark divides the rows."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from feature_tables import alone, bits_of, columns_of, flat, rides_table
from forged_artifacts import GOLDEN_RIDES, compile_pipeline, rides

import skc_runtime
from skc_runtime import ArtifactError, RecordError, SkcRuntimeError, Transformer
from skc_runtime.spark import transform

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("session")]  # PySpark's are its own
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_pipeline(rides(), "packed", GOLDEN_RIDES).write(tmp_path_factory.mktemp("artifact") / "rides")


@pytest.fixture(scope="module")
def transformer(folder: Path) -> Transformer:
    return skc_runtime.load(folder)


DDL = (
    "n bigint, distance double, fare double, passengers bigint, member boolean, "
    "payment string, pickup bigint, day bigint"
)


def frame_of(session: Any, table: pa.Table, partitions: int) -> Any:
    """The rows in so many partitions, shuffled if they are several."""
    frame = session.createDataFrame(list(zip(*table.to_pydict().values(), strict=True)), schema=DDL)
    return frame.coalesce(1) if partitions == 1 else frame.repartition(partitions)


def collected(frame: Any) -> pa.Table:
    """The rows in the order of their number."""
    of_3_5 = not hasattr(frame, "toArrow")
    table = pa.Table.from_batches(frame._collect_as_arrow()) if of_3_5 else frame.toArrow()
    return table.sort_by("n")


@pytest.mark.parametrize("partitions", [1, 7, 200])
def test_features_are_columns_with_the_bits_of_each_row_alone(
    partitions: int, session: Any, folder: Path, transformer: Transformer
) -> None:
    """With more partitions than rows too, so that some are without rows."""
    rows = rides_table(150, 0.4, seed=partitions)
    frame = transform(frame_of(session, rows, partitions), folder, keep=["n", "fare"], refused="column")
    want, codes = alone(transformer, rows)
    assert frame.columns == [*want, "n", "fare", "refused"]
    table = collected(frame)
    assert [text and text.partition(":")[0] for text in table["refused"].to_pylist()] == codes
    assert {name: bits_of(table[name]) for name in want} == want
    assert bits_of(table["fare"]) == bits_of(rows["fare"])
    assert len(set(codes)) > 3


@pytest.fixture
def jobs(session: Any, request: pytest.FixtureRequest) -> Any:
    """Counts the jobs of the test."""
    context = session.sparkContext
    group = f"counted {request.node.name}"
    context.setJobGroup(group, "jobs of one test")
    yield lambda: len(context.statusTracker().getJobIdsForGroup(group))
    context.setLocalProperty("spark.jobGroup.id", None)


def test_the_features_of_an_output_can_be_one_array(session: Any, folder: Path, transformer: Transformer) -> None:
    rows = rides_table(60, 0.4)
    frame = transform(frame_of(session, rows, 2), folder, keep=True, refused="column", as_array=True)
    kinds = {"x": "array<float>", "times": "array<bigint>", "is_member": "array<boolean>", "word": "array<string>"}
    kept = [tuple(one.split()) for one in DDL.split(", ")]
    assert frame.dtypes == [*kinds.items(), *kept, ("refused", "string")]
    table = collected(frame)
    want, codes = alone(transformer, rows)
    made: list[Any] = []
    for output in transformer.manifest.outputs:
        made += flat(table[output.name], len(output.columns))
        assert table[output.name].is_null().to_pylist() == [code is not None for code in codes]
    assert [bits_of(column) for column in made] == list(want.values())
    assert len(made) == len(columns_of(transformer))


def test_no_job_is_run_before_the_rows_are_needed(session: Any, folder: Path, jobs: Any) -> None:
    frame = transform(frame_of(session, rides_table(3), 1), folder, keep=["n"])
    types = [kind for _, kind in frame.dtypes]
    assert types == ["float"] * 5 + ["bigint"] * 3 + ["boolean", "string", "bigint"]
    assert jobs() == 0
    assert frame.count() == 3
    assert jobs() > 0


def test_a_refused_row_fails_the_job_with_its_partition_and_row(session: Any, folder: Path) -> None:
    """Behind a whole batch of Arrow, which has 50 rows here."""
    rows = rides_table(90)
    rows = rows.set_column(1, "distance", pa.array([1.0] * 77 + [None] + [1.0] * 12))
    halves = pa.concat_tables([rides_table(90), rows])
    divided = session.sparkContext.parallelize(list(zip(*halves.to_pydict().values(), strict=True)), 2)
    frame = session.createDataFrame(divided, schema=DDL)
    with pytest.raises(Exception, match="RecordError") as error:
        transform(frame, folder).collect()
    words = "error[null]: partition 1: the input is null, and is not nullable (input `distance`, row 77)"
    assert words in str(error.value)


def test_columns_to_keep_are_left_as_they_are(session: Any, folder: Path) -> None:
    """Of types and names that are hard: with dots, quotes, another case, duplicates elsewhere."""
    instant = datetime.datetime(2024, 2, 29, 12, 30, 1, 5, tzinfo=datetime.UTC)
    kept: list[tuple[str, str, Any]] = [
        ("a.b", "decimal(38,9)", Decimal("12345678901234567890123456789.000000001")),
        ("a`b c", "array<struct<u:int,v:map<string,date>>>", [(1, {"k": datetime.date(1, 1, 1)}), None]),
        ("X.Amounts.Distance", "tinyint", -7),
        ("ü", "binary", bytearray(b"\0\xff")),
        ("at", "timestamp", instant),
        ("plain", "timestamp_ntz", instant.replace(tzinfo=None)),
        ("twice", "int", 1),
    ]
    ddl = ", ".join([DDL, *(f"`{name.replace('`', '``')}` {kind}" for name, kind, _ in kept)])
    values = next(iter(zip(*rides_table(1).to_pydict().values(), strict=True)))
    frame = session.createDataFrame([(*values, *(value for *_, value in kept))], schema=ddl)
    names = [name for name, *_ in kept]
    want = frame.select(*(f"`{name.replace('`', '``')}`" for name in names)).collect()[0]
    made = transform(frame, folder, keep=names)
    assert made.schema.fields[-len(names) :] == frame.schema.fields[-len(names) :]
    assert tuple(made.collect()[0])[-len(names) :] == tuple(want)
    doubled = frame.toDF(*("again" if name in ("twice", "plain") else name for name in frame.columns))
    assert transform(doubled, folder, keep=["at"]).count() == 1
    with pytest.raises(SkcRuntimeError, match="has several columns 'again'"):
        transform(doubled, folder, keep=["again"])


def test_what_a_frame_tells_is_refused_before_a_job(session: Any, folder: Path, jobs: Any) -> None:
    frame = frame_of(session, rides_table(1), 1)
    with pytest.raises(RecordError, match="missing-key") as missing:
        transform(frame.drop("distance"), folder)
    assert missing.value.input == "distance"
    other = frame.toDF(*(name.title() if name == "fare" else name for name in frame.columns))
    with pytest.raises(RecordError, match="the DataFrame calls it 'Fare'") as named:
        transform(other, folder)
    assert named.value.hint == "rename it: withColumnRenamed('Fare', 'fare')"
    with pytest.raises(RecordError, match="duplicate-column"):
        transform(frame.toDF("fare", *frame.columns[1:]), folder)
    with pytest.raises(SkcRuntimeError, match="invalid-option"):
        transform(frame, folder, refused="skip")  # type: ignore[arg-type]  # that is the test
    with pytest.raises(SkcRuntimeError, match="two columns would be named `word`"):
        transform(frame.toDF("word", *frame.columns[1:]), folder, as_array=True, keep=["word"])
    with pytest.raises(ArtifactError, match="identity-mismatch"):
        transform(frame, folder, expect="0" * 64)
    assert jobs() == 0
    assert transform(frame.drop("fare", "n"), folder).count() == 1  # nullable: it is null
    assert transform(other.toDF(*frame.columns), folder).count() == 1


def test_a_process_loads_an_artifact_once(session: Any, folder: Path) -> None:
    """For all batches of all tasks; what is in the artifact's folder by then does not matter."""
    files = {path.name: path.read_bytes() for path in folder.iterdir()}

    def patched(batches: Any) -> Any:
        from skc_runtime import tables

        tables._LOADED.clear()
        if not hasattr(tables, "loads"):
            own, tables.loads = tables.load, []  # type: ignore[attr-defined]  # in a process of the test's session
            tables.load = lambda *a, **o: tables.loads.append(1) or own(*a, **o)  # type: ignore[attr-defined]
        tables.loads.clear()  # type: ignore[attr-defined]
        yield from batches

    def counted(batches: Any) -> Any:
        from skc_runtime import tables

        for _ in batches:
            yield pa.RecordBatch.from_pydict({"pid": [os.getpid()], "loads": [len(tables.loads)]})  # type: ignore[attr-defined]

    few = session.range(0, 6, 1, 6)
    few.mapInArrow(patched, "id bigint").collect()
    frame = frame_of(session, rides_table(400), 6)
    assert transform(frame, files).count() == 400
    assert transform(frame, files, keep=["n"]).count() == 400
    loads = {row.pid: row.loads for row in few.mapInArrow(counted, "pid bigint, loads bigint").collect()}
    assert len(loads) <= 3
    assert set(loads.values()) <= {0, 1}
    assert 1 in loads.values()


PROGRAM = """
import sys, warnings
warnings.simplefilter("ignore")
from pyspark.sql import SparkSession
import skc_runtime.spark
session = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
session.sparkContext.pythonExec = sys.executable
session.sparkContext.setLogLevel("OFF")
frame = session.read.parquet(sys.argv[2])
features = skc_runtime.spark.transform(frame, sys.argv[1], refused="column", keep=["n"])
print(features.filter("refused is null").count())
session.stop()
"""
HIDE = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("skc", "duckdb", "onnx", "spox", "pydantic", "ruamel", "sqlglot"):
            raise ImportError(name + " is not installed")
sys.meta_path.insert(0, Hidden())
"""


def test_executors_need_no_compiler(folder: Path, transformer: Transformer, tmp_path: Path) -> None:
    import pyarrow.parquet

    rows = rides_table(100, 0.5)
    pyarrow.parquet.write_table(rows, tmp_path / "rows.parquet")
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "sitecustomize.py").write_text(HIDE)
    runtime = Path(skc_runtime.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path / 'hidden'}{os.pathsep}{runtime}"}
    command = [sys.executable, "-c", PROGRAM, str(folder), str(tmp_path / "rows.parquet")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    _, codes = alone(transformer, rows)
    assert done.stdout.split() == [str(codes.count(None))]
