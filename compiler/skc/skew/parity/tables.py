"""Both sides as tables of one database on disk, in which they are joined.

Each has `k`, the key as a text in the form of the template, null for a row without one; `r`, the key of a row that is
not of the template; `t`, a time in microseconds or null; `bad_t`, a text that is not a time; `s`, the version of the
row; and for the column of the contract with that number `v0`, `v1`, …, with null for whatever counts as null, and in a
row of an export `u0`, `u1`, …, the text of what cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from skc.data.default import open_engine
from skc.data.duckdb.columns import values
from skc.data.duckdb.connection import Database, engine_errors, open_database
from skc.data.engine import ARROW, Column
from skc.data.sources import resolve
from skc.diagnostics import fail
from skc.ir import DataSource, Input
from skc.skew.keys.template import KeyTemplate
from skc.skew.parity.question import Contract, Fields, Question
from skc.verification.shown import shown
from skc_runtime.kinds import DAY_US

READING, JOINING = "256MB", "384MB"  # of the engines that read one side, and that hold both
BATCH = 50_000  # rows
AT_ONCE = 3_000_000  # rows of all tables of a query
HASHED = 256
PART = f"CAST(hash(k) % {HASHED} AS UTINYINT)"
JOINED = "the two sides cannot be joined"
HASHES = 2**64
# SQL: the keys of a side as they are; those of the online side also where the template does not read them
KEYS_OFFLINE = "SELECT k FROM offline WHERE k IS NOT NULL"
KEYS_ONLINE = "SELECT coalesce(k, r) AS k FROM online WHERE coalesce(k, r) IS NOT NULL"


@dataclass(frozen=True)
class Side:
    """A table of the database: which columns of the contract it has, and which rows have no key of it."""

    name: str
    columns: frozenset[str]
    has_time: bool
    has_schema: bool
    rows: int
    keys: int
    without_key: int
    foreign: int
    without_time: int
    unreadable: frozenset[str] = frozenset()  # columns that may hold what cannot be read


@contextmanager
def open_sides(threads: int | None) -> Iterator[Database]:
    """The database that holds both sides; it is removed at the end."""
    with open_database(threads, JOINING) as database:
        database.execute("SET preserve_insertion_order = false")
        yield database


def count_keys(data: Any, contract: Contract, question: Question, fields: Fields) -> int:
    """How many keys a table has."""
    source, _ = resolve(data, DataSource(options=contract.reading))
    with open_engine(question.threads, READING) as engine, open_sides(question.threads) as database:
        opened = engine.load(source, (fields.key,), DataSource())
        with closing(opened.batches([fields.key.name], BATCH)) as batches, engine_errors(JOINED):
            database.register("rows", _reader(batches, (fields.key,)))
            database.execute(f"CREATE TABLE keys AS SELECT c0 AS k, {PART} AS p FROM (SELECT c0, c0 AS k FROM rows)")
            return _count_keys(database, "keys")


def _count_keys(database: Database, name: str) -> int:
    counts = (database.execute(f"SELECT count(DISTINCT k) FROM {name}_part") for _ in each_part(database, name))
    return sum(int(count) for ((count,),) in counts)


def each_part(database: Database, *names: str) -> Iterator[None]:
    """For each part of all keys, a view `NAME_part` of the rows of some tables, in which `id` is the number of a row.

    Why: joins, and above all groups, of tens of millions of texts do not fit into the memory of the engine.
    """
    rows = sum(int(database.execute(f"SELECT count(*) FROM {name}")[0][0]) for name in names)
    number = min(HASHED, max(1, -(-rows // AT_ONCE)))
    for part in range(number):
        low, high = part * HASHED // number, (part + 1) * HASHED // number - 1
        for name in names:
            some = f"SELECT rowid AS id, * FROM {name} WHERE p BETWEEN {low} AND {high}"
            database.execute(f"CREATE OR REPLACE TEMP VIEW {name}_part AS {some}")
        yield


def load_table(
    database: Database, name: str, data: Any, contract: Contract, question: Question, fields: Fields, rate: float
) -> Side:
    """Read a table that fitting reads; with a `rate` below 1 only those keys whose hash is below it.

    Raises SKC200 to SKC206, SKC220 to SKC226, SKC623.
    """
    source, _ = resolve(data, DataSource(options=contract.reading))
    with open_engine(question.threads, READING) as engine:
        opened = engine.load(source, fields.all, DataSource())
        with closing(opened.batches([i.name for i in fields.all], BATCH)) as batches, engine_errors(JOINED):
            database.register("rows", _reader(batches, fields.all))
            create(database, name, f"SELECT {_named(fields, contract)} FROM rows", question.template, rate)
            database.connection.unregister("rows")
    return settled(database, name, frozenset(i.name for i in fields.inputs), fields.time, fields.schema is not None)


def _reader(batches: Iterator[pa.RecordBatch], inputs: tuple[Input, ...]) -> pa.RecordBatchReader:
    schema = pa.schema([pa.field(f"c{k}", ARROW[i.dtype]) for k, i in enumerate(inputs)])

    def typed(batch: pa.RecordBatch) -> pa.RecordBatch:
        columns = [column.cast(f.type) for column, f in zip(batch.columns, schema, strict=True)]
        return pa.RecordBatch.from_arrays(columns, schema=schema)

    return pa.RecordBatchReader.from_batches(schema, map(typed, batches))


def _named(fields: Fields, contract: Contract) -> str:
    """The columns under the names of this module; `rk` and `rt` are the key and the time as they are stored."""
    place = {i.name: f"c{k}" for k, i in enumerate(fields.all)}
    number = {i.name: k for k, i in enumerate(contract.inputs)}
    columns = [f"{place[fields.key.name]} AS rk", *_time(fields.time, place)]
    columns.append(f"{place[fields.schema.name] if fields.schema else 'CAST(NULL AS VARCHAR)'} AS s")
    for value in fields.inputs:
        column = Column(place[value.name], value.dtype, "", None, contract.sentinels.get(value.name, ()))
        columns.append(f"{values(column)} AS v{number[value.name]}")
    return ", ".join(columns)


def _time(time: Input | None, place: dict[str, str]) -> list[str]:
    if time is None:
        return ["CAST(NULL AS BIGINT) AS t", "CAST(NULL AS VARCHAR) AS bad_t"]
    column = place[time.name]
    match time.dtype:
        case "date":
            return [f"{column} * {DAY_US} AS t", "CAST(NULL AS VARCHAR) AS bad_t"]
        case "string":
            return text_time(column)
        case _:
            return [f"{column} AS t", "CAST(NULL AS VARCHAR) AS bad_t"]


def text_time(column: str) -> list[str]:
    """A text in ISO 8601 as a time, in UTC if it has no zone."""
    time = f"epoch_us(TRY_CAST({column} AS TIMESTAMPTZ))"
    return [f"{time} AS t", f"CASE WHEN {time} IS NULL THEN {column} END AS bad_t"]


def create(database: Database, name: str, rows: str, template: KeyTemplate | None, rate: float) -> None:
    """A side from rows that have `rk`, `t`, `bad_t`, `s` and values. Equal keys are in all samples, or in none.

    Of several online keys that an open template reads as one, the last in the order of texts counts: where a time
    stands in its open end, that is the latest.
    """
    limit = min(HASHES - 1, int(rate * HASHES))
    is_open = template is not None and template.is_open and name == "online"
    some = "" if rate >= 1 else f" WHERE k IS NULL OR md5_number_lower(k) < {limit}"
    key = "CAST(rk AS VARCHAR)"
    if template is not None:
        key = template.offline(key) if name == "offline" else template.online(key)
    keyed = f"SELECT {key} AS k, * FROM ({rows})"
    text = "CAST(rk AS VARCHAR)" if is_open else "CASE WHEN k IS NULL THEN CAST(rk AS VARCHAR) END"
    rows = f"SELECT {text} AS r, * EXCLUDE (rk), {PART} AS p FROM ({keyed}){some}"
    database.execute(f"CREATE TABLE {name} AS {rows}")
    for _ in each_part(database, name) if is_open else ():
        last = f"SELECT k, max(r) AS r FROM {name}_part WHERE k IS NOT NULL GROUP BY k"
        database.execute(f"DELETE FROM {name} USING ({last}) AS last WHERE {name}.k = last.k AND {name}.r < last.r")


def settled(
    database: Database, name: str, columns: frozenset[str], time: Input | None, has_schema: bool, **facts: Any
) -> Side:
    """What was read. Raises SKC623 for a time that is not one."""
    with engine_errors(JOINED):
        row = database.row(
            "SELECT count(*) AS n, count(*) FILTER (k IS NULL AND r IS NULL) AS without, "
            "count(*) FILTER (k IS NULL AND r IS NOT NULL) AS foreign_keys, "
            "count(*) FILTER (k IS NOT NULL AND t IS NULL) AS timeless, "
            f"min(bad_t) AS bad, count(t) AS times, max(t) AS latest FROM {name}"
        )
        keys = _count_keys(database, name)
    if row["bad"] is not None:
        label = f"column `{time.name}`" if time is not None else "the time"
        hint = "name a column of timestamps, dates, microseconds since 1970 or texts in ISO 8601"
        raise fail("SKC623", f"{label} does not hold times: {shown(row['bad'])}", hint=hint)
    if row["latest"] is not None and 0 < row["latest"] < 31 * DAY_US:
        hint = "give times as microseconds since 1970, or as texts in ISO 8601"
        raise fail("SKC623", f"all times of the {name} rows lie in January 1970", hint=hint)
    counts = row["n"], keys, row["without"], row["foreign_keys"], row["timeless"]
    return Side(name, columns, row["times"] > 0, has_schema, *counts, **facts)


def check_unique(database: Database, name: str, question: Question) -> None:
    """Raises SKC674 for a key with two rows of one time, or without times."""
    rows = "k IS NOT NULL AND t IS NOT NULL" if name == "offline" and question.time is not None else "k IS NOT NULL"
    several = f"SELECT k, t, count(*) AS n FROM {name}_part WHERE {rows} GROUP BY k, t HAVING n > 1"
    first: list[tuple[str, int | None, int]] = []
    keys = 0
    with engine_errors(JOINED):
        for _ in each_part(database, name):
            first += database.execute(f"{several} ORDER BY k, t LIMIT 1")
            keys += int(database.execute(f"SELECT count(*) FROM ({several})")[0][0])
    if not first:
        return
    key, time, number = min(first, key=lambda row: (row[0], row[1] or 0))
    at = "" if time is None else " at one time"
    message = f"{number:,} {name} rows have the key {shown(key)}{at}"
    hint = (
        "name the column of times with --time, so that the latest row of a key counts"
        if name == "offline" and question.time is None
        else "give one row of each key, or rows of different times"
    )
    raise fail("SKC674", message, hint=hint, notes=[f"{keys:,} keys are not unique"])
