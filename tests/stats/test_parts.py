"""Files of one source are read one by one: together they are accepted if each of them alone is, and mean the same."""

from __future__ import annotations

import datetime
import json
import math
import random
import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from source_tables import one, refusal

import skc
from skc.data.duckdb.connection import Database, open_database
from skc.data.duckdb.loading import load_training
from skc.data.sources import resolve
from skc.data.typed_rows import open_rows
from skc.diagnostics import SkcError
from skc.ir import DataSource, Input
from skc_runtime.kinds import DTYPES, for_every_kind

STAMPS = [0, 1, -1, 1_577_836_800_000_000, 1_577_836_800_000_001]
TYPED: list[tuple[pa.DataType, list[Any]]] = [
    (pa.int8(), [0, 1, -128]),
    (pa.int32(), [0, 16_777_217, -(2**31)]),
    (pa.int64(), [1, 2**24 + 1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)]),
    (pa.uint8(), [0, 255]),
    (pa.uint64(), [1, 2**53 + 1, 2**63, 2**64 - 1]),
    (pa.float32(), [0.1, 3.0, -0.0, 16_777_216.0, math.nan, math.inf]),
    (pa.float64(), [0.1, 3.0, 2.0**53, 2.0**53 + 2, math.nan, -math.inf, 1e300]),
    (pa.decimal128(5, 2), [Decimal("1.50")]),
    (pa.bool_(), [True, False]),
    (pa.string(), ["", "1", "1.5", "true", "2020-01-01"]),
    (pa.large_string(), ["b", "NA"]),
    (pa.binary(), [b"1"]),
    (pa.dictionary(pa.int8(), pa.string()), ["1", "z"]),
    (pa.timestamp("us"), STAMPS),
    (pa.timestamp("us", "UTC"), STAMPS),
    (pa.timestamp("ms", "Europe/Paris"), STAMPS[:3]),
    (pa.timestamp("ns", "UTC"), [1000, 1001]),
    (pa.date32(), [datetime.date(1970, 1, 1), datetime.date(2024, 2, 29)]),
    (pa.time64("us"), [5]),
    (pa.null(), []),
]
JSON_VALUES = ["1", "1.0", "1.5", "9007199254740993", '"1"', '"NA"', "true", "null", '"2020-01-01T00:00:00Z"', "1e400"]
CSV_VALUES = ["1", "1.0", "1.5", "9007199254740993", "NA", "true", "", '""', "2020-01-01T00:00:00Z", "2020-01-01"]
FITTING = for_every_kind(
    {  # where each part has one of these, most of them are accepted
        "float64": [pa.int32(), pa.float32(), pa.float64(), pa.int64(), pa.null()],
        "float32": [pa.int32(), pa.float32(), pa.float64(), pa.int64(), pa.null()],
        "int64": [pa.int8(), pa.int32(), pa.int64(), pa.float32(), pa.float64(), pa.uint64()],
        "bool": [pa.bool_(), pa.null()],
        "string": [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string()), pa.null()],
        "timestamp": [kind for kind, _ in TYPED if pa.types.is_timestamp(kind) and kind.tz] + [pa.int64(), pa.int32()],
        "date": [pa.date32(), pa.int32(), pa.int8()],
        "time": [pa.int32(), pa.int8(), pa.null()],
    }
)


GOOD_TEXT = for_every_kind(
    {  # as JSON, as a field of a CSV file
        "float64": (["1", "1.0", "1.5", "null", '"NA"'], ["1", "1.5", "9007199254740993", "NA", ""]),
        "float32": (["1", "0.1", "16777217", "null", '"NA"'], ["1", "0.1", "16777217", "NA", ""]),
        "int64": (["1", "1.0", "9007199254740993"], ["1", "9007199254740993", "NA"]),
        "bool": (["true", "null"], ["true", "NA", ""]),
        "string": (['"1"', '"NA"', "null"], ["1", "1.0", "NA", "", '""']),
        "timestamp": (['"2020-01-01T00:00:00Z"', "null"], ["2020-01-01T00:00:00Z", ""]),
        "date": (["null"], ["2020-01-01", "NA"]),
        "time": (['"17:30"', "null"], ["17:30:00.5", "NA", ""]),
    }
)


def typed_part(random_: random.Random, path: Path, dtype: str) -> None:
    fitting = [(kind, values) for kind, values in TYPED if kind in FITTING[dtype]]
    kind, values = random_.choice(fitting if random_.random() < 0.9 else TYPED)
    some = [random_.choice([*values, None]) for _ in range(random_.randint(0, 3))]
    columns = {"v": pa.array(some, kind), "k": pa.array(range(len(some)), random_.choice([pa.int32(), pa.int64()]))}
    if random_.random() < 0.2:
        columns["spare"] = pa.array(some, kind)
    table = pa.table(dict(sorted(columns.items(), reverse=random_.random() < 0.5)))
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    else:
        pyarrow.feather.write_feather(table, path)


