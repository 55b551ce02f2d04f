"""Which step is to blame: every step of the plan lowered as written, against the reference, for one row."""

from __future__ import annotations

from collections.abc import Sequence

from skc import reference
from skc.infer import value_types
from skc.ir import Pipeline
from skc.lower import lower
from skc.sampling import Record, to_blocks
from skc.types import Block
from skc.verify.compare import compare
from skc_runtime.session import GraphSession

LAYOUT = "(no single step: how the steps are fused and laid out, or the model is not that of the plan)"


def first_differing_step(pipeline: Pipeline, record: Record) -> str:
    """The first step, in order, whose value in the unfused graph is not the reference's; LAYOUT when all agree."""
    names = [step.name for step in pipeline.steps]
    lowered = lower(pipeline, expose=names, optimise=False)
    blocks = to_blocks(pipeline.inputs, [record])
    session = GraphSession(lowered.model.SerializeToString())
    feeds = {slot.tensor: blocks[name].values for name, slot in lowered.values.items()}
    feeds |= {slot.tensor: blocks[name].present() for name, slot in lowered.valid.items()}
    results = session.run(feeds)
    wanted = reference.run(pipeline, blocks).values
    types = value_types(pipeline)
    for name in names:
        if _differs(results[name], results.get(f"{name}#valid"), wanted[name], exact=types[name].exact):
            return name
    return LAYOUT


def _differs(values: object, valid: object, want: Block, *, exact: bool) -> bool:
    flags: Sequence[bool] = [exact] * want.width
    result = compare(values, want.values, flags, got_valid=valid, want_valid=want.valid)  # type: ignore[arg-type]  # ONNX Runtime's results are untyped
    return bool(result.differs.any())
