"""What a value may be in each kind of source: read by the declared type, or refused with its code."""

from __future__ import annotations

import csv
import json
import math
import random
import re
import uuid
from collections.abc import Mapping
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from source_tables import (
    MICRO,
    NUL_INPUTS,
    check,
    load,
    nul_sources,
    one,
    refusal,
    rows,
)

from skc.data.contract import check_contract
from skc.data.duckdb.connection import Database
from skc.data.engine import Column
from skc.data.statistics import summarise
from skc.data.typed_rows import open_rows
from skc.diagnostics import SkcError
from skc.ir import Input, Zone
from skc_runtime.golden import decode_value
from skc_runtime.kinds import RANGES

BAD_TEXT = [
    ("float64", "1,5"),
    ("float64", "1_000"),
    ("float64", "0x10"),
    ("float64", " 1"),
    ("float64", "1e400"),
    ("float64", "infinite"),
    ("time", "24:00"),
    ("time", "7:30"),
    ("time", "17:30Z"),
    ("time", "17:30:00.0000001"),
    ("time", "2020-01-01T17:30:00"),
    ("float32", "3.4028235677973366e38"),
    ("float32", "-1e39"),
    ("float32", "1e400"),
    ("float32", "1,5"),
    ("int64", "1.0"),
    ("int64", "1e3"),
    ("int64", "9223372036854775808"),
    ("int64", "1_0"),
    ("int64", "٣"),
    ("bool", "1"),
    ("bool", "yes"),
    ("timestamp", "2020-01-01T00:00:00"),
    ("timestamp", "2020-01-01T24:00:00Z"),
    ("timestamp", "2020-02-30T00:00:00Z"),
    ("timestamp", "2020-01-01T00:00:00.1234567Z"),
    ("timestamp", "2020-01-01"),
    ("date", "2021-02-29"),
    ("date", "01.02.2020"),
    ("date", "2020-1-1"),
]


@pytest.mark.parametrize(("dtype", "text"), BAD_TEXT)
def test_text_that_is_not_of_its_type(database: Database, tmp_path: Path, dtype: Any, text: str) -> None:
    """File, row, line, column and value are named; the row that `where` leaves out must parse too."""
    (tmp_path / "1.csv").write_text('v,k,w\n,0,"two\nlines"\n')
    (tmp_path / "2.csv").write_text(f'v,k,w\n,0,"two\nlines"\n"{text}",1,\n')
    error = refusal(database, f"{tmp_path}/*.csv", one(dtype, nullable=True), where="k = 0")
    assert error.code == "SKC206"
    assert f"{tmp_path}/2.csv, row 2 (line 4): `{text}` in column `v`" in str(error)
    assert "pipeline.yaml:7:3" in str(error)


GOOD_TEXT = [
    ("float64", "1e-400", 0.0),
    ("float64", "-.5E+3", -500.0),
    ("float64", "4.9e-324", 5e-324),
    ("float64", "NaN", None),
    ("float64", "-Infinity", -math.inf),
    ("float64", "9007199254740993", 9007199254740992.0),
    ("time", "17:30", 63_000_000_000),
    ("time", "00:00:00.000001", 1),
    ("time", "23:59:59.999999", 86_399_999_999),
    ("time", "17:30:00.500000000", 63_000_500_000),
    ("float32", "0.7", 0.699999988079071),
    ("float32", "16777217", 2.0**24),
    ("float32", "1.000000059604644775390625000000001", 1.0),  # a float64 first, which is in the middle of two float32
    ("float32", "3.4028235677973362e38", 3.4028234663852886e38),
    ("float32", "1e-45", 1.401298464324817e-45),
    ("float32", "7e-46", 0.0),
    ("float32", "nan", None),
    ("float32", "-inf", -math.inf),
    ("int64", "-007", -7),
    ("timestamp", "1969-12-31 23:59:59.999999-00:00", -1),
    ("timestamp", "2020-01-01T00:00+0100", MICRO - 3_600_000_000),
    ("date", "1969-12-31", -1),
    ("string", " x ", " x "),
]


@pytest.mark.parametrize(("dtype", "text", "value"), GOOD_TEXT)
def test_text_of_its_type(database: Database, tmp_path: Path, dtype: Any, text: str, value: Any) -> None:
    (tmp_path / "a.csv").write_text(f"v,k\n{text},1\n")
    assert rows(load(database, str(tmp_path / "a.csv"), one(dtype, nullable=True))) == [{"v": value, "k": 1}]


