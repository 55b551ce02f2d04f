"""Written by `make generated` from compiler/skc/emit/opset.py: what a model of skc is made of, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

# message -> number of a field -> (the kind of its values or the message that it holds, whether it repeats)
FIELDS: Mapping[str, Mapping[int, tuple[str, bool]]] = {
    "ModelProto": {
        1: ("int64", False),  # ir_version
        2: ("bytes", False),  # producer_name
        3: ("bytes", False),  # producer_version
        6: ("bytes", False),  # doc_string
        7: ("GraphProto", False),  # graph
        8: ("OperatorSetIdProto", True),  # opset_import
        14: ("StringStringEntryProto", True),  # metadata_props
    },
    "OperatorSetIdProto": {
        1: ("bytes", False),  # domain
        2: ("int64", False),  # version
    },
    "StringStringEntryProto": {
        1: ("bytes", False),  # key
        2: ("bytes", False),  # value
    },
    "GraphProto": {
        1: ("NodeProto", True),  # node
        2: ("bytes", False),  # name
        11: ("ValueInfoProto", True),  # input
        12: ("ValueInfoProto", True),  # output
    },
    "NodeProto": {
        1: ("bytes", True),  # input
        2: ("bytes", True),  # output
        3: ("bytes", False),  # name
        4: ("bytes", False),  # op_type
        5: ("AttributeProto", True),  # attribute
        7: ("bytes", False),  # domain
    },
    "AttributeProto": {
        1: ("bytes", False),  # name
        2: ("float", False),  # f
        3: ("int64", False),  # i
        4: ("bytes", False),  # s
        5: ("TensorProto", False),  # t
        8: ("int64", True),  # ints
        9: ("bytes", True),  # strings
        20: ("int32", False),  # type
    },
    "TensorProto": {
        1: ("int64", True),  # dims
        2: ("int32", False),  # data_type
        6: ("bytes", True),  # string_data
        9: ("bytes", False),  # raw_data
    },
    "ValueInfoProto": {
        1: ("bytes", False),  # name
        2: ("TypeProto", False),  # type
    },
    "TypeProto": {
        1: ("TypeProto.Tensor", False),  # tensor_type
    },
    "TypeProto.Tensor": {
        1: ("int32", False),  # elem_type
        2: ("TensorShapeProto", False),  # shape
    },
    "TensorShapeProto": {
        1: ("TensorShapeProto.Dimension", True),  # dim
    },
    "TensorShapeProto.Dimension": {
        1: ("int64", False),  # dim_value
        2: ("bytes", False),  # dim_param
    },
}
OPS = frozenset(
    {
        ("", "Abs"),
        ("", "Add"),
        ("", "And"),
        ("", "ArgMax"),
        ("", "Cast"),
        ("", "Ceil"),
        ("", "Clip"),
        ("", "Compress"),
        ("", "Concat"),
        ("", "Constant"),
        ("", "CumSum"),
        ("", "Div"),
        ("", "Equal"),
        ("", "Exp"),
        ("", "Expand"),
        ("", "Floor"),
        ("", "Gather"),
        ("", "GatherElements"),
        ("", "GatherND"),
        ("", "Greater"),
        ("", "GreaterOrEqual"),
        ("", "Identity"),
        ("", "IsInf"),
        ("", "IsNaN"),
        ("", "Less"),
        ("", "LessOrEqual"),
        ("", "Log"),
        ("", "MatMul"),
        ("", "Max"),
        ("", "Min"),
        ("", "Mod"),
        ("", "Mul"),
        ("", "Neg"),
        ("", "Not"),
        ("", "Or"),
        ("", "Pow"),
        ("", "ReduceMax"),
        ("", "ReduceMin"),
        ("", "ReduceSum"),
        ("", "RegexFullMatch"),
        ("", "Reshape"),
        ("", "Round"),
        ("", "ScatterElements"),
        ("", "Shape"),
        ("", "Sign"),
        ("", "Sin"),
        ("", "Slice"),
        ("", "Sqrt"),
        ("", "Squeeze"),
        ("", "StringConcat"),
        ("", "StringSplit"),
        ("", "Sub"),
        ("", "Tanh"),
        ("", "TopK"),
        ("", "Unsqueeze"),
        ("", "Where"),
        ("", "Xor"),
        ("ai.onnx.ml", "LabelEncoder"),
        ("ai.onnx.ml", "TreeEnsembleRegressor"),
        ("com.microsoft", "MurmurHash3"),
        ("com.microsoft", "Tokenizer"),
    }
)
OPSETS: Mapping[str, int] = {"": 20, "ai.onnx.ml": 4, "com.microsoft": 1}
# type of an attribute -> the field that holds its value
ATTRIBUTE_TYPES: Mapping[int, int] = {1: 2, 2: 3, 3: 4, 4: 5, 7: 8, 8: 9}
# number of an element type -> bytes of an element in raw_data; 0 is a string
ELEMENT_SIZES: Mapping[int, int] = {1: 4, 6: 4, 7: 8, 8: 0, 9: 1, 11: 8, 12: 4}
