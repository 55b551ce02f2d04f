"""The boundaries of every step of a fitted pipeline, carried back to raw inputs.

A step lists the values of its input column that matter (`Op.boundaries`), and `skc.rows.backward` searches raw inputs
that give them. Without a base row, or where no input gives a boundary, the boundary is out of reach from raw inputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from skc.ir import Pipeline
from skc.ops import OPS
from skc.oracle.protocol import Evaluate
from skc.rows.backward import BackwardSearch, values_in
from skc.rows.sampling import Record, unique
from skc.values.types import Scalar, ValueType


@dataclass(frozen=True)
class StepBoundaries:
    """The boundaries of one input column of one step, as that step sees them and as raw input values.

    `is_searched`: raw inputs were searched, because no other column stands for it.
    """

    step: str
    column: int
    name: str
    source: tuple[str, int]  # the value and the column of it that the step reads
    values: tuple[Scalar, ...]
    raw_input: str | None = None  # None: no raw input was found that gives them
    raw_values: tuple[Scalar, ...] = ()
    is_searched: bool = True


def step_boundaries(pipeline: Pipeline) -> tuple[StepBoundaries, ...]:
    """The boundaries of every step of a fitted pipeline, carried back as far as they go without a base row."""
    search = BackwardSearch(pipeline)
    result = []
    for step in pipeline.steps:
        for k, source in enumerate(search.sources[step.name]):
            x = search.type_of(step, k)
            targets = OPS[step.op].boundaries(step.params, step.state, k, x)
            if pipeline.signals:
                targets = [*targets, *OPS[step.op].met_edges(step.params, step.state, k)]
            targets = _of_type(x, targets)
            name = search.names[source[0]][source[1]]
            is_searched = search.is_searched(step, k)
            group = StepBoundaries(step.name, k, name, source, tuple(targets), is_searched=is_searched)
            result.append(reached(search, group))
    return tuple(result)


def reach_further(
    pipeline: Pipeline, boundaries: Sequence[StepBoundaries], base: Record, evaluate: Evaluate
) -> tuple[StepBoundaries, ...]:
    """The same boundaries, retrying those out of reach by changing one raw input of a base row."""
    search = BackwardSearch(pipeline, values_in(pipeline, base, evaluate))
    return tuple(group if group.raw_values else reached(search, group) for group in boundaries)


class Reach:
    """Both searches. Neither is made again for the pipeline, and from the base row, that it was made for last."""

    def __init__(self) -> None:
        self._pipeline: Pipeline | None = None
        self._found: tuple[StepBoundaries, ...] = ()
        self._before: tuple[Pipeline, Record] | None = None
        self._reached: tuple[StepBoundaries, ...] = ()

    def boundaries(self, pipeline: Pipeline) -> tuple[StepBoundaries, ...]:
        """`step_boundaries`."""
        if self._pipeline != pipeline:
            self._found, self._pipeline = step_boundaries(pipeline), pipeline
        return self._found

    def further(
        self, pipeline: Pipeline, boundaries: Sequence[StepBoundaries], base: Record, evaluate: Evaluate
    ) -> tuple[StepBoundaries, ...]:
        """`reach_further`."""
        if self._before != (pipeline, base):
            self._reached, self._before = reach_further(pipeline, boundaries, base, evaluate), (pipeline, base)
        return self._reached


def reached(search: BackwardSearch, boundaries: StepBoundaries) -> StepBoundaries:
    """The same boundaries, with the raw input that gives them, if one was searched for and found."""
    route = search.back(*boundaries.source, list(boundaries.values)) if boundaries.is_searched else None
    if route is None:
        return boundaries
    return replace(boundaries, raw_input=route.raw_input, raw_values=tuple(route.values))


def _of_type(x: ValueType, values: Iterable[Scalar]) -> list[Scalar]:
    """Distinct values; for float64, numbers are converted to floats and NaN to null."""
    if x.kind.is_float:
        values = [None if v is None or v != v else float(v) for v in values]
    return unique(values)
