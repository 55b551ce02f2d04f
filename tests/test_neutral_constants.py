"""Arithmetic with a constant that float32 cannot tell from 0 or 1 must survive ONNX Runtime's optimiser."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
from spox import Tensor, argument, build

from skc.emit.opset import const, finish, op

LEVELS = ("ORT_DISABLE_ALL", "ORT_ENABLE_BASIC", "ORT_ENABLE_EXTENDED", "ORT_ENABLE_ALL")
VALUES = np.array([[3.0], [0.1], [-1e300], [1e-46], [5e-324], [-0.0], [0.0]])
NEAR_ONE = [1.0, 1.0000000000000002, 0.9999999999999999, 1 + 1e-8, 1 - 2e-8, 1.0000001]
NEAR_ZERO = [0.0, -0.0, 5e-324, -1e-47, 1e-44]


def model(name: str, constant: Any, side: str) -> Any:
    """-(-x op constant): the optimiser keeps a node that is the whole graph."""
    x = argument(Tensor(np.float64, ("N", 1)))
    operands = (op.neg(x), const(constant)) if side == "right" else (const(constant), op.neg(x))
    return finish(build({"x": x}, {"y": op.neg(getattr(op, name)(*operands))}))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("shape", [(), (1, 1)])
@pytest.mark.parametrize(
    ("name", "constant"),
    [(name, c) for name in ("mul", "div") for c in NEAR_ONE]
    + [(name, c) for name in ("add", "sub") for c in NEAR_ZERO],
)
def test_bits_survive(name: str, constant: float, shape: tuple[int, ...], side: str, level: str) -> None:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    options.log_severity_level = 3
    written = model(name, np.full(shape, constant), side).SerializeToString()
    (got,) = onnxruntime.InferenceSession(written, options).run(None, {"x": VALUES})
    ufunc = {"mul": np.multiply, "div": np.divide, "add": np.add, "sub": np.subtract}[name]
    operands = (-VALUES, constant) if side == "right" else (constant, -VALUES)
    with np.errstate(all="ignore"):
        want = -ufunc(*operands)
    np.testing.assert_array_equal(got.view(np.int64), want.view(np.int64))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("shape", [(), (1, 1)])
@pytest.mark.parametrize("dtype", [np.float64, np.int64])
def test_a_product_of_a_quotient_of_one_keeps_its_order(dtype: Any, shape: tuple[int, ...], level: str) -> None:
    """(1 / x) * y is rounded twice, y / x once; of integers, 1 / 3 * 5 is 0."""
    x = argument(Tensor(dtype, ("N", 1)))
    quotient = op.div(const(np.full(shape, 1), dtype), x)
    written = finish(build({"x": x}, {"y": op.mul(quotient, const(5, dtype))})).SerializeToString()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    options.log_severity_level = 3
    values = np.array([[3], [49], [6], [1]], dtype)
    (got,) = onnxruntime.InferenceSession(written, options).run(None, {"x": values})
    want = 1.0 / values * 5.0 if dtype is np.float64 else 1 // values * 5
    np.testing.assert_array_equal(got.view(np.int64), want.view(np.int64))


def test_the_neutral_constant_costs_nothing() -> None:
    """x * 1 and x - 0 are x: nothing to shield, so no node is added."""
    for name, constant in (("mul", 1.0), ("div", 1.0), ("sub", 0.0), ("add", -0.0), ("mul", 2.0)):
        assert "Expand" not in [node.op_type for node in model(name, constant, "right").graph.node]
    assert "Expand" in [node.op_type for node in model("mul", 1.0000000000000002, "right").graph.node]
