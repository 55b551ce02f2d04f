"""The strings of a table as dictionaries, made by the library that the table comes from.

Why: Python makes an object for every string that it reads. A column of a million rows has a few thousand different
ones, and PyArrow and Polars find these 20 times as fast as Python decodes them all. Neither is needed: a table of
another library, or one that its library cannot encode, is read string by string.
"""

from __future__ import annotations

import sys
from typing import Any

FEW_ROWS = 256  # below, encoding costs more than it saves


def encoded(data: Any, names: frozenset[str]) -> Any:
    """The same table, with those of the named columns that are strings as dictionaries if its library can do that."""
    library = type(data).__module__.partition(".")[0]
    if library not in ("pyarrow", "pandas", "polars") or not _has_many_rows(data):
        return data
    try:
        if "pyarrow" in sys.modules:
            return _by_pyarrow(data, names)
        return _by_polars(data, names) if library == "polars" else data
    except Exception:  # any error of any version of a library: the table itself says what is wrong with it, if anything
        return data


def _has_many_rows(data: Any) -> bool:
    return hasattr(data, "__len__") and len(data) >= FEW_ROWS


def _by_pyarrow(data: Any, names: frozenset[str]) -> Any:
    pyarrow = sys.modules["pyarrow"]
    table = pyarrow.RecordBatchReader.from_stream(data).read_all()
    for k, field in enumerate(table.schema):
        if field.name in names and _is_text(pyarrow.types, field.type):
            table = table.set_column(k, field.name, table.column(k).dictionary_encode())
    return table


def _is_text(types: Any, kind: Any) -> bool:
    tests = (getattr(types, name, None) for name in ("is_string", "is_large_string", "is_string_view"))
    return any(test(kind) for test in tests if test is not None)


def _by_polars(data: Any, names: frozenset[str]) -> Any:
    polars = sys.modules["polars"]
    texts = [name for name, kind in data.schema.items() if name in names and kind == polars.String]
    return data.with_columns(polars.col(texts).cast(polars.Categorical)) if texts else data