BAD_JSON = [
    ("float64", '"1.5"'),
    ("float64", "1e400"),
    ("float64", "9007199254740993"),
    ("float64", "-36893488147419103233"),
    ("float64", "1" + "0" * 60),
    ("time", "63000000000"),
    ("float32", '"1.5"'),
    ("float32", "9007199254740993"),
    ("float32", "1e39"),
    ("float32", "340282366920938463463374607431768211456"),
    ("int64", "1.5"),
    ("int64", '"1"'),
    ("int64", '"1.0"'),
    ("int64", "9007199254740994.0"),
    ("int64", "1e300"),
    ("bool", "1"),
    ("string", "1"),
]


@pytest.mark.parametrize(("dtype", "text"), BAD_JSON)
def test_json_that_is_not_of_its_type(database: Database, tmp_path: Path, dtype: Any, text: str) -> None:
    (tmp_path / "a.jsonl").write_text('{"k": 0}\n{"k": 1, "v": ' + text + "}\n")
    error = refusal(database, str(tmp_path / "a.jsonl"), one(dtype, nullable=True))
    assert error.code == "SKC206"
    assert "a.jsonl, row 2: " in str(error)


GOOD_JSON = [
    ("float64", "9007199254740992", 2.0**53),
    ("float64", "-36893488147419103232", -(2.0**65)),
    ("float64", "9007199254740993.0", 2.0**53),
    ("float64", "3", 3.0),
    ("float64", "-0", 0.0),
    ("float64", "-0.0", -0.0),
    ("float64", '"-inf"', -math.inf),
    ("float64", '"NA"', None),
    ("time", '"17:30:00.5"', 63_000_500_000),
    ("float32", "0.7", 0.699999988079071),
    ("float32", "16777217", 2.0**24),
    ("float32", "1.000000059604644775390625000000001", 1.0),
    ("float32", '"-inf"', -math.inf),
    ("float32", '"NA"', None),
    ("int64", '"NA"', None),
    ("int64", "3.0", 3),
    ("int64", "-0.0", 0),
    ("int64", "1e2", 100),
    ("int64", "9007199254740992.0", 2**53),
    ("int64", "9223372036854775807", 2**63 - 1),
]


@pytest.mark.parametrize(("dtype", "text", "value"), GOOD_JSON)
def test_json_numbers_are_taken_as_in_serving(
    database: Database, tmp_path: Path, dtype: Any, text: str, value: Any
) -> None:
    (tmp_path / "a.jsonl").write_text('{"k": 1, "v": ' + text + "}\n")
    inputs = one(dtype, nullable=True, null_values=("NA",))
    assert repr(rows(load(database, str(tmp_path / "a.jsonl"), inputs, where="k > 0"))) == repr([{"v": value, "k": 1}])


@pytest.mark.parametrize("second", ["1", "2", "null"])
def test_a_key_that_a_record_has_twice(database: Database, tmp_path: Path, second: str) -> None:
    """Others take the last one. The same key inside another value is another key."""
    (tmp_path / "a.jsonl").write_text('{"k": 0, "x": {"y": 1, "y": 2}}\n{"k": 1, "v": 1, "\\u0076": ' + second + "}\n")
    error = refusal(database, str(tmp_path / "a.jsonl"), one("float64", nullable=True))
    assert error.code == "SKC203"
    assert "a.jsonl`, line 2: duplicate key `v`" in str(error)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_an_empty_line_between_rows_of_one_column(database: Database, tmp_path: Path, ending: str) -> None:
    """It may be a null or nothing at all; at the end of the file it is nothing."""
    inputs = (Input("v", "float64", nullable=True),)
    path = tmp_path / "a.csv"
    path.write_bytes(ending.join(["v", "1", "", "", "2", ""]).encode())
    error = refusal(database, str(path), inputs)
    assert error.code == "SKC203"
    assert "a.csv`, line 3 is empty" in str(error)
    path.write_bytes(ending.join(["v", "1", '""', "2", "", ""]).encode())
    assert rows(load(database, str(path), inputs)) == [{"v": 1.0}, {"v": None}, {"v": 2.0}]


LONG = "x" * 200_000  # longer than Python's own reader of CSV takes