def text_part(random_: random.Random, path: Path, dtype: str) -> None:
    rows = range(random_.randint(0, 3))
    good_json, good_csv = GOOD_TEXT[dtype] if random_.random() < 0.9 else (JSON_VALUES, CSV_VALUES)
    if path.suffix == ".jsonl":
        values = [random_.choice(good_json) for _ in rows]
        path.write_text("".join(f'{{"k": {k}, "v": {v}}}\n' for k, v in enumerate(values)))
        return
    values = [random_.choice(good_csv) for _ in rows]
    turned = random_.random() < 0.5
    lines = [("k", "v"), *((str(k), v) for k, v in enumerate(values))]
    path.write_text("".join(",".join(line[::-1] if turned else line) + "\n" for line in lines))


class Unconfined(Database):
    """One engine for many sources, which is quicker than one for each."""

    def confine(self, files: Sequence[str]) -> None:
        """Only the first could."""


def outcome(database: Database, data: str, inputs: tuple[Input, ...]) -> list[dict[str, Any]] | str:
    """The rows, or the code of the refusal."""
    source, _ = resolve(data, None)
    try:
        training = load_training(database, source, inputs, DataSource())
    except SkcError as error:
        return error.code
    rows: list[dict[str, Any]] = database.run(f"SELECT * FROM {training.sql}").to_pylist()
    return rows


@pytest.mark.parametrize(("kind", "count"), [("parquet", 120), ("arrow", 80), ("jsonl", 60), ("csv", 60)])
def test_parts_together_are_what_they_are_alone(tmp_path: Path, kind: str, count: int) -> None:
    """For any types and edge values: accepted together if each alone is, with the values that each alone has."""
    write = typed_part if kind in ("parquet", "arrow") else text_part
    random_ = random.Random(9)
    accepted = 0
    with open_database(threads=2) as opened:
        database = Unconfined(opened.connection, opened.folder, opened.threads)
        for case in range(count):
            folder = tmp_path / str(case)
            folder.mkdir()
            parts = [folder / f"{k}.{kind}" for k in range(random_.randint(2, 4))]
            dtype, nan = random_.choice(DTYPES), random_.choice(["null", "error"])
            for part in parts:
                write(random_, part, dtype)
            inputs = one(dtype, nullable=True, null_values=("NA",), nan=nan)
            alone = [outcome(database, str(part), inputs) for part in parts]
            together = outcome(database, f"{folder}/*.{kind}", inputs)
            if any(isinstance(rows, str) for rows in alone):
                assert together in alone, (case, inputs, alone, together)
            else:
                assert repr(together) == repr([row for rows in alone for row in rows]), (case, inputs, alone)
                accepted += 1
    assert accepted > count / 10


PAIRS: list[tuple[str, str, pa.Array, pa.Array]] = [
    ("half a decimal and integers", "int64", pa.array([Decimal("1.50")]), pa.array([2])),
    ("naive and zoned", "timestamp", pa.array([1], pa.timestamp("us")), pa.array([1], pa.timestamp("us", "UTC"))),
    ("text and numbers", "string", pa.array([1]), pa.array(["a"])),
    ("booleans and integers", "int64", pa.array([True]), pa.array([2])),
    ("2^53 + 1 and double", "float64", pa.array([2**53 + 1]), pa.array([1.0])),
]


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
@pytest.mark.parametrize(("what", "dtype", "bad", "good"), PAIRS, ids=[pair[0] for pair in PAIRS])
@pytest.mark.parametrize("order", [1, -1])
def test_what_is_refused_alone_is_refused_with_others(
    database: Database, tmp_path: Path, what: str, dtype: Any, bad: pa.Array, good: pa.Array, kind: str, order: int
) -> None:
    write = pq.write_table if kind == "parquet" else pyarrow.feather.write_feather
    names = ["bad", "good"][::order]
    for i, name in enumerate(names):
        values = bad if name == "bad" else good
        write(pa.table({"v": values, "k": [1] * len(values)}), f"{tmp_path}/{i}-{name}.{kind}")
    error = refusal(database, f"{tmp_path}/*.{kind}", one(dtype))
    assert error.code in ("SKC205", "SKC206")
    assert f"{names.index('bad')}-bad.{kind}" in str(error)
    assert f"good.{kind}" not in str(error)


PIPELINE = """\
skc: 1
name: parts
inputs: {id: int64}
features:
  id: {from: id, apply: [{one_hot: {unknown: error}}]}
outputs:
  x: {features: [id], dtype: float32}
"""


@pytest.fixture
def halves(tmp_path: Path) -> Path:
    """int32 beside float32: a common type would be float32, which does not hold 2^24 + 1."""
    pq.write_table(pa.table({"id": pa.array([16_777_217, 5], pa.int32())}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"id": pa.array([3.0, 7.0], pa.float32())}), tmp_path / "2.parquet")
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    return tmp_path


