"""The lowered graph of every case of an op as text, one line per node: what an op emits is read, and so is its diff.

`NAME = Op(inputs) attributes : type[shape]`, where `?` is a length that ONNX cannot infer. Of what has more than eight
elements the first three, the last and a digest. `make generated` writes `tests/graphs/OP.txt`; a new tzdata may change
the tables of a time zone there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import onnx
import op_harness as harness
from onnx import TensorProto, helper, numpy_helper

from skc.emit.opset import tensor_types
from skc.lower import lower
from skc.op import AnyOp

FOLDER = Path(__file__).parent / "graphs"
HEADER = "# Written by `make generated` from the cases of the op. Do not edit."
SHOWN = 8
SHORT = {
    "DOUBLE": "f64",
    "FLOAT": "f32",
    "INT64": "i64",
    "INT32": "i32",
    "UINT32": "u32",
    "BOOL": "bool",
    "STRING": "str",
}


def graphs_text(op: AnyOp) -> str:
    """The graphs of all cases that compile, in their order."""
    parts = [HEADER]
    for case in op.cases:
        if not case.refused:
            fitted = harness.fitted(op, case)
            parts.append("\n".join([f"## {case.name}", *_lines(lower(fitted).model)]))
    return "\n\n".join(parts) + "\n"


def _lines(model: onnx.ModelProto) -> Iterator[str]:
    """Inputs, nodes in their order, outputs."""
    types = tensor_types(model)
    for value in model.graph.input:
        yield f"{value.name} : {_type(types[value.name])}"
    for node in model.graph.node:
        name = node.output[0]
        made = node.op_type if node.op_type == "Constant" else f"{node.op_type}({', '.join(node.input)})"
        attributes = [_attribute(a) for a in sorted(node.attribute, key=lambda a: a.name)]
        yield " ".join([f"{name} = {made}", *attributes, ":", _type(types[name])])
    yield f"return {', '.join(value.name for value in model.graph.output)}"


def _type(tensor: onnx.TypeProto.Tensor) -> str:
    dims = [str(d.dim_value) if d.HasField("dim_value") else d.dim_param or "?" for d in tensor.shape.dim]
    shape = f"[{', '.join(dims)}]" if tensor.HasField("shape") else "[?]"
    return f"{SHORT[TensorProto.DataType.Name(tensor.elem_type)]}{shape}"


def _attribute(attribute: onnx.AttributeProto) -> str:
    value = helper.get_attribute_value(attribute)
    if isinstance(value, TensorProto):
        return _shown(numpy_helper.to_array(value).reshape(-1).tolist())
    if attribute.name == "to":
        return f"to={SHORT[TensorProto.DataType.Name(value)]}"
    is_list = isinstance(value, Sequence) and not isinstance(value, bytes)
    return f"{attribute.name}={_shown(value) if is_list else _word(value)}"


def _shown(values: Sequence[Any]) -> str:
    words = [_word(value) for value in values]
    if len(words) <= SHOWN:
        return f"[{', '.join(words)}]"
    digest = hashlib.sha256("\n".join(words).encode()).hexdigest()[:12]
    return f"[{', '.join(words[:3])}, …, {words[-1]}; {len(words)}, {digest}]"


def _word(value: Any) -> str:
    """One element; strings as JSON has them, and floats with all their digits."""
    return ascii(value.decode() if isinstance(value, bytes) else value)