def test_what_follows_a_long_field_is_read_all_the_same(database: Database, tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    (tmp_path / "one.csv").write_text(f"v\na\n{LONG}\n\nb\n")
    error = refusal(database, str(tmp_path / "one.csv"), (Input("v", "string"),))
    assert "one.csv`, line 4 is empty" in str(error)
    (tmp_path / "two.csv").write_text(f"s,v\n{LONG},1\nb,x\n")
    error = refusal(database, str(tmp_path / "two.csv"), (Input("s", "string"), Input("v", "float64")))
    assert (error.code, "two.csv, row 2 (line 3)" in str(error)) == ("SKC206", True), str(error)
    (tmp_path / "three.csv").write_text(f"s,v\n{LONG},1\nb\n")
    error = refusal(database, str(tmp_path / "three.csv"), (Input("s", "string"), Input("v", "float64")))
    assert "line 3: 1 field, where the first line has 2" in str(error)
    (tmp_path / "four.csv").write_text(f"{LONG},v\nb,1\n")
    assert rows(load(database, str(tmp_path / "four.csv"), (Input("v", "float64"),))) == [{"v": 1.0}]
    assert csv.field_size_limit() == limit


UUID = uuid.UUID("01234567-89AB-CDEF-0123-456789abcdef")
UNITS = {"s": 1, "ms": 1000, "us": 10**6, "ns": 10**9}
TYPED = [
    ("float64", pa.float16(), [0.5, 65504.0], [0.5, 65504.0]),
    ("float64", pa.int64(), [2**53], [2.0**53]),
    ("float64", pa.int64(), [2**53 + 1], "SKC206"),
    ("float64", pa.int64(), [2**63 - 1], "SKC206"),
    ("float64", pa.float32(), [0.1], [0.10000000149011612]),
    ("float64", pa.string(), ["1"], "SKC205"),
    ("float64", pa.decimal128(38, 20), [Decimal("0.1"), Decimal("-0.3")], [0.1, -0.3]),
    ("float64", pa.decimal128(38, 0), [2**53 + 1, 10**37 + 1], [2.0**53, 1e37]),
    ("float64", pa.decimal256(60, 2), [Decimal("0.07"), 10**30], [0.07, 1e30]),
    ("float32", pa.decimal128(10, 2), [Decimal("0.70"), 2**24 + 1], [0.699999988079071, 2.0**24]),
    ("int64", pa.decimal128(38, 2), [2**63 - 1, -(2**63), 0], [2**63 - 1, -(2**63), 0]),
    ("int64", pa.decimal128(38, 2), [Decimal("1.50")], "SKC206"),
    ("int64", pa.decimal128(38, 2), [2**63], "SKC206"),
    ("bool", pa.decimal128(5, 0), [1], "SKC205"),
    ("string", pa.decimal128(5, 0), [1], "SKC205"),
    ("timestamp", pa.decimal128(5, 0), [1], "SKC205"),
    ("time", pa.time32("s"), [63_000], [63_000_000_000]),
    ("time", pa.time32("ms"), [63_000_001], [63_000_001_000]),
    ("time", pa.time64("us"), [0, 86_399_999_999], [0, 86_399_999_999]),
    ("time", pa.time64("ns"), [1_000, 86_399_999_999_000], [1, 86_399_999_999]),
    ("time", pa.time64("ns"), [1_001], "SKC206"),
    ("time", pa.string(), ["17:30"], [63_000_000_000]),
    ("time", pa.int64(), [5], [5]),
    ("time", pa.int64(), [86_400_000_000], "SKC224"),
    ("time", pa.timestamp("us"), [5], "SKC205"),
    ("int64", pa.time64("us"), [5], "SKC205"),
    ("timestamp", pa.time64("us"), [5], "SKC205"),
    ("string", pa.uuid(), [UUID.bytes], [str(UUID)]),
    ("string", pa.binary(16), [UUID.bytes], "SKC205"),
    ("int64", pa.uuid(), [UUID.bytes], "SKC205"),
    ("float32", pa.float16(), [0.5, 65504.0], [0.5, 65504.0]),
    ("float32", pa.float32(), [0.1, 1e-45], [0.10000000149011612, 1.401298464324817e-45]),
    ("float32", pa.float64(), [0.1, 1 + 2**-24, math.inf], [0.10000000149011612, 1.0, math.inf]),
    ("float32", pa.float64(), [3.4028235677973366e38], "SKC206"),
    ("float32", pa.int64(), [2**24 + 1], [2.0**24]),
    ("float32", pa.int64(), [2**53 + 1], "SKC206"),
    ("float32", pa.string(), ["1"], "SKC205"),
    ("int64", pa.string(), ["1"], "SKC205"),
    ("int64", pa.uint64(), [2**63], "SKC206"),
    ("int64", pa.uint64(), [2**63 - 1], [2**63 - 1]),
    ("int64", pa.float64(), [1.5], "SKC206"),
    ("int64", pa.float64(), [math.inf], "SKC206"),
    ("int64", pa.float64(), [2.0**53 + 2], "SKC206"),
    ("bool", pa.int64(), [1], "SKC205"),
    ("string", pa.int64(), [1], "SKC205"),
    ("string", pa.binary(), [b"1"], "SKC205"),
    ("string", pa.dictionary(pa.int8(), pa.string()), ["z"], ["z"]),
    ("timestamp", pa.timestamp("us"), [1], "SKC205"),
    ("timestamp", pa.string(), ["2020-01-01T00:00:00Z"], [MICRO]),
    ("timestamp", pa.dictionary(pa.int8(), pa.string()), ["2020-01-01 01:00+01"], [MICRO]),
    ("date", pa.string(), ["1970-01-02"], [1]),
    ("date", pa.string(), ["x"], "SKC206"),
    ("timestamp", pa.timestamp("ns", "UTC"), [1_000], [1]),
    ("timestamp", pa.timestamp("ns", "UTC"), [1_001], "SKC206"),
    ("timestamp", pa.int64(), [5], [5]),
    ("timestamp", pa.int64(), [2**62], "SKC224"),
    ("date", pa.int32(), [5], [5]),
    ("date", pa.int64(), [-719163], "SKC224"),
    *[("date", pa.timestamp(u), [n * 86_400, -n * 86_400], [1, -1]) for u, n in UNITS.items()],
    *[("date", pa.timestamp(u), [n * 86_400 + 1], "SKC206") for u, n in UNITS.items()],
    ("date", pa.timestamp("us", "UTC"), [0], "SKC205"),
]


@pytest.mark.parametrize(("dtype", "stored", "values", "want"), TYPED)
def test_typed_columns(database: Database, dtype: Any, stored: pa.DataType, values: list[Any], want: Any) -> None:
    table = pa.table({"v": pa.array([None, *values], stored), "k": list(range(len(values) + 1))})
    inputs = one(dtype, nullable=True)
    if isinstance(want, str):
        error = refusal(database, table, inputs)
        assert error.code == want
        assert "pipeline.yaml:7:3" in str(error)
        return
    training = load(database, table, inputs)
    check(training)
    assert [row["v"] for row in rows(training)] == [None, *want]


TEXTS = [
    pytest.param(row, id=row["id"])
    for row in json.loads((Path(__file__).parents[2] / "schemas" / "marshalling.v1.json").read_bytes())["values"]
    if "string" in row["given"] and ("text" in row["input"] or row["input"]["type"] in ("timestamp", "date"))
]
WORDS = re.compile("[+-]?(inf|infinity|nan)", re.I)  # which JSON lines may hold: JSON cannot write these otherwise


@pytest.mark.parametrize("row", TEXTS)
def test_a_text_means_in_data_what_it_means_in_a_request(
    database: Database, tmp_path: Path, row: Mapping[str, Any]
) -> None:
    text, declared = row["given"]["string"], row["input"]
    zone = Zone(declared["timezone"]) if "timezone" in declared else None
    inputs = one(
        declared["type"], nullable=declared["nullable"], nan=declared["nan"], text=declared.get("text"), zone=zone
    )
    (tmp_path / "a.jsonl").write_text(json.dumps({"v": text, "k": 1}) + "\n")
    lines = [] if declared["type"] == "float64" and WORDS.fullmatch(text) else [str(tmp_path / "a.jsonl")]
    for data in (*lines, pa.table({"v": [text], "k": [1]})):
        want = row["expect"].get("value")
        value = want if want is None else decode_value(inputs[0].kind.element, want, "v")
        if value is None:
            assert refusal(database, data, inputs).code in ("SKC203", "SKC206", "SKC209")
        elif value < RANGES.get(declared["type"], (-math.inf, 0))[0]:
            assert refusal(database, data, inputs).code == "SKC224"
        else:
            (got,) = (found["v"] for found in rows(load(database, data, inputs)))
            assert (got, math.copysign(1, got)) == (value, math.copysign(1, value))


@pytest.mark.parametrize(("dtype", "stored", "values", "want"), TYPED)
@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
def test_typed_columns_of_files(
    database: Database, tmp_path: Path, name: str, dtype: Any, stored: pa.DataType, values: list[Any], want: Any
) -> None:
    """What a file holds is what a table in memory does, unless the format has no such type."""
    table = pa.table({"v": pa.array([None, *values], stored), "k": list(range(len(values) + 1))})
    if name == "a.arrow":
        pyarrow.feather.write_feather(table, str(tmp_path / name))
    else:
        pq.write_table(table, tmp_path / name)
        if pa.types.is_decimal256(stored):
            want = "SKC205"
    inputs = one(dtype, nullable=True)
    if isinstance(want, str):
        assert refusal(database, str(tmp_path / name), inputs).code == want
        return
    training = load(database, str(tmp_path / name), inputs)
    check(training)
    assert [row["v"] for row in rows(training)] == [None, *want]


def test_decimals_are_the_nearest_float64(database: Database) -> None:
    random_ = random.Random(5)
    digits = [random_.randrange(10 ** random_.randint(1, 38)) for _ in range(2000)]
    for scale in (0, 4, 20, 37):
        values = [Decimal(random_.choice([-1, 1]) * n).scaleb(-scale, Context(prec=38)) for n in digits]
        table = pa.table({"v": pa.array(values, pa.decimal128(38, scale)), "k": range(len(values))})
        got = [row["v"] for row in rows(load(database, table, one("float64")))]
        assert got == [float(value) for value in values]


def test_a_decimal_of_too_many_digits(database: Database) -> None:
    table = pa.table({"v": pa.array([10**40], pa.decimal256(60, 2)), "k": [1]})
    error = refusal(database, table, one("float64"))
    assert error.code == "SKC203"
    assert "does not fit" in str(error)


def test_half_floats_in_files(database: Database, tmp_path: Path) -> None:
    for name in ("a", "b"):
        table = pa.table({"v": pa.array([0.5], pa.float16()), "k": [1]})
        pyarrow.feather.write_feather(table, str(tmp_path / f"{name}.arrow"))
    assert [row["v"] for row in rows(load(database, f"{tmp_path}/*.arrow", one("float64")))] == [0.5, 0.5]


def test_types_that_the_engine_does_not_know(database: Database, tmp_path: Path) -> None:
    """It must say so in our words."""
    table = pa.table({"v": [0.5], "k": [1], "d": pa.array([1], pa.decimal256(60, 2)), "e": [None]})
    table = table.set_column(3, "e", pa.array([10**58], pa.decimal256(60, 0)))
    pyarrow.feather.write_feather(table, str(tmp_path / "a.arrow"))
    error = refusal(database, str(tmp_path / "a.arrow"), one("float64"))
    assert error.code == "SKC203"
    assert "convert them" in str(error)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "arrow", "dictionary"])
