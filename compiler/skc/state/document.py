"""The file of a state: a ZIP archive, not compressed, of `state.json` and a file of Arrow IPC for each table.

state.json is canonical JSON, values in the form of golden.jsonl. It has the hash of every table's bytes. The same rows
give the same bytes, whatever their order, files and engine; only `sources` names the files that were read.

aggregates   for each column that is summarised, `what` of it: how many values there are, their bounds, whether a text
             contains a NUL. `null_values` are those that count as null
sums         of columns whose mean a step needs: a whole number and k, which stand for number · 2^-k; null if the values
             are not finite
before       the same aggregates of all rows that `where` selected from
tables       which inputs each has together, its rows, or `cannot`: the statistics that are lost with a table larger
             than `limit` bytes. The columns c0, c1, … are the bits of a number, a time or a bool as an int64, or a
             text; n says how often a row occurs. Rows are in ascending order
candidates   where the table of all inputs is too large: the rows that may be in the sample of all rows, in files
             `sample-0.arrow` and so on, and in `buckets-0.arrow` how many rows have a hash in each of 2^20 buckets
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from skc.data.counted.candidates import Candidates, Choices
from skc.data.counted.rows import COUNT, TooLarge, in_order, schema_of, size_of
from skc.data.engine import Aggregate
from skc.data.sampling import BUCKETS, distinguishing
from skc.diagnostics import SkcError, fail
from skc.publish import publish_file
from skc.state.contents import Contents
from skc.state.state import Before, ReadSource, State
from skc.stats.exact_sum import whole_sum
from skc.values.canonical import canonical
from skc_runtime.errors import SkcRuntimeError, shown
from skc_runtime.golden import decode_value, encode_value
from skc_runtime.kinds import OutputDType
from skc_runtime.strict_json import Fields, malformed, parse

FORMAT = 1
DOCUMENT = "state.json"
MADE = (1980, 1, 1, 0, 0, 0)  # the first time that a ZIP archive knows
LONGEST_DOCUMENT = 1 << 26  # bytes
MOST_ROWS = 1 << 53
_HEX = re.compile(r"[0-9a-f]{64}")
_SUM = re.compile(r"-?[0-9]{1,1500}")
DAMAGED_HINT = "the file is damaged or was edited; write the state again"


@dataclass(frozen=True)
class Unread:
    """A state whose facts are not read yet, since that takes the contents of its pipeline."""

    path: str
    version: str
    pipeline: str
    text: str | None
    fields: Fields
    archive: Mapping[str, bytes]


def dumps(state: State, contents: Contents) -> bytes:
    """The state as a file."""
    tables = [None if isinstance(table, TooLarge) else _ipc(in_order(table)) for table in state.tables]
    files = {_name(k): table for k, table in enumerate(tables) if table is not None}
    for k, choice in enumerate(state.candidates or ()):
        if choice is not None:
            files[_rows_name(k)] = _ipc(in_order(choice.rows))
            files[_buckets_name(k)] = _ipc(pa.table({COUNT: choice.buckets}))
    document = canonical(_document(state, contents, files)).encode() + b"\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        _write(archive, DOCUMENT, document)
        for name, data in files.items():
            _write(archive, name, data)
    return packed.getvalue()


def write(data: bytes, path: Path) -> None:
    """The file, which appears whole or not at all. Raises SKC412."""
    try:
        publish_file(lambda draft: draft.write_bytes(data), path)
    except OSError as error:
        hint = "check the folder and its space"
        raise fail("SKC412", f"cannot write `{path}`: {error.strerror}", hint=hint) from None


def content_digest(state: State, contents: Contents) -> str:
    """Equal for states that know the same, wherever the rows are from."""
    return hashlib.sha256(dumps(replace(state, sources=(), text=None), contents)).hexdigest()


def _write(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, MADE)
    entry.create_system, entry.external_attr = 3, 0o644 << 16  # as on Unix, on every system
    archive.writestr(entry, data)


def _name(k: int) -> str:
    return f"table-{k}.arrow"


def _rows_name(k: int) -> str:
    return f"sample-{k}.arrow"


def _buckets_name(k: int) -> str:
    return f"buckets-{k}.arrow"


def _ipc(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _document(state: State, contents: Contents, files: Mapping[str, bytes]) -> dict[str, Any]:
    before = state.before
    return {
        "skc": "state",
        "format": FORMAT,
        "version": state.version,
        "pipeline": state.pipeline,
        "yaml": state.text,
        "limit": state.limit,
        "rows": state.rows,
        "sources": [{"sha256": source.sha256, "name": source.name} for source in state.sources],
        "aggregates": _aggregates_to_json(contents.aggregates, state.aggregates),
        "sums": [
            {"column": c.name, "null_values": _sentinels(c), "sum": _sum_to_json(total)}
            for c, total in zip(contents.means, state.sums, strict=True)
        ],
        "before": None
        if before is None
        else {"rows": before.rows, "aggregates": _aggregates_to_json(contents.before or (), before.aggregates)},
        "float32": sorted(state.narrow),
        "keys": None if state.keys is None else sorted(state.keys),
        "constant": [list(pair) for pair in state.constant],
        "tables": [
            {
                "columns": list(names),
                **(
                    {"cannot": [{"step": use.step, "statistic": use.statistic} for use in uses]}
                    if isinstance(table, TooLarge)
                    else {"rows": table.num_rows, "sha256": _hash(files[_name(k)])}
                ),
            }
            for k, ((names, uses), table) in enumerate(zip(contents.tables.items(), state.tables, strict=True))
        ],
        "candidates": None
        if state.candidates is None
        else [
            None
            if choice is None
            else {
                "rows": choice.rows.num_rows,
                "sha256": _hash(files[_rows_name(k)]),
                "buckets": _hash(files[_buckets_name(k)]),
            }
            for k, choice in enumerate(state.candidates)
        ],
    }


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _what(a: Aggregate) -> str:
    return a.reduction if a.value is None else f"{a.reduction} {a.value}"


def _sentinels(column: Any) -> list[Any]:
    return [encode_value(column.kind.element, value) for value in column.null_values]


def _element(a: Aggregate) -> OutputDType:
    if a.reduction in ("least", "greatest"):
        return a.column.kind.element
    return "bool" if a.reduction == "has_nul" else "int64"


def _aggregates_to_json(aggregates: Sequence[Aggregate], values: Sequence[Any]) -> list[dict[str, Any]]:
    return [
        {
            "column": a.column.name,
            "null_values": _sentinels(a.column),
            "what": _what(a),
            "value": encode_value(_element(a), value),
        }
        for a, value in zip(aggregates, values, strict=True)
    ]


def _sum_to_json(total: Fraction | None) -> list[Any] | None:
    return None if total is None else [str(total.numerator), total.denominator.bit_length() - 1]


def open_state(path: Path) -> Unread:
    """A file whose archive is whole, and says that it is a state. Raises SKC696."""
    name = str(path)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            size = path.stat().st_size
            is_stored = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries.values())
            if not is_stored or sum(entry.file_size for entry in entries.values()) > size:
                raise _refused(name, "a state is not compressed")
            if DOCUMENT not in entries or entries[DOCUMENT].file_size > LONGEST_DOCUMENT:
                raise _refused(name, f"it has no {DOCUMENT}")
            read = {entry: archive.read(entry) for entry in entries}
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and not path.is_file():
            raise fail("SKC696", f"there is no file `{name}`", hint="name files that `skc fit` wrote") from None
        raise _refused(name, str(error)) from None
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise _refused(name, str(error)) from None
    try:
        fields = Fields(parse(read[DOCUMENT], DOCUMENT), DOCUMENT)
        fields.one_of("skc", "state")
        version = fields.number("format")
        if version != FORMAT:
            message = f"`{name}` has the state format {version}, and this version of skc reads {FORMAT}"
            raise fail("SKC696", message, hint="install the skc that wrote it, or write the state again")
        return Unread(name, fields.text("version"), _digest(fields, "pipeline"), _text(fields), fields, read)
    except SkcRuntimeError as error:
        raise _refused(name, error.message) from None


def read_state(unread: Unread, contents: Contents) -> State:
    """The state in a file that was opened. Raises SKC696."""
    try:
        return _read(unread, unread.fields, contents)
    except SkcRuntimeError as error:
        raise _refused(unread.path, error.message) from None


def _refused(path: str, reason: str) -> SkcError:
    return fail("SKC696", f"`{path}` is not a state: {reason[:300]}", hint=DAMAGED_HINT)


def _digest(fields: Fields, key: str) -> str:
    text = fields.text(key)
    if not _HEX.fullmatch(text):
        raise malformed(f"{fields.location}.{key}", "it is not a SHA-256")
    return text


def _text(fields: Fields) -> str | None:
    """Of the pipeline.yaml, in which anything may be."""
    text = fields.take("yaml")
    if text is not None and not isinstance(text, str):
        raise malformed(f"{fields.location}.yaml", "it is not a text")
    return text


def _read(unread: Unread, fields: Fields, contents: Contents) -> State:
    limit, rows = fields.number("limit", 1, MOST_ROWS), fields.number("rows", 0, MOST_ROWS)
    sources = tuple(ReadSource(_digest(item, "sha256"), item.text("name")) for item in fields.objects("sources"))
    aggregates = _aggregates(fields, contents.aggregates, rows)
    sums = tuple(_sum(item, column) for item, column in _pairs(fields, "sums", contents.means))
    before = fields.optional_object("before")
    if (before is None) != (contents.before is None):
        raise malformed(fields.location, "`before` is not that of the pipeline")
    narrow, keys = frozenset(fields.texts("float32")), fields.take("keys")
    if keys is not None and not (isinstance(keys, list) and all(isinstance(name, str) for name in keys)):
        raise malformed(f"{fields.location}.keys", "they are not names")
    constant = fields.items("constant")
    if not all(isinstance(p, list) and len(p) == 2 and all(isinstance(t, str) for t in p) for p in constant):
        raise malformed(f"{fields.location}.constant", "it is not pairs of texts")
    tables = tuple(
        _table(item, unread, k, contents, names, rows, limit)
        for k, (item, names) in enumerate(_pairs(fields, "tables", list(contents.tables)))
    )
    all_rows = None if before is None else _before(before, contents)
    choices = _candidates(fields, unread, contents, rows)
    fields.done()
    files = 1 + sum(not isinstance(table, TooLarge) for table in tables) + 2 * sum(c is not None for c in choices or ())
    if len(unread.archive) != files:
        raise malformed(fields.location, "there are other files with it")
    return State(
        unread.version,
        unread.pipeline,
        unread.text,
        limit,
        rows,
        tuple(sorted(sources)),
        aggregates,
        sums,
        all_rows,
        narrow,
        None if keys is None else frozenset(keys),
        tuple(sorted((name, text) for name, text in constant)),
        tables,
        choices,
    )


def _candidates(fields: Fields, unread: Unread, contents: Contents, rows: int) -> Choices | None:
    items = fields.take("candidates")
    if items is None:
        return None
    if not isinstance(items, list) or len(items) != len(distinguishing(contents.sampled)):
        raise malformed(f"{fields.location}.candidates", "they are not what the pipeline needs")
    choices: list[Candidates | None] = []
    for k, item in enumerate(items):
        if item is None:
            choices.append(None)
            continue
        of = Fields(item, f"{fields.location}.candidates[{k}]")
        length, schema = of.number("rows", 0, MOST_ROWS), schema_of(contents.sampled)
        table = _arrow(of, unread, _rows_name(k), _digest(of, "sha256"), schema, length)
        counts = _arrow(of, unread, _buckets_name(k), _digest(of, "buckets"), schema_of(()), BUCKETS)
        of.done()
        if _total(of, table, 1, rows) > rows or _total(of, counts, 0, rows) != rows:
            raise malformed(of.location, f"they are not of {rows} rows")
        choices.append(Candidates(counts[COUNT].to_numpy(), table))
    return tuple(choices)


def _pairs(fields: Fields, key: str, needed: Sequence[Any]) -> list[tuple[Fields, Any]]:
    items = fields.objects(key)
    if len(items) != len(needed):
        raise malformed(f"{fields.location}.{key}", "it is not what the pipeline needs")
    return list(zip(items, needed, strict=True))


def _before(fields: Fields, contents: Contents) -> Before:
    rows = fields.number("rows", 0, MOST_ROWS)
    before = Before(rows, _aggregates(fields, contents.before or (), rows))
    fields.done()
    return before


def _check_column(fields: Fields, column: Any) -> None:
    if (fields.text("column"), fields.items("null_values")) != (column.name, _sentinels(column)):
        raise malformed(fields.location, "it is not of the column that the pipeline needs")


def _aggregates(fields: Fields, needed: Sequence[Aggregate], rows: int) -> tuple[Any, ...]:
    return tuple(_aggregate(item, a, rows) for item, a in _pairs(fields, "aggregates", needed))


def _aggregate(fields: Fields, a: Aggregate, rows: int) -> Any:
    _check_column(fields, a.column)
    fields.one_of("what", _what(a))
    value = decode_value(_element(a), fields.take("value"), fields.location)
    fields.done()
    is_bound = a.reduction in ("least", "greatest")
    if (value is None and not is_bound) or (_element(a) == "int64" and not is_bound and not 0 <= value <= rows):
        raise malformed(fields.location, f"`{_what(a)}` is {shown(value)}, of {rows} rows")
    return value


def _sum(fields: Fields, column: Any) -> Fraction | None:
    _check_column(fields, column)
    pair = fields.take("sum")
    fields.done()
    if pair is None:
        return None
    is_pair = isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) and type(pair[1]) is int
    if not is_pair or not _SUM.fullmatch(pair[0]) or not 0 <= pair[1] <= 2000:
        raise malformed(fields.location, "a sum is a whole number and a power of two")
    return Fraction(int(pair[0]), 1 << pair[1])


def _table(
    fields: Fields, unread: Unread, k: int, contents: Contents, names: Sequence[str], rows: int, limit: int
) -> pa.Table | TooLarge:
    if fields.texts("columns") != tuple(names):
        raise malformed(fields.location, "they are not the columns that the pipeline needs")
    if "cannot" in fields:
        fields.take("cannot")
        fields.done()
        return TooLarge()
    length, digest = fields.number("rows", 0, MOST_ROWS), _digest(fields, "sha256")
    fields.done()
    table = _arrow(fields, unread, _name(k), digest, schema_of(contents.columns(names)), length)
    if size_of(table) > limit or _total(fields, table, 1, rows) != rows:
        raise malformed(fields.location, f"{_name(k)} is not of {rows} rows")
    return table


def _arrow(fields: Fields, unread: Unread, name: str, digest: str, schema: pa.Schema, length: int) -> pa.Table:
    """A file of Arrow that has this hash, these columns and so many rows."""
    data = unread.archive.get(name)
    if data is None or _hash(data) != digest:
        raise malformed(fields.location, f"{name} is not what was written")
    try:
        table = pa.ipc.open_file(data).read_all().combine_chunks()
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise malformed(fields.location, f"{name} cannot be read: {error}") from None
    if table.schema != schema or table.num_rows != length:
        raise malformed(fields.location, f"{name} has other columns or rows than it says")
    return table


def _total(fields: Fields, table: pa.Table, least: int, most: int) -> int:
    """The sum of its counts, each of which is within bounds."""
    counts = table[COUNT]
    low, high = pc.min_max(counts).as_py().values()
    if counts.null_count or (len(counts) and not least <= low <= high <= most):
        raise malformed(fields.location, "there is a count that there cannot be")
    return whole_sum(counts.to_numpy()) if len(counts) else 0
