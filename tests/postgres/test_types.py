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
    database.execute("CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level1', deterministic = false)")


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


BAD: dict[str, tuple[str, Input, list[Any], str, str]] = {  # type, input, values, and the code and message
    "inexact": ("bigint", Input("v", "float64"), [1, 2**53 + 1], "SKC206", "9007199254740993"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_value_is_refused_with_its_row(name: str, database: Any, url: str) -> None:
    declared, value, values, code, shown = BAD[name]
    database.execute("DROP TABLE IF EXISTS bad")
    database.execute(f"CREATE TABLE bad (id int PRIMARY KEY, v {declared})")
    for k, one in enumerate(values):
        database.execute("INSERT INTO bad VALUES (%s, %s)", [7 + k, one])
    with pytest.raises(SkcError) as error:
        fitted(value, f"{url}::bad", open_engine=open_postgres)
    (diagnostic,) = error.value.diagnostics
    assert diagnostic.code == code
    assert f"`bad`, the row with id = {6 + len(values)}: " in diagnostic.message, diagnostic.message
    assert shown in diagnostic.message