@pytest.mark.parametrize("counted", [False, True])
def test_a_nul_in_a_string_is_refused(database: Database, tmp_path: Path, kind: str, counted: bool) -> None:
    """Whether the distinct values are counted anyway or not; no runtime could be given such a string."""
    training = load(database, nul_sources(tmp_path)[kind], NUL_INPUTS)
    columns = {"s": Column("s", "string", "s")}
    summaries = summarise(training, columns, ["s"] if counted else [])
    with pytest.raises(SkcError) as error:
        check_contract(training, training.count(), summaries)
    assert error.value.code == "SKC206"
    for part in ("row 3", r"'a\x00b'", "hint:"):
        assert part in str(error.value)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "arrow", "dictionary"])
def test_a_nul_is_refused_in_rows_to_transform(tmp_path: Path, kind: str) -> None:
    with pytest.raises(SkcError) as error, open_rows(NUL_INPUTS, nul_sources(tmp_path)[kind]):
        pytest.fail("the rows were opened")
    assert error.value.code == "SKC206"
    assert "row 3" in str(error.value)


@pytest.mark.parametrize(
    ("stored", "values", "want"),
    [(kind, values, want) for dtype, kind, values, want in TYPED if dtype == "time" and pa.types.is_time(kind)],
)
def test_times_that_are_marked_as_utc(
    database: Database, tmp_path: Path, stored: pa.DataType, values: Any, want: Any
) -> None:
    """As PyArrow wrote them until 22: the engine alone would cut nanoseconds off."""
    table = pa.table({"v": pa.array([*values, None], stored), "k": [1] * (len(values) + 1)})
    for file in ("a.parquet", "b.parquet"):
        try:
            pq.write_table(table, tmp_path / file, write_time_adjusted_to_utc=True)
        except TypeError:  # of an older version, which marks all of them
            pq.write_table(table, tmp_path / file)
    assert "isAdjustedToUTC=true" in str(pq.read_metadata(tmp_path / "a.parquet").schema.column(0).logical_type)
    inputs = one("time", nullable=True)
    if isinstance(want, str):
        assert refusal(database, f"{tmp_path}/*.parquet", inputs).code == want
        return
    got = [found["v"] for found in rows(load(database, f"{tmp_path}/*.parquet", inputs))]
    assert got == [*want, None] * 2
