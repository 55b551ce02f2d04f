"""The nodes of a sound model, and what can be said of one of its tensors alone."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from skc.emit.opset import element_types
from skc_runtime.kinds import Array

LOGIC = ("And", "Or", "Not", "Xor")
_BOOLEAN = (*LOGIC, "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "IsNaN", "IsInf")


class Nodes:
    """`makers`: by tensor, the node that makes it; `users`: those that take it. `flags` and `singles` are the
    inputs of bool and of float32, `integers` the tensors of int64.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        self.makers = {name: node for node in model.graph.node for name in node.output}
        self.flags = {i.name for i in model.graph.input if i.type.tensor_type.elem_type == TensorProto.BOOL}
        self.singles = {i.name for i in model.graph.input if i.type.tensor_type.elem_type == TensorProto.FLOAT}
        self.integers = {name for name, dtype in element_types(model).items() if dtype == "int64"}
        self.users: dict[str, list[onnx.NodeProto]] = {}
        for node in model.graph.node:
            for name in node.input:
                self.users.setdefault(name, []).append(node)

    def is_never_zero(self, tensor: str) -> bool:
        constant = self.constant(tensor)
        return constant is not None and bool((constant != 0).all())

    def constant(self, tensor: str) -> Array | None:
        maker = self.makers.get(tensor)
        if maker is not None and maker.op_type == "Expand":
            return self.constant(maker.input[0])
        if maker is None or maker.op_type != "Constant":
            return None
        return np.asarray(numpy_helper.to_array(maker.attribute[0].t))

    def is_boolean(self, tensor: str) -> bool:
        maker = self.makers.get(tensor)
        if maker is None:
            return tensor in self.flags
        if maker.op_type in ("Concat", "Gather", "Slice"):
            return all(map(self.is_boolean, data_inputs(maker)))
        return maker.op_type in _BOOLEAN


def data_inputs(node: onnx.NodeProto) -> list[str]:
    """The inputs that values come from: all of a Concat, the first of a node that only selects values."""
    return list(node.input if node.op_type == "Concat" else node.input[:1])
