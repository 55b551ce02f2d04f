"""Columns of Postgres are read as the same values in Arrow are, or refused with the row."""

from __future__ import annotations

import datetime
import math
import uuid
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from engine_cases import pipeline, step
from servers import fold_case

from skc.data.duckdb.engine import open_duckdb
from skc.data.postgres.engine import open_postgres
from skc.diagnostics import SkcError
from skc.fit import fit
from skc.ir import Input, ProfileOptions

UTC, HOURS = datetime.UTC, datetime.timedelta(hours=7)
MOMENT = datetime.datetime(1969, 12, 31, 23, 59, 59, 999_999)
DAY = datetime.date(2024, 2, 29)
TYPES: dict[str, tuple[str, pa.DataType, str, list[Any]]] = {  # of Postgres, of Arrow, of the input, and values
    "real": ("real", pa.float32(), "float64", [0.1, 1 / 3, math.nan, None, -0.0, 2.0**-149, 3.4028234663852886e38]),
    "single": (
        "double precision",
        pa.float64(),
        "float32",
        [0.1, math.nan, None, -0.0, 1e-46, 3.4028235e38, -(2.0**-150)],
    ),
    "whole": ("double precision", pa.float64(), "int64", [2.0**53, -(2.0**53), math.nan, None, -0.0, 7.0]),
    "wide": ("bigint", pa.int64(), "float64", [2**53, 2**53 + 2, -(2**63), 2**62, None, 0, 2**63 - 1024]),
    "small": ("smallint", pa.int16(), "float64", [-(2**15), 2**15 - 1, None, 0]),
    "longest": ("bigint", pa.int64(), "int64", [2**63 - 1, -(2**63), None, 2**53 + 1]),
    "price": ("numeric(9, 2)", pa.decimal128(9, 2), "float64", [Decimal("0.10"), Decimal("-1234567.89"), None]),
    "counted": (
        "numeric(20, 2)",
        pa.decimal128(20, 2),
        "int64",
        [Decimal("-5.00"), Decimal("922337203685477580.00"), None],
    ),
    "flag": ("boolean", pa.bool_(), "bool", [True, False, None, True]),
    "text": ("text", pa.string(), "string", ["ä", "a\u0308", "", None, "A", "a", " a", "a ", "\U0001f600"]),
    "folded": ('text COLLATE "blind"', pa.string(), "string", ["a", "A", "ä", "Ä", None, "a", "A"]),
    "name": ("varchar(9)", pa.string(), "string", ["a  ", "a", None]),
    "mood": ("mood", pa.string(), "string", ["sad", "ok", None, "ok"]),
    "id": ("uuid", pa.string(), "string", [str(uuid.UUID(int=k)) for k in (1, 2**127, 1)]),
    "at": (
        "timestamptz",
        pa.timestamp("us", "UTC"),
        "timestamp",
        [MOMENT.replace(tzinfo=UTC) + k * HOURS for k in range(9)],
    ),
    "day": ("date", pa.date32(), "date", [DAY, datetime.date(1, 1, 1), datetime.date(9999, 12, 31), None]),
    "midnight": ("timestamp", pa.timestamp("us"), "date", [datetime.datetime(2024, 2, 29), None]),
    "clock": ("time", pa.time64("us"), "time", [datetime.time(23, 59, 59, 999_999), datetime.time(0), None]),
    "micros": ("bigint", pa.int64(), "timestamp", [-1, 0, None, 5]),
}


@pytest.fixture(scope="module", autouse=True)
def kinds(database: Any) -> None:
    database.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')")
    fold_case(database, "blind")


def fitted(value: Input, data: Any, **options: Any) -> Any:
    """What its type has: counted values, moments and quantiles, or a value that is written as it is read."""
    source = f"inputs/{value.name}"
    if value.dtype in ("int64", "bool", "string"):
        steps = [step("ids", "vocabulary", source)]
    elif value.dtype == "float64":
        steps = [
            step("ids", "vocabulary", source),
            step("scaled", "standard_scale", source),
            step("bins", "quantile_bin", source, bins=3),
        ]
    elif value.dtype == "float32":
        steps = []
    else:
        steps = [step("filled", "impute", source, strategy="most_frequent")]
    return fit(pipeline(*steps, inputs=(value,)), data, profile=ProfileOptions((), 5, 1), **options)


@pytest.mark.parametrize("name", TYPES)
def test_a_column_is_read_as_in_arrow(name: str, stored: Any) -> None:
    declared, arrow, dtype, values = TYPES[name]
    table = pa.table({"v": pa.array(values, arrow)})
    value = Input("v", dtype, nullable=True)
    other = fitted(value, stored(table, f"v {declared}"), open_engine=open_postgres)
    one = fitted(value, table)
    assert other.pipeline == one.pipeline
    assert other.profile == one.profile


