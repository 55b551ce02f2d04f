"""The boundaries of every step of a fitted pipeline, carried back to raw inputs.

A step lists the values of its input column that matter (`Op.boundaries`). To get such a value out of the preceding
step, inputs of that step are guessed: by `Op.carry_back` if the op has it, else from its own boundaries and numbers of
every magnitude. Guesses are only candidates; `apply` decides. If no guess gives a number, it is searched for by
bisection between two guesses on either side of it, down to two neighbouring inputs. If the output jumps over it there,
both are kept, the last input below the edge and the first above.

A step that combines several columns needs values for the others: those of a base row. Without one, or where no input
gives a boundary, the boundary is out of reach from raw inputs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise

import numpy as np

from skc.infer import ColumnNames, Types, column_groups, column_names, step_input_types, value_types
from skc.ir import Input, Pipeline, Ref, Step
from skc.ops import OPS
from skc.oracle.protocol import Evaluate
from skc.rows.inverse import Function, Outcomes, Preimage, inputs_giving, magnitudes
from skc.rows.sampling import PLAIN, Record, is_legal, spread, to_blocks, unique
from skc.values.types import Block, Scalar, ValueType, column_block, concat_blocks
from skc_runtime.kinds import INT64_MAX, INT64_MIN

CORNERS: tuple[Scalar, ...] = (None, 0, -1, INT64_MIN, INT64_MAX, -math.inf, math.inf)
MOST_BRANCHED = 5_000  # rows; if there are more, an evenly spread sample
MOST_SEARCHES = 8  # from the steps after an expression, each with an input at zero or null; else an even sample
MOST_NULLS = 32  # columns of a block that are null while the others are varied
_TRIED_COLUMNS = 2  # of a step that combines several: the most promising, or the first ones in repeated searches


@dataclass(frozen=True)
class StepBoundaries:
    """The boundaries of one input column of one step, as that step sees them and as raw input values."""

    step: str
    column: int
    name: str
    source: tuple[str, int]  # the value and the column of it that the step reads
    values: tuple[Scalar, ...]
    raw_input: str | None = None  # None: no raw input was found that gives them
    raw_values: tuple[Scalar, ...] = ()


def step_boundaries(pipeline: Pipeline) -> tuple[StepBoundaries, ...]:
    """The boundaries of every step of a fitted pipeline, carried back as far as they go without a base row."""
    search = _BackwardSearch(pipeline)
    result = []
    for step in pipeline.steps:
        for k, source in enumerate(search.sources[step.name]):
            x = search.type_of(step, k)
            targets = _of_type(x, OPS[step.op].boundaries(step.params, step.state, k, x))
            name = search.names[source[0]][source[1]]
            result.append(search.reached(StepBoundaries(step.name, k, name, source, tuple(targets))))
    return tuple(result)


def reach_further(
    pipeline: Pipeline, boundaries: Sequence[StepBoundaries], base: Record, evaluate: Evaluate
) -> tuple[StepBoundaries, ...]:
    """The same boundaries, retrying those out of reach by changing one raw input of a base row."""
    search = _BackwardSearch(pipeline, _values(pipeline, base, evaluate))
    return tuple(f if f.raw_values else search.reached(f) for f in boundaries)


@dataclass(frozen=True)
class _Branch:
    """Rows like the base row, except for one input at a corner value and another that takes values in turn."""

    at: tuple[str, Scalar]
    raw_input: str
    values: Sequence[Scalar]

    def rows(self, base: Record, index: Iterable[int]) -> Iterator[Record]:
        for k in index:
            yield {**base, self.at[0]: self.at[1], self.raw_input: self.values[k]}


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

    Of a step that takes several columns as one block, each is also varied where another one is null: what replaces a
    null depends on the others.
    """
    corners: list[_Branch] = []
    edge_branches: list[_Branch] = []
    is_sample = False
    for step in pipeline.steps:
        columns = [f for f in boundaries if f.step == step.name and f.raw_input is not None]
        if len({f.raw_input for f in columns}) < 2 or _is_columnwise(step):
            continue
        if not OPS[step.op].is_variadic(step.params):
            edge_branches += _beside_nulls(columns)
            is_sample |= len(columns) > MOST_NULLS
            continue
        pairs = ((str(f.raw_input), v) for f in columns for v in f.raw_values if _is_corner(v))
        places = list(dict.fromkeys(pairs))
        for corner in places:
            for name, values in ((f.raw_input, f.raw_values) for f in columns if f.raw_input is not None):
                if name > corner[0]:  # the swapped pair gives the same rows
                    corners.append(_Branch(corner, name, [v for v in values if _is_corner(v)]))
                if name != corner[0]:
                    edge_branches.append(_Branch(corner, name, [v for v in values if not _is_corner(v)]))
        behind = _steps_behind(pipeline, step.name)
        edges = [replace(f, raw_input=None, raw_values=()) for f in boundaries if f.step in behind]
        zeros = [corner for corner in places if not corner[1]]
        is_sample |= bool(edges) and (len(zeros) > MOST_SEARCHES or len(columns) > _TRIED_COLUMNS + 1)
        for corner in (zeros[i] for i in spread(len(zeros), MOST_SEARCHES)):
            search = _BackwardSearch(
                pipeline, _values(pipeline, {**base, corner[0]: corner[1]}, evaluate), avoid=corner[0]
            )
            reached = [search.reached(f) for f in edges]
            edge_branches += [_Branch(corner, f.raw_input, f.raw_values) for f in reached if f.raw_input is not None]
    rows = list(_spread_over(corners, base, MOST_BRANCHED))
    rows += _spread_over(edge_branches, base, MOST_BRANCHED - len(rows))
    return Branched(rows, is_sample or len(rows) < sum(len(branch.values) for branch in (*corners, *edge_branches)))


