"""Sheets of .xlsx files, rewritten as columns of JSON that the engine reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa

from skc.data.duckdb.connection import FULL, WHOLE_HINT, Database, engine_errors, identifier
from skc.data.duckdb.csv_trouble import refused
from skc.data.sheet import INSTALL, UNREADABLE, sheet_header, sheet_rows
from skc.data.sources import Source
from skc.data.text.table import TextError
from skc.diagnostics import fail
from skc.ir import Input

AT_ONCE = 10_000  # rows


def sheet_names(file: str, source: Source) -> tuple[str, ...]:
    """The names of the columns of a sheet. Raises SKC203."""
    with _errors(file, source):
        header = sheet_header(source.path(file), source.options)
    if not header:
        raise fail("SKC203", f"`{file}` has no header", span=source.span, hint="the first row names the columns")
    return header


def rewritten_sheet(
    database: Database, file: str, header: Sequence[str], source: Source, inputs: Sequence[Input]
) -> str:
    """The SQL of a sheet's rows, in order. Raises SKC203."""
    import pyarrow.dataset as ds  # takes a while to load, and only such files need it

    schema = pa.schema([(name, pa.large_string()) for name in header])
    name = database.new_name("sheet")
    path = str(database.folder / f"{name}.arrow")
    by_name = {i.name: i for i in inputs}
    with engine_errors(f"`{file}` cannot be read", code="SKC203", span=source.span):
        with pa.OSFile(path, "wb") as sink, pa.ipc.new_file(sink, schema) as writer, _errors(file, source):
            rows = sheet_rows(source.path(file), source.options, header, by_name)
            for batch in _batches(rows):
                columns = [pa.array(column, pa.large_string()) for column in zip(*batch, strict=True)]
                writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
        database.register(name, ds.dataset(path, format="ipc"))
    cells = ", ".join(f"CAST({identifier(column)} AS JSON) AS {identifier(column)}" for column in header)
    return f"SELECT {cells} FROM {name}"


def _batches(rows: Iterator[tuple[int, list[str]]]) -> Iterator[list[list[str]]]:
    batch: list[list[str]] = []
    for _, cells in rows:
        batch.append(cells)
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


@contextmanager
def _errors(file: str, source: Source) -> Iterator[None]:
    try:
        yield
    except TextError as error:
        raise refused(file, error, source) from None
    except ImportError:
        message = f"`{file}` cannot be read: openpyxl is not installed"
        raise fail("SKC202", message, span=source.span, hint=INSTALL) from None
    except UNREADABLE as error:
        if isinstance(error, OSError) and FULL.search(str(error)):
            raise
        notes = [str(error)[:300]]
        raise fail("SKC203", f"`{file}` cannot be read", span=source.span, hint=WHOLE_HINT, notes=notes) from None
