"""The distinct rows of some columns with how often each occurs: what a graph is run on, since a database runs none.

Why by bits: to `GROUP BY`, -0.0 is 0.0, and a graph may tell them apart. Why in order: so that the row that a step
refuses is the same each time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from skc.data.counted.rows import COUNT, WORD, schema_of
from skc.data.counted.table import CountedTable, counted_table
from skc.data.engine import Column
from skc.data.postgres.capabilities import EXPORT
from skc.data.postgres.connection import Connection, identifier
from skc.diagnostics import SkcError, Span, fail

LIMIT = 256 << 20  # bytes, as `skc.data.counted.rows.size_of` counts them: what `skc fit --state` keeps of a table


def distinct_rows(connection: Connection, rows: str, columns: Sequence[Column], span: Span | None) -> CountedTable:
    """The distinct rows of `columns`. Raises SKC699, before any of them is read, if they take more than `LIMIT`."""
    query = _grouped(rows, columns)
    sizes = [f"coalesce(sum(octet_length(c{k})), 0)::int8" for k, c in enumerate(columns) if not c.kind.is_ordered]
    ((groups, *texts),) = connection.execute(f"SELECT {', '.join(['count(*)', *sizes])} FROM ({query}) AS counted")
    size = WORD * groups * (len(columns) + 1) + sum(texts)
    if size > LIMIT:
        raise _too_large(columns, groups, size, span)
    order = f" ORDER BY {', '.join(f'c{k}' for k in range(len(columns)))}" if columns else ""
    schema = schema_of(columns)
    parts = [_arrow(chunk, columns, schema) for chunk in connection.chunks(query + order)]
    return counted_table(pa.concat_tables([schema.empty_table(), *parts]), columns)


def key_of(column: Column) -> str:
    """A value of a column as SQL that is equal for the same bits alone; texts are compared by their bytes."""
    name = identifier(column.name)
    if column.kind.is_float:
        return f"float8send(({name})::float8)"
    if column.kind.is_ordered:
        return f"({name})::int::int8" if column.dtype == "bool" else f"({name})::int8"
    return f'{name} COLLATE "C"'


def _grouped(rows: str, columns: Sequence[Column]) -> str:
    keys = [f"c{k}" for k in range(len(columns))]
    typed = ", ".join(f"{key_of(column)} AS {key}" for column, key in zip(columns, keys, strict=True))
    grouped = f" GROUP BY {', '.join(keys)}" if keys else " HAVING count(*) > 0"
    return f"SELECT {', '.join([*keys, f'count(*) AS {COUNT}'])} FROM (SELECT {typed} FROM {rows}) AS typed{grouped}"


def _arrow(chunk: Sequence[tuple[object, ...]], columns: Sequence[Column], schema: pa.Schema) -> pa.Table:
    *values, counts = zip(*chunk, strict=True)
    arrays = [_bits(one) if c.kind.is_float else one for one, c in zip(values, columns, strict=True)]
    kinds = schema.types
    return pa.table([pa.array(a, kind) for a, kind in zip([*arrays, counts], kinds, strict=True)], schema=schema)


def _bits(sent: Sequence[object]) -> pa.Array:
    """Floats as the server sends them, as the int64 of the same bits."""
    missing = np.array([one is None for one in sent])
    whole = b"".join(one if isinstance(one, bytes) else bytes(WORD) for one in sent)
    return pa.array(np.frombuffer(whole, ">i8").astype(np.int64), mask=missing)


def _too_large(columns: Sequence[Column], groups: int, size: int, span: Span | None) -> SkcError:
    names = ", ".join(f"`{column.name}`" for column in columns)
    rows = f"{groups:,} distinct values" if len(columns) == 1 else f"{groups:,} distinct rows together"
    what = f"column {names} has" if len(columns) == 1 else f"columns {names} have"
    message = f"{what} {rows}, and a step learns from what is computed from them"
    note = f"they take {size:,} bytes, and at most {LIMIT:,} are brought here, where the graph of the steps before runs"
    return fail("SKC699", message, span=span, hint=EXPORT, notes=[note])
