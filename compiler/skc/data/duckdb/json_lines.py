"""Find records of a JSON lines file that the engine accepts, but other readers do not.

Why: the engine reads NaN and Infinity without quotes, a comma before a closing bracket, and a line that is not an
object (as a record without keys); for a duplicate key it takes the first value, most readers the last. The engine finds
the records that may be wrong, and Python's strict reader decides whether they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from skc.data.duckdb.connection import Database, engine_errors, file_list, literal
from skc.data.sources import Source
from skc.data.text.opening import opened
from skc.diagnostics import SkcError, fail

SUSPECT = r"[:\[,]\s*-?(?i:nan|inf)|,\s*[}\]]"
OBJECT_HINT = 'write one record as a JSON object in every line, such as {"age": 3, "city": "Oslo"}'
TWICE_HINT = "keys of a record must be unique; remove the unintended value"
STRICT_HINT = 'write null for a missing value, and "NaN", "Infinity" or "-Infinity" as strings for such float64 values'
ARRAY_HINT = "a .json file is one array of records, [{…}, {…}]; name a file with a record in every line .jsonl"
COMMA_HINT = "remove the comma"


def check_records(database: Database, file: str, source: Source) -> None:
    """Refuse the first record that strict readers refuse, or read differently from the engine. Raises SKC203."""
    rows = f"SELECT row_number() OVER () AS row, json FROM {objects([file], source)}"
    doubtful = (
        "json_type(json) <> 'OBJECT' OR len(json_keys(json)) <> len(list_distinct(json_keys(json))) "
        f"OR regexp_matches(CAST(json AS VARCHAR), {literal(SUSPECT)})"
    )
    query = f"SELECT row, CAST(json AS VARCHAR) AS text FROM ({rows}) WHERE {doubtful} ORDER BY row"
    what, hint = ("a JSON array", ARRAY_HINT) if source.kind == "json" else ("JSON lines", None)
    with engine_errors(f"`{file}` cannot be read as {what}", code="SKC203", span=source.span, hint=hint):
        for batch in database.batches(query, 1000):
            for row, text in zip(batch["row"].to_pylist(), batch["text"].to_pylist(), strict=True):
                problem = _wrong(text)
                if problem is not None:
                    raise _refused(file, row, *problem, source)


def objects(files: Sequence[str], source: Source) -> str:
    """The SQL of the records of some files, as `json`."""
    paths = file_list([source.path(file) for file in files])
    if source.kind == "json":
        return f"read_json_objects([{paths}], format = 'array')"
    return f"read_ndjson_objects([{paths}])"


def _place_of(file: str, row: int, source: Source) -> str:
    return f"record {row}" if source.kind == "json" else f"line {_line_of(source.path(file), row)}"


def _line_of(file: str, row: int) -> int:
    """The line of a record; empty lines are not records."""
    records = 0
    with opened(file) as lines:
        for number, line in enumerate(lines, start=1):
            records += bool(line.strip())
            if records == row:
                return number
    return row


def _wrong(text: str) -> tuple[str, str] | None:
    """(message, hint) for a record; None if nothing is wrong with it."""
    try:
        record = json.loads(text, parse_constant=_constant, object_pairs_hook=_Pairs)
    except _ConstantError as error:
        return f"`{error}` is not JSON", STRICT_HINT
    except json.JSONDecodeError as error:
        word = re.match("-?[A-Za-z]+", text[error.pos :])
        if word is not None:
            return f"`{word[0]}` is not JSON", STRICT_HINT
        return f"it is not JSON at column {error.colno} ({error.msg})", COMMA_HINT
    if not isinstance(record, _Pairs):
        return "it is not an object", OBJECT_HINT
    keys = [key for key, _ in record]
    duplicates = [key for key in keys if keys.count(key) > 1] if len(set(keys)) < len(keys) else []
    return (f"duplicate key `{duplicates[0]}`", TWICE_HINT) if duplicates else None


class _Pairs(list[tuple[str, Any]]):
    """An object with all its keys, including duplicates."""


class _ConstantError(Exception):
    """A number without digits."""


def _constant(name: str) -> NoReturn:
    raise _ConstantError(name)


def _refused(file: str, row: int, message: str, hint: str, source: Source) -> SkcError:
    return fail("SKC203", f"`{file}`, {_place_of(file, row, source)}: {message}", span=source.span, hint=hint)


def pointer(name: str) -> str:
    """A key as a JSON pointer (RFC 6901)."""
    return "/" + name.replace("~", "~0").replace("/", "~1")


def all_keys(database: Database, source: Source) -> set[str]:
    """All keys of all records; reads everything, for a message."""
    records = objects(source.files, source)
    return {key for (key,) in database.execute(f"SELECT DISTINCT unnest(json_keys(json)) FROM {records}")}
