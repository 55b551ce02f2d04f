"""Warnings of fitting: what was learned, and is less than the pipeline seems to ask for.

Nothing here is wrong, so nothing is refused; but a feature that is a constant, or a bin that depends on how a column
was stored, is seen in no test of the result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from skc.data.duckdb.connection import engine_errors, identifier
from skc.data.duckdb.training import Training
from skc.data.statistics import Summary
from skc.diagnostics import Diagnostic
from skc.infer import Types, step_input_types
from skc.ir import Input, Pipeline, Step
from skc.op import Concern
from skc.ops import OPS
from skc.stats.requests import ColumnStats
from skc.values.types import DAY_US

SHOWN = 5  # columns of a step that a warning names
FLOAT32 = "FLOAT"  # as the engine calls it; it reads 16-bit floats as such
AT_ONCE = 100  # columns in one query
JANUARY_1970 = (0, 31 * DAY_US - 1)
ALL_NULL = Concern(
    "SKC232",
    "every training value is null here",
    "look at the steps before: a format, cast or policy that makes null of everything",
)


def of_step(
    step: Step,
    types: Types,
    columns: Sequence[str],
    stats: Sequence[ColumnStats],
    seen: Sequence[Summary | None],
    empty: Sequence[bool],
) -> list[Diagnostic]:
    """What is to be said of the columns that a step was fitted on. `seen` are the summaries of those that are inputs,
    which the contract speaks of itself; `empty` says which of the others have no value at all.
    """
    op, x = OPS[step.op], step_input_types(step, types)[0]
    found = []
    for k, column in enumerate(columns):
        own = op.concerns(step.params, step.state, k, x, stats[k])
        found += [(concern, column) for concern in own if concern.code != "SKC234" or not _is_constant(seen[k])]
        found += [(ALL_NULL, column)] * empty[k]
    return _told(step, found)


def _is_constant(summary: Summary | None) -> bool:
    """SKC223 says so already."""
    return summary is not None and summary.rows > 1 and not summary.nulls and _has_one_value(summary)


def _has_one_value(summary: Summary) -> bool:
    return summary.low is not None and bool(summary.low == summary.high)


def _told(step: Step, found: Sequence[tuple[Concern, str]]) -> list[Diagnostic]:
    """Concerns about columns of a step as warnings, one for all columns of which the same is to be said."""
    grouped: dict[Concern, list[str]] = {}
    for concern, column in found:
        grouped.setdefault(concern, []).append(f"`{column}`")
    return [
        Diagnostic(c.code, f"step `{step.name}`, {_listed(names)}: {c.text}", step.span, c.hint, severity="warning")
        for c, names in grouped.items()
    ]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    rest = f" and {more} more" if more > 0 else ""
    return f"column{'s' * (len(names) > 1)} {', '.join(names[:SHOWN])}{rest}"


def is_january_1970(low: int, high: int) -> bool:
    """Instants from `low` to `high` are all in that month."""
    return JANUARY_1970[0] <= low and high <= JANUARY_1970[1]


def of_instants(inputs: Sequence[Input], summaries: Mapping[str, Summary]) -> list[Diagnostic]:
    """Timestamps that are milliseconds or seconds: as microseconds they all lie in January 1970."""
    return [
        Diagnostic(
            "SKC233",
            f"every instant in column `{i.name}` lies in January 1970: {s.low} to {s.high} microseconds",
            i.span,
            f"if these are milliseconds, declare `{i.name}: int64`, and make a feature of it: "
            f"`{{expr: {i.name} * 1000, apply: [{{cast: {{to: timestamp}}}}]}}`; if seconds, `* 1000000`",
            severity="warning",
        )
        for i in inputs
        if i.dtype == "timestamp" and (s := summaries[i.name]).count and is_january_1970(s.low, s.high)
    ]


def of_float32(training: Training, pipeline: Pipeline, types: Types) -> list[Diagnostic]:
    """Columns stored as float32 that hold other numbers than a request will, where a step decides by the last bit.

    One warning for all of them: a table of floats is most often float32 throughout.
    """
    groups = training.raw.groups
    narrow = [i for i in training.inputs if any(group.columns.get(i.name) == FLOAT32 for group in groups)]
    deciding = _deciding(pipeline, types, [i for i in narrow if i.dtype == "float64"])
    checked = [i for i in narrow if i.name in deciding]
    counts: list[int] = []
    with engine_errors("looking at float32 columns failed"):
        for start in range(0, len(checked), AT_ONCE):
            wanted = [f"count(*) FILTER ({_is_other(i)})" for i in checked[start : start + AT_ONCE]]
            counts += training.database.execute(f"SELECT {', '.join(wanted)} FROM {training.name}")[0]
        others = [i for i, count in zip(checked, counts, strict=True) if count]
        if not others:
            return []
        first = others[0]
        query = f"SELECT min({identifier(first.name)}) FROM {training.name} WHERE {_is_other(first)}"
        example = training.database.execute(query)[0][0]
    steps = list(dict.fromkeys(step for i in others for step in deciding[i.name]))
    return [_float32_warning(others, steps, sum(counts), example)]


def _is_other(value: Input) -> str:
    """SQL: the float32 is not the float64 of the same few digits."""
    name = identifier(value.name)
    single = f"TRY_CAST({name} AS FLOAT)"
    return f"CAST({single} AS DOUBLE) = {name} AND CAST(CAST({single} AS VARCHAR) AS DOUBLE) <> {name}"


def _deciding(pipeline: Pipeline, types: Types, inputs: Sequence[Input]) -> dict[str, list[str]]:
    """By input, the first steps on every way from it that decide by the last bit of it."""
    behind = {i.value: frozenset({i.name}) for i in inputs}  # by value, the inputs whose last bits are in it
    found: dict[str, list[str]] = {}
    for step in pipeline.steps:
        places = [(k, behind[ref.value]) for k, ref in enumerate(step.inputs) if ref.value in behind]
        if not places:
            continue
        op, kinds = OPS[step.op], step_input_types(step, types)
        types_of = kinds if op.is_variadic(step.params) else kinds * len(step.inputs)
        deciding = [op.decides_by(step.params, k, types_of[k]) is not None for k, _ in places]
        passing: frozenset[str] = frozenset()
        for (_, names), decides in zip(places, deciding, strict=True):
            if decides:
                for name in names:
                    found.setdefault(name, []).append(step.name)
            else:
                passing |= names
        if passing and not any(deciding):
            behind[step.name] = passing
    return {name: list(dict.fromkeys(steps)) for name, steps in found.items()}


def _float32_warning(inputs: Sequence[Input], steps: Sequence[str], others: int, example: float) -> Diagnostic:
    columns = _listed([f"`{i.name}`" for i in inputs])
    are = "is a 32-bit or 16-bit float" if len(inputs) == 1 else "are 32-bit or 16-bit floats"
    more = f" and {len(steps) - SHOWN} more" if len(steps) > SHOWN else ""
    decide = f"{', '.join(f'`{name}`' for name in steps[:SHOWN])}{more} decide{'s' * (len(steps) == 1)}"
    return Diagnostic(
        "SKC235",
        f"{columns} {are} in the data, and {decide} by the last bit; values that no request will hold: {others:,}",
        inputs[0].span,
        "write such columns as float64 from where their values come (casting float32 to float64 changes nothing), or "
        "send in requests the very numbers of the data",
        notes=(f"{np.float32(example)!s} in `{inputs[0].name}` is stored as {example!r}",),
        severity="warning",
    )
