"""Every question that a table can be asked, and rows about which engines would differ."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pyarrow as pa

from skc.data.arrays import TermSums, added
from skc.data.engine import Aggregate, Bins, Column, Data, Deviation, Grouping, OpenEngine, Places, Term
from skc.data.sources import resolve
from skc.ir import DataSource, Input

# Values that engines order, count or compare differently: both zeros, neighbours, the ends of each type, ties of texts.
TIED = ["a", "a\u0300", "\u00e0", "A", "", " ", "\uffff", "\U00010000", "a\0b", "b"]
FLOATS = [0.0, -0.0, 5e-324, -5e-324, 0.1, math.nextafter(0.1, 1), 1e150, -1e150, math.nan, None, -1.0, 3.5]
WHOLE = [2**63 - 1, -(2**63), 0, -1, 1, 2**53, 2**53 + 1, None]
QUESTIONS = (
    Input("f", "float64", nullable=True),
    Input("g", "float32", nullable=True),
    Input("n", "int64", nullable=True),
    Input("b", "bool", nullable=True),
    Input("s", "string", nullable=True),
    Input("same", "string"),
)


def table_of_questions() -> pa.Table:
    """400 rows, drawn from these."""
    draw = random.Random(5)
    rows = 400
    singles = pa.array([draw.choice([*FLOATS[4:6], 0.1, 1 / 3, 2.0**-149, None]) for _ in range(rows)], pa.float32())
    return pa.table(
        {
            "f": pa.array([draw.choice([*FLOATS, draw.gauss(0, 1)]) for _ in range(rows)], pa.float64()),
            "g": singles,
            "n": pa.array([draw.choice([*WHOLE, draw.randrange(-9, 9)]) for _ in range(rows)], pa.int64()),
            "b": pa.array([draw.choice([True, False, None]) for _ in range(rows)]),
            "s": pa.array([draw.choice([*TIED, None]) for _ in range(rows)]),
            "same": pa.array(["x"] * rows),
        }
    )


F, G, N, B, S = (Column(i.name, i.dtype, i.name) for i in QUESTIONS[:5])
WITHOUT = replace(F, null_values=(-1.0, 0.1)), replace(N, null_values=(0, 2**53)), replace(S, null_values=("a", ""))


@contextmanager
def opened(
    open_engine: OpenEngine, table: Any, where: str | None = None, inputs: tuple[Input, ...] = QUESTIONS
) -> Iterator[Data]:
    source, _ = resolve(table, None)
    with open_engine(None, "1GB") as engine:
        yield engine.load(source, inputs, DataSource(where=where))


def answers(data: Data, *, pairs: bool = True) -> dict[str, Any]:
    """Everything that a table can be asked, in a form that no engine may differ in; `pairs` of columns too."""
    numbers, columns = (F, G, N, B, *WITHOUT[:2]), (F, G, N, B, S, *WITHOUT)
    reductions = [Aggregate(one, c) for c in columns for one in ("count", "distinct")]
    reductions += [Aggregate(one, c) for c in numbers for one in ("least", "greatest")]
    reductions += [Aggregate("has_nul", c) for c in (S, WITHOUT[2])]
    reductions += [Aggregate("equal", c, value) for c in (F, N) for value in (0.0, 1.0)]
    reductions += [Aggregate(one, c) for c in (F, G) for one in ("widened", "least_widened")]
    results: dict[str, Any] = {"rows": data.count(), "aggregates": data.aggregate(reductions)}
    counts = dict(zip(reductions, results["aggregates"], strict=True))
    terms = [Term(c) for c in numbers] + [Term((Deviation(c, 0.25), Deviation(c, 0.25))) for c in (G, N, B)]
    results["sums"] = data.sums([*terms, *([Term((Deviation(F, 0.1), Deviation(N, -3.0)))] if pairs else [])])
    results["complete"] = data.complete([G, WITHOUT[2], N]).aggregate([Aggregate("count", c) for c in (G, S, N)])
    results["folded"] = data.complete([G, N]).fold(TermSums((G,), (Term(G),)), added, [G])
    asked = {
        c.name + str(c.null_values): Places(c, n, tuple(range(0, n, 7)))
        for c in numbers
        for n in [counts[Aggregate("count", c)]]
    }
    results["places"] = data.places(asked)
    bins = {
        key: Bins(p.column, tuple(sorted(set(results["places"][key].values()))))
        for key, p in asked.items()
        if p.column.dtype != "bool"
    }
    results["bins"] = data.bins({**bins, "none": Bins(F, ())})
    return results


def counted(data: Data, groupings: dict[str, Grouping]) -> dict[str, set[Any]]:
    """The values with their counts, by key."""
    found: dict[str, set[Any]] = {}
    for groups in data.groups(groupings):
        for k, value, n in zip(*(groups.table[name].to_pylist() for name in "kvn"), strict=True):
            found.setdefault(groups.keys[k], set()).add((value, math.copysign(1, value) if value == 0 else 1, n))
    return found