def test_every_command_reads_parts_by_their_own_types(halves: Path) -> None:
    data = f"{halves}/[12].parquet"
    made = skc.compile(halves / "pipeline.yaml", data, halves / "artifact", rows=200)
    names = made.artifact.manifest.outputs[0].columns
    assert [re.findall(r"\d+", name)[-1] for name in names] == ["3", "5", "7", "16777217"]
    assert made.report is not None
    assert made.report.is_equal
    for name in ("[12]", "1", "2"):
        skc.transform(halves / "artifact", f"{halves}/{name}.parquet", halves / f"x{name}.parquet", keep=())
    both, *each = (pq.read_table(halves / f"x{name}.parquet") for name in ("[12]", "1", "2"))
    assert both.equals(pa.concat_tables(each))
    assert skc.verify(halves / "artifact", data, rows=200).is_equal
    changed = skc.diff(halves / "artifact", halves / "artifact", data)
    assert changed.rows is not None
    assert changed.rows.rows == 4


def test_kept_columns_are_of_one_type(halves: Path) -> None:
    """An id of 2^53 + 1 must not become a double because another file has doubles."""
    skc.compile(halves / "pipeline.yaml", f"{halves}/[12].parquet", halves / "artifact", verify=False)
    for name, values in (("a", pa.array([2**53 + 1])), ("b", pa.array([1.5]))):
        pq.write_table(pa.table({"id": [3], "row": values}), halves / f"{name}.parquet")
    with pytest.raises(SkcError, match=r"`row` is BIGINT in .*a\.parquet, and DOUBLE in .*b\.parquet") as error:
        skc.transform(halves / "artifact", f"{halves}/[ab].parquet", halves / "x.parquet", keep=("row",))
    assert error.value.code == "SKC205"
    pq.write_table(pa.table({"id": [3]}), halves / "b.parquet")
    with pytest.raises(SkcError, match=r"b\.parquet has no column `row`"):
        skc.transform(halves / "artifact", f"{halves}/[ab].parquet", halves / "x.parquet", keep=("row",))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("INTERVAL", "INTERVAL 1 DAY"),
        ("UHUGEINT", str(2**128 - 1)),
        ("STRUCT(i INTERVAL)", "{'i': INTERVAL 1 DAY}"),
        ("BIT", "'101'"),
        ("UNION(a INTEGER, b VARCHAR)", "'z'"),
    ],
)
def test_kept_columns_are_of_types_that_a_parquet_file_holds(halves: Path, kind: str, value: str) -> None:
    """2^128 - 1 used to be written as -1; a union or an interval ended in an error of the Arrow library."""
    skc.compile(halves / "pipeline.yaml", f"{halves}/[12].parquet", halves / "artifact", verify=False)
    file = halves / "kept.duckdb"
    with duckdb.connect(str(file)) as made:
        made.execute(f"CREATE TABLE t AS SELECT 3 AS id, CAST({value} AS {kind}) AS bit")
        made.execute("CREATE TABLE u AS SELECT id, CAST(bit AS VARCHAR) AS bit, {'bit': 1} AS fields FROM t")
    with pytest.raises(SkcError, match="a Parquet file cannot hold") as error:
        skc.transform(halves / "artifact", f"{file}::t", halves / "x.parquet", keep=("bit",))
    assert error.value.code == "SKC205"
    skc.transform(halves / "artifact", f"{file}::u", halves / "x.parquet", keep=("bit", "fields"))  # as the hint says
    assert pq.read_schema(halves / "x.parquet").field("bit").type == pa.string()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_where_needs_its_columns_in_every_part(database: Database, tmp_path: Path, kind: str) -> None:
    for name, spare in (("1", {"spare": ["a"]}), ("2", {})):
        table = pa.table({"v": [1.0], "k": [1], **spare})
        if kind == "csv":
            pyarrow.csv.write_csv(table, f"{tmp_path}/{name}.csv")
        else:
            pq.write_table(table, f"{tmp_path}/{name}.parquet")
    error = refusal(database, f"{tmp_path}/*.{kind}", one("float64"), where="spare = 'a'")
    assert error.code == "SKC207"
    assert f"`spare`, which is not a column of {tmp_path}/2.{kind}" in str(error)


def test_rows_of_alternating_parts_stay_in_order(tmp_path: Path) -> None:
    """Also where the parts are so many that they are stored; the place of each is that in its own file."""
    for k in range(40):
        values = pa.array([10 * k, 10 * k + 1], pa.int32() if k % 2 else pa.float64())
        pq.write_table(pa.table({"v": values}), tmp_path / f"{k:02}.parquet")
    inputs = (Input("v", "int64"),)
    with open_rows(inputs, f"{tmp_path}/*.parquet") as rows:
        got = [int(v) for blocks, _ in rows.batches() for v in blocks["v"].values[:, 0]]
        assert got == [10 * k + i for k in range(40) for i in range(2)]
        assert rows.place(37) == f"{tmp_path}/18.parquet, row 2"


def test_records_of_any_file_have_their_own_types(database: Database, tmp_path: Path) -> None:
    (tmp_path / "1.jsonl").write_text(json.dumps({"v": 2**53 + 1, "k": 1}))
    (tmp_path / "2.jsonl").write_text(json.dumps({"v": 1.0, "k": 1}))
    data = f"{tmp_path}/*.jsonl"
    assert outcome(database, data, one("int64")) == [{"v": 2**53 + 1, "k": 1}, {"v": 1, "k": 1}]
    assert f"{tmp_path}/1.jsonl, row 1" in str(refusal(database, data, one("float64")))