BAD: dict[str, tuple[str, Input, list[Any], str, str]] = {  # type, input, values of which the last is bad, message
    "inexact": (
        "bigint",
        Input("v", "float64"),
        [2**53, 2**53 + 1],
        "SKC206",
        "`9007199254740993` in column `v` is not",
    ),
    "largest": ("bigint", Input("v", "float64"), [0, 2**63 - 1], "SKC206", "`9223372036854775807` in column"),
    "fraction": (
        "real",
        Input("v", "int64", nullable=True),
        [math.nan, 0.5],
        "SKC206",
        "`0.5` in column `v` is not an",
    ),
    "far": ("double precision", Input("v", "int64"), [2.0**53, 2.0**53 + 2], "SKC206", "is not an int64"),
    "infinite": ("double precision", Input("v", "int64"), [1.0, math.inf], "SKC206", "`Infinity` in column"),
    "cents": (
        "numeric",
        Input("v", "int64"),
        [Decimal(7), Decimal("7.01")],
        "SKC206",
        "`7.01` in column `v` is not an",
    ),
    "longer": ("numeric", Input("v", "int64"), [Decimal(2**63 - 1), Decimal(2**63)], "SKC206", "`9223372036854775808`"),
    "digits": ("numeric", Input("v", "float64"), [Decimal("1e308"), Decimal(10**309)], "SKC206", "000000…` in column"),
    "single": ("double precision", Input("v", "float32"), [3.4e38, 3.41e38], "SKC206", "`3.41e+38` in column"),
    "nan": ("double precision", Input("v", "float64", nan="error"), [1.0, math.nan], "SKC209", "`v` is NaN"),
    "numeric nan": ("numeric", Input("v", "float64", nan="error"), [1, Decimal("NaN")], "SKC209", "`v` is NaN"),
    "never": ("timestamptz", Input("v", "timestamp"), ["2024-02-29 00:00Z", "infinity"], "SKC206", "`infinity` in"),
    "no day": (
        "date",
        Input("v", "date"),
        ["2024-02-29", "-infinity"],
        "SKC206",
        "`-infinity` in column `v` is not a date",
    ),
    "noon": ("timestamp", Input("v", "date"), ["2024-02-29", "2024-02-29 12:00"], "SKC206", "is not a date"),
    "null": ("text", Input("v", "string"), ["", None], "SKC209", "`v` is null, and the input is not nullable"),
    "midnight": ("time", Input("v", "time"), ["23:59", "24:00"], "SKC224", "`v` lies outside the day"),
    "early": ("date", Input("v", "date"), ["0001-01-01", "0001-12-31 BC"], "SKC224", "`v` lies outside the years"),
    "late": ("timestamptz", Input("v", "timestamp"), ["2024-02-29Z", "10000-01-01Z"], "SKC224", "`v` lies outside"),
}


def made_of(database: Any, declared: str, values: list[Any]) -> None:
    database.execute("DROP TABLE IF EXISTS bad CASCADE")
    database.execute(f'CREATE TABLE bad ("Id" int, part text, v {declared}, PRIMARY KEY (part, "Id"))')
    for k, one in enumerate(values):
        database.execute(
            f"INSERT INTO bad VALUES (%s, 'a b', %s::text::{declared})", [7 + k, None if one is None else str(one)]
        )


def refusal(value: Input, data: Any) -> Any:
    with pytest.raises(SkcError) as error:
        fitted(value, data, open_engine=open_postgres)
    (diagnostic,) = error.value.diagnostics
    assert diagnostic.hint
    return diagnostic


@pytest.mark.parametrize("name", BAD)
def test_a_value_is_refused_with_its_row(name: str, database: Any, url: str) -> None:
    declared, value, values, code, words = BAD[name]
    made_of(database, declared, values)
    diagnostic = refusal(value, f"{url}::bad")
    assert (diagnostic.code, diagnostic.message.startswith("`bad`, the row with part = a b and Id = 8: ")) == (
        code,
        True,
    )
    assert words in diagnostic.message
    if code not in ("SKC224",):
        assert diagnostic.notes[0].startswith("1 of 2 rows ")
    made_of(database, declared, values[:1])
    fitted(value, f"{url}::bad", open_engine=open_postgres)


def test_a_row_without_a_key_is_known_by_its_place_or_not(database: Any, url: str, stored: Any) -> None:
    data = stored(pa.table({"v": [1.5, 2.0, None, 3.0]}))
    assert ", the row with ctid = (0,3): `v` is null" in refusal(Input("v", "float64"), data).message
    name = data.rpartition("::")[2]
    database.execute(f"CREATE VIEW seen AS SELECT * FROM {name}")
    diagnostic = refusal(Input("v", "int64", nullable=True), f"{url}::public.seen")
    assert (diagnostic.message, diagnostic.notes) == (
        "`seen`, a row: `1.5` in column `v` is not an int64",
        ("1 of 4 rows have such a value",),
    )


