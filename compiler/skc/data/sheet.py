"""A sheet of an .xlsx file as records in JSON, through `openpyxl`, which is an extra.

A cell has a type, as a value in JSON does, and is read by the same rules: a number is never a text. A date is
`YYYY-MM-DD` where the input is one and the cell has no time of day, otherwise text such as `2025-05-03T12:30:00`,
without a zone. A formula is the value that the program stored which saved the file. An empty cell is null; a row of
empty cells is not a record.
Why openpyxl: it tells an error in a cell, such as #N/A, from an empty one.
"""

from __future__ import annotations

import datetime
import json
import warnings
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zipfile import BadZipFile

from skc.data.text.lines import skipped_lines
from skc.data.text.mending import under_data
from skc.data.text.splitting import BLANKS
from skc.data.text.table import TextError, has_header
from skc.ir import Input, ReadOptions
from skc_runtime.kinds import DAY_US

INSTALL = "install it: `pip install 'skc[xlsx]'`"
UNREADABLE = (BadZipFile, KeyError, ValueError, OSError, EOFError)  # what openpyxl raises for other files
MOST_INTEGER = 2**53


@dataclass(frozen=True)
class Row:
    """The number of a row, as a spreadsheet shows it, and its values: None where a cell is empty."""

    number: int
    values: list[Any]


class CellError(str):
    """The error that a cell shows in the place of a value, such as #N/A."""


def sheet_header(file: str, options: ReadOptions) -> tuple[str, ...]:
    """The names of the columns; empty for a sheet without a row. Raises TextError, ImportError and UNREADABLE."""
    if isinstance(options.header, tuple):
        return options.header
    first = next(_rows(file, options), None)
    if first is None:
        return ()
    if options.header is False:
        return tuple(f"column_{k}" for k, _ in enumerate(first.values, start=1))
    names = [_name(value) for value in first.values]
    return tuple(name or f"(unnamed {k})" for k, name in enumerate(names, start=1))


def sheet_titles(file: str) -> list[str]:
    """The names of the sheets. Raises ImportError and UNREADABLE."""
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = load_workbook(file, read_only=True)
    try:
        return list(book.sheetnames)
    finally:
        book.close()


def sheet_rows(
    file: str, options: ReadOptions, header: Sequence[str], inputs: Mapping[str, Input]
) -> Iterator[tuple[int, list[str]]]:
    """The number of each row, and its cells in JSON. Raises TextError, ImportError and UNREADABLE."""
    rows = _rows(file, options)
    if has_header(options):
        next(rows, None)
    columns = [inputs.get(name) for name in header]
    for row in rows:
        if len(row.values) > len(header):
            value = row.values[len(header)]
            message = f"row {row.number}: `{value}` is in a column without a name"
            raise TextError(message, "give the column a name, or clear the cell")
        cells = [_json(value, column, row, options) for value, column in zip(row.values, columns, strict=False)]
        yield row.number, cells + ["null"] * (len(header) - len(cells))


def _rows(file: str, options: ReadOptions) -> Iterator[Row]:
    """The rows with a value, without those that the options leave out."""
    held: deque[Row] = deque()
    for number, values in enumerate(_cells(file, options), start=1):
        if options.trim:
            values = [value.strip(BLANKS) if type(value) is str else value for value in values]
        while values and (values[-1] is None or values[-1] == ""):
            values.pop()
        is_comment = bool(options.comment) and bool(values) and str(values[0]).startswith(options.comment)
        if number <= skipped_lines(options) or not values or is_comment:
            continue
        held.append(Row(number, values))
        if len(held) > options.skip_footer:
            yield held.popleft()


def _cells(file: str, options: ReadOptions) -> Iterator[list[Any]]:
    """The values of every row. A formula without a stored value is refused."""
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about parts of a file, such as styles, that have no values
        books = [load_workbook(file, read_only=True, data_only=is_stored) for is_stored in (True, False)]
    try:
        name = _sheet_name(books[0].sheetnames, options)
        sheets = [book[name] for book in books]
        for sheet in sheets:
            sheet.reset_dimensions()  # some programs write wrong ones
        for stored, written in zip(*(sheet.iter_rows() for sheet in sheets), strict=True):
            for cell, formula in zip(stored, written, strict=True):
                if cell.value is None and formula.data_type == "f":
                    message = f"cell {formula.coordinate}: a formula without a value"
                    raise TextError(
                        message, "open the file in a spreadsheet program and save it, so that it has values"
                    )
            yield [CellError(cell.value) if cell.data_type == "e" else cell.value for cell in stored]
    finally:
        for book in books:
            book.close()


def _sheet_name(names: Sequence[str], options: ReadOptions) -> str:
    if options.sheet in names:
        return options.sheet
    if not options.sheet and len(names) == 1:
        return names[0]
    listed = ", ".join(f"`{name}`" for name in names)
    message = f"there is no sheet `{options.sheet}`" if options.sheet else "it has several sheets"
    raise TextError(f"{message}: {listed}", f"write {under_data({'sheet': names[0]})}, or the sheet that is meant")


def _name(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else "" if value is None else str(value)


def _json(value: Any, column: Input | None, row: Row, options: ReadOptions) -> str:
    """A cell as JSON writes it."""
    if isinstance(value, CellError) and column is not None and column.dtype == "string":
        nulls = column.null_values or options.null_values
        if value not in nulls:
            hint = f"correct it, or write {under_data({'null_values': [*options.null_values, value]})}"
            raise TextError(f"row {row.number}: the error `{value}` in column `{column.name}`", hint)
    if isinstance(value, float) and value.is_integer() and abs(value) <= MOST_INTEGER:
        return str(int(value))
    if isinstance(value, datetime.datetime):
        is_date = column is not None and column.kind.tick_us == DAY_US and value.time() == datetime.time()
        return json.dumps(value.date().isoformat() if is_date else value.isoformat())
    if value is None or isinstance(value, bool | int | float | str):
        return json.dumps(value, allow_nan=False)
    return json.dumps(value.isoformat() if isinstance(value, datetime.date | datetime.time) else str(value))


def numbers_in_sheet(file: str, options: ReadOptions, rows: Collection[int]) -> dict[int, int]:
    """The number in the sheet of each of some rows, by its number among those with a value, from 1."""
    numbers: dict[int, int] = {}
    records = _rows(file, options)
    if has_header(options):
        next(records, None)
    for k, record in enumerate(records, start=1):
        if k in rows:
            numbers[k] = record.number
        if len(numbers) == len(rows):
            break
    return numbers
