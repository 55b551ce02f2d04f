"""plan.json: what is read back is what was written, to the type of every number."""

from __future__ import annotations

import base64
import json
import math
import time
from collections.abc import Iterator
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
import op_harness as harness
import pytest
import rfc8785
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from skc import plan
from skc.diagnostics import SkcError
from skc.ir import Input, Output, Pipeline, Ref, Step
from skc.op import AnyOp, Case, NoState
from skc.ops import OPS
from skc.ops.linear import linear_map
from skc.ops.numeric import clip, impute
from skc.packed import LONG, pack, unpack
from skc.values.canonical import canonical

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
    raw = Input("x", dtype, nullable=True, null_values=(value,))  # type: ignore[arg-type]  # one of four dtypes
    source = Step("x/source", "source", OPS["source"].params(null_values=(value,)), (Ref("inputs/x"),), NoState())
    output = Output("out", (Ref("x/source"),), "string" if dtype == "string" else "float64")
    written = Pipeline("p", (raw,), (source,), (), (output,))
    again = plan.loads(plan.dumps(written))
    assert repr(again) == repr(written)
    assert plan.dumps(again) == plan.dumps(written)
    json.loads(plan.dumps(written), parse_constant=pytest.fail)


def wide(columns: int, results: int) -> Pipeline:
    """A product with a matrix; its numbers are those that a careless reader changes."""
    odd = (-0.0, 5e-324, 1e300, 1.0, 0.1, float("nan"))
    rows = [tuple(odd[(k + j) % len(odd)] for j in range(results)) for k in range(columns)]
    state = linear_map.State(tuple(rows), intercept=tuple(float(j) for j in range(results)))
    inputs = tuple(Input(f"x{k}", "float64") for k in range(columns))
    step = Step("map", "linear_map", linear_map.Params(), tuple(Ref(i.value) for i in inputs), state)
    return Pipeline("p", inputs, (step,), (), (Output("out", (Ref("map"),), "float64"),))


@pytest.mark.parametrize(("columns", "results"), [(40, 25), (LONG - 1, 1), (1, LONG - 1), (2, LONG)])
def test_long_arrays_read_back_as_themselves(columns: int, results: int) -> None:
    written = wide(columns, results)
    text = plan.dumps(written)
    assert repr(plan.loads(text)) == repr(written)
    state = json.loads(text)["steps"][0]["state"]
    assert ("$f64" in state["weights"]) == (columns * results >= LONG)
    assert ("$f64" in state["intercept"]) == (results >= LONG)


def fields_of_numbers() -> Iterator[tuple[str, str, int, type]]:
    """Every field of a state that a long array may be written for: op, field, rank and type of number."""
    for op in OPS.values():
        for name, annotation in get_type_hints(op.state).items():
            rank = 0
            while get_origin(annotation) is tuple:
                annotation, rank = get_args(annotation)[0], rank + 1
            for kind in {float, int, bool} & {*(get_args(annotation) or (annotation,))}:
                if rank in (1, 2):
                    yield op.name, name, rank, kind


@pytest.mark.parametrize(("op", "field", "rank", "kind"), [*fields_of_numbers()])
def test_whatever_is_written_as_an_array_can_be_read(op: str, field: str, rank: int, kind: type) -> None:
    """A field that may hold an integer, a float or None becomes an array too where all of its values are integers."""
    long = tuple(kind(k % 3) for k in range(LONG))
    values: tuple[object, ...] = long if rank == 1 else (long, long)
    annotation = get_type_hints(OPS[op].state)[field]
    packed = pack(values)
    if rank == 1 or kind is float:
        assert packed is not None
        assert repr(unpack(packed, annotation)) == repr(values)
    else:
        assert packed is None


def test_a_block_of_a_thousand_columns_has_a_plan() -> None:
    inputs = [Input(f"x{k}", "float64", nullable=True) for k in range(LONG)]
    refs = tuple(Ref(i.value) for i in inputs)
    clipped = Step("clip", "clip", clip.Params(min=0.0, max=1.0), refs, clip.State((0.0,) * LONG, (1.0,) * LONG))
    filled = Step("fill", "impute", impute.Params(), (Ref("clip"),), impute.State((0.5,) * LONG, (False,) * LONG))
    written = Pipeline("p", tuple(inputs), (clipped, filled), (), (Output("out", (Ref("fill"),), "float64"),))
    assert repr(plan.loads(plan.dumps(written))) == repr(written)


def test_damaged_arrays_are_refused() -> None:
    document = json.loads(plan.dumps(wide(40, 25)))
    zeros = base64.b64encode(bytes(8 * LONG)).decode()
    other: list[dict[str, object]] = [
        {"$f64": zeros, "shape": [LONG]},  # of another rank than the field
        {"$i64": zeros, "shape": [40, 25]},
        {"$f64": zeros, "shape": [40, 26]},
        {"$f64": zeros, "shape": [-40, -25]},
        {"$f64": zeros[:-1] + "!", "shape": [40, 25]},
        {"$f64": base64.b64encode(bytes(80)).decode(), "shape": [2, 5]},  # too short to be packed
        {"$f64": 7, "shape": [40, 25]},
        {"$f64": zeros, "$i64": zeros, "shape": [40, 25]},
    ]
    for weights in other:
        document["steps"][0]["state"]["weights"] = weights
        with pytest.raises(SkcError) as refused:
            plan.loads(json.dumps(document).encode())
        assert refused.value.code == "SKC401"


def test_a_large_plan_is_read_quickly() -> None:
    """A million numbers: ten seconds would be numbers that are read one by one."""
    matrix = np.random.default_rng(0).normal(size=(1000, 1000)).tolist()
    pipeline = wide(1000, 1)
    (step,) = pipeline.steps
    large = pipeline.with_steps(
        [Step("map", step.op, step.params, step.inputs, linear_map.State(tuple(map(tuple, matrix))))]
    )
    text = plan.encode(large)
    started = time.perf_counter()
    plan.loads(text)
    assert time.perf_counter() - started < 10
    assert len(text) < 12e6


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(1 - 2**53, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda items: st.lists(items) | st.dictionaries(TEXTS, items),
    max_leaves=10,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(JSON)
@example(['\0\x1f\x7f\u2028"\\/\b\f\n\r\t\ud7ff\ue000\U0001f600', "é"])
@example({"\U0001f600": 1, "\ue000": [1e21, 1e-7, -0.0], "": []})
@example([0.0, 1e15, 1e16, -1e16, 9007199254740993.0, 1e22, 1e-4, 1e-5, 1e-6, 5e-324, -1.5, True, 2**53 - 1, None])
def test_a_plan_is_written_as_rfc_8785_says(document: Any) -> None:
    assert canonical(document).encode() == rfc8785.dumps(document)


@pytest.mark.parametrize("number", [math.nan, math.inf, 2**53, -(2**53)])
def test_a_number_that_json_does_not_have_is_not_written(number: float) -> None:
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical([number])