OTHER = {
    "char(5)": ("string", "SKC205", "character, but is declared string", "takes the blanks at its end off"),
    "money": ("float64", "SKC205", "money, but is declared float64", "cast the column in a view"),
    "json": ("string", "SKC205", "json, but", "cast the column in a view"),
    "timetz": ("time", "SKC205", "time with time zone, but", "cast the column in a view"),
    "bytea": ("string", "SKC205", "bytea, but", "cast"),
    "int[]": ("int64", "SKC205", "integer[], but", "cast"),
    "bool": ("int64", "SKC205", "boolean, but", "or declare it `bool`"),
    "timestamp": ("timestamp", "SKC205", "timestamp without time zone, but", "declare the zone"),
    "text": (
        "float64",
        "SKC699",
        "Postgres does not give texts as numbers or times exactly",
        "cast the column in a view",
    ),
    "varchar(9)": ("date", "SKC699", "column `v` is declared date: Postgres does not", "cast"),
}


@pytest.mark.parametrize("declared", OTHER)
def test_a_type_that_no_input_reads_is_refused(declared: str, database: Any, url: str) -> None:
    dtype, code, words, hint = OTHER[declared]
    database.execute("DROP TABLE IF EXISTS other")
    database.execute(f"CREATE TABLE other (v {declared})")
    diagnostic = refusal(Input("v", dtype), f"{url}::other")
    assert diagnostic.code == code
    assert words in diagnostic.message
    assert hint in diagnostic.hint


def test_a_domain_is_read_as_its_type(database: Any, stored: Any) -> None:
    database.execute("CREATE DOMAIN price AS numeric(9, 2) CHECK (VALUE >= 0)")
    table = pa.table({"v": pa.array([Decimal("0.10"), Decimal("2.75"), None], pa.decimal128(9, 2))})
    value = Input("v", "float64", nullable=True)
    assert fitted(value, stored(table, "v price"), open_engine=open_postgres).pipeline == fitted(value, table).pipeline


@pytest.mark.parametrize(
    "name", ["k", "v", "t", "n", "m0", "b0", "e0", "rows", "terms", "key0", "c0", "h", 'a"b', "ä b"]
)
def test_an_input_may_be_called_like_a_column_of_ours(name: str, stored: Any) -> None:
    table = pa.table({name: pa.array([0.5, 0.5, None, 7.25, 3.0], pa.float64())})
    value = Input(name, "float64", nullable=True)
    quoted = name.replace('"', '""')
    data = stored(table, f'"{quoted}" double precision')
    assert fitted(value, data, open_engine=open_postgres).pipeline == fitted(value, table).pipeline
    assert "`8.5` in column" not in refusal(Input(name, "int64", nullable=True), data).message


def test_numbers_near_the_ends_of_a_float_are_rounded_once(stored: Any, database: Any, url: str) -> None:
    """`numeric` has numbers between any two float64, and below the least."""
    texts = ["2.4703282292062327e-324", "2.4703282292062328e-324", "1e-400", "1.7976931348623158e308", "0.1", "-1e-324"]
    database.execute("DROP TABLE IF EXISTS ends")
    database.execute("CREATE TABLE ends (v numeric)")
    for text in texts:
        database.execute("INSERT INTO ends VALUES (%s::text::numeric)", [text])
    table = pa.table({"v": pa.array([float(text) for text in texts], pa.float64())})
    steps = (step("ids", "vocabulary", "inputs/v"), step("bins", "quantile_bin", "inputs/v", bins=5))
    made = pipeline(*steps, inputs=(Input("v", "float64"),))
    assert fit(made, f"{url}::ends", open_engine=open_postgres).pipeline == fit(made, table).pipeline


def test_a_table_may_have_as_many_columns_as_postgres_allows(database: Any, url: str) -> None:
    names = [f"x{k}" for k in range(1600)]
    database.execute(f"CREATE TABLE wide ({', '.join(f'{name} real' for name in names)})")
    for row in ("1.5", "2", "'NaN'"):
        database.execute(f"INSERT INTO wide VALUES ({', '.join([row] * len(names))})")
    inputs = tuple(Input(name, "float64", nullable=True) for name in names)
    steps = [step(f"s{k}", "standard_scale", f"inputs/{names[k]}") for k in range(0, 1600, 40)]
    made = pipeline(*steps, inputs=inputs)
    table = pa.table({name: [1.5, 2.0, None] for name in names})
    profile = ProfileOptions(tuple(names[3:]), 5, 1)
    one, other = (
        fit(made, data, profile=profile, open_engine=opened)
        for data, opened in ((table, open_duckdb), (f"{url}::wide", open_postgres))
    )
    assert one.pipeline == other.pipeline
    assert one.profile == other.profile
    whole = pipeline(
        step("ids", "vocabulary", "inputs/x0"), inputs=tuple(Input(n, "int64", nullable=True) for n in names)
    )
    with pytest.raises(SkcError) as error:
        fit(whole, f"{url}::wide", open_engine=open_postgres)
    assert len(error.value.diagnostics) == 10
    assert error.value.diagnostics[-1].notes[-1].startswith("and 1590 more columns with such values: `x10`, `x11`")
