"""plan.json: what is read back is what was written, to the type of every number."""

from __future__ import annotations

import json

import op_harness as harness
import pytest

from skc import plan
from skc.ir import Input, Output, Pipeline, Ref, Step
from skc.op import AnyOp, Case, NoState
from skc.ops import OPS

FITTED = [
    pytest.param(op, case, id=f"{op.name}-{case.name}") for op in OPS.values() for case in op.cases if not case.refused
]


@pytest.mark.parametrize(("op", "case"), FITTED)
def test_a_fitted_op_reads_back_as_itself(op: AnyOp, case: Case) -> None:
    """By its text, for which 1 is not 1.0 and 0.0 is not -0.0: one plan must not compile to two artifacts."""
    pipeline = harness.fitted(op, case)
    assert repr(plan.loads(plan.dumps(pipeline))) == repr(pipeline)


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, 0.5, 2.0**53, 1e21, 1e300, 5e-324, 0, 2**53, 2**63 - 1, True, ""])
def test_a_constant_keeps_its_type(value: float | str) -> None:
    dtype = {float: "float64", int: "int64", bool: "bool", str: "string"}[type(value)]
    given = Input("x", dtype, nullable=True, null_values=(value,))  # type: ignore[arg-type]  # one of four dtypes
    source = Step("x/source", "source", OPS["source"].params(null_values=(value,)), (Ref("inputs/x"),), NoState())
    output = Output("out", (Ref("x/source"),), "string" if dtype == "string" else "float64")
    written = Pipeline("p", (given,), (source,), (), (output,))
    again = plan.loads(plan.dumps(written))
    assert repr(again) == repr(written)
    assert plan.dumps(again) == plan.dumps(written)
    json.loads(plan.dumps(written), parse_constant=pytest.fail)
