"""Every step of a pipeline on its own, cut out of the graph, on its own boundaries.

Why: an edge in the middle of a pipeline may be unreachable from raw inputs, or reachable only approximately. Cut out,
every step is run on each of its boundaries exactly.

Where a step processes its columns separately, they are tried side by side: a row has a boundary of each column, and
each position counts on its own. Steps of the same op, parameters and types are then columns of one block, as they are
in the graph: a graph for each of a thousand steps takes longer to build and to load than everything else. A column that
has fewer boundaries than another takes them again, beside other ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np

from skc.equality.compare import compare
from skc.infer import ColumnNames, Types, column_groups, column_names, value_types
from skc.ir import Pipeline, Step
from skc.lower import Lowered, lower
from skc.oracle.protocol import Evaluate, Evaluation, Outcome
from skc.passes.fuse_siblings import fuse, sibling_key
from skc.rows.backward import is_columnwise
from skc.rows.boundaries import StepBoundaries
from skc.rows.sampling import PLAIN
from skc.values.types import Block, Scalar, column_block
from skc.verification.cut import (
    MADE_NULL,
    MOST,
    MOST_CELLS,
    OUT,
    Cut,
    CutResult,
    cut_out,
    difference,
    lowered_session,
    outcome_of,
    refusal,
    run_cut,
)
from skc.verification.report import REFUSED, Difference, DifferenceKind
from skc_runtime import golden
from skc_runtime.kinds import Array

_CELLS_AT_ONCE = 2**20  # rows by columns

BoundariesOf = Mapping[str, Sequence[StepBoundaries]]


class Alone:
    """Every step of a pipeline and its boundaries. `total` is their number, `is_sample` if there are more."""

    def __init__(self, pipeline: Pipeline, boundaries: Sequence[StepBoundaries], evaluate: Evaluate) -> None:
        types, names = value_types(pipeline), column_names(pipeline)
        of_step: dict[str, list[StepBoundaries]] = {step.name: [] for step in pipeline.steps}
        for group in boundaries:
            of_step[group.step].append(group)
        self._cuts: list[_Columns | Cut] = []
        for members in _alike(pipeline, types, of_step):
            if is_columnwise(members[0]):
                self._cuts.append(_Columns(members, of_step, types, names))
            else:
                self._cuts.append(Cut(members[0], of_step[members[0].name], types, names))
        self._evaluate = evaluate
        self.total = sum(cut.total for cut in self._cuts)
        self.is_sample = any(cut.is_sample for cut in self._cuts)

    def results(self) -> Iterator[CutResult]:
        """Oracle and graph compared on every boundary, in parts."""
        for cut in self._cuts:
            if cut.total:
                yield from cut.results(self._evaluate)


def _alike(pipeline: Pipeline, types: Types, of_step: BoundariesOf) -> Iterator[list[Step]]:
    """Steps that can be columns of one block, and have about as many boundaries."""
    groups: dict[object, list[Step]] = {}
    for step in pipeline.steps:
        most = max((len(f.values) for f in of_step[step.name]), default=0)
        groups.setdefault((sibling_key(step, types), most.bit_length()), []).append(step)
    yield from groups.values()


@dataclass(frozen=True)
class _Column:
    """An input column of a cut: the step that it is of, which of its columns it is, and its boundaries."""

    step: Step
    k: int
    values: Sequence[Scalar]
    is_searched: bool


class _Columns:
    """Steps cut out as one block, whose columns are independent of each other."""

    def __init__(self, members: Sequence[Step], of_step: BoundariesOf, types: Types, names: ColumnNames) -> None:
        self._types, self._names = types, names
        block = replace(fuse(members, names), name=members[0].name)  # its type is that of the first
        self.pipeline = cut_out(block, types, names)
        columns: list[_Column] = []
        for step in members:
            own = {f.column: f for f in of_step[step.name]}
            width = len(cut_out(step, types, names).inputs) if len(members) > 1 else len(self.pipeline.inputs)
            columns += [self._column(step, k, own.get(k), len(columns) + k) for k in range(width)]
        cells = max((len(c.values) for c in columns), default=0) * len(columns)
        self.is_sample = cells > MOST_CELLS and not all(c.is_searched for c in columns)
        if self.is_sample:
            columns = [c if c.is_searched else _Column(c.step, c.k, (), is_searched=False) for c in columns]
        self.columns: Sequence[_Column] = columns
        (step,) = self.pipeline.steps
        self.ends = [0, *accumulate(len(group) for group in column_groups(step, column_names(self.pipeline)))]

    def _column(self, step: Step, k: int, group: StepBoundaries | None, place: int) -> _Column:
        nullable = self.pipeline.inputs[place].nullable
        values = [] if group is None else [v for v in group.values if v is not None or nullable]
        return _Column(step, k, values, group is None or group.is_searched)

    @property
    def total(self) -> int:
        """Boundaries of all columns."""
        return sum(len(column.values) for column in self.columns)

    def results(self, evaluate: Evaluate) -> Iterator[CutResult]:
        """The outcomes, some rows of the block at a time."""
        counts = np.array([len(column.values) for column in self.columns])
        rows = int(counts.max())
        lowered = lower(self.pipeline, optimise=False)
        session = lowered_session(lowered)
        at_once = max(1, _CELLS_AT_ONCE // len(self.columns))
        known: set[tuple[int, int]] = set()
        shown: Counter[str] = Counter()  # differences, by step
        for start in range(0, rows, at_once):
            index = np.arange(start, min(start + at_once, rows))
            blocks = self._blocks(index)
            part = _Part(lowered, run_cut(session, lowered, blocks), evaluate(self.pipeline, blocks), self.ends)
            differing = {(j, int(index[i]) % max(1, int(counts[j]))) for i, j in np.argwhere(part.differs).tolist()}
            differences = [*self._first_differences(part, blocks, shown)]
            tried = int((counts[None, :] > index[:, None]).sum())
            branches = tuple(self._branches(part, start))
            yield CutResult(tried, part.got.outputs[OUT].size, len(differing - known), tuple(differences), branches)
            known |= differing

    def _blocks(self, index: Array) -> dict[str, Block]:
        """Each column's boundaries, again and again from the first, at some rows."""
        blocks = {}
        for column, i in zip(self.columns, self.pipeline.inputs, strict=True):
            values = column.values or [PLAIN[i.dtype]]
            places = index % len(values)
            if len(values) > 2 * len(index):  # only what is needed here
                values, places = [values[k] for k in places.tolist()], np.arange(len(index))
            blocks[i.name] = column_block(i.dtype, values, i.nullable).taken(places)
        return blocks

    def _first_differences(self, part: _Part, blocks: Mapping[str, Block], shown: Counter[str]) -> Iterator[Difference]:
        """At most MOST of each step, counting those that are `shown` already."""
        for j in np.flatnonzero(part.differs.any(axis=0)).tolist():
            name = self.columns[j].step.name
            for i in np.flatnonzero(part.differs[:, j])[: MOST - shown[name]].tolist():
                for one in self._differences(part, blocks, i, j):
                    shown[name] += 1
                    yield one

    def _differences(self, part: _Part, blocks: Mapping[str, Block], i: int, j: int) -> Iterator[Difference]:
        """The differences of row i in the output columns that come from input column j."""
        step = self.columns[j].step
        own = [place for place, column in enumerate(self.columns) if column.step is step]
        kinds = [self.pipeline.inputs[place] for place in own]
        record = {
            f"c{k}": golden.encode_value(raw.kind.element, blocks[raw.name].taken(slice(i, i + 1)).column(0)[0])
            for k, raw in enumerate(kinds)
        }
        got, want = part.refused_by_got[i, :, j], part.refused_by_want[i, :, j]
        if (got != want).any():
            kind: DifferenceKind = "served" if want.any() and not got.any() else "refused"
            yield difference(step, REFUSED, record, refusal(got), refusal(want), kind)
        alone = cut_out(step, self._types, self._names)
        columns = column_names(alone)[step.name]
        first = self.ends[own[0]]
        for k in range(self.ends[j], self.ends[j + 1]):
            if part.values_differ[i, k]:
                one = part.got.value(OUT, i, k), part.want.value(OUT, i, k)
                yield difference(step, columns[k - first], record, *one, "value")

    def _branches(self, part: _Part, start: int) -> Iterator[tuple[str, int, Scalar, str]]:
        """The non-null values that a guard refuses or that become null."""
        for j, column in enumerate(self.columns):
            ends = slice(self.ends[j], self.ends[j + 1])
            count = max(0, min(len(part.present), len(column.values) - start))
            fired, codes = part.refused_by_want[:count, :, j], part.codes
            is_lost = fired.any(axis=1) | ~part.present[:count, ends].all(axis=1)
            for i in np.flatnonzero(is_lost).tolist():
                value, hits = column.values[start + i], np.flatnonzero(fired[i])
                if value is not None:
                    yield column.step.name, column.k, value, codes[hits[0]] if len(hits) else MADE_NULL


