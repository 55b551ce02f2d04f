"""Files of text that the engine cannot read by itself, rewritten as columns of text that it can.

Each is read once by `skc.data.text`, which decides what its records are, into an Arrow file next to the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import pyarrow as pa

from skc.data.duckdb.connection import WHOLE_HINT, Database, engine_errors
from skc.data.duckdb.csv_trouble import refused
from skc.data.sources import Source, separator_of
from skc.data.text.opening import PACKED_ERRORS
from skc.data.text.records import Record, long_fields
from skc.data.text.table import TextError, rows
from skc.diagnostics import fail

AT_ONCE = 10_000  # rows
CHARACTERS = 8_000_000  # of a batch


def rewritten(database: Database, file: str, header: Sequence[str], source: Source) -> str:
    """The SQL of a file's rows, in order. Raises SKC203."""
    import pyarrow.dataset as ds  # takes a while to load, and only such files need it

    schema = pa.schema([(name, pa.large_string()) for name in header])
    name = database.new_name("text")
    path = str(database.folder / f"{name}.arrow")
    with engine_errors(f"`{file}` cannot be read", code="SKC203", span=source.span):
        try:
            with pa.OSFile(path, "wb") as sink, pa.ipc.new_file(sink, schema) as writer, long_fields():
                for batch in _batches(rows(source.path(file), source.options, separator_of(source))):
                    writer.write_batch(_arrow(batch, schema))
        except TextError as error:
            raise refused(file, error, source) from None
        except _HalfPairError as error:
            message = f"`{file}`, line {error.line}: half of a surrogate pair, which is not a character"
            hint = "check the encoding; a text with such a half cannot be sent to a runtime"
            raise fail("SKC203", message, span=source.span, hint=hint) from None
        except PACKED_ERRORS as error:
            message, notes = f"`{file}` cannot be unpacked", [str(error)[:300]]
            raise fail("SKC203", message, span=source.span, hint=WHOLE_HINT, notes=notes) from error
        database.register(name, ds.dataset(path, format="ipc"))
    return f"SELECT * FROM {name}"


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    size = 0
    for record in records:
        batch.append(record)
        size += sum(map(len, record.lines))
        if len(batch) >= AT_ONCE or size >= CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _arrow(batch: Sequence[Record], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(*(record.fields for record in batch), strict=True)
    try:
        return pa.RecordBatch.from_arrays([pa.array(c, pa.large_string()) for c in columns], schema=schema)
    except UnicodeEncodeError:
        halves = (record for record in batch if _has_half_pair(chain.from_iterable(record.fields)))
        raise _HalfPairError(next(halves).line) from None


def _has_half_pair(characters: Iterator[str]) -> bool:
    return any("\ud800" <= one <= "\udfff" for one in characters)


class _HalfPairError(Exception):
    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line
