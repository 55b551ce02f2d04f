"""The one place that fixes the ONNX vocabulary: opset numbers, op constructors, and the ops that may be emitted.

Why these numbers: opset 20, ai.onnx.ml 4 and IR 9 run on every ONNX Runtime from 1.18 on; before 1.21 some graphs of
`round` and `expr` give 0.0 for -0.0.
Why an allow-list: whether a kernel exists for a type, and whether it is exact, was measured op by op; what was not
measured is not emitted.

Never emitted, and why:
  StringNormalizer              reads the host's locale; does not even load on a slim image
  Cast between string and float keeps 8 digits, follows LC_NUMERIC, and one bad string fails the whole batch; the one
                                exception is `float_of`, for text that a regular expression has let through
  ReduceSum/ReduceProd on int64 go through double and lose bits beyond 2^53
  Scaler, Normalizer, OneHotEncoder, Imputer   compute in float32 whatever goes in
  Min, Max, Clip, Sign, ReduceMin, ReduceMax on int64   wrong on x86-64 where two numbers agree in their upper 32 bits
                                and differ by 2^31 or more (Eigen's SSE2 comparison; 1.31); Less and Where are right
  Sigmoid                       loses relative accuracy below -20 in float64
  sequence, map, optional       not every binding can hold them
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from skc.diagnostics import bug

if TYPE_CHECKING:
    import onnx
    import spox.opset.ai.onnx.ml.v4 as ml
    import spox.opset.ai.onnx.v20 as op
    from spox import Var
else:

    class _Lazy:
        """A module that is imported on first use: listing the ops must not have to load ONNX."""

        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, attribute: str) -> Any:
            value = getattr(importlib.import_module(self._name), attribute)
            setattr(self, attribute, value)
            return value

    onnx = _Lazy("onnx")
    ml = _Lazy("spox.opset.ai.onnx.ml.v4")
    op = _Lazy("spox.opset.ai.onnx.v20")

__all__ = ["const", "finish", "float_of", "ml", "murmur_hash3", "op", "tokenize", "tokenize_between", "tokenize_by"]

OPSET = 20
OPSET_ML = 4
OPSET_MICROSOFT = 1
OPSETS = {"": OPSET, "ai.onnx.ml": OPSET_ML, "com.microsoft": OPSET_MICROSOFT}
IR_VERSION = 9
MINIMUM_ONNXRUNTIME = "1.21.0"

# (domain, op) -> the element types allowed in its first data input. "*" is any.
F64, F32, I64, I32, BOOL, STR, U32 = "float64", "float32", "int64", "int32", "bool", "string", "uint32"
ALLOWED: dict[tuple[str, str], frozenset[str]] = {
    ("", name): frozenset(dtypes)
    for name, dtypes in {
        "Abs": [F64, I64],
        "Add": [F64, I64],
        "And": [BOOL],
        "ArgMax": [F64],
        "Cast": [F64, I64, I32, BOOL, U32, STR, F32],
        "Ceil": [F64],
        "Clip": [F64],
        "Concat": [F64, I64, BOOL, STR, F32],
        "Compress": [I64, STR],
        "Constant": ["*"],
        "CumSum": [I64, F64, F32],  # in order, unlike every other sum of floats
        "Div": [F64, I64],
        "Equal": [F64, I64, BOOL, STR],
        "Exp": [F64],
        "Expand": [F64, I64, BOOL, STR],
        "Floor": [F64],
        "Gather": [F64, I64, BOOL, STR, F32],
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
        "MatMul": [F64, I64],
        "Max": [F64],
        "Min": [F64],
        "Mod": [I64, F64],  # float64 with fmod=1: the exact remainder
        "Mul": [F64, I64],
        "Neg": [F64, I64],
        "Not": [BOOL],
        "Or": [BOOL],
        "Pow": [F64],
        "ReduceMax": [F64],
        "ReduceMin": [F64],
        "ReduceSum": [F64],
        "RegexFullMatch": [STR],
        "Reshape": [F64, I64, BOOL, STR],
        "Round": [F64],
        "ScatterElements": [F64, I64, STR],
        "Shape": ["*"],
        "Sign": [F64],
        "Sin": [F64],
        "Slice": [F64, I64, BOOL, STR, F32],
        "Sqrt": [F64],
        "Squeeze": [F64, I64, BOOL, STR],
        "StringConcat": [STR],
        "StringSplit": [STR],
        "Sub": [F64, I64],
        "Tanh": [F64],
        "TopK": [F64],  # of equal values the first, and the rest exactly those that a sort gives
        "Unsqueeze": [F64, I64, BOOL, STR],
        "Where": [BOOL],
        "Xor": [BOOL],
    }.items()
}
ALLOWED[("ai.onnx.ml", "LabelEncoder")] = frozenset([STR, I64, F64])
# thresholds in float64, compared exactly; its answers are float32, so only for whole numbers up to 2^24
ALLOWED[("ai.onnx.ml", "TreeEnsembleRegressor")] = frozenset([F64])
ALLOWED[("com.microsoft", "Tokenizer")] = frozenset([STR])
ALLOWED[("com.microsoft", "MurmurHash3")] = frozenset([STR, I64])
# The only fields of onnx.proto that our models use: no initializer, subgraph, function or external data. Together with
# `ALLOWED` they form the grammar of a model, which every runtime checks before ONNX Runtime sees it (`make generated`).
FIELDS: dict[str, tuple[str, ...]] = {
    "ModelProto": (
        "ir_version",
        "producer_name",
        "producer_version",
        "doc_string",
        "graph",
        "opset_import",
        "metadata_props",
    ),
    "OperatorSetIdProto": ("domain", "version"),
    "StringStringEntryProto": ("key", "value"),
    "GraphProto": ("node", "name", "input", "output"),
    "NodeProto": ("input", "output", "name", "op_type", "attribute", "domain"),
    "AttributeProto": ("name", "f", "i", "s", "t", "ints", "strings", "type"),
    "TensorProto": ("dims", "data_type", "string_data", "raw_data"),
    "ValueInfoProto": ("name", "type"),
    "TypeProto": ("tensor_type",),
    "TypeProto.Tensor": ("elem_type", "shape"),
    "TensorShapeProto": ("dim",),
    "TensorShapeProto.Dimension": ("dim_value", "dim_param"),
}
# The types of first outputs that ONNX does not infer: of contrib ops, and of a split of text of unknown shape.
NOT_INFERRED = {
    ("com.microsoft", "Tokenizer"): np.str_,
    ("com.microsoft", "MurmurHash3"): np.uint32,
    ("", "StringSplit"): np.str_,
}
TEXT_CASTS = ({STR, F64}, {STR, F32})  # in either direction
# Text that `Cast` turns into the nearest float64 everywhere: no decimal mark, which follows the locale, and neither so
# large that it overflows nor so small that it is subnormal, which `std::stod` refuses. Measured with 1.21 and 1.32, in
# the locales C and de_DE: 1,900,000 such texts, 600,000 of them next to or on the middle of two floats, as Python's.
NUMERAL = "-?[0-9]{1,36}e(?:-[0-2]?[0-9]{1,2}|[01]?[0-9]{1,2}|2[0-6][0-9])"
ZERO = "0e0"

# The y for which x op y is x, to the last bit: for x = -0.0, x + -0.0 is -0.0 and x + 0.0 is not.
NEUTRAL = {"Add": -0.0, "Sub": 0.0, "Mul": 1.0, "Div": 1.0}


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


def tokenize_by(x: Var, pattern: str, width: int) -> Var:
    """com.microsoft.Tokenizer: all matches of a regular expression (RE2), from left to right, in [N, width] strings.

    At each place it takes the longest match, whatever the order of alternatives.

    Gives [N, width, L], padded with "", where L is the most matches in a string of the batch; [0, 0] for N = 0.
    """
    node = onnx.helper.make_node(
        "Tokenizer", ["x"], ["y"], domain="com.microsoft", mark=0, mincharnum=1, pad_value="", tokenexp=pattern
    )
    return _contrib(node, x, onnx.TensorProto.STRING, ("N", width, "L"))


def tokenize_between(x: Var, separator: str, width: int) -> Var:
    """com.microsoft.Tokenizer: what is left between all matches of a regular expression (RE2), without empty parts.

    Shapes as in `tokenize_by`.
    """
    node = onnx.helper.make_node(
        "Tokenizer", ["x"], ["y"], domain="com.microsoft", mark=0, mincharnum=1, pad_value="", separators=[separator]
    )
    return _contrib(node, x, onnx.TensorProto.STRING, ("N", width, "L"))


def float_of(texts: Var) -> Var:
    """float64 of the same shape: the nearest to each text of the form NUMERAL, 0 for any other."""
    is_numeral = op.regex_full_match(texts, pattern=NUMERAL)
    return op.cast(op.where(is_numeral, texts, const(ZERO)), to=np.float64)


def murmur_hash3(x: Var, width: int | str, seed: int) -> Var:
    """com.microsoft.MurmurHash3 of [N, K] strings (UTF-8 bytes) or int64 (8 bytes, little endian): uint32 [N, K]."""
    node = onnx.helper.make_node("MurmurHash3", ["x"], ["y"], domain="com.microsoft", seed=seed, positive=1)
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
    from spox import inline

    (result,) = inline(model)(x=x).values()
    return result


def finish(model: onnx.ModelProto) -> onnx.ModelProto:
    """Pin the versions, drop the names of the tools that built the model, and refuse any op that is not on the list."""
    model.ir_version = IR_VERSION
    model.producer_name, model.producer_version, model.doc_string = "skc", "", ""
    _shield_constants(model.graph)
    domains = {node.domain for node in model.graph.node} | {""}
    del model.opset_import[:]
    model.opset_import.extend(onnx.helper.make_opsetid(domain, OPSETS[domain]) for domain in sorted(domains))
    check_allowed(model)
    return model


def _shield_constants(graph: onnx.GraphProto) -> None:
    """Hide constants that ONNX Runtime's optimiser would misread.

    Its basic optimisation drops operands that only look neutral (NoopElimination compares as float32: x / 1.00000001
    and x + 1e-50 become x, and -0.0 + 0.0 stays -0.0), and rewrites (1 / x) * y as y / x (DivMulFusion), which rounds
    once instead of twice and gives a different number for integers. A constant expanded to the shape of x, which is not
    known before a run, is invisible to it. This costs two more nodes, for these few constants only.
    """
    constants = {n.output[0]: onnx.numpy_helper.to_array(n.attribute[0].t) for n in graph.node if _is_constant(n)}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        for i, name in enumerate(node.input):
            if name in constants and _is_misread(node, i, constants[name]):
                shape, wide = f"{node.output[0]}_shape{i}", f"{node.output[0]}_wide{i}"
                nodes.append(onnx.helper.make_node("Shape", [node.input[1 - i]], [shape], name=shape))
                nodes.append(onnx.helper.make_node("Expand", [name, shape], [wide], name=wide))
                node.input[i] = wide
        nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)


def _is_constant(node: onnx.NodeProto) -> bool:
    return node.op_type == "Constant" and node.attribute[0].name == "value"


def _is_misread(node: onnx.NodeProto, i: int, value: Any) -> bool:
    """The constant, input `i` of the node, is a dividend of 1, or neutral as a float32 but not to the last bit."""
    if node.domain or node.op_type not in NEUTRAL or value.size != 1:
        return False
    if i == 0 and node.op_type in ("Sub", "Div"):
        return node.op_type == "Div" and bool(value == 1)
    if value.dtype != np.float64:
        return False
    neutral = np.float64(NEUTRAL[node.op_type])
    with np.errstate(under="ignore", over="ignore"):
        looks_neutral = bool(value.astype(np.float32).item() == neutral)
    return looks_neutral and value.tobytes() != neutral.tobytes()


def foreign_part(message: Any) -> str | None:
    """The first field or op of a parsed model (or of a message within it) that our models never contain; None if none.

    This uses onnx's own parser. The runtimes have their own, which is tested against this one.
    """
    from google.protobuf.unknown_fields import UnknownFieldSet  # as heavy as onnx itself

    name = message.DESCRIPTOR.full_name.removeprefix("onnx.")
    if len(UnknownFieldSet(message)):
        return f"a field in {name} that onnx does not know"
    if name == "NodeProto" and (message.domain, message.op_type) not in ALLOWED:
        return f"op {message.domain or 'ai.onnx'}.{message.op_type}"
    for field, value in message.ListFields():
        if field.name not in FIELDS.get(name, ()):
            return f"`{field.name}` in {name}"
        is_one = hasattr(value, "DESCRIPTOR")
        for child in () if field.message_type is None else [value] if is_one else value:
            if foreign := foreign_part(child):
                return foreign
    return None


def check_allowed(model: onnx.ModelProto) -> None:
    """Raise for anything that our models never contain, and for an op on a type that is not on the allow-list."""
    if foreign := foreign_part(model):
        raise bug(f"{foreign} is not on the allow-list")
    types = element_types(model)
    makers = {name: node for node in model.graph.node for name in node.output}
    for node in model.graph.node:
        name = f"{node.domain or 'ai.onnx'}.{node.op_type}"
        allowed = ALLOWED[node.domain, node.op_type]
        if "*" in allowed or not node.input:
            continue
        dtype = types.get(node.input[0])
        if dtype not in allowed:
            raise bug(f"op {name} on {dtype or 'an unknown type'} is not on the allow-list")
        is_text_cast = node.op_type == "Cast" and {dtype, types.get(node.output[0])} in TEXT_CASTS
        if is_text_cast and not _is_numeral(node.input[0], makers):
            raise bug(f"a Cast from {dtype} to {types.get(node.output[0])} is never emitted")


def _is_numeral(name: str, makers: Mapping[str, onnx.NodeProto]) -> bool:
    """The tensor holds only text of the form NUMERAL, because `float_of` made it."""
    chosen = makers.get(name)
    if chosen is None or chosen.op_type != "Where":
        return False
    condition, otherwise = makers.get(chosen.input[0]), makers.get(chosen.input[2])
    if condition is None or otherwise is None or not _is_constant(otherwise):
        return False
    is_checked = condition.op_type == "RegexFullMatch" and condition.input[0] == chosen.input[1]
    patterns = [attribute.s.decode() for attribute in condition.attribute]
    return is_checked and patterns == [NUMERAL] and [*otherwise.attribute[0].t.string_data] == [ZERO.encode()]


def element_types(model: onnx.ModelProto) -> dict[str, str]:
    """The element type of every tensor."""
    types = {name: _dtype_name(tensor.elem_type) for name, tensor in tensor_types(model).items()}
    return types | {value.name: _dtype_name(value.data_type) for value in model.graph.initializer}


def tensor_types(model: onnx.ModelProto) -> dict[str, onnx.TypeProto.Tensor]:
    """The type and shape of every tensor, by ONNX's own inference, with the types that it does not infer supplied.

    Why supplied: an op unknown to the inference leaves its output without a type, and inferring the next node crashes.
    """
    known = onnx.ModelProto()
    known.CopyFrom(model)
    for node in model.graph.node:
        if (node.domain, node.op_type) in NOT_INFERRED:
            dtype = np.dtype(NOT_INFERRED[node.domain, node.op_type])
            elem_type = onnx.helper.np_dtype_to_tensor_dtype(dtype)
            known.graph.value_info.append(onnx.helper.make_tensor_value_info(node.output[0], elem_type, None))
    graph = onnx.shape_inference.infer_shapes(known).graph
    return {value.name: value.type.tensor_type for value in [*graph.input, *graph.value_info, *graph.output]}


def _dtype_name(elem_type: int) -> str:
    is_string = elem_type == onnx.TensorProto.STRING
    return STR if is_string else onnx.helper.tensor_dtype_to_np_dtype(elem_type).name
