"""Rows through the other branches of a step: an input at a corner value or null, while another takes values in turn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from skc.ir import Pipeline
from skc.ops import OPS
from skc.oracle.protocol import Evaluate
from skc.rows.backward import TRIED_COLUMNS, BackwardSearch, is_columnwise, values_in
from skc.rows.boundaries import StepBoundaries, reached
from skc.rows.sampling import Record, spread
from skc.values.types import Scalar
from skc_runtime.kinds import INT64_MAX, INT64_MIN

CORNERS: tuple[Scalar, ...] = (None, 0, -1, INT64_MIN, INT64_MAX, -math.inf, math.inf)
MOST_BRANCHED = 5_000  # rows; if there are more, an evenly spread sample
MOST_SEARCHES = 8  # from the steps after an expression, each with an input at zero or null; else an even sample
MOST_NULLS = 32  # columns of a block that are null, or not zero, while the others are varied or zero


@dataclass(frozen=True)
class _Branch:
    """Rows like the base row, except for some inputs at a corner value and another that takes values in turn."""

    at: Mapping[str, Scalar]
    raw_input: str
    values: Sequence[Scalar]

    def rows(self, base: Record, index: Iterable[int]) -> Iterator[Record]:
        for k in index:
            yield {**base, **self.at, self.raw_input: self.values[k]}


@dataclass(frozen=True)
class Branched:
    """Rows, and whether there are more of them than may be tried."""

    rows: list[Record]
    is_sample: bool


def other_branches(
    pipeline: Pipeline, boundaries: Sequence[StepBoundaries], base: Record, evaluate: Evaluate
) -> Branched:
    """Rows that reach the boundaries of an expression, and of the steps after it, through its other branches.

    In `fare / max(distance, 0.1)` an edge of a later step is reached by varying the fare at the distance of the base
    row, which does not test 0.1; in `coalesce(m, n + 1)` n is irrelevant unless m is null. So each input of an
    expression is set to zero and to null, and the later edges are reached by varying the others. Its own boundaries are
    also tried with an input at an end of its type, or -1: the least integer overflows in `n // m` only for m = -1.

    A value of an input that makes a step another function of the others (`Op.switches`) is a corner value too, so the
    others take all their values beside it.

    Of a step that takes several columns as one block, each is also varied where another one is null: what replaces a
    null depends on the others; and where all others are zero: a score and its error then decide alone.
    """
    corners: list[_Branch] = []
    edge_branches: list[_Branch] = []
    is_sample = False
    of_step: dict[str, list[StepBoundaries]] = {step.name: [] for step in pipeline.steps}
    for f in boundaries:
        if f.raw_input is not None:
            of_step[f.step].append(f)
    for step in pipeline.steps:
        columns = of_step[step.name]
        if len({f.raw_input for f in columns}) < 2 or is_columnwise(step):
            continue
        if not OPS[step.op].is_variadic(step.params):
            edge_branches += [*_beside_nulls(columns), *_beside_zeros(columns, pipeline)]
            is_sample |= len(columns) > MOST_NULLS
            continue
        switching = {f.raw_input for f in columns if OPS[step.op].switches(step.params, step.state, f.column)}
        pairs = (
            (str(f.raw_input), v) for f in columns for v in f.raw_values if _is_corner(v) or f.raw_input in switching
        )
        places = list(dict.fromkeys(pairs))
        for corner in places:
            for name, values in ((f.raw_input, f.raw_values) for f in columns if f.raw_input is not None):
                if name > corner[0]:  # the swapped pair gives the same rows
                    corners.append(
                        _Branch(dict([corner]), name, [v for v in values if _is_corner(v) or name in switching])
                    )
                if name != corner[0] and name not in switching:
                    edge_branches.append(_Branch(dict([corner]), name, [v for v in values if not _is_corner(v)]))
        behind = _steps_behind(pipeline, step.name)
        edges = [replace(f, raw_input=None, raw_values=()) for f in boundaries if f.step in behind]
        zeros = [corner for corner in places if not corner[1]]
        is_sample |= bool(edges) and (len(zeros) > MOST_SEARCHES or len(columns) > TRIED_COLUMNS + 1)
        for corner in (zeros[i] for i in spread(len(zeros), MOST_SEARCHES)):
            search = BackwardSearch(
                pipeline, values_in(pipeline, {**base, corner[0]: corner[1]}, evaluate), avoid=corner[0]
            )
            carried = [reached(search, f) for f in edges]
            edge_branches += [
                _Branch(dict([corner]), f.raw_input, f.raw_values) for f in carried if f.raw_input is not None
            ]
    rows = list(_spread_over(corners, base, MOST_BRANCHED))
    rows += _spread_over(edge_branches, base, MOST_BRANCHED - len(rows))
    return Branched(rows, is_sample or len(rows) < sum(len(branch.values) for branch in (*corners, *edge_branches)))


def _beside_nulls(columns: Sequence[StepBoundaries]) -> Iterator[_Branch]:
    """Each column of a block at its boundaries, where another one is null."""
    for null in (columns[i] for i in spread(len(columns), MOST_NULLS)):
        if None in null.raw_values:
            others = (f for f in columns if f.raw_input != null.raw_input)
            yield from (_Branch({str(null.raw_input): None}, str(f.raw_input), f.raw_values) for f in others)


def _beside_zeros(columns: Sequence[StepBoundaries], pipeline: Pipeline) -> Iterator[_Branch]:
    """Some columns of a block at their boundaries, where all others that are numbers are zero."""
    zeros: dict[str, Scalar] = {i.name: i.kind.python(0) for i in pipeline.inputs if i.kind.is_number}
    names = {str(f.raw_input) for f in columns} & zeros.keys()
    for f in (columns[i] for i in spread(len(columns), MOST_NULLS)):
        yield _Branch(
            {name: zeros[name] for name in sorted(names - {str(f.raw_input)})}, str(f.raw_input), f.raw_values
        )


def _is_corner(value: Scalar) -> bool:
    return value in CORNERS and not isinstance(value, bool)


def _spread_over(branches: Sequence[_Branch], base: Record, limit: int) -> Iterator[Record]:
    """At most `most` rows of some branches, spread evenly over all of them."""
    ends = np.cumsum([0, *(len(branch.values) for branch in branches)])
    chosen = np.array(spread(int(ends[-1]), limit), dtype=np.int64)
    for branch, start, end in zip(branches, ends, ends[1:], strict=False):
        yield from branch.rows(base, (chosen[(chosen >= start) & (chosen < end)] - start).tolist())


def _steps_behind(pipeline: Pipeline, name: str) -> frozenset[str]:
    """The steps that depend on a step, directly or not."""
    behind = {name}
    for step in pipeline.steps:
        if behind & {ref.value for ref in step.inputs}:
            behind.add(step.name)
    return frozenset(behind - {name})
