"""An export of a store: JSON lines `{"key": …, "value": {…}, "time": …, "schema": …}`, of which the last two may lack.

The value may also be a text that holds the object, as a store without types has it, and so may each number in it. What
cannot be read as the type of its column is kept as a text and counted: one bad value must not hide all others.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from skc.data.duckdb.columns import values
from skc.data.duckdb.connection import Database, engine_errors, identifier, literal
from skc.data.duckdb.conversion import read_json
from skc.data.duckdb.json_lines import objects, pointer
from skc.data.engine import Column
from skc.data.sources import Source, resolve
from skc.data.text.opening import UNREADABLE, opened
from skc.diagnostics import SkcError, fail
from skc.ir import DataSource, Input
from skc.skew.parity.question import SCHEMA, Contract, Question, readable
from skc.skew.parity.tables import Side, create, settled

KEY, VALUE, TIME = "key", "value", "time"
RK, AT, S = '"skc: rk"', '"skc: at"', '"skc: s"'  # beside columns that have the names of inputs
TRUE, FALSE = ("true", "True", "1"), ("false", "False", "0")
SHAPE_HINT = 'write every line as {"key": "u1", "value": {"age": 3}}, with a "time" if you know it'


def is_export(data: Any) -> bool:
    """Whether data names JSON lines whose first record has a key, and a value that is an object or a text of one."""
    if isinstance(data, DataSource) or not isinstance(data, str | Path):
        return False
    try:
        source, _ = resolve(data, None)
        if source.kind != "jsonl":
            return False
        with opened(source.files[0]) as lines:
            first = json.loads(next((line for line in lines if line.strip()), b"null"))
            value = first.get(VALUE) if isinstance(first, dict) and KEY in first else None
            return isinstance(json.loads(value) if isinstance(value, str) else value, dict)
    except (SkcError, ValueError, RecursionError, *UNREADABLE):
        return False


def load_export(
    database: Database, data: Any, contract: Contract, question: Question, rate: float, *, store: bool = False
) -> Side:
    """Read an export as the online side; or what was written of the rows of a store, which needs no check.

    Raises SKC201 to SKC203, SKC623, SKC675, SKC676.
    """
    source, _ = resolve(data, None)
    for file in () if store else source.files:
        _check(database, replace(source, files=(file,)))
    chosen = [_lenient(i) for i in contract.inputs]
    name = "what the function returned" if store else f"`{source.name}`"
    with engine_errors(f"{name} cannot be read", code="SKC675"):
        create(database, "online", _rows(source, chosen, contract, question), question.template, rate)
        columns, unreadable = _columns(database, source, chosen, contract)
    time = Input(question.time or TIME, "timestamp")
    return settled(database, "online", columns, time, _has_schema(contract), unreadable=unreadable)


def _has_schema(contract: Contract) -> bool:
    return all(i.name != SCHEMA for i in contract.inputs)


def _lenient(value: Input) -> Input:
    """The input as a store without types may hold it."""
    value = readable(value)
    if value.dtype != "bool":
        return value
    true, false = (
        tuple(dict.fromkeys(words)) for words in ((*value.true_values, *TRUE), (*value.false_values, *FALSE))
    )
    return replace(value, true_values=true, false_values=false)


def _records(source: Source) -> str:
    """SQL: each record as `json`, and the object of its value as `o`."""
    value = f"json_extract(json, {literal(pointer(VALUE))})"
    parsed = f"CASE WHEN json_type({value}) = 'VARCHAR' THEN TRY_CAST({value} ->> '$' AS JSON) ELSE {value} END"
    return f"SELECT json, {parsed} AS o FROM {objects(source.files, source)}"


def _rows(source: Source, inputs: Sequence[Input], contract: Contract, question: Question) -> str:
    """SQL: the rows of a side. From the records the raw values, from these the values and what cannot be read, then
    the values as statistics see them, and last those without what counts as null.
    """
    number = {i.name: k for k, i in enumerate(contract.inputs)}
    at = (
        _field("json", TIME)
        if question.time is None
        else f"coalesce({_field('json', TIME)}, {_field('o', question.time)})"
    )
    version = f"coalesce({_field('json', SCHEMA)}, {_field('o', SCHEMA)}) ->> '$'"
    head = [
        f"json_extract_string(json, {literal(pointer(KEY))}) AS {RK}",
        f"{at} AS {AT}",
        f"{version if _has_schema(contract) else 'CAST(NULL AS VARCHAR)'} AS {S}",
    ]
    kept = f"{RK}, {AT}, {S}"
    raw = [f"{_raw(i)} AS {identifier(i.name)}" for i in inputs]
    sql = f"SELECT {', '.join([*head, *raw])} FROM ({_records(source)})"
    readings = {i.name: read_json(i, contract.reading) for i in inputs}
    read = [f"{readings[i.name].value} AS {identifier(i.name)}" for i in inputs]
    bad = [
        f"CASE WHEN {readings[i.name].bad or 'false'} THEN CAST({identifier(i.name)} AS VARCHAR) END AS u{k}"
        for i, k in ((i, number[i.name]) for i in inputs)
    ]
    sql = f"SELECT {', '.join([kept, *read, *bad])} FROM ({sql})"
    texts = [f"u{number[i.name]}" for i in inputs]
    stored = [f"{readings[i.name].stored} AS v{number[i.name]}" for i in inputs]
    sql = f"SELECT {', '.join([kept, *stored, *texts])} FROM ({sql})"
    last = [f"{values(_column(i, number[i.name], contract))} AS v{number[i.name]}" for i in inputs]
    return f"SELECT {', '.join([f'{RK} AS rk', *_time(), f'{S} AS s', *last, *texts])} FROM ({sql})"


def _raw(value: Input) -> str:
    """SQL: a value as JSON. An integer is an instant in microseconds, as in a request."""
    field = _field("o", value.name)
    if value.dtype != "timestamp" or value.zone is not None:
        return field
    instant = f"TRY(make_timestamptz(TRY_CAST({field} ->> '$' AS BIGINT)))"
    text = f"to_json(strftime({instant}, '%Y-%m-%dT%H:%M:%S.%fZ'))"
    return f"CASE WHEN json_type({field}) IN ('BIGINT', 'UBIGINT') THEN coalesce({text}, {field}) ELSE {field} END"


def _field(document: str, name: str) -> str:
    return f"json_extract({document}, {literal(pointer(name))})"


def _column(value: Input, k: int, contract: Contract) -> Column:
    return Column(f"v{k}", value.dtype, "", None, contract.sentinels.get(value.name, ()))


def _time() -> tuple[str, str]:
    """SQL: an integer is a time in microseconds, a text one in ISO 8601."""
    text, kind = f"{AT} ->> '$'", f"json_type({AT})"
    is_number = f"{kind} IN ('BIGINT', 'UBIGINT')"
    micros = f"CASE WHEN {is_number} THEN TRY_CAST({text} AS BIGINT) ELSE epoch_us(TRY_CAST({text} AS TIMESTAMPTZ)) END"
    is_there = f"{AT} IS NOT NULL AND {kind} <> 'NULL'"
    return (
        f"CASE WHEN {is_there} THEN {micros} END AS t",
        f"CASE WHEN {is_there} AND {micros} IS NULL THEN {text} END AS bad_t",
    )


def _columns(
    database: Database, source: Source, inputs: Sequence[Input], contract: Contract
) -> tuple[frozenset[str], frozenset[str]]:
    """The inputs that any row has, and those of which a value cannot be read."""
    if not inputs:
        return frozenset(), frozenset()
    number = {i.name: k for k, i in enumerate(contract.inputs)}
    counts = [
        part for i in inputs for k in [number[i.name]] for part in (f"count(v{k}) AS n{k}", f"count(u{k}) AS b{k}")
    ]
    row = database.row(f"SELECT {', '.join(counts)} FROM online")
    empty = [i for i in inputs if not row[f"n{number[i.name]}"] and not row[f"b{number[i.name]}"]]
    there = {i.name for i in inputs} - {i.name for i in empty}
    if empty:
        exists = [f"bool_or(json_exists(o, {literal(pointer(i.name))})) AS e{k}" for k, i in enumerate(empty)]
        exists_by = database.row(f"SELECT {', '.join(exists)} FROM ({_records(source)})")
        there |= {i.name for k, i in enumerate(empty) if exists_by[f"e{k}"]}
    return frozenset(there), frozenset(i.name for i in inputs if row[f"b{number[i.name]}"])


def _check(database: Database, source: Source) -> None:
    """Raises SKC675 for the first line that is not a record of an export, SKC676 for half a line at the end."""
    (file,) = source.files
    records = f"read_ndjson_objects([{literal(source.path(file))}], ignore_errors = true)"
    value = f"json_extract(json, {literal(pointer(VALUE))})"
    key = f"json_type(json_extract(json, {literal(pointer(KEY))}))"
    parsed = f"json_type(TRY_CAST({value} ->> '$' AS JSON))"
    good = (
        f"json_type(json) = 'OBJECT' AND {key} IN ('VARCHAR', 'BIGINT', 'UBIGINT') AND "
        f"(json_type({value}) = 'OBJECT' OR (json_type({value}) = 'VARCHAR' AND {parsed} = 'OBJECT'))"
    )
    rows = f"SELECT row_number() OVER () AS row, json FROM {records}"
    first = f"SELECT row, CAST(json AS VARCHAR) FROM ({rows}) WHERE NOT coalesce({good}, false) ORDER BY row LIMIT 1"
    with engine_errors(f"`{file}` cannot be read as JSON lines", code="SKC675", hint=SHAPE_HINT):
        ((bad,),) = database.execute(f"SELECT count(*) FILTER (NOT coalesce({good}, false)) FROM ({rows})")
        refused = database.execute(first) if bad else []
    for row, text in refused:
        raise _refused(file, row, text, bad)


def _refused(file: str, row: int, text: str | None, bad: int) -> SkcError:
    ends_within = text is None and bad == 1 and not _ends_with_line(file)
    if ends_within:
        hint = "export it again, or remove the last line: the keys after it would seem to be missing"
        return fail("SKC676", f"`{file}` ends within a line, after {row - 1:,} records", hint=hint)
    why = "it is not JSON" if text is None else "it is not a key with an object of values"
    notes = [f"{bad:,} records are like that", *([] if text is None else [text[:200]])]
    return fail("SKC675", f"`{file}`, record {row:,}: {why}", hint=SHAPE_HINT, notes=notes)


def _ends_with_line(file: str) -> bool:
    last = b""
    with opened(file) as lines:
        for line in lines:
            last = line if isinstance(line, bytes) else line.encode("utf-8", "replace")
    return last.endswith(b"\n")
