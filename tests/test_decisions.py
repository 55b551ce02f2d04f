"""Whether a row is refused may depend on no value whose last bits differ between machines."""

from __future__ import annotations

import math
from collections.abc import Iterator

import op_harness as harness
import pytest

from skc.diagnostics import SkcError
from skc.infer import step_input_types, value_types
from skc.op import AnyOp, Case
from skc.ops import OPS
from skc.values.types import Scalar

CODES = ("invalid-value", "out-of-range", "unknown-category", "not-integral")


def is_number(value: Scalar) -> bool:
    return isinstance(value, float) and math.isfinite(value) and abs(value) < 1e6


def deciding() -> Iterator[tuple[AnyOp, Case]]:
    """The cases in which a number of float64 is refused for what it is, and not for its size."""
    for op in OPS.values():
        for case in op.cases:
            if case.refused or op.internal:
                continue
            refused = [(row, column) for code, row, column in case.guards if code in CODES]
            if any(is_number(case.rows[row][column]) for row, column in refused):
                yield op, case


@pytest.mark.parametrize(
    ("op", "case"), [pytest.param(op, case, id=f"{op.name}-{case.name}") for op, case in deciding()]
)
def test_such_a_step_takes_exact_values_only(op: AnyOp, case: Case) -> None:
    pipeline = harness.build(op, case.params, case.columns, case.state)
    step = pipeline.steps[-1]
    types = step_input_types(step, value_types(pipeline))
    inexact = [t.with_(exact=False) if t.kind.is_float else t for t in types]
    with pytest.raises(SkcError) as caught:
        op.infer(step.params, *inexact)
    assert caught.value.code == "SKC121"
