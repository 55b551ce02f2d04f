"""A step cut out of its pipeline, and what became of its own boundaries; of a step that combines its columns, one
column at a time. Steps whose columns are separate: `skc.verification.alone`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from skc.equality.compare import compare
from skc.equality.sides import feeds
from skc.infer import ColumnNames, Types, step_input_types
from skc.ir import Input, Output, Pipeline, Ref, Step
from skc.lower import GUARDS, Lowered, lower
from skc.ops import OPS
from skc.oracle.protocol import Evaluate, Evaluation, Outcome
from skc.rows.boundaries import StepBoundaries
from skc.rows.sampling import PLAIN, Record, Variations
from skc.values.types import Block, Scalar
from skc.verification.report import REFUSED, Difference, DifferenceKind, refusal_kind
from skc_runtime import golden
from skc_runtime.kinds import Array
from skc_runtime.session import GraphSession

OUT = "out"
MADE_NULL = "made null"
MOST = 20
MOST_CELLS = 2**24  # rows by columns; of a step with more, only the columns that raw inputs are searched for


@dataclass(frozen=True)
class CutResult:
    """The result of running a step, or several, on its own boundaries: a row for each.

    `branches` are the values (step, column, value) for which the oracle has no result, each with the code of the guard
    that refuses it, or `MADE_NULL`.
    """

    rows: int
    values: int
    differing: int
    differences: tuple[Difference, ...]
    branches: tuple[tuple[str, int, Scalar, str], ...] = ()


class Cut:
    """A step that combines its columns, cut out, with its boundaries.

    Of a step so wide that trying them takes long, columns that are alike are tried by those that stand for them.
    """

    def __init__(self, step: Step, boundaries: Sequence[StepBoundaries], types: Types, names: ColumnNames) -> None:
        self._step, self._pipeline = step, cut_out(step, types, names)
        changed = _changed(self._pipeline, boundaries)
        cells = len(changed) * len(self._pipeline.inputs)
        self.is_sample = cells > MOST_CELLS and not all(f.is_searched for f in boundaries)
        if self.is_sample:
            changed = _changed(self._pipeline, [f for f in boundaries if f.is_searched])
        self._changes = changed
        self.total = len(changed)

    def results(self, evaluate: Evaluate) -> Iterator[CutResult]:
        """Oracle and graph compared on every boundary, one column at a time."""
        yield _compared(self._step, self._pipeline, self._changes, evaluate)


def _compared(step: Step, pipeline: Pipeline, changed: Sequence[tuple[int, Scalar]], evaluate: Evaluate) -> CutResult:
    firsts = {column: value for column, value in reversed(changed) if value is not None}
    base = {i.name: firsts.get(k, PLAIN[i.dtype]) for k, i in enumerate(pipeline.inputs)}
    records = Variations(base, [(pipeline.inputs[column].name, value) for column, value in changed])
    lowered = lower(pipeline, optimise=False)
    blocks = records.blocks(pipeline.inputs, range(1, len(records)))  # without the base record itself
    evaluation = evaluate(pipeline, blocks)
    got, want = run_cut(lowered_session(lowered), lowered, blocks), outcome_of(evaluation)
    if got.guards.shape != want.guards.shape:  # the graph lacks a guard
        got = replace(got, guards=np.zeros_like(want.guards))
    result = compare(
        got.outputs[OUT],
        want.outputs[OUT],
        lowered.outputs[0].exact,
        got_valid=got.valid.get(OUT),
        want_valid=want.valid.get(OUT),
        ignore_rows=got.refused,
    )
    refused = (got.guards != want.guards).any(axis=1)
    cells: list[tuple[int, str, object, object, DifferenceKind]]
    cells = [
        (i, REFUSED, refusal(got.guards[i]), refusal(want.guards[i]), refusal_kind(got, want, i))
        for i in np.flatnonzero(refused).tolist()
    ]
    columns = lowered.outputs[0].columns
    cells += [
        (i, columns[k], got.value(OUT, i, k), want.value(OUT, i, k), "value")
        for i, k in np.argwhere(result.differs).tolist()
    ]
    differences = tuple(
        difference(step, column, _encoded(pipeline, records[i + 1]), got_value, want_value, kind)
        for i, column, got_value, want_value, kind in cells[:MOST]
    )
    differing = int((result.differs.any(axis=1) | refused).sum())
    branches = tuple(_branches(pipeline, changed, evaluation))
    return CutResult(len(changed), got.outputs[OUT].size, differing, differences, branches)


def difference(
    step: Step, column: str, record: Mapping[str, object], got: object, want: object, kind: DifferenceKind
) -> Difference:
    """A difference in a column of a step that was cut out."""
    return Difference("steps", step.name, column, step.name, (step.name,), record, got, want, "", kind=kind)


def _branches(
    pipeline: Pipeline, changed: Sequence[tuple[int, Scalar]], result: Evaluation
) -> Iterator[tuple[str, int, Scalar, str]]:
    """The non-null values that a guard refuses or that become null.

    Only if there are no other columns that could have a part in it: they hold boundaries too, which may themselves be
    refused.
    """
    (step,) = pipeline.steps
    is_present: list[bool] = np.asarray(result.values[step.name].present().all(axis=1)).tolist()
    if len(pipeline.inputs) > 1:
        return
    for i, (column, value) in enumerate(changed):
        hits = [hit.code for hit in result.guards if hit.mask[i]]
        if value is not None and (hits or not is_present[i]):
            yield step.name, column, value, hits[0] if hits else MADE_NULL


def lowered_session(lowered: Lowered) -> GraphSession:
    """The graph of a step that was cut out."""
    return GraphSession(lowered.model.SerializeToString())


def run_cut(session: GraphSession, lowered: Lowered, blocks: Mapping[str, Block]) -> Outcome:
    """The outcome of that graph."""
    tensors = session.run(feeds(lowered, blocks))
    rows = len(tensors[OUT])
    valid = {OUT: tensors[f"{OUT}.valid"]} if f"{OUT}.valid" in tensors else {}
    return Outcome({OUT: tensors[OUT]}, valid, tensors.get(GUARDS, np.zeros((rows, 0), dtype=bool)))


def outcome_of(result: Evaluation) -> Outcome:
    """What the oracle says about a step that was cut out, with its guards in its own order."""
    rows = len(result.outputs[OUT])
    masks = [hit.mask[:, None] for hit in result.guards]
    return Outcome(result.outputs, result.valid, np.concatenate([np.zeros((rows, 0), dtype=bool), *masks], axis=1))


def refusal(fired: Array) -> str:
    """What became of a row, by its guards (bool [G])."""
    return "refused" if fired.any() else "served"


def _encoded(pipeline: Pipeline, record: Record) -> dict[str, object]:
    """A record of the cut step in the JSON forms of golden.jsonl."""
    return {i.name: golden.encode_value(i.kind.element, record[i.name]) for i in pipeline.inputs}


def cut_out(step: Step, types: Types, names: ColumnNames) -> Pipeline:
    """A pipeline of only this step; its inputs are the step's input columns, c0, c1, …"""
    kinds = step_input_types(step, types)
    width = sum(len(names[ref.value][ref.start : ref.stop]) for ref in step.inputs)
    kinds = kinds if OPS[step.op].is_variadic(step.params) else kinds * width
    inputs = tuple(Input(f"c{k}", x.dtype, nullable=x.nullable) for k, x in enumerate(kinds))
    single = replace(step, inputs=tuple(Ref(i.value) for i in inputs))
    output = Output(OUT, (Ref(step.name),), types[step.name].kind.element)
    return Pipeline("cut", inputs, (single,), (), (output,))


def _changed(pipeline: Pipeline, boundaries: Sequence[StepBoundaries]) -> list[tuple[int, Scalar]]:
    """Input columns and the values they take in turn."""
    return [(f.column, v) for f in boundaries for v in f.values if v is not None or pipeline.inputs[f.column].nullable]
