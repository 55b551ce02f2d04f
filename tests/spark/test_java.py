"""Features from Spark's own JVM, without Python, have the bits and the refusals of `skc_runtime`.

All cases are in one session of another process, since a session gets its jars when it starts.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import toolchains
from feature_tables import bits_of, rides_table
from forged_artifacts import GOLDEN_RIDES, compile_pipeline, rides

import skc
import skc_runtime
from skc_runtime.pyfunc import column_name
from skc_runtime.tables import transform_table

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "runtime"
TIMES = """\
skc: 1
name: times
inputs:
  at: timestamp
  seen: timestamp
  local: {type: timestamp, timezone: Europe/Berlin}
  day: date
  born: {type: date, nullable: true}
  price: {type: float64, nullable: true}
  single: float32
  small: int64
features:
  hour: {from: local, apply: [{datetime_part: {part: hour, timezone: Europe/Berlin}}]}
  year: {from: at, apply: [{datetime_part: {part: year}}]}
  on: {from: day, apply: [{datetime_part: {part: day}}]}
  age: {from: [at, seen], apply: [{elapsed: {unit: microseconds}}]}
  days: {from: [born, day], apply: [{elapsed: {unit: days}}, {impute: {strategy: constant, value: -1}}]}
  price: {from: price, apply: [{impute: {strategy: constant, value: -1}}]}
  single: {from: single, apply: [{cast: {to: float64}}]}
  small: {from: small, apply: [{cast: {to: float64}}]}
outputs:
  parts: {features: [hour, year, on], dtype: int64}
  x: {features: [age, days, price, single, small], dtype: float64}
"""
VARIANTS = range(6)  # of TIMES; a JVM keeps 4 artifacts
UTC = datetime.UTC
MOMENTS = [  # what java.sql.Timestamp and java.sql.Date cannot hold as they are: other calendars, offsets with seconds
    datetime.datetime(1, 1, 1, tzinfo=UTC),
    datetime.datetime(1582, 10, 4, 23, 59, 59, 999_999, UTC),
    datetime.datetime(1582, 10, 10, 12, tzinfo=UTC),
    datetime.datetime(1887, 12, 31, 14, 59, 59, tzinfo=UTC),
    datetime.datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC),
    datetime.datetime(2024, 10, 27, 0, 30, 0, 1, UTC),
    datetime.datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC),
]

LOCAL = [
    moment.replace(year=min(max(moment.year, 2), 9998)) for moment in MOMENTS
]  # which are in those years in UTC too


def times_table() -> pa.Table:
    """Rows of every type that Spark has for an input."""
    days = [moment.date() for moment in MOMENTS]
    count = len(MOMENTS)
    return pa.table(
        {
            "n": pa.array(range(count), pa.int64()),
            "at": pa.array(MOMENTS, pa.timestamp("us", "UTC")),
            "seen": pa.array(MOMENTS[::-1], pa.timestamp("us", "UTC")),
            "local": pa.array([moment.replace(tzinfo=None) for moment in LOCAL], pa.timestamp("us")),
            "day": pa.array(days, pa.date32()),
            "born": pa.array([None if k == 2 else day for k, day in enumerate(days[::-1])], pa.date32()),
            "price": pa.array(
                [None if k == 3 else Decimal(k * 7 - 1).scaleb(-2) for k in range(count)], pa.decimal128(9, 2)
            ),
            "single": pa.array([k / 3 for k in range(count)], pa.float32()),
            "small": pa.array([k - 3 for k in range(count)], pa.int8()),
        }
    )


def late_table() -> pa.Table:
    """Those rows that have no time before 1900."""
    table = times_table().slice(4)
    columns = {**dict(zip(table.column_names, table.columns, strict=True)), "seen": table["at"], "born": table["day"]}
    return pa.table(columns)


@dataclass(frozen=True)
class Case:
    """Rows in Parquet, and what Java is asked: `select` are expressions of Spark over their columns; `sql` is a query
    of the view `given` with the function `features`.
    """

    artifact: Path
    rows: Path
    partitions: int = 7
    options: dict[str, list[Any]] = field(default_factory=dict)
    select: tuple[str, ...] = ("*",)
    sql: str | None = None
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Told:
    """What the process said of each case, and where it wrote the features."""

    of: dict[str, Any]
    folder: Path

    def table(self, name: str) -> pa.Table:
        assert self.of[name] == {"jobs": 0}, self.of[name]
        return pq.read_table(self.folder / name).sort_by("n")


@pytest.fixture(scope="module")
def jar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: `runtime/java/target` may be in use."""
    toolchains.need("spark")
    toolchains.need("java")
    copy = tmp_path_factory.mktemp("runtime")
    shutil.copy(RUNTIME / "pom.xml", copy)
    for module in ("java", "java-spark"):
        shutil.copytree(RUNTIME / module, copy / module, ignore=shutil.ignore_patterns("target"))
    subprocess.run(["mvn", "-q", "-B", "-Dmaven.test.skip", "package"], cwd=copy, check=True)
    (found,) = (copy / "java-spark" / "target").glob("skc-spark-*-all.jar")
    return found


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("artifacts")
    made = {"rides": compile_pipeline(rides(), "packed", GOLDEN_RIDES).write(folder / "rides")}
    sources: dict[str, tuple[Path, Any]] = {}
    for name, text in {
        "times": TIMES,
        **{f"variant {k}": TIMES.replace("value: -1", f"value: {k}") for k in VARIANTS},
    }.items():
        (folder / f"{name}.yaml").write_text(text)
        sources[name] = (folder / f"{name}.yaml", times_table())
    sources["example"] = (ROOT / "examples" / "rides" / "pipeline.yaml", ROOT / "examples" / "rides" / "data.csv")
    if not toolchains.missing("real data"):
        for name in toolchains.REAL:
            sources[name] = (ROOT / "tests" / "real" / f"{name}.yaml", toolchains.real_data() / f"{name}.csv")
    for name, (pipeline, data) in sources.items():
        skc.compile(pipeline, data, folder / name, verify=False, profile=False)
        made[name] = folder / name
    return made


