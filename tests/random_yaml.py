"""Random pipeline.yaml texts over random tables: chains of steps, siblings, expressions and outputs of every dtype."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
from random_expressions import random_expression
from random_steps import Value, random_step
from random_tables import EPOCH, Column, random_column, written

from skc.ir import HOLDS
from skc_runtime.kinds import DType

# Ops that take several values of different types, and the types that each takes of the values that it encodes.
SEVERAL: dict[str, tuple[DType, ...]] = {"target_encode": ("string", "int64", "bool", "float64")}
NAMES = ("a", "b", "fare", "x", "a b", "é", "x.y", "f64", "true", "0", "a.b.c", "😀", "n_1", "Xy", "A-1", "in", "[q]")


@dataclass(frozen=True)
class Case:
    """A pipeline.yaml and the rows to fit it on: `columns` are also those of a request, `target` is not."""

    text: str
    columns: tuple[Column, ...]
    target: tuple[Column, ...] = ()  # none or one

    @property
    def rows(self) -> int:
        return len(self.columns[0].values)

    def table(self, order: list[int] | None = None, *, typed: bool = False) -> pa.Table:
        """The training rows, in that order."""
        rows = list(range(self.rows)) if order is None else order
        return pa.table({c.name: c.arrow(rows, typed) for c in (*self.columns, *self.target)})

    def requests(self, order: list[int], *, typed: bool) -> pa.Table:
        """The same rows as a service gets them."""
        return self.table(order, typed=typed).select([c.name for c in self.columns])

    def records(self) -> list[dict[str, Any]]:
        """The training rows as requests."""
        return [{c.name: c.values[i] for c in self.columns} for i in range(self.rows)]

    def write_text(self, path: Path, order: Sequence[int]) -> bool:
        """The training rows as CSV or JSON lines, in that order; False where the kind has no form for a value."""
        is_csv = path.suffix == ".csv"
        columns = (*self.columns, *self.target)
        rows = [{c.name: c.values[i] for c in columns} for i in order]
        if any(_has_no_text(c, is_csv=is_csv) for c in columns):
            return False
        with path.open("w", encoding="utf-8", newline="") as file:
            if not is_csv:
                records = [{c.name: _json(c, row[c.name]) for c in columns} for row in rows]
                file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
                return True
            table = [[_text(c, row[c.name]) for c in columns] for row in rows]
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows([[c.name for c in columns], *table])
        return True


def _has_no_text(column: Column, *, is_csv: bool) -> bool:
    """In CSV an empty field is a string; JSON has no infinities."""
    if is_csv:
        return column.dtype == "string" and None in column.values
    return any(isinstance(v, float) and math.isinf(v) for v in column.values)


def _json(column: Column, value: Any) -> Any:
    return _text(column, value) if column.dtype in ("timestamp", "date") else value


def _text(column: Column, value: Any) -> str | None:
    """A value as text that is read back as itself; None for null."""
    if value is None or column.dtype == "string":
        return value
    if column.dtype == "timestamp":
        return (EPOCH + timedelta(microseconds=value)).isoformat()
    if column.dtype == "date":
        return (EPOCH + timedelta(days=value)).date().isoformat()
    return str(value).lower()


def random_case(r: Random) -> Case:
    """One to five inputs of any type or many of two, one to seven features, one to six outputs."""
    rows = r.choice((1, 2, 3, 5, 8, 20, 40, 150))
    if r.random() < 0.8:
        columns = tuple(random_column(r, name, rows) for name in r.sample(NAMES, r.randint(1, 5)))
    else:
        dtypes: list[DType] = r.sample(("float64", "int64", "string", "bool", "timestamp", "date"), 2)
        columns = tuple(random_column(r, f"c{k}", rows, r.choice(dtypes)) for k in range(r.randint(6, 14)))
    folds = r.randint(2, min(rows, 5)) if rows > 1 and r.random() < 0.25 else 0
    values = [Value(c.name, c.dtype, flavour=c.flavour) for c in columns]
    lines: list[str] = []
    for k in range(r.randint(1, 4)):
        made = _features(r, k, values)
        values += [value for value, _ in made]
        lines += [line for _, line in made]
    target = _target(r, rows) if folds else ()
    if folds:
        columns = (*columns, _fold_column(r, rows, folds))
        made = _by_target(r, folds, values, target[0])
        values += [value for value, _ in made]
        lines += [line for _, line in made]
    inputs = [f"  {written(c.name)}: {written(c.declaration)}" for c in columns]
    data = [f"data: {{target: {{column: {c.name}, type: {c.dtype}}}}}" for c in target]
    outputs = _outputs(r, values)
    text = ["skc: 1", "name: random", *data, "inputs:", *inputs, "features:", *lines, "outputs:", *outputs, ""]
    return Case("\n".join(text), columns, target)


def _fold_column(r: Random, rows: int, folds: int) -> Column:
    """A fold for each row, and a row for each fold."""
    values = [*range(folds), *(r.randrange(folds) for _ in range(rows - folds))]
    r.shuffle(values)
    return Column("fold", "int64", True, (), "", tuple(values))


def _target(r: Random, rows: int) -> tuple[Column, ...]:
    column = random_column(r, "target", rows, r.choice(("float64", "float64", "int64", "bool", "string")))
    present = [value for value in column.values if value is not None]
    values = tuple(r.choice(present) if value is None else value for value in column.values)
    return (replace(column, nullable=False, null_values=(), values=values),)


def _by_target(r: Random, folds: int, values: list[Value], target: Column) -> list[tuple[Value, str]]:
    """A feature of the fold and some categories, in any order."""
    taken = [v for v in values if v.exact and v.width == 1 and v.dtype in SEVERAL["target_encode"]]
    if not taken:
        return []
    names = ["fold", *(v.name for v in r.sample(taken, min(len(taken), r.randint(1, 3))))]
    params: dict[str, Any] = {"folds": folds}
    params |= {"smooth": r.choice((0, 1, 0.1, 1e300, 5e-324))} if r.random() < 0.5 else {}
    params |= {"target_type": "continuous"} if target.dtype in ("bool", "int64") and r.random() < 0.3 else {}
    step = f"{{target_encode: {written(params)}}}"
    return [(Value("encoded", "float64", width=None), f"  encoded: {{from: {written(names)}, apply: [{step}]}}")]


def _features(r: Random, k: int, values: list[Value]) -> list[tuple[Value, str]]:
    """One feature; or several that apply the same steps to other values of the same type, to be fused."""
    start = [v for v in values if v.width == 1 and v.name.isidentifier() and v.name not in ("true", "in")]
    if start and r.random() < 0.25:
        text, block = _expression(r, start)
        return [_feature(r, f"f{k}", f"expr: {written(text)}", block)]
    first = r.choice(values)
    alike = [v for v in values if (v.dtype, v.exact) == (first.dtype, first.exact)]
    groups = [_group(r, first, alike)]
    if r.random() < 0.4:
        groups += [_group(r, r.choice(alike), alike) for _ in range(r.randint(1, 2))]
    seed = r.random()  # the same steps for all: what they take depends on dtype, exactness and width
    made = []
    for i, group in enumerate(groups):
        names = [v.name for v in group]
        widths = [v.width for v in group]
        width = None if None in widths else sum(w for w in widths if w is not None)
        block = Value("", first.dtype, all(v.exact for v in group), width, first.flavour)
        head = f"from: {written(names if len(names) > 1 else names[0])}"
        made.append(_feature(Random(seed), f"f{k}{'abc'[i]}", head, block))
    return made


def _group(r: Random, first: Value, alike: list[Value]) -> list[Value]:
    """One to many values of one type; often two times."""
    if first.dtype in ("timestamp", "date") and len(alike) > 1 and r.random() < 0.5:
        return r.sample(alike, 2)
    return list(dict.fromkeys([first, *r.choices(alike, k=r.choice((0, 0, 1, 3, 8)))]))


def _feature(r: Random, name: str, head: str, block: Value) -> tuple[Value, str]:
    """A feature with a chain of up to four steps."""
    steps: list[str] = []
    for _ in range(r.choice((0, 1, 1, 2, 2, 3, 4))):
        found = random_step(r, block)
        if found is not None:
            op, params, block = found
            steps.append(f"{{{op}: {written(params)}}}" if params or r.random() < 0.5 else op)
    apply = f", apply: [{', '.join(steps)}]" if steps else ""
    return replace(block, name=name), f"  {name}: {{{head}{apply}}}"


def _expression(r: Random, start: list[Value]) -> tuple[str, Value]:
    """An expression over exact values, or arithmetic over inexact ones."""
    inexact = [v.name for v in start if not v.exact]
    if inexact and r.random() < 0.7:
        return f"max({r.choice(inexact)}, 0.5) * {r.choice(('2', '1e-300', '3.5'))}", Value("", "float64", exact=False)
    exact: dict[DType, list[str]] = {}
    for v in start:
        if v.exact:
            exact.setdefault(v.dtype, []).append(v.name)
    if not exact:
        return f"coalesce({inexact[0]}, 0)", Value("", "float64", exact=False)
    text, dtype, is_exact = random_expression(r, exact)
    return text, Value("", dtype, exact=is_exact)


def _outputs(r: Random, values: list[Value]) -> list[str]:
    """Some values in some outputs, or every value in every output that can hold it."""
    lines = []
    everything = r.random() < 0.5
    for k, dtype in enumerate(HOLDS if everything else r.choices(tuple(HOLDS), k=r.randint(1, 3))):
        fit = [v.name for v in values if v.dtype in HOLDS[dtype]]
        newest = [v.name for v in values[-5:] if v.dtype in HOLDS[dtype]]
        if fit:
            some = [*r.choices(newest or fit, k=r.randint(1, 4)), *r.choices(fit, k=r.randint(0, 2))]
            chosen = fit if everything else list(dict.fromkeys(some))
            lines.append(f"  o{k}: {{features: {written(chosen)}, dtype: {dtype}}}")
    if lines:
        return lines
    last = values[-1]
    dtype = next(d for d in ("float64", "int64", "string") if last.dtype in HOLDS[d])
    return [f"  o: {{features: [{written(last.name)}], dtype: {dtype}}}"]