class _Part:
    """Some rows of a cut: both outcomes, and where they differ."""

    def __init__(self, lowered: Lowered, got: Outcome, evaluation: Evaluation, ends: Sequence[int]) -> None:
        self.got, self.want = got, outcome_of(evaluation)
        declared = () if lowered.guards is None else lowered.guards.columns
        of_want = [(hit.code, hit.column) for hit in evaluation.guards]
        of_got = [(guard.code, guard.input) for guard in declared]
        self.codes = list(dict.fromkeys(code for code, _ in (*of_want, *of_got)))
        places = {i.name: j for j, i in enumerate(lowered.pipeline.inputs)}
        self.refused_by_want = self._fired(self.want.guards, of_want, places)
        self.refused_by_got = self._fired(got.guards, of_got, places)
        widths = np.diff(ends)
        ignored = np.repeat(self.refused_by_got.any(axis=1), widths, axis=1)
        result = compare(
            got.outputs[OUT],
            self.want.outputs[OUT],
            lowered.outputs[0].exact,
            got_valid=got.valid.get(OUT),
            want_valid=self.want.valid.get(OUT),
            ignore=ignored,
        )
        self.values_differ = result.differs
        differs = (self.refused_by_got != self.refused_by_want).any(axis=1)
        owners = np.repeat(np.arange(len(widths)), widths)
        for k in np.flatnonzero(result.differs.any(axis=0)).tolist():
            differs[:, owners[k]] |= result.differs[:, k]
        self.differs = differs  # bool [N, input columns]
        (step,) = lowered.pipeline.steps
        self.present = evaluation.values[step.name].present()

    def _fired(self, guards: Array, of: Sequence[tuple[str, str]], places: Mapping[str, int]) -> Array:
        """bool [N, codes, input columns], of guards bool [N, G] with their codes and columns."""
        fired = np.zeros((len(guards), len(self.codes), len(places)), dtype=bool)
        for g, (code, column) in enumerate(of):
            fired[:, self.codes.index(code), places[column]] |= guards[:, g]
        return fired
