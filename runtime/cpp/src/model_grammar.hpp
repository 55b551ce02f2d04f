// Written by `make generated` from compiler/skc/emit/opset.py: what a model of skc is made of, and nothing else.
#pragma once

#include <cstdint>
#include <string_view>

namespace skc::detail::grammar {

enum class Message { ModelProto, OperatorSetIdProto, StringStringEntryProto, GraphProto, NodeProto, AttributeProto, TensorProto, ValueInfoProto, TypeProto, TypeProto_Tensor, TensorShapeProto, TensorShapeProto_Dimension };
enum class Kind { int64, int32, float32, bytes, message };

// A field that a message may have; `child` is the message that it holds.
struct Field {
  Message message;
  std::uint64_t number;
  Kind kind;
  bool is_repeated;
  Message child;
};

inline constexpr Field fields[] = {
    {Message::ModelProto, 1, Kind::int64, false, Message::ModelProto},  // ir_version
    {Message::ModelProto, 2, Kind::bytes, false, Message::ModelProto},  // producer_name
    {Message::ModelProto, 3, Kind::bytes, false, Message::ModelProto},  // producer_version
    {Message::ModelProto, 6, Kind::bytes, false, Message::ModelProto},  // doc_string
    {Message::ModelProto, 7, Kind::message, false, Message::GraphProto},  // graph
    {Message::ModelProto, 8, Kind::message, true, Message::OperatorSetIdProto},  // opset_import
    {Message::ModelProto, 14, Kind::message, true, Message::StringStringEntryProto},  // metadata_props
    {Message::OperatorSetIdProto, 1, Kind::bytes, false, Message::OperatorSetIdProto},  // domain
    {Message::OperatorSetIdProto, 2, Kind::int64, false, Message::OperatorSetIdProto},  // version
    {Message::StringStringEntryProto, 1, Kind::bytes, false, Message::StringStringEntryProto},  // key
    {Message::StringStringEntryProto, 2, Kind::bytes, false, Message::StringStringEntryProto},  // value
    {Message::GraphProto, 1, Kind::message, true, Message::NodeProto},  // node
    {Message::GraphProto, 2, Kind::bytes, false, Message::GraphProto},  // name
    {Message::GraphProto, 11, Kind::message, true, Message::ValueInfoProto},  // input
    {Message::GraphProto, 12, Kind::message, true, Message::ValueInfoProto},  // output
    {Message::NodeProto, 1, Kind::bytes, true, Message::NodeProto},  // input
    {Message::NodeProto, 2, Kind::bytes, true, Message::NodeProto},  // output
    {Message::NodeProto, 3, Kind::bytes, false, Message::NodeProto},  // name
    {Message::NodeProto, 4, Kind::bytes, false, Message::NodeProto},  // op_type
    {Message::NodeProto, 5, Kind::message, true, Message::AttributeProto},  // attribute
    {Message::NodeProto, 7, Kind::bytes, false, Message::NodeProto},  // domain
    {Message::AttributeProto, 1, Kind::bytes, false, Message::AttributeProto},  // name
    {Message::AttributeProto, 2, Kind::float32, false, Message::AttributeProto},  // f
    {Message::AttributeProto, 3, Kind::int64, false, Message::AttributeProto},  // i
    {Message::AttributeProto, 4, Kind::bytes, false, Message::AttributeProto},  // s
    {Message::AttributeProto, 5, Kind::message, false, Message::TensorProto},  // t
    {Message::AttributeProto, 8, Kind::int64, true, Message::AttributeProto},  // ints
    {Message::AttributeProto, 9, Kind::bytes, true, Message::AttributeProto},  // strings
    {Message::AttributeProto, 20, Kind::int32, false, Message::AttributeProto},  // type
    {Message::TensorProto, 1, Kind::int64, true, Message::TensorProto},  // dims
    {Message::TensorProto, 2, Kind::int32, false, Message::TensorProto},  // data_type
    {Message::TensorProto, 6, Kind::bytes, true, Message::TensorProto},  // string_data
    {Message::TensorProto, 9, Kind::bytes, false, Message::TensorProto},  // raw_data
    {Message::ValueInfoProto, 1, Kind::bytes, false, Message::ValueInfoProto},  // name
    {Message::ValueInfoProto, 2, Kind::message, false, Message::TypeProto},  // type
    {Message::TypeProto, 1, Kind::message, false, Message::TypeProto_Tensor},  // tensor_type
    {Message::TypeProto_Tensor, 1, Kind::int32, false, Message::TypeProto_Tensor},  // elem_type
    {Message::TypeProto_Tensor, 2, Kind::message, false, Message::TensorShapeProto},  // shape
    {Message::TensorShapeProto, 1, Kind::message, true, Message::TensorShapeProto_Dimension},  // dim
    {Message::TensorShapeProto_Dimension, 1, Kind::int64, false, Message::TensorShapeProto_Dimension},  // dim_value
    {Message::TensorShapeProto_Dimension, 2, Kind::bytes, false, Message::TensorShapeProto_Dimension},  // dim_param
};

struct Op {
  std::string_view domain;
  std::string_view name;
};

inline constexpr Op ops[] = {
    {"", "Abs"},
    {"", "Add"},
    {"", "And"},
    {"", "ArgMax"},
    {"", "Cast"},
    {"", "Ceil"},
    {"", "Clip"},
    {"", "Compress"},
    {"", "Concat"},
    {"", "Constant"},
    {"", "CumSum"},
    {"", "Div"},
    {"", "Equal"},
    {"", "Exp"},
    {"", "Expand"},
    {"", "Floor"},
    {"", "Gather"},
    {"", "GatherElements"},
    {"", "GatherND"},
    {"", "Greater"},
    {"", "GreaterOrEqual"},
    {"", "Identity"},
    {"", "IsInf"},
    {"", "IsNaN"},
    {"", "Less"},
    {"", "LessOrEqual"},
    {"", "Log"},
    {"", "MatMul"},
    {"", "Max"},
    {"", "Min"},
    {"", "Mod"},
    {"", "Mul"},
    {"", "Neg"},
    {"", "Not"},
    {"", "Or"},
    {"", "Pow"},
    {"", "ReduceMax"},
    {"", "ReduceMin"},
    {"", "ReduceSum"},
    {"", "RegexFullMatch"},
    {"", "Reshape"},
    {"", "Round"},
    {"", "ScatterElements"},
    {"", "Shape"},
    {"", "Sign"},
    {"", "Sin"},
    {"", "Slice"},
    {"", "Sqrt"},
    {"", "Squeeze"},
    {"", "StringConcat"},
    {"", "StringSplit"},
    {"", "Sub"},
    {"", "Tanh"},
    {"", "TopK"},
    {"", "Unsqueeze"},
    {"", "Where"},
    {"", "Xor"},
    {"ai.onnx.ml", "LabelEncoder"},
    {"ai.onnx.ml", "TreeEnsembleRegressor"},
    {"com.microsoft", "MurmurHash3"},
    {"com.microsoft", "Tokenizer"},
};

struct Opset {
  std::string_view domain;
  std::uint64_t version;
};

inline constexpr Opset opsets[] = {
    {"", 20},
    {"ai.onnx.ml", 4},
    {"com.microsoft", 1},
};

// The field that holds the value of an attribute, by its type.
struct AttributeType {
  std::uint64_t type;
  std::uint64_t field;
};

inline constexpr AttributeType attribute_types[] = {
    {1, 2},
    {2, 3},
    {3, 4},
    {4, 5},
    {7, 8},
    {8, 9},
};

// Bytes of an element in raw_data by the number of its type; 0 is a string.
struct Element {
  std::uint64_t type;
  std::uint64_t size;
};

inline constexpr Element elements[] = {
    {1, 4},
    {6, 4},
    {7, 8},
    {8, 0},
    {9, 1},
    {11, 8},
    {12, 4},
};

}  // namespace skc::detail::grammar
