"""The user's own rows, counted separately: how many each step refuses, turns into null, does not know, or clips.

Why: a graph that turns every row into null equals a reference that does so too. "Verified" does not reveal that, and a
format that matches no row is the most likely mistake of all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from skc.concerns import is_january_1970
from skc.diagnostics import Diagnostic
from skc.infer import column_names, input_names
from skc.ir import SOURCE, Pipeline, Ref, Step
from skc.ops import OPS
from skc.oracle.protocol import select
from skc.oracle.signals import became_null
from skc.values.types import Block, Scalar, concat_blocks
from skc.verification.report import DataCounts, Met, Refusal
from skc.verification.shown import count
from skc_runtime.errors import shown
from skc_runtime.kinds import Array
from skc_runtime.manifest import Guards

Place = tuple[str, str, int]  # kind, step, input column
WORDS = {
    "null": "is made null by",
    "unknown": "is unknown to",
    "clipped": "is clipped by",
    "outside": "lies outside the range of",
}
HINTS = {
    "null": "check the step for a format, a cast or a policy of `null` that does not fit the data",
    "unknown": "check whether the artifact was fitted on similar data",
    "clipped": "check the bounds of the step, and the unit of the data",
    "outside": "check whether the artifact was fitted on similar data",
}


@dataclass
class _Counted:
    """The number of rows of one place, the first of them, and its value."""

    rows: int = 0
    first: int = -1
    example: object = None

    def add(self, mask: Array, before: int, block: Block, column: int) -> None:
        rows = int(mask.sum())
        if rows and not self.rows:
            index = int(mask.argmax())
            self.first = before + index
            self.example = block.values[index : index + 1, column].tolist()[0]
        self.rows += rows


@dataclass
class _Values:
    """Whether columns are constant: compares with the values of the first row, None for null."""

    first: list[Scalar] | None = None
    is_constant: bool = True

    def look(self, blocks: Sequence[Block]) -> None:
        if not self.is_constant:
            return
        if self.first is None:
            self.first = [value for block in blocks for value in _head(block).to_rows()[0]]
        start = 0
        for block in blocks:
            present = block.present()
            for k, value in enumerate(self.first[start : start + block.width]):
                is_same = ~present[:, k] if value is None else present[:, k] & (block.values[:, k] == value)
                self.is_constant &= bool(is_same.all())
            start += block.width


def _head(block: Block) -> Block:
    return Block(block.dtype, block.values[:1], None if block.valid is None else block.valid[:1])


@dataclass
class DataTally:
    """The counts, batch by batch. `pipeline` is the lowered one, `guards` those of the manifest."""

    pipeline: Pipeline
    guards: Guards | None
    rows: int = 0
    refused: int = 0
    _fired: dict[int, _Counted] = field(default_factory=dict)
    _met: dict[Place, _Counted] = field(default_factory=dict)
    _instants: dict[str, tuple[int, int]] = field(default_factory=dict)
    _columns: dict[str, _Values] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._names = column_names(self.pipeline)
        specs = () if self.guards is None else self.guards.columns
        self._specs = [(g.code, g.step, g.input) for g in specs]
        self._features = _features(self.pipeline)
        self._guards_of: dict[str, list[int]] = {}
        for g, (_, step, _) in enumerate(self._specs):
            self._guards_of.setdefault(step, []).append(g)

    def look(self, values: Mapping[str, Block], fired: Array) -> None:
        """Count the values of every step for some rows; `fired` (bool [N, G]) has the guards that fired.

        Only rows are counted if the oracle does not know the values of steps.
        """
        served = np.asarray(~fired.any(axis=1))
        if values:
            self._look_at_steps(values, fired, served)
        self.rows += len(fired)
        self.refused += int((~served).sum())

    def _look_at_steps(self, values: Mapping[str, Block], fired: Array, served: Array) -> None:
        for step in self.pipeline.steps:
            blocks = [select(values, ref) for ref in step.inputs]
            op = OPS[step.op]
            arguments = op.arguments(step.params, blocks)
            self._look_at_guards(step, arguments[0], fired)
            for kind, mask in op.met(step.params, step.state, *arguments).items():
                self._count(kind, step, mask, served, arguments)
            self._look_for_nulls(step, blocks, values[step.name].present(), served)
            self._look_at_instants(step, values[step.name], served)
        if served.any():
            self._look_for_constants(values, served)

    def _look_at_guards(self, step: Step, block: Block, fired: Array) -> None:
        for g in self._guards_of.get(step.name, ()):
            if fired[:, g].any():
                columns = input_names(step, self._names)
                k = 0 if OPS[step.op].is_variadic(step.params) else columns.index(self._specs[g][2])
                self._fired.setdefault(g, _Counted()).add(fired[:, g], self.rows, block, k)

    def _look_for_nulls(self, step: Step, blocks: Sequence[Block], present: Array, served: Array) -> None:
        """Count where a value becomes null; for a step that combines several, where all of them are present.

        A value that `null_values` turns into null counts as a null of the data.
        """
        op = OPS[step.op]
        if op.internal or present.all() or present.shape[1] == 0:
            return
        mask = became_null(step, blocks, present, self._names)
        self._count(
            "null", step, mask, served, [concat_blocks(blocks)] if op.is_columnwise(step.params) else blocks[:1]
        )

    def _count(self, kind: str, step: Step, mask: Array, served: Array, blocks: Sequence[Block]) -> None:
        columns = ((block, j) for block in blocks for j in range(block.width))
        for k, (block, j) in zip(range(mask.shape[1]), columns, strict=False):
            self._met.setdefault((kind, step.name, k), _Counted()).add(mask[:, k] & served, self.rows, block, j)

    def _look_at_instants(self, step: Step, block: Block, served: Array) -> None:
        """For a step that converts something else to instants: their range."""
        if block.dtype != "timestamp" or step.op == SOURCE:
            return
        instants = block.values[block.present() & served[:, None]]
        if instants.size:
            low, high = self._instants.get(step.name, (int(instants[0]), int(instants[0])))
            self._instants[step.name] = (min(low, int(instants.min())), max(high, int(instants.max())))

    def _look_for_constants(self, values: Mapping[str, Block], served: Array) -> None:
        for i in self.pipeline.inputs:
            self._columns.setdefault(i.value, _Values()).look([values[i.value].some(served)])
        for name, refs in self._features.items():
            self._columns.setdefault(name, _Values()).look([select(values, ref).some(served) for ref in refs])

    def refusals(self) -> tuple[Refusal, ...]:
        """The guards that fired, in the manifest's order."""
        return tuple(
            Refusal(*self._specs[g], counted.rows, counted.first + 1) for g, counted in sorted(self._fired.items())
        )

    def counts(self) -> DataCounts:
        """The counts, in the order of the steps."""
        order = {step.name: n for n, step in enumerate(self.pipeline.steps)}
        places = sorted(self._met, key=lambda place: (order[place[1]], place[2]))
        return DataCounts(
            self.rows, self.refused, tuple(self._as_met(place) for place in places if self._met[place].rows)
        )

    def _as_met(self, place: Place) -> Met:
        kind, step, k = place
        counted = self._met[place]
        column = input_names(self.pipeline.step(step), self._names)[k]
        return Met(kind, step, column, counted.rows, counted.first + 1)

    def warnings(self) -> tuple[Diagnostic, ...]:
        """Warnings about what happens to every row; an error if every row is refused."""
        if self.rows and self.refused == self.rows:
            return (self._all_refused(),)
        diagnostics = [self._always(place) for place, c in self._met.items() if 0 < c.rows == self.rows - self.refused]
        diagnostics += [self._january(step, *ends) for step, ends in self._instants.items() if is_january_1970(*ends)]
        if self.rows - self.refused > 1:
            diagnostics += [_constant(name, self.rows) for name in self._features if self._is_constant(name)]
        return tuple(diagnostics)

    def _all_refused(self) -> Diagnostic:
        first = [(self._specs[g], c) for g, c in sorted(self._fired.items())]
        notes = [
            f"`{step}`, column `{col}`: {count(c.rows, 'row')} ({code}); the first value is {shown(c.example)}"
            for (code, step, col), c in first
        ]
        hint = "correct the step or the data, or choose a policy other than `error`"
        return Diagnostic("SKC512", f"every one of your {count(self.rows, 'row')} is refused", None, hint, tuple(notes))

    def _always(self, place: Place) -> Diagnostic:
        kind, step, _ = place
        met = self._as_met(place)
        example = shown(self._met[place].example)
        message = f"every value of column `{met.column}` {WORDS[kind]} step `{step}`: {count(met.rows, 'row')}"
        span = self.pipeline.step(step).span
        return Diagnostic("SKC511", message, span, HINTS[kind], (f"the first value is {example}",), "warning")

    def _january(self, name: str, low: int, high: int) -> Diagnostic:
        message = f"every timestamp that step `{name}` produces lies in January 1970: {low} to {high} microseconds"
        hint = "a timestamp is microseconds since 1970: multiply milliseconds by 1000 in an `expr` before the step"
        return Diagnostic("SKC233", message, self.pipeline.step(name).span, hint, severity="warning")

    def _is_constant(self, feature: str) -> bool:
        """It is constant, and not merely because its inputs are."""
        if feature not in self._columns or not self._columns[feature].is_constant:
            return False
        behind = self.pipeline.behind(ref.value for ref in self._features[feature])
        return any(not self._columns[i.value].is_constant for i in self.pipeline.inputs if i.value in behind)


def _constant(feature: str, rows: int) -> Diagnostic:
    message = f"feature `{feature}` is the same in every one of {rows:,} rows, though its inputs are not"
    hint = "a constant carries no information: drop it, or trace its steps with `skc explain`"
    return Diagnostic("SKC234", message, None, hint, severity="warning")


def _features(pipeline: Pipeline) -> dict[str, list[Ref]]:
    """The values of each feature in an output; for an output without labels, by the name of the value."""
    features: dict[str, list[Ref]] = {}
    for output in pipeline.outputs:
        for label, ref in zip(output.labels or ("",) * len(output.refs), output.refs, strict=True):
            refs = features.setdefault(label or str(ref), [])
            if ref not in refs:
                refs.append(ref)
    return features
