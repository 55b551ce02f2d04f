// Written by `make generated` from compiler/skc/emit/opset.py.
package dev.skc.runtime;

import java.util.Map;
import java.util.Set;

/** What a model of skc is made of, and nothing else. */
final class ModelGrammar {
  /** The values of a field: numbers, bytes, or the message of that name. */
  record Field(String kind, boolean isRepeated) {}

  /** Message, number of a field, field. */
  static final Map<String, Map<Integer, Field>> FIELDS =
      Map.ofEntries(
          Map.entry(
              "ModelProto",
              Map.ofEntries(
                  Map.entry(1, new Field("int64", false)),
                  Map.entry(2, new Field("bytes", false)),
                  Map.entry(3, new Field("bytes", false)),
                  Map.entry(6, new Field("bytes", false)),
                  Map.entry(7, new Field("GraphProto", false)),
                  Map.entry(8, new Field("OperatorSetIdProto", true)),
                  Map.entry(14, new Field("StringStringEntryProto", true)))),
          Map.entry(
              "OperatorSetIdProto",
              Map.ofEntries(
                  Map.entry(1, new Field("bytes", false)),
                  Map.entry(2, new Field("int64", false)))),
          Map.entry(
              "StringStringEntryProto",
              Map.ofEntries(
                  Map.entry(1, new Field("bytes", false)),
                  Map.entry(2, new Field("bytes", false)))),
          Map.entry(
              "GraphProto",
              Map.ofEntries(
                  Map.entry(1, new Field("NodeProto", true)),
                  Map.entry(2, new Field("bytes", false)),
                  Map.entry(11, new Field("ValueInfoProto", true)),
                  Map.entry(12, new Field("ValueInfoProto", true)))),
          Map.entry(
              "NodeProto",
              Map.ofEntries(
                  Map.entry(1, new Field("bytes", true)),
                  Map.entry(2, new Field("bytes", true)),
                  Map.entry(3, new Field("bytes", false)),
                  Map.entry(4, new Field("bytes", false)),
                  Map.entry(5, new Field("AttributeProto", true)),
                  Map.entry(7, new Field("bytes", false)))),
          Map.entry(
              "AttributeProto",
              Map.ofEntries(
                  Map.entry(1, new Field("bytes", false)),
                  Map.entry(2, new Field("float", false)),
                  Map.entry(3, new Field("int64", false)),
                  Map.entry(4, new Field("bytes", false)),
                  Map.entry(5, new Field("TensorProto", false)),
                  Map.entry(8, new Field("int64", true)),
                  Map.entry(9, new Field("bytes", true)),
                  Map.entry(20, new Field("int32", false)))),
          Map.entry(
              "TensorProto",
              Map.ofEntries(
                  Map.entry(1, new Field("int64", true)),
                  Map.entry(2, new Field("int32", false)),
                  Map.entry(6, new Field("bytes", true)),
                  Map.entry(9, new Field("bytes", false)))),
          Map.entry(
              "ValueInfoProto",
              Map.ofEntries(
                  Map.entry(1, new Field("bytes", false)),
                  Map.entry(2, new Field("TypeProto", false)))),
          Map.entry(
              "TypeProto",
              Map.ofEntries(
                  Map.entry(1, new Field("TypeProto.Tensor", false)))),
          Map.entry(
              "TypeProto.Tensor",
              Map.ofEntries(
                  Map.entry(1, new Field("int32", false)),
                  Map.entry(2, new Field("TensorShapeProto", false)))),
          Map.entry(
              "TensorShapeProto",
              Map.ofEntries(
                  Map.entry(1, new Field("TensorShapeProto.Dimension", true)))),
          Map.entry(
              "TensorShapeProto.Dimension",
              Map.ofEntries(
                  Map.entry(1, new Field("int64", false)),
                  Map.entry(2, new Field("bytes", false)))));

  /** The domain of an op, a colon, its name. */
  static final Set<String> OPS =
      Set.of(
          ":Abs",
          ":Add",
          ":And",
          ":ArgMax",
          ":Cast",
          ":Ceil",
          ":Clip",
          ":Compress",
          ":Concat",
          ":Constant",
          ":CumSum",
          ":Div",
          ":Equal",
          ":Exp",
          ":Expand",
          ":Floor",
          ":Gather",
          ":GatherElements",
          ":GatherND",
          ":Greater",
          ":GreaterOrEqual",
          ":Identity",
          ":IsInf",
          ":IsNaN",
          ":Less",
          ":LessOrEqual",
          ":Log",
          ":MatMul",
          ":Max",
          ":Min",
          ":Mod",
          ":Mul",
          ":Neg",
          ":Not",
          ":Or",
          ":Pow",
          ":ReduceMax",
          ":ReduceMin",
          ":ReduceSum",
          ":RegexFullMatch",
          ":Reshape",
          ":Round",
          ":ScatterElements",
          ":Shape",
          ":Sign",
          ":Sin",
          ":Slice",
          ":Sqrt",
          ":Squeeze",
          ":StringConcat",
          ":StringSplit",
          ":Sub",
          ":Tanh",
          ":TopK",
          ":Unsqueeze",
          ":Where",
          ":Xor",
          "ai.onnx.ml:LabelEncoder",
          "ai.onnx.ml:TreeEnsembleRegressor",
          "com.microsoft:MurmurHash3",
          "com.microsoft:Tokenizer");

  static final Map<String, Long> OPSETS =
      Map.of("", 20L, "ai.onnx.ml", 4L, "com.microsoft", 1L);

  /** Type of an attribute, the field that holds its value. */
  static final Map<Long, Long> ATTRIBUTE_TYPES =
      Map.of(1L, 2L, 2L, 3L, 3L, 4L, 4L, 5L, 7L, 8L, 8L, 9L);

  /** Number of an element type, bytes of an element in raw_data; 0 is a string. */
  static final Map<Long, Integer> ELEMENT_SIZES =
      Map.of(1L, 4, 6L, 4, 7L, 8, 8L, 0, 9L, 1, 11L, 8, 12L, 4);

  private ModelGrammar() {}
}
