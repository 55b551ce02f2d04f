"""The one place that fixes the ONNX vocabulary: opset numbers, op constructors, and the ops that may be emitted.

Why these numbers: opset 20, ai.onnx.ml 4 and IR 9 run on every ONNX Runtime from 1.18 on. Why an allow-list: whether a
kernel exists for a type, and whether it is exact, was measured op by op; what was not measured is not emitted.

Never emitted, and why:
  StringNormalizer              reads the host's locale; does not even load on a slim image
  Cast between string and float keeps 8 digits, follows LC_NUMERIC, and one bad string fails the whole batch
  ReduceSum/ReduceProd on int64 go through double and lose bits beyond 2^53
  Scaler, Normalizer, OneHotEncoder, Imputer   compute in float32 whatever goes in
  Sigmoid                       loses relative accuracy below -20 in float64
  sequence, map, optional       not every binding can hold them
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import spox.opset.ai.onnx.ml.v4 as ml
import spox.opset.ai.onnx.v20 as op
from numpy.typing import ArrayLike
from spox import Tensor, Var, inline

from skc.diagnostics import bug

__all__ = ["const", "finish", "ml", "murmur_hash3", "op", "tokenize"]

OPSET = 20
OPSET_ML = 4
OPSET_MICROSOFT = 1
IR_VERSION = 9
MINIMUM_ONNXRUNTIME = "1.18.0"

# (domain, op) -> the element types it may take in its first data input. "*" is any.
F64, F32, I64, I32, BOOL, STR, U32 = "float64", "float32", "int64", "int32", "bool", "string", "uint32"
ALLOWED: dict[tuple[str, str], frozenset[str]] = {
    ("", name): frozenset(dtypes)
    for name, dtypes in {
        "Abs": [F64, I64],
        "Add": [F64, I64],
        "And": [BOOL],
        "Cast": [F64, I64, I32, BOOL, U32, STR],
        "Ceil": [F64],
        "Clip": [F64, I64],
        "Concat": [F64, I64, BOOL, STR, F32],
        "Constant": ["*"],
        "CumSum": [I64],
        "Div": [F64, I64],
        "Equal": [F64, I64, BOOL, STR],
        "Exp": [F64],
        "Expand": [F64, I64, BOOL, STR],
        "Floor": [F64],
        "Gather": [F64, I64, BOOL, STR],
        "GatherElements": [F64, I64, BOOL],
        "GatherND": [F64, I64, BOOL],
        "Greater": [F64, I64],
        "GreaterOrEqual": [F64, I64],
        "Identity": ["*"],
        "IsInf": [F64],
        "IsNaN": [F64],
        "Less": [F64, I64],
        "LessOrEqual": [F64, I64],
        "Log": [F64],
        "Max": [F64, I64],
        "Min": [F64, I64],
        "Mod": [I64],
        "Mul": [F64, I64],
        "Neg": [F64, I64],
        "Not": [BOOL],
        "Or": [BOOL],
        "Pow": [F64],
        "ReduceMax": [I64, F64],
        "ReduceMin": [I64, F64],
        "ReduceSum": [F64],
        "RegexFullMatch": [STR],
        "Reshape": [F64, I64, BOOL, STR],
        "Round": [F64],
        "Shape": ["*"],
        "Sign": [F64],
        "Sin": [F64],
        "Slice": [F64, I64, BOOL, STR],
        "Sqrt": [F64],
        "Squeeze": [F64, I64, BOOL, STR],
        "StringConcat": [STR],
        "Sub": [F64, I64],
        "Unsqueeze": [F64, I64, BOOL, STR],
        "Where": [BOOL],
        "Xor": [BOOL],
    }.items()
}
ALLOWED[("ai.onnx.ml", "LabelEncoder")] = frozenset([STR, I64, F64])
ALLOWED[("com.microsoft", "Tokenizer")] = frozenset([STR])
ALLOWED[("com.microsoft", "MurmurHash3")] = frozenset([STR, I64])


def const(value: ArrayLike, dtype: Any = None) -> Var:
    """A constant tensor. Strings become a string tensor; Python floats float64, ints int64."""
    array = np.asarray(value, dtype=dtype)
    if array.dtype.kind in "OU":
        array = array.astype(np.str_)
    return op.const(array)


def tokenize(x: Var, pad: str = "") -> Var:
    """com.microsoft.Tokenizer splitting [N, 1] strings into characters (code points): [N, 1, L], padded with `pad`.

    L is the length of the longest string of the batch, so slice only after padding to a known length.
    """
    node = onnx.helper.make_node(
        "Tokenizer", ["x"], ["y"], domain="com.microsoft", mark=0, mincharnum=1, pad_value=pad, separators=[""]
    )
    return _contrib(node, x, onnx.TensorProto.STRING, ("N", 1, "L"))


def murmur_hash3(x: Var, width: int, seed: int) -> Var:
    """com.microsoft.MurmurHash3, 32 bits, unsigned, of the UTF-8 bytes of [N, K] strings: uint32 [N, K]."""
    node = onnx.helper.make_node(
        "MurmurHash3", ["x"], ["y"], domain="com.microsoft", seed=seed, positive=1
    )
    return _contrib(node, x, onnx.TensorProto.UINT32, ("N", width))


def _contrib(node: onnx.NodeProto, x: Var, elem_type: int, shape: tuple[str | int, ...]) -> Var:
    """A one-node model of a contrib op, inlined: spox has constructors for standard domains only."""
    source = x.unwrap_tensor()
    source_type = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(source.dtype))
    model = onnx.helper.make_model(
        onnx.helper.make_graph(
            [node],
            "contrib",
            [onnx.helper.make_tensor_value_info("x", source_type, source.shape)],
            [onnx.helper.make_tensor_value_info("y", elem_type, shape)],
        ),
        opset_imports=[onnx.helper.make_opsetid("", OPSET), onnx.helper.make_opsetid("com.microsoft", OPSET_MICROSOFT)],
        ir_version=IR_VERSION,
    )
    (result,) = inline(model)(x=x).values()
    return result


def finish(model: onnx.ModelProto) -> onnx.ModelProto:
    """Pin the versions, drop what names the tools that built the model, and refuse any op that is not on the list."""
    model.ir_version = IR_VERSION
    model.producer_name, model.producer_version, model.doc_string = "skc", "", ""
    domains = {node.domain for node in model.graph.node} | {""}
    versions = {"": OPSET, "ai.onnx.ml": OPSET_ML, "com.microsoft": OPSET_MICROSOFT}
    del model.opset_import[:]
    model.opset_import.extend(onnx.helper.make_opsetid(domain, versions[domain]) for domain in sorted(domains))
    check_allowed(model)
    return model


def check_allowed(model: onnx.ModelProto) -> None:
    """Raise for any node whose op is not on the allow-list."""
    for node in model.graph.node:
        if (node.domain, node.op_type) not in ALLOWED:
            raise bug(f"op {node.domain or 'ai.onnx'}.{node.op_type} is not on the allow-list")


def tensor(dtype: Any, *shape: str | int) -> Tensor:
    """A spox tensor type."""
    return Tensor(dtype, shape)