def _beside_nulls(columns: Sequence[StepBoundaries]) -> Iterator[_Branch]:
    """Each column of a block at its boundaries, where another one is null."""
    for null in (columns[i] for i in spread(len(columns), MOST_NULLS)):
        if None in null.raw_values:
            others = (f for f in columns if f.raw_input != null.raw_input)
            yield from (_Branch((str(null.raw_input), None), str(f.raw_input), f.raw_values) for f in others)


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


@dataclass(frozen=True)
class _Route:
    """A raw input and values of it; `worth` is roughly the share of the wanted values that they give."""

    raw_input: str
    values: list[Scalar]
    worth: float


def _values(pipeline: Pipeline, base: Record, evaluate: Evaluate) -> Mapping[str, Block]:
    """The value of every input and step in the base row."""
    return evaluate(pipeline, to_blocks(pipeline.inputs, [base])).values


class _BackwardSearch:
    """Searches raw inputs that give a value of a step. `sources` has the origin of each step's input columns.

    `base` are the values of the base row, if there is one.
    """

    def __init__(self, pipeline: Pipeline, base: Mapping[str, Block] | None = None, avoid: str | None = None) -> None:
        self.names: ColumnNames = column_names(pipeline)
        self._types: Types = value_types(pipeline)
        self._steps = {step.name: step for step in pipeline.steps}
        self._inputs: Mapping[str, Input] = {i.value: i for i in pipeline.inputs}
        self.sources = {step.name: list(self._columns(step)) for step in pipeline.steps}
        columnwise = [step for step in pipeline.steps if _is_columnwise(step)]
        self._groups = {step.name: column_groups(step, self.names) for step in columnwise}
        self._owners = {
            name: [g for g, group in enumerate(groups) for _ in group] for name, groups in self._groups.items()
        }
        self._kinds: dict[str, list[ValueType]] = {}
        self._functions: dict[tuple[str, int, int], Function] = {}
        self._boundaries: dict[tuple[str, int], list[Scalar]] = {}
        self._avoid = avoid
        self._avoided = {i.value for i in pipeline.inputs if i.name == avoid}
        self._base = base

    def _columns(self, step: Step) -> Iterator[tuple[str, int]]:
        for ref in step.inputs:
            yield from ((ref.value, c) for c in range(len(self.names[ref.value]))[ref.start : ref.stop])

    def _width(self, ref: Ref) -> int:
        return len(self.names[ref.value][ref.start : ref.stop])

    def type_of(self, step: Step, j: int) -> ValueType:
        """The type of input column j, as the op sees it."""
        if step.name not in self._kinds:
            kinds = step_input_types(step, self._types)
            if OPS[step.op].is_variadic(step.params):
                kinds = tuple(k for k, ref in zip(kinds, step.inputs, strict=True) for _ in range(self._width(ref)))
            self._kinds[step.name] = list(kinds)
        return self._kinds[step.name][j if OPS[step.op].is_variadic(step.params) else 0]

    def reached(self, boundaries: StepBoundaries) -> StepBoundaries:
        """The same boundaries, with the raw input that gives them."""
        route = self._back(*boundaries.source, list(boundaries.values))
        return (
            boundaries
            if route is None
            else replace(boundaries, raw_input=route.raw_input, raw_values=tuple(route.values))
        )

    def _back(self, value: str, column: int, targets: list[Scalar]) -> _Route | None:
        """The best route from column `column` of `value` back to a raw input."""
        if value in self._inputs:
            raw = self._inputs[value]
            if raw.name == self._avoid:
                return None
            legal = [v for v in targets if is_legal(raw, v)]
            return _Route(raw.name, legal, len(legal) / len(targets)) if legal else None
        step = self._steps[value]
        preimages = [(j, self._search(step, j, column, targets)) for j in self._candidates(step, column)]
        promising = sorted((pair for pair in preimages if pair[1].inputs), key=lambda pair: -_worth(pair[1]))
        routes = []
        for j, preimage in promising[:_TRIED_COLUMNS]:
            route = self._back(*self.sources[step.name][j], preimage.inputs)
            if route is not None:
                routes.append(replace(route, worth=route.worth * _worth(preimage) / len(targets)))
        return max(routes, key=lambda route: route.worth, default=None)

    def _candidates(self, step: Step, column: int) -> Iterable[int]:
        """The input columns that an output column may depend on."""
        if _is_columnwise(step):
            return [self._owners[step.name][column]]
        if self._base is None:
            return []
        sources = self.sources[step.name]
        candidates = [j for j, (value, _) in enumerate(sources) if value not in self._avoided]
        return candidates if self._avoid is None else candidates[:_TRIED_COLUMNS]

    def _search(self, step: Step, j: int, column: int, targets: list[Scalar]) -> Preimage:
        op, x = OPS[step.op], self.type_of(step, j)
        key = (step.name, j, column)
        if key not in self._functions:
            function = (
                self._alone(step, j, column, x) if _is_columnwise(step) else self._among_others(step, j, column, x)
            )
            self._functions[key] = function

        def guess(outputs: list[Scalar]) -> list[Scalar]:
            return [] if op.carry_back is None else op.carry_back(step.params, step.state, j, outputs)

        if (step.name, j) not in self._boundaries:
            self._boundaries[step.name, j] = op.boundaries(step.params, step.state, j, x)
        fallbacks = [*self._boundaries[step.name, j], *magnitudes(x.dtype, self._value_at(step, j, x))]
        return inputs_giving(self._functions[key], targets, guess, fallbacks)

    def _value_at(self, step: Step, j: int, x: ValueType) -> Scalar:
        """The value of the step's input column j in the base row."""
        if self._base is None:
            return PLAIN[x.dtype]
        value, column = self.sources[step.name][j]
        return self._base[value].columns(column, column + 1).to_rows()[0][0]

    def _alone(self, step: Step, j: int, column: int, x: ValueType) -> Function:
        """Column `column` as a function of input column j, of an op that processes columns separately."""
        op = OPS[step.op]
        state = replace(step.state, **{f.name: (getattr(step.state, f.name)[j],) for f in fields(step.state)})
        within = column - self._owners[step.name].index(j)

        def apply(values: Sequence[Scalar]) -> Outcomes:
            with np.errstate(all="ignore"):
                block = op.apply(step.params, state, column_block(x.dtype, values, x.nullable))
            return _outcomes(block, within)

        return Function(x, apply)

    def _among_others(self, step: Step, j: int, column: int, x: ValueType) -> Function:
        """Column `column` as a function of input column j, with the others as in the base row."""
        op, base = OPS[step.op], self._base or {}
        columns = [base[value].columns(c, c + 1) for value, c in self.sources[step.name]]
        starts = np.cumsum([0, *(self._width(ref) for ref in step.inputs)]).tolist()

        def apply(values: Sequence[Scalar]) -> Outcomes:
            parts = [_repeated(block, len(values)) for block in columns]
            parts[j] = column_block(x.dtype, values, x.nullable)
            blocks = [concat_blocks(parts[a:b]) for a, b in pairwise(starts)]
            with np.errstate(all="ignore"):
                result = op.apply(step.params, step.state, *op.arguments(step.params, blocks))
            return _outcomes(result, column)

        return Function(x, apply)


def _worth(preimage: Preimage) -> float:
    """An edge that is hit is worth two that are only enclosed."""
    return preimage.hits + preimage.enclosed / 2


def _of_type(x: ValueType, values: Iterable[Scalar]) -> list[Scalar]:
    """Distinct values; for float64, numbers are converted to floats and NaN to null."""
    if x.kind.is_float:
        values = [None if v is None or v != v else float(v) for v in values]
    return unique(values)


def _is_columnwise(step: Step) -> bool:
    op = OPS[step.op]
    return op.is_columnwise(step.params)


def _repeated(block: Block, rows: int) -> Block:
    valid = None if block.valid is None else np.repeat(block.valid, rows, axis=0)
    return Block(block.dtype, np.repeat(block.values, rows, axis=0), valid)


def _outcomes(block: Block, column: int) -> Outcomes:
    """For each row, whether it passes every guard, and the output."""
    refused = np.zeros(block.rows, dtype=bool)
    for guard in block.guards:
        refused |= guard.mask.any(axis=1)
    rows = block.columns(column, column + 1).to_rows()
    return [(ok, row[0]) for ok, row in zip((~refused).tolist(), rows, strict=True)]
