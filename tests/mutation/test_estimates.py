"""What a self-check calls an estimate: the bound of a rounding error, computed, compared once, and guarding a row."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from skc.selfcheck.estimates import Estimates
from skc.selfcheck.nodes import Nodes

GUARD = "step/rounding-noise"


def constant(name: str, value: float) -> onnx.NodeProto:
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(np.array([[value]])))


def estimates(*nodes: onnx.NodeProto) -> Estimates:
    """Of a graph from `x` to the guard of `step`, with the constant `c`."""
    inputs = [helper.make_tensor_value_info("x", TensorProto.DOUBLE, ["N", 1])]
    outputs = [helper.make_tensor_value_info(GUARD, TensorProto.BOOL, ["N", 1])]
    graph = helper.make_graph([constant("c", 2.0), constant("zero", 0.0), *nodes], "g", inputs, outputs)
    return Estimates(Nodes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])), {"step"})


def node(op_type: str, *inputs: str, to: str) -> onnx.NodeProto:
    return helper.make_node(op_type, [*inputs], [to])


@pytest.mark.parametrize(
    ("nodes", "tensor", "is_one"),
    [
        ([node("Mul", "x", "c", to="bound"), node("Greater", "bound", "x", to=GUARD)], "c", True),
        ([node("Greater", "x", "c", to="sure"), node("Not", "sure", to=GUARD)], "c", True),
        ([node("Greater", "x", "c", to="sure"), node("Not", "sure", to=GUARD)], "sure", True),
        # chosen by the comparison with it
        (
            [
                node("LessOrEqual", "x", "c", to="whole"),
                node("Where", "whole", "zero", "x", to="error"),
                node("Greater", "error", "zero", to=GUARD),
            ],
            "c",
            False,
        ),
        # compared, counted, and compared again
        (
            [
                node("LessOrEqual", "x", "c", to="whole"),
                helper.make_node("Cast", ["whole"], ["one"], to=TensorProto.DOUBLE),
                node("Mul", "one", "x", to="error"),
                node("Greater", "error", "zero", to=GUARD),
            ],
            "c",
            False,
        ),
        # used for the guard of something else as well
        ([node("Mul", "x", "c", to="bound"), node("Greater", "bound", "x", to="other")], "c", False),
        # taken from a table by it, and compared
        ([node("Where", "flag", "c", "x", to="bound"), node("Greater", "bound", "x", to=GUARD)], "flag", False),
    ],
    ids=["scaled", "compared", "the comparison", "chosen", "counted", "elsewhere", "choice"],
)
def test_only_what_is_computed_and_compared_is_an_estimate(
    nodes: list[onnx.NodeProto], tensor: str, is_one: bool
) -> None:
    flag = [node("Greater", "x", "zero", to="flag")]
    assert estimates(*flag, *nodes).ends_in_an_estimate(tensor) == is_one
