"""Raw inputs that give wanted values of a step, searched from the step back to the inputs.

To get a value out of a step, inputs of that step are guessed: by `Op.carry_back` if the op has it, else from its own
boundaries and numbers of every magnitude. Guesses are only candidates; `apply` decides. If no guess gives a number, it
is searched for by bisection between two guesses on either side of it, down to two neighbouring inputs. If the output
jumps over it there, both are kept, the last input below the edge and the first above.

A step that combines several columns needs values for the others: those of a base row.

Why not every column: the columns of a wide block that one step makes are alike (the similarities to a thousand points,
the categories of a one-hot code), and each would be searched through every column before it. Some of them, evenly
spread, show what a step does with its input; columns with marks (edges, categories) are all searched, because each has
its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice

import numpy as np

from skc.infer import ColumnNames, Types, column_groups, column_names, step_input_types, value_types
from skc.ir import Input, Pipeline, Ref, Step
from skc.ops import OPS
from skc.oracle.protocol import Evaluate, select
from skc.rows.inverse import Function, Outcomes, Preimage, Prospect, magnitudes, possible, prospect
from skc.rows.sampling import PLAIN, Record, is_legal, spread, to_blocks, unique
from skc.values.types import Block, Scalar, ValueType, column_block, repeated
from skc_runtime.kinds import Array

SEARCHED_COLUMNS = 16  # of those that a step makes, or makes of one column; evenly spread
TRIED_COLUMNS = 2  # of a step that combines several: the most promising, or the first ones in repeated searches
_PROBED_CELLS = 2**20  # in one call of an op


@dataclass(frozen=True)
class Route:
    """A raw input and values of it; `worth` is roughly the share of the wanted values that they give."""

    raw_input: str
    values: list[Scalar]
    worth: float


def values_in(pipeline: Pipeline, base: Record, evaluate: Evaluate) -> Mapping[str, Block]:
    """The value of every input and step in the base row."""
    return evaluate(pipeline, to_blocks(pipeline.inputs, [base])).values


class BackwardSearch:
    """Searches raw inputs that give a value of a step. `sources` has the origin of each step's input columns.

    `base` are the values of the base row, if there is one. Without it, nothing goes back through a step that combines
    columns. `avoid` is an input that no route may use.
    """

    def __init__(self, pipeline: Pipeline, base: Mapping[str, Block] | None = None, avoid: str | None = None) -> None:
        self.names: ColumnNames = column_names(pipeline)
        self._types: Types = value_types(pipeline)
        self._steps = {step.name: step for step in pipeline.steps}
        self._inputs: Mapping[str, Input] = {i.value: i for i in pipeline.inputs}
        self.sources = {step.name: list(self._columns(step)) for step in pipeline.steps}
        columnwise = [step for step in pipeline.steps if is_columnwise(step)]
        self._groups = {step.name: column_groups(step, self.names) for step in columnwise}
        self._owners = {
            name: [g for g, group in enumerate(groups) for _ in group] for name, groups in self._groups.items()
        }
        self._chosen: dict[str, frozenset[int]] = {i.value: frozenset({0}) for i in pipeline.inputs}
        for step in pipeline.steps:
            self._chosen[step.name] = frozenset(self._choose(step))
        self._kinds: dict[str, list[ValueType]] = {}
        self._functions: dict[tuple[str, int, int], Function] = {}
        self._fallbacks: dict[tuple[str, int], list[Scalar]] = {}
        self._at_fallbacks: dict[tuple[str, int], Block] = {}
        self._influences: dict[tuple[str, str], tuple[list[int], Array]] = {}
        self._avoid = avoid
        self._avoided = {i.value for i in pipeline.inputs if i.name == avoid}
        self._base = base

    def _columns(self, step: Step) -> Iterator[tuple[str, int]]:
        for ref in step.inputs:
            yield from ((ref.value, c) for c in range(len(self.names[ref.value]))[ref.start : ref.stop])

    def _width(self, ref: Ref) -> int:
        return len(self.names[ref.value][ref.start : ref.stop])

    def _choose(self, step: Step) -> Iterator[int]:
        """Columns that a step makes: some of one group, or for a step with an own group for each input column, some
        of each group whose input column was chosen.
        """
        if step.name not in self._groups:
            yield from spread(len(self.names[step.name]), SEARCHED_COLUMNS)
            return
        start = 0
        for (value, column), group in zip(self.sources[step.name], self._groups[step.name], strict=True):
            if column in self._chosen[value]:
                yield from (start + k for k in spread(len(group), SEARCHED_COLUMNS))
            start += len(group)

    def is_searched(self, step: Step, k: int) -> bool:
        """Input column k of the step is chosen from those that are alike, or has marks."""
        value, column = self.sources[step.name][k]
        return column in self._chosen[value] or any(OPS[step.op].marks(step.params, step.state, k).values())

    def type_of(self, step: Step, j: int) -> ValueType:
        """The type of input column j, as the op sees it."""
        if step.name not in self._kinds:
            kinds = step_input_types(step, self._types)
            if OPS[step.op].is_variadic(step.params):
                kinds = tuple(k for k, ref in zip(kinds, step.inputs, strict=True) for _ in range(self._width(ref)))
            self._kinds[step.name] = list(kinds)
        return self._kinds[step.name][j if OPS[step.op].is_variadic(step.params) else 0]

    def back(self, value: str, column: int, targets: list[Scalar]) -> Route | None:
        """The best route from column `column` of `value` back to a raw input."""
        if value in self._inputs:
            raw = self._inputs[value]
            if raw.name == self._avoid:
                return None
            legal = [v for v in targets if is_legal(raw, v)]
            return Route(raw.name, legal, len(legal) / len(targets)) if legal else None
        step = self._steps[value]
        routes = []
        for j, preimage in islice(self._preimages(step, column, targets), TRIED_COLUMNS):
            route = self.back(*self.sources[step.name][j], preimage.inputs)
            if route is not None:
                routes.append(replace(route, worth=route.worth * _worth(preimage) / len(targets)))
        return max(routes, key=lambda route: route.worth, default=None)

    def _preimages(self, step: Step, column: int, targets: list[Scalar]) -> Iterator[tuple[int, Preimage]]:
        """Input columns and values of them that give some of the wanted outputs, the most promising column first."""
        prospects = [(j, self._prospect(step, j, column, targets)) for j in self._candidates(step, column)]
        by_worth = [(p.worth() if len(prospects) > 1 else 1, j, p) for j, p in prospects]
        for worth, j, promise in sorted(by_worth, key=lambda entry: -entry[0]):
            preimage = promise.preimage() if worth else None
            if preimage is not None and preimage.inputs:
                yield j, preimage

    def _candidates(self, step: Step, column: int) -> Iterable[int]:
        """The input columns to search for an output column."""
        if is_columnwise(step):
            return [self._owners[step.name][column]]
        if self._base is None:
            return []
        sources = self.sources[step.name]
        alike: dict[str, list[int]] = {}  # by the op that makes them; "" for the inputs
        for j, (value, _) in enumerate(sources):
            if value not in self._avoided:
                alike.setdefault(self._steps[value].op if value in self._steps else "", []).append(j)
        candidates = [j for op, columns in alike.items() for j in self._influential(step, column, op, columns)]
        return candidates if self._avoid is None else candidates[:TRIED_COLUMNS]

    def _influential(self, step: Step, column: int, op: str, columns: list[int]) -> list[int]:
        """Of some input columns that are alike, those on which the output column depends; some of them if many."""
        if len(columns) <= SEARCHED_COLUMNS:
            return columns
        if (step.name, op) not in self._influences:
            self._influences[step.name, op] = columns, self._probed(step, columns)
        known, influences = self._influences[step.name, op]
        columns = [j for j, influence in zip(known, influences[:, column].tolist(), strict=True) if influence] or known
        return [columns[i] for i in spread(len(columns), SEARCHED_COLUMNS)]

    def _probed(self, step: Step, columns: Sequence[int]) -> Array:
        """bool [columns, outputs]: whether the output differs for some values of the column, others as in the base row.

        A column for which it does not may matter elsewhere.
        """
        probes = [self._probes(step, j) for j in columns]
        cells = sum(self._width(ref) for ref in step.inputs) * max(map(len, probes))
        at_once = max(1, _PROBED_CELLS // max(1, cells))
        influences = []
        for start in range(0, len(columns), at_once):
            part = probes[start : start + at_once]
            changes = list(zip(columns[start : start + at_once], part, strict=True))
            values = self._applied(step, changes).values
            for rows in np.split(values, np.cumsum([len(p) for p in part])[:-1]):
                influences.append(((rows != rows[:1]) & ((rows == rows) | (rows[:1] == rows[:1]))).any(axis=0))
        return np.array(influences)

    def _probes(self, step: Step, j: int) -> list[Scalar]:
        """A few ordinary values, different from each other."""
        x = self.type_of(step, j)
        base = self._value_at(step, j, x)
        if x.kind.is_float:
            return [base, 0.0, 1.0, float(base or 0) + 1.0, float(base or 0) - 1.0]
        boundaries = OPS[step.op].boundaries(step.params, step.state, j, x)
        return [base, *(boundaries[i] for i in spread(len(boundaries), 8))]

    def _prospect(self, step: Step, j: int, column: int, targets: list[Scalar]) -> Prospect:
        op, x = OPS[step.op], self.type_of(step, j)
        key = (step.name, j, column)
        if key not in self._functions:
            self._functions[key] = self._function(step, j, column, x)

        def guess(outputs: list[Scalar]) -> list[Scalar]:
            return [] if op.carry_back is None else op.carry_back(step.params, step.state, j, outputs)

        return prospect(self._functions[key], targets, guess, self._fallbacks_of(step, j))

    def _fallbacks_of(self, step: Step, j: int) -> list[Scalar]:
        """Values of an input column to try where the op itself has no guess."""
        if (step.name, j) not in self._fallbacks:
            x = self.type_of(step, j)
            own = OPS[step.op].boundaries(step.params, step.state, j, x)
            values = [*own, *magnitudes(x.dtype, self._value_at(step, j, x))]
            self._fallbacks[step.name, j] = unique(possible(x, values))
        return self._fallbacks[step.name, j]

    def _value_at(self, step: Step, j: int, x: ValueType) -> Scalar:
        """The value of the step's input column j in the base row."""
        if self._base is None:
            return PLAIN[x.dtype]
        value, column = self.sources[step.name][j]
        return self._base[value].column(column)[0]

    def _function(self, step: Step, j: int, column: int, x: ValueType) -> Function:
        """Output column `column` as a function of input column j."""
        if is_columnwise(step):
            return self._alone(step, j, column, x)
        fallbacks = self._fallbacks_of(step, j)
        if (step.name, j) not in self._at_fallbacks:  # of all output columns at once
            self._at_fallbacks[step.name, j] = self._applied(step, [(j, fallbacks)])
        known = _outcomes(self._at_fallbacks[step.name, j], column)
        return Function.knowing(x, lambda v: _outcomes(self._applied(step, [(j, v)]), column), fallbacks, known)

    def _alone(self, step: Step, j: int, column: int, x: ValueType) -> Function:
        """The same, of an op that processes columns separately."""
        op = OPS[step.op]
        state = replace(step.state, **{f.name: (getattr(step.state, f.name)[j],) for f in fields(step.state)})
        within = column - self._owners[step.name].index(j)

        def apply(values: Sequence[Scalar]) -> Outcomes:
            with np.errstate(all="ignore"):
                block = op.apply(step.params, state, column_block(x.dtype, values, x.nullable))
            return _outcomes(block, within)

        return Function(x, apply)

    def _applied(self, step: Step, changes: Sequence[tuple[int, Sequence[Scalar]]]) -> Block:
        """The step applied to the base row, where an input column takes some values, then another column some."""
        op, base = OPS[step.op], self._base or {}
        rows = sum(len(values) for _, values in changes)
        ends = np.cumsum([0, *(self._width(ref) for ref in step.inputs)]).tolist()
        blocks = [repeated(select(base, ref), rows) for ref in step.inputs]
        first = 0
        for j, values in changes:
            x = self.type_of(step, j)
            k = next(i for i, end in enumerate(ends[1:]) if j < end)
            blocks[k] = _with_column(blocks[k], j - ends[k], first, column_block(x.dtype, values, x.nullable))
            first += len(values)
        with np.errstate(all="ignore"):
            return op.apply(step.params, step.state, *op.arguments(step.params, blocks))


def _worth(preimage: Preimage) -> float:
    """An edge that is hit is worth two that are only enclosed."""
    return preimage.hits + preimage.enclosed / 2


def is_columnwise(step: Step) -> bool:
    """The step processes each column separately."""
    return OPS[step.op].is_columnwise(step.params)


def _with_column(block: Block, k: int, start: int, column: Block) -> Block:
    """The block, changed in place, with other values in column k from row `start` on."""
    rows = slice(start, start + column.rows)
    block.values[rows, k] = column.values[:, 0]
    if block.valid is None and column.valid is not None:
        block = replace(block, valid=block.present().copy())
    if block.valid is not None:
        block.valid[rows, k] = column.present()[:, 0]
    return block


def _outcomes(block: Block, column: int) -> Outcomes:
    """For each row, whether it passes every guard, and the output."""
    refused = np.zeros(block.rows, dtype=bool)
    for guard in block.guards:
        refused |= guard.mask.any(axis=1)
    return list(zip((~refused).tolist(), block.column(column), strict=True))
