package dev.skc.runtime;

import java.util.Map;
import java.util.Set;

/**
 * The messages of onnx.proto on the way from the model down to its tensors and names, by field numbers, which never
 * change. {@code names} are the fields that hold the name of a value of the graph.
 */
enum OnnxMessage {
  TENSOR(Map.of(), Set.of(8)),
  SPARSE_TENSOR(Map.of(1, "TENSOR", 2, "TENSOR"), Set.of()),
  VALUE_INFO(Map.of(), Set.of(1)),
  ATTRIBUTE(
      Map.of(5, "TENSOR", 6, "GRAPH", 10, "TENSOR", 11, "GRAPH", 22, "SPARSE_TENSOR", 23, "SPARSE_TENSOR"),
      Set.of()),
  NODE(Map.of(5, "ATTRIBUTE"), Set.of(1, 2)),
  GRAPH(
      Map.of(
          1, "NODE", 5, "TENSOR", 11, "VALUE_INFO", 12, "VALUE_INFO", 13, "VALUE_INFO", 15, "SPARSE_TENSOR"),
      Set.of()),
  FUNCTION(Map.of(7, "NODE", 11, "ATTRIBUTE"), Set.of()),
  TRAINING(Map.of(1, "GRAPH", 2, "GRAPH"), Set.of()),
  MODEL(Map.of(7, "GRAPH", 20, "TRAINING", 25, "FUNCTION"), Set.of());

  private final Map<Integer, String> children;
  private final Set<Integer> names;

  OnnxMessage(Map<Integer, String> children, Set<Integer> names) {
    this.children = children;
    this.names = names;
  }

  /** The message that a field holds, or null. */
  OnnxMessage child(int field) {
    String name = children.get(field); // a string, since attributes contain graphs, which contain attributes
    return name == null ? null : valueOf(name);
  }

  boolean isName(int field) {
    return names.contains(field);
  }
}
