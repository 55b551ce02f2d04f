"""Warnings of fitting: something was learned, but less than the pipeline seems to ask for.

None of this is an error, so nothing is refused; but no test of the result would reveal a feature that is constant, or a
bin that depends on how a column was stored.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from skc.data.engine import Aggregate, Column, Data
from skc.diagnostics import Diagnostic, Span
from skc.infer import Types, step_input_types
from skc.ir import Input, Pipeline, Step
from skc.op import Concern
from skc.ops import OPS
from skc.stats.answers import Summary
from skc.stats.requests import ColumnStats
from skc_runtime.kinds import DAY_US

SHOWN = 5  # columns of a step that a warning names
JANUARY_1970 = (0, 31 * DAY_US - 1)
ALL_NULL = Concern(
    "SKC232",
    "every training value is null here",
    "check the preceding steps for a format, cast or policy that makes everything null",
)


def of_step(
    step: Step,
    types: Types,
    columns: Sequence[str],
    stats: Sequence[ColumnStats],
    summaries: Sequence[Summary | None],
    empty: Sequence[bool],
) -> list[Diagnostic]:
    """Warnings about the columns that a step was fitted on. `seen` are the summaries of those that are inputs, which
    the contract warns about itself; `empty` are those of the others that have no value at all.
    """
    op, x = OPS[step.op], step_input_types(step, types)[0]
    concerns = []
    for k, column in enumerate(columns):
        own = op.concerns(step.params, step.state, k, x, stats[k])
        concerns += [(concern, column) for concern in own if concern.code != "SKC234" or not _is_constant(summaries[k])]
        concerns += [(ALL_NULL, column)] * empty[k]
    return _as_warnings(step.name, step.span, concerns)


def of_estimator(concerns: Sequence[tuple[str, Concern, str]]) -> list[Diagnostic]:
    """Warnings about the columns that the steps of an estimator were fitted on."""
    by_step: dict[str, list[tuple[Concern, str]]] = {}
    for step, concern, column in dict.fromkeys(concerns):
        by_step.setdefault(step, []).append((concern, column))
    return [warning for step, pairs in by_step.items() for warning in _as_warnings(step, None, pairs)]


def _is_constant(summary: Summary | None) -> bool:
    """SKC223 already warns about it."""
    return summary is not None and summary.rows > 1 and not summary.nulls and _has_one_value(summary)


def _has_one_value(summary: Summary) -> bool:
    return summary.low is not None and bool(summary.low == summary.high)


def _as_warnings(step: str, span: Span | None, concerns: Sequence[tuple[Concern, str]]) -> list[Diagnostic]:
    """Concerns about columns of a step as warnings, one for all columns with the same concern."""
    grouped: dict[Concern, list[str]] = {}
    for concern, column in concerns:
        grouped.setdefault(concern, []).append(f"`{column}`")
    return [
        Diagnostic(c.code, f"step `{step}`, {_listed(names)}: {c.text}", span, c.hint, severity="warning")
        for c, names in grouped.items()
    ]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    rest = f" and {more} more" if more > 0 else ""
    return f"column{'s' * (len(names) > 1)} {', '.join(names[:SHOWN])}{rest}"


def is_january_1970(low: int, high: int) -> bool:
    """Instants from `low` to `high` are all in January 1970."""
    return JANUARY_1970[0] <= low and high <= JANUARY_1970[1]


def of_instants(inputs: Sequence[Input], summaries: Mapping[str, Summary]) -> list[Diagnostic]:
    """Timestamps that are probably milliseconds or seconds: read as microseconds, all are in January 1970."""
    return [
        Diagnostic(
            "SKC233",
            f"every timestamp in column `{i.name}` lies in January 1970: {s.low} to {s.high} microseconds",
            i.span,
            f"if these are milliseconds, declare `{i.name}: int64`, and use a feature: "
            f"`{{expr: {i.name} * 1000, apply: [{{cast: {{to: timestamp}}}}]}}`; if seconds, `* 1000000`",
            severity="warning",
        )
        for i in inputs
        if i.dtype == "timestamp" and (s := summaries[i.name]).count and is_january_1970(s.low, s.high)
    ]


def of_float32(data: Data, pipeline: Pipeline, types: Types) -> list[Diagnostic]:
    """Columns stored as float32, whose numbers differ from those of a request, if a step decides by the last bit.

    One warning for all of them: usually a whole table of floats is float32.
    """
    narrow = data.narrow()
    last_bits = _last_bits(
        pipeline, types, [i.value for i in data.inputs if i.name in narrow and i.kind.is_float and not i.kind.widens_to]
    )
    deciding = last_bits.sources()
    checked = {i: Column(i.name, i.dtype, f"column `{i.name}`") for i in data.inputs if i.value in deciding}
    counts = data.aggregate([Aggregate("widened", column) for column in checked.values()])
    others = [i for i, count in zip(checked, counts, strict=True) if count]
    if not others:
        return []
    (example,) = data.aggregate([Aggregate("least_widened", checked[others[0]])])
    return [_float32_warning(others, last_bits.steps_behind({i.value for i in others}), sum(counts), example)]


@dataclass(frozen=True)
class _LastBits:
    """How the last bits of some inputs propagate through a pipeline: by step, in order, the values whose last bits the
    step passes on, and the values by whose last bit it decides. No step does both, because a decision is exact.

    Why not the set of inputs of every value: its size would be the number of inputs times the number of steps.
    """

    passing: dict[str, frozenset[str]]
    deciding: dict[str, frozenset[str]]

    def sources(self) -> frozenset[str]:
        """The values whose last bits reach a step that decides."""
        sources: set[str] = set().union(*self.deciding.values())
        for step, values in reversed(self.passing.items()):
            if step in sources:
                sources |= values
        return frozenset(sources)

    def steps_behind(self, values: Collection[str]) -> list[str]:
        """The steps that decide by the last bits of these values."""
        reached = set(values)
        for step, through in self.passing.items():
            if not reached.isdisjoint(through):
                reached.add(step)
        return [step for step, deciding_values in self.deciding.items() if not reached.isdisjoint(deciding_values)]


def _last_bits(pipeline: Pipeline, types: Types, values: Collection[str]) -> _LastBits:
    """Trace the last bits of some values."""
    passing: dict[str, frozenset[str]] = {}
    deciding: dict[str, frozenset[str]] = {}
    reached = set(values)
    for step in pipeline.steps:
        places = [(k, ref.value) for k, ref in enumerate(step.inputs) if ref.value in reached]
        if not places:
            continue
        op, kinds = OPS[step.op], step_input_types(step, types)
        types_of = kinds if op.is_variadic(step.params) else kinds * len(step.inputs)
        deciding_values = frozenset(
            value for k, value in places if op.decides_by(step.params, k, types_of[k]) is not None
        )
        if deciding_values:
            deciding[step.name] = deciding_values
        else:
            passing[step.name] = frozenset(value for _, value in places)
            reached.add(step.name)
    return _LastBits(passing, deciding)


def _float32_warning(inputs: Sequence[Input], steps: Sequence[str], others: int, example: float) -> Diagnostic:
    columns = _listed([f"`{i.name}`" for i in inputs])
    are = "is a 32-bit or 16-bit float" if len(inputs) == 1 else "are 32-bit or 16-bit floats"
    more = f" and {len(steps) - SHOWN} more" if len(steps) > SHOWN else ""
    them = "it" if len(inputs) == 1 else "them"
    decide = f"{', '.join(f'`{name}`' for name in steps[:SHOWN])}{more} decide{'s' * (len(steps) == 1)}"
    return Diagnostic(
        "SKC235",
        f"{columns} {are} in the data, and {decide} by the last bit; values that no request will contain: {others:,}",
        inputs[0].span,
        f"declare {them} `float32`, so that every request is rounded as the data was; or "
        "write such columns as float64 at the source of their values (casting float32 to float64 changes nothing)",
        notes=(f"{np.float32(example)!s} in `{inputs[0].name}` is stored as {example!r}",),
        severity="warning",
    )