@pytest.fixture(scope="module")
def tables(artifacts: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Rows of each artifact in Parquet, with their number `n`: of data in CSV, as its pipeline reads them."""
    folder = tmp_path_factory.mktemp("tables")
    made = {
        "rides": rides_table(3000, 0.02),
        "refused": rides_table(40, 0.9),
        "times": times_table(),
        "late": late_table(),
    }
    made["alone"] = rides_table(3000).set_column(1, "distance", pa.array([1.0] * 2777 + [None] + [1.0] * 222))
    for name in ("example", *toolchains.REAL):
        if name in artifacts:
            made[name] = typed(artifacts[name], name)
    for name, table in made.items():
        pq.write_table(table, folder / f"{name}.parquet")
    return {name: folder / f"{name}.parquet" for name in made}


def typed(artifact: Path, name: str) -> pa.Table:
    """The inputs as `skc transform` keeps them."""
    inputs = [one.name for one in skc_runtime.load(artifact).manifest.inputs]
    data = ROOT / "examples" / "rides" / "data.csv" if name == "example" else toolchains.real_data() / f"{name}.csv"
    out = artifact.parent / f"{name}.parquet"
    skc.transform(artifact, data, out, keep=inputs, refused="column")
    table = pq.read_table(out, columns=inputs)
    return table.append_column("n", pa.array(range(len(table)), pa.int64()))


def but(rows: Path, name: str, expression: str) -> tuple[str, ...]:
    """All columns, but of one the expression."""
    return (*(other for other in pq.read_schema(rows).names if other != name), expression)


@pytest.fixture(scope="module")
def cases(artifacts: dict[str, Path], tables: dict[str, Path]) -> dict[str, Case]:
    rides, rows = artifacts["rides"], tables["rides"]
    manifest = skc_runtime.load(rides).manifest
    feature = column_name(manifest, manifest.outputs[0], manifest.outputs[0].columns[0])
    kept: dict[str, list[Any]] = {"keep": ["n", "fare"], "refusedAsColumn": []}
    made = {
        "columns": Case(rides, rows, options=kept),
        "one partition": Case(rides, rows, partitions=1, options=kept),
        "more partitions than rows": Case(rides, tables["refused"], partitions=60, options=kept),
        "arrays": Case(rides, rows, options={**kept, "asArray": []}),
        "times": Case(artifacts["times"], tables["times"], options={"keep": ["n", "at", "day"]}),
        "a struct": Case(
            rides,
            rows,
            options={"refusedAsColumn": []},
            sql="SELECT made.*, n FROM (SELECT features(struct(*)) AS made, n FROM given)",
        ),
        "a struct of times": Case(
            artifacts["times"],
            tables["times"],
            sql="SELECT made.*, n FROM (SELECT features(struct(*)) AS made, n FROM given)",
        ),
        "a struct of late times": Case(
            artifacts["times"],
            tables["late"],
            sql="SELECT made.*, n FROM (SELECT features(struct(*)) AS made, n FROM given)",
        ),
        "a struct of Java 8": Case(
            artifacts["times"],
            tables["times"],
            sql="SELECT made.*, n FROM (SELECT features(struct(*)) AS made, n FROM given)",
            settings={"spark.sql.datetime.java8API.enabled": "true"},
        ),
        "no struct": Case(rides, rows, sql="SELECT features(if(n < 0, struct(*), NULL)) AS x, n FROM given"),
        "a refused row": Case(rides, tables["alone"], partitions=1),
        "a refused struct": Case(rides, tables["alone"], sql="SELECT features(struct(*)) FROM given"),
        "a missing column": Case(rides, rows, select=("n", "fare")),
        "another case": Case(rides, rows, select=("*", "day AS spare"), options={"keep": ["none"]}),
        "near": Case(artifacts["times"], tables["times"], select=but(tables["times"], "born", "born AS Born")),
        "another type": Case(
            artifacts["times"], tables["times"], select=but(tables["times"], "small", "struct(n) AS small")
        ),
        "a text": Case(artifacts["times"], tables["times"], select=but(tables["times"], "small", "'1' AS small")),
        "twice": Case(artifacts["times"], tables["times"], select=("*", "day")),
        "two names": Case(rides, rows, options={"keep": [feature]}, select=("*", f"n AS `{feature}`")),
        "nowhere": Case(rides / "nowhere", rows),
        "another identity": Case(rides, rows, options={"expect": ["0" * 64]}),
        "a function that keeps": Case(rides, rows, options={"keepAll": []}, sql="SELECT 1"),
    }
    made |= {
        f"variant {k}": Case(artifacts[f"variant {k}"], tables["times"], options={"keep": ["n"]}) for k in VARIANTS
    }
    real = {
        name: Case(artifacts[name], tables[name], options=kept | {"keep": ["n"]})
        for name in artifacts
        if name in tables
    }
    return {**made, **{name: case for name, case in real.items() if name not in made and name != "rides"}}


@pytest.fixture(scope="module")
def told(jar: Path, cases: dict[str, Case], tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("told")
    listed = [
        {
            "name": name,
            "artifact": os.fspath(case.artifact),
            "rows": os.fspath(case.rows),
            "partitions": case.partitions,
            "select": case.select,
            "options": case.options,
            "settings": case.settings,
            **({} if case.sql is None else {"sql": case.sql}),
        }
        for name, case in cases.items()
    ]
    (folder / "cases.json").write_text(json.dumps(listed))
    command = [sys.executable, Path(__file__).with_name("java_features.py"), jar, folder]
    done = subprocess.run([os.fspath(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return Told(json.loads((folder / "told.json").read_text()), folder)


def wanted(case: Case, keep: list[str], *, as_array: bool = False, refused: bool = True) -> pa.Table:
    """What the runtime for Python gives for the same rows."""
    transformer = skc_runtime.load(case.artifact)
    rows = pq.read_table(case.rows).sort_by("n").combine_chunks()
    how: Any = "column" if refused else "error"
    return transform_table(transformer, rows, keep=keep, refused=how, as_array=as_array)


def words(reasons: pa.Array) -> pa.Array:
    """Without the texts that they quote, which each language does as it does."""
    return pa.array([text and re.sub(r"(['\"]).*?\1", "…", text) for text in reasons.to_pylist()], pa.string())


def assert_same(got: pa.Table, want: pa.Table) -> None:
    """The same columns, types, bits and words."""
    assert got.column_names == want.column_names
    assert [str(kind) for kind in got.schema.types] == [
        str(kind).replace("item", "element") for kind in want.schema.types
    ]
    for name in want.column_names:
        one, other = got[name].combine_chunks(), want[name].combine_chunks()
        if name == "refused":
            one, other = words(one), words(other)
        assert one.is_null().to_pylist() == other.is_null().to_pylist(), name
        if pa.types.is_list(one.type):
            one, other = one.flatten(), other.flatten()
        assert bits_of(one) == bits_of(other), name


@pytest.mark.parametrize("name", ["columns", "one partition", "more partitions than rows"])
def test_features_are_columns_with_the_bits_of_python(name: str, told: Told, cases: dict[str, Case]) -> None:
    want = wanted(cases[name], ["n", "fare"])
    assert len({text for text in want["refused"].to_pylist() if text}) > 3
    assert_same(told.table(name), want)


def test_the_features_of_an_output_can_be_one_array(told: Told, cases: dict[str, Case]) -> None:
    assert_same(told.table("arrays"), wanted(cases["arrays"], ["n", "fare"], as_array=True))


@pytest.mark.parametrize("name", ["example", *toolchains.REAL])
def test_the_example_and_real_data(name: str, told: Told, cases: dict[str, Case]) -> None:
    if name in toolchains.REAL:
        toolchains.need("real data")
    assert_same(told.table(name), wanted(cases[name], ["n"]))


def test_instants_days_and_decimals_of_all_years(told: Told, cases: dict[str, Case]) -> None:
    """Whatever the zone of the session, and where java.sql has another calendar; as columns and in a struct."""
    want = wanted(cases["times"], ["n"], refused=False)
    got = told.table("times")
    assert_same(got.drop_columns(["at", "day"]), want)
    assert got["at"].cast(pa.timestamp("us", "UTC")).to_pylist() == MOMENTS
    assert got["day"].to_pylist() == [moment.date() for moment in MOMENTS]
    assert_same(told.table("a struct of late times"), wanted(cases["a struct of late times"], ["n"], refused=False))
    assert told.of["a struct of times"]["refused"].startswith("error[unsupported-type]: ")
    assert_same(told.table("a struct of Java 8"), want)


def test_a_function_of_sql_maps_a_struct(told: Told, cases: dict[str, Case]) -> None:
    want = wanted(cases["a struct"], ["n"])
    got = told.table("a struct")
    assert got.column_names[-2:] == ["refused", "n"]
    assert_same(got.select(want.column_names), want)
    assert told.table("no struct")["x"].null_count == 3000


def test_a_refused_row_fails_the_job_with_its_partition_and_row(told: Told) -> None:
    words = "the input is null, and is not nullable (input `distance`"
    assert told.of["a refused row"]["refused"] == f"error[null]: partition 0: {words}, row 2777)"
    assert told.of["a refused struct"]["refused"] == f"error[null]: {words})"


REFUSALS = {
    "a missing column": "error[missing-key]: the input is missing, and is not nullable (input `distance`)",
    "another case": "error[invalid-option]: the DataFrame has no column `none`",
    "near": "error[missing-key]: the DataFrame calls the input `born` `Born`",
    "another type": "error[wrong-type]: partition ",
    "a text": "error[wrong-type]: partition ",
    "twice": "error[duplicate-column]: the DataFrame has several columns `day`",
    "nowhere": "error[artifact-not-found]: ",
    "another identity": "error[identity-mismatch]: ",
    "a function that keeps": "error[invalid-option]: a function of SQL keeps no columns",
    "two names": "error[invalid-option]: two columns would be named `",
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_cannot_be_served_is_refused_by_name(name: str, told: Told) -> None:
    assert told.of[name].get("refused", "nothing was refused").startswith(REFUSALS[name])


def test_a_jvm_loads_an_artifact_once_and_keeps_four(told: Told, artifacts: dict[str, Path]) -> None:
    """Except for those in use: of six by one task, and of one by a task while the driver plans with five others."""
    rows = len(VARIANTS) * len(MOMENTS)
    assert told.of["together"] == {"artifacts": len(VARIANTS), "rows": rows, "different": 0}
    assert told.of["many functions"] == 3000
    assert told.of["meanwhile"]["rows"] == 1_500_000
    assert told.of["meanwhile"]["planned"]
    lines = (told.folder / "loaded.log").read_text().splitlines()
    words = [line.split()[-3:] for line in lines if re.search(r": (loaded|released) ", line)]
    held, most, loads = set[str](), 0, Counter[str]()
    for what, identity, replay in words:
        assert replay == "exact"
        assert (what == "loaded") == (identity not in held)
        held.symmetric_difference_update({identity})
        most = max(most, len(held))
        loads[identity] += what == "loaded"
    assert (len(held), most) == (4, len(VARIANTS))
    assert loads[skc_runtime.load(artifacts["rides"]).identity] == 1  # for all rows of a dozen cases
    used = 2 * 3 + told.of["meanwhile"]["planned"] + 1  # on the driver and by a task of each case, and meanwhile
    assert max(loads[skc_runtime.load(artifacts[f"variant {k}"]).identity] for k in VARIANTS) <= used


@pytest.mark.parametrize("page", ["docs/spark.md", "runtime/java-spark/README.md"])
def test_the_code_of_a_page_compiles(page: str, jar: Path, tmp_path: Path) -> None:
    import pyspark

    snippets = re.findall(r"^```java\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.M | re.S)
    assert snippets
    imports = "import dev.skc.spark.*;\nimport org.apache.spark.sql.*;\n"
    methods = [f"static void run{k}(SparkSession spark) {{\n{snippet}}}\n" for k, snippet in enumerate(snippets)]
    (tmp_path / "Snippet.java").write_text(f"{imports}class Snippet {{\n{''.join(methods)}}}\n")
    path = os.pathsep.join([os.fspath(jar), *map(os.fspath, (Path(pyspark.__file__).parent / "jars").glob("*.jar"))])
    command = ["javac", "-proc:none", "-d", os.fspath(tmp_path), "-cp", path, "Snippet.java"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
