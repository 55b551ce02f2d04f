"""Convert a column of Postgres to its declared type: SQL for the value, and for whether it is unusable.

The rules are those of typed columns that DuckDB reads (`skc.data.duckdb.conversion`), in the dialect of Postgres. No
expression raises an error for any value: what does not convert is `bad`, and its value is not looked at.

Why some types are refused: `char(n)` ends in blanks that Postgres itself ignores, so it does not say which text a
request will have; a time with a zone is not a time of day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from skc.data.contract import missing_column
from skc.data.postgres.capabilities import not_exact
from skc.data.postgres.connection import Connection, identifier
from skc.diagnostics import Diagnostic, SkcError, fail
from skc.ir import Input
from skc_runtime.kinds import DType, for_every_kind

Type = Literal[
    "BOOL", "INT", "BIGINT", "REAL", "DOUBLE", "NUMERIC", "TEXT", "UUID", "ENUM", "CHAR",
    "DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ", "OTHER",
]  # fmt: skip
OIDS: dict[int, Type] = {
    16: "BOOL", 20: "BIGINT", 21: "INT", 23: "INT", 25: "TEXT", 700: "REAL", 701: "DOUBLE", 1042: "CHAR",
    1043: "TEXT", 1082: "DATE", 1083: "TIME", 1114: "TIMESTAMP", 1184: "TIMESTAMPTZ", 1700: "NUMERIC", 2950: "UUID",
}  # fmt: skip
FLOATS, INTEGERS = ("REAL", "DOUBLE"), ("INT", "BIGINT")
LARGEST = 2**63 - 1024  # of the float64 values that are an int64
OVERFLOW = 2**1024 - 2**970  # a number of this magnitude rounds to infinity
UNDERFLOW = f"{5**1075}e-1075"  # 2^-1075: a number of at most this magnitude rounds to zero
SINGLE_OVERFLOW = float(2**128 - 2**103)
SINGLE_UNDERFLOW = 2.0**-150
EXACT = 2**53  # up to which floats are taken for whole numbers
MICROS = "1000000"


@dataclass(frozen=True)
class StoredColumn:
    """A column of a query: its type, and what Postgres calls that."""

    kind: Type
    name: str


@dataclass(frozen=True)
class Reading:
    """SQL over the columns of a query: the value as statistics see it, null for NaN, with times as int64; and whether
    it is neither null nor of the declared type.
    """

    value: str
    bad: str | None = None


def stored_columns(connection: Connection, rows: str) -> dict[str, StoredColumn]:
    """The columns of what `SELECT * FROM` can be written before."""
    with connection.raw.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {rows} LIMIT 0")
        described = [(column.name, column.type_code) for column in cursor.description]
    oids = sorted({oid for _, oid in described})
    if not described:
        return {}
    listed = ", ".join(map(str, oids))
    query = f"SELECT oid::int8, typtype = 'e', format_type(oid, NULL) FROM pg_type WHERE oid IN ({listed})"
    known = {oid: (is_enum, name) for oid, is_enum, name in connection.execute(query)}
    kinds: dict[int, Type] = {oid: "ENUM" if known[oid][0] else OIDS.get(oid, "OTHER") for oid in oids}
    return {name: StoredColumn(kinds[oid], known[oid][1]) for name, oid in described}


def readings_of(inputs: Sequence[Input], columns: Mapping[str, StoredColumn], label: str) -> dict[str, Reading]:
    """The readings of all inputs. Raises one error with all that is wrong: SKC204, SKC205, SKC699."""
    readings: dict[str, Reading] = {}
    wrong: list[Diagnostic] = []
    for value in inputs:
        try:
            readings[value.name] = _read(value, columns, label)
        except SkcError as error:
            wrong += error.diagnostics
    if wrong:
        raise SkcError(*wrong)
    return readings


def _read(value: Input, columns: Mapping[str, StoredColumn], label: str) -> Reading:
    stored = columns.get(value.name)
    if stored is None:
        raise missing_column(value, columns, label)
    reading = READERS[value.dtype](value, identifier(value.name), stored.kind)
    if reading is not None:
        return reading
    if stored.kind == "TEXT":
        raise not_exact(
            "texts as numbers or times", f"{label}: column `{value.name}` is declared {value.dtype}", value.span
        )
    raise _wrong_type(value, stored, label)


def _float(value: Input, x: str, kind: Type) -> Reading | None:
    double, bad = f"{x}::float8", "false"
    match kind:
        case "INT":
            return _rounded(value, double, bad)
        case "BIGINT":
            bad = f"CASE WHEN {x} > {LARGEST} THEN true ELSE {x}::float8::int8 <> {x} END"
            return _rounded(value, double, bad)
        case "NUMERIC":
            is_special = f"{x} IN ('NaN', 'Infinity', '-Infinity')"
            bad = f"NOT ({is_special}) AND abs({x}) >= {OVERFLOW}"
            double = (
                f"CASE WHEN {is_special} THEN {x}::float8 WHEN abs({x}) >= {OVERFLOW} THEN NULL "
                f"WHEN abs({x}) <= {UNDERFLOW} THEN 0 ELSE {x}::float8 END"
            )
        case "REAL" | "DOUBLE":
            pass
        case _:
            return None
    if value.nan == "error":
        bad = f"({bad}) OR {x} = 'NaN'"
    return _rounded(value, f"NULLIF({double}, 'NaN')", bad)


def _rounded(value: Input, double: str, bad: str) -> Reading:
    """To float32 if that is declared."""
    if value.kind.widens_to is None:
        return Reading(double, bad)
    is_large = f"abs({double}) >= {SINGLE_OVERFLOW!r} AND abs({double}) < 'Infinity'"
    single = (
        f"CASE WHEN {is_large} THEN NULL WHEN abs({double}) <= {SINGLE_UNDERFLOW!r} THEN 0 "
        f"ELSE ({double})::float4::float8 END"
    )
    return Reading(single, f"({bad}) OR ({is_large})")


def _int(value: Input, x: str, kind: Type) -> Reading | None:
    if kind in INTEGERS:
        return Reading(f"{x}::int8")
    if kind in FLOATS:
        is_whole = f"abs({x}::float8) <= {EXACT} AND {x} = trunc({x})"
    elif kind == "NUMERIC":
        is_whole = f"{x} BETWEEN {-(2**63)} AND {2**63 - 1} AND {x} = trunc({x})"
    else:
        return None
    return Reading(f"CASE WHEN {is_whole} THEN {x}::int8 END", f"{x} <> 'NaN' AND NOT ({is_whole})")


def _bool(value: Input, x: str, kind: Type) -> Reading | None:
    return Reading(x) if kind == "BOOL" else None


def _string(value: Input, x: str, kind: Type) -> Reading | None:
    """Under a collation by which texts are equal if their bytes are."""
    return Reading(f'{x}::text COLLATE "C"') if kind in ("TEXT", "UUID", "ENUM") else None


def _timestamp(value: Input, x: str, kind: Type) -> Reading | None:
    if kind in INTEGERS:
        return Reading(f"{x}::int8")
    if kind != ("TIMESTAMPTZ" if value.zone is None else "TIMESTAMP"):
        return None
    return Reading(_finite(x, f"(extract(epoch FROM {x}) * {MICROS})::int8"), f"NOT isfinite({x})")


def _date(value: Input, x: str, kind: Type) -> Reading | None:
    if kind in INTEGERS:
        return Reading(f"{x}::int8")
    if kind not in ("DATE", "TIMESTAMP"):
        return None
    bad = f"NOT isfinite({x})"
    if kind == "TIMESTAMP":  # as libraries without a type of dates write them
        bad += f" OR {x} <> date_trunc('day', {x})"
    return Reading(f"CASE WHEN {bad} THEN NULL ELSE ({x}::date - DATE '1970-01-01')::int8 END", bad)


def _time(value: Input, x: str, kind: Type) -> Reading | None:
    if kind in INTEGERS:
        return Reading(f"{x}::int8")
    return Reading(f"(extract(epoch FROM {x}) * {MICROS})::int8") if kind == "TIME" else None


def _finite(x: str, sql: str) -> str:
    return f"CASE WHEN isfinite({x}) THEN {sql} END"


READERS: dict[DType, Callable[[Input, str, Type], Reading | None]] = for_every_kind(
    {
        "float64": _float,
        "float32": _float,
        "int64": _int,
        "bool": _bool,
        "string": _string,
        "timestamp": _timestamp,
        "date": _date,
        "time": _time,
    }
)


def _wrong_type(value: Input, stored: StoredColumn, label: str) -> SkcError:
    x = identifier(value.name)
    fitting = [f"`{dtype}`" for dtype, reader in READERS.items() if reader(value, x, stored.kind) is not None]
    hint = "cast the column in a view" + (f", or declare it {' or '.join(fitting)}" if fitting else "")
    if stored.kind == "CHAR":
        hint = "cast the column to text in a view, which takes the blanks at its end off"
    if stored.kind == "TIMESTAMP" and value.kind.is_instant:
        hint = "a time without a zone does not identify an instant: declare the zone, as `timezone: Europe/Berlin`"
    if stored.kind == "TIMESTAMPTZ" and value.zone is not None:
        hint = "the column has a time zone: leave out `timezone`"
    message = f"{label}: column `{value.name}` is {stored.name}, but is declared {value.dtype}"
    return fail("SKC205", message, span=value.span, hint=hint)
