"""One step cut out of its pipeline and run on its own boundaries.

Why: an edge in the middle of a pipeline may be out of reach from raw inputs, or reached only nearly. Cut out, every
step meets every one of its boundaries exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from skc import reference
from skc.infer import column_names, step_input_types, value_types
from skc.ir import Input, Output, OutputDType, Pipeline, Ref, Step
from skc.lower import GUARDS, lower
from skc.ops import OPS
from skc.sampling import PLAIN, Record, StepBoundaries, to_blocks
from skc.types import DType
from skc.verify.compare import compare
from skc.verify.report import Difference
from skc_runtime.session import GraphSession

_NATURAL: dict[DType, OutputDType] = {
    "float64": "float64",
    "int64": "int64",
    "bool": "bool",
    "string": "string",
    "timestamp": "int64",
    "date": "int64",
}


@dataclass(frozen=True)
class CutResult:
    """How a step did by itself."""

    rows: int
    values: int
    differing: int
    differences: tuple[Difference, ...]


def check_step(pipeline: Pipeline, step: Step, boundaries: Sequence[StepBoundaries]) -> CutResult:
    """Reference against graph on every boundary of the step, one column at a time."""
    alone = cut_out(pipeline, step)
    records = _records(alone, boundaries)
    if not records:
        return CutResult(0, 0, 0, ())
    blocks = to_blocks(alone.inputs, records)
    want = reference.run(alone, blocks)
    lowered = lower(alone, optimise=False)
    session = GraphSession(lowered.model.SerializeToString())
    feeds = {slot.tensor: blocks[name].values for name, slot in lowered.values.items()}
    feeds |= {slot.tensor: blocks[name].present() for name, slot in lowered.valid.items()}
    got = session.run(feeds)
    refused = np.asarray(got[GUARDS].any(axis=1)) if GUARDS in got else None
    result = compare(
        got["out"],
        want.outputs["out"],
        lowered.outputs[0].exact,
        got_valid=got.get("out.valid"),
        want_valid=want.valid.get("out"),
        ignore_rows=refused,
    )
    bad = result.differs.any(axis=1)
    for k, hit in enumerate(want.guards):
        bad |= hit.mask != got[GUARDS][:, k]
    columns = lowered.outputs[0].columns
    differences = tuple(
        Difference(
            "steps", "out", columns[k], step.name, _plain(records[i]), got["out"][i, k], want.outputs["out"][i, k], ""
        )
        for i, k in zip(*result.differs.nonzero(), strict=True)
    )
    return CutResult(len(records), got["out"].size, int(bad.sum()), differences[:20])


def cut_out(pipeline: Pipeline, step: Step) -> Pipeline:
    """A pipeline of this step alone; its inputs are the step's input columns, c0, c1, …"""
    types, names = value_types(pipeline), column_names(pipeline)
    kinds = step_input_types(step, types)
    width = sum(len(names[ref.value][ref.start : ref.stop]) for ref in step.inputs)
    kinds = kinds if OPS[step.op].variadic else kinds * width
    inputs = tuple(Input(f"c{k}", x.dtype, nullable=x.nullable) for k, x in enumerate(kinds))
    alone = replace(step, inputs=tuple(Ref(i.value) for i in inputs))
    output = Output("out", (Ref(step.name),), _NATURAL[types[step.name].dtype])
    return Pipeline("cut", inputs, (alone,), (), (output,))


def _records(alone: Pipeline, boundaries: Sequence[StepBoundaries]) -> list[Record]:
    legal = {f.column: [v for v in f.values if alone.inputs[f.column].nullable or v is not None] for f in boundaries}
    base: Record = {
        value.name: next((v for v in legal.get(k, []) if v is not None), PLAIN[value.dtype])
        for k, value in enumerate(alone.inputs)
    }
    return [{**base, alone.inputs[column].name: value} for column, values in legal.items() for value in values]


def _plain(record: Record) -> dict[str, object]:
    return {name: value if isinstance(value, bool | str | None) else repr(value) for name, value in record.items()}
