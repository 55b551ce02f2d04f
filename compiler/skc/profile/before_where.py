"""Counts the rows that `where` selected from: what of a profile one scan without the filter can say.

Why no more: `where` may exclude most of a table, and its rows are read a second time for this alone. They are read by
the same rules as those that it selects: a value that is not of its type was refused before, wherever it is, and a null
is counted here, whether or not the input may be null.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from skc.data.engine import Aggregate, Column, Table
from skc.data.predicate import parse_predicate
from skc.ir import ProfileOptions
from skc.profile.document import BeforeWhere, InputBefore


def measure_before(table: Table, columns: Mapping[str, Column], where: str, options: ProfileOptions) -> BeforeWhere:
    """The counts of columns, by the names of the inputs; `table` has all rows."""
    chosen = {name: column for name, column in columns.items() if name not in options.omit}
    aggregates = {
        (name, what): one for name, column in chosen.items() for what, one in aggregates_before(column).items()
    }
    results = dict(zip(aggregates, table.aggregate(list(aggregates.values())), strict=True))
    rows = table.count()

    def of(name: str, column: Column) -> InputBefore:
        nulls = rows - results[name, "count"]
        if (name, "zeros") not in results or nulls == rows:
            return InputBefore(name, column.dtype, nulls)
        infinite = results.get((name, "less"), 0), results.get((name, "greater"), 0)
        low, high = (results[name, what] if options.bounds else None for what in ("least", "greatest"))
        return InputBefore(name, column.dtype, nulls, results[name, "zeros"], infinite, low, high)

    is_hidden = any(name.lower() in map(str.lower, options.omit) for name in parse_predicate(where, None).columns)
    return BeforeWhere(None if is_hidden else where, rows, tuple(of(name, column) for name, column in chosen.items()))


def aggregates_before(column: Column) -> dict[str, Aggregate]:
    """What is counted of a column."""
    aggregates = {"count": Aggregate("count", column)}
    if not column.kind.is_ordered or column.dtype == "bool":
        return aggregates
    aggregates |= {"least": Aggregate("least", column), "greatest": Aggregate("greatest", column)}
    aggregates |= {"zeros": Aggregate("equal", column, 0.0)}
    if column.kind.is_float:
        aggregates |= {"less": Aggregate("equal", column, -math.inf), "greater": Aggregate("equal", column, math.inf)}
    return aggregates
