package dev.skc.runtime;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code manifest.json}, format 1: what a runtime must know to feed the graph and to read its outputs.
 *
 * @param files the SHA-256 in hex of every other file, by name
 * @param plan the SHA-256 of plan.json
 * @param guards null if no step has a policy of {@code error}
 * @param tzdata null if no step reads a time zone
 */
record Manifest(
    String identity,
    String name,
    Signature signature,
    List<Input> inputs,
    List<Tensor> tensors,
    List<Output> outputs,
    Guards guards,
    Onnx onnx,
    Map<String, String> files,
    String plan,
    String tzdata,
    Map<String, String> builtWith) {

  static final int FORMAT = 1;

  /** One tensor per input, or one per element type. */
  enum Signature {
    COLUMNS("columns"),
    PACKED("packed");

    private final String word;

    Signature(String word) {
      this.word = word;
    }

    @Override
    public String toString() {
      return word;
    }
  }

  /** What a NaN that was sent means. */
  enum Nan {
    NULL("null"),
    ERROR("error");

    private final String word;

    Nan(String word) {
      this.word = word;
    }

    @Override
    public String toString() {
      return word;
    }
  }

  /** A column of an input tensor. */
  record Slot(String tensor, int column) {}

  /**
   * One input of a request.
   *
   * @param valid where a nullable input that is not float64 says whether it has a value, else null
   */
  record Input(String name, InputType type, boolean nullable, Nan nan, Slot slot, Slot valid) {}

  /** An input tensor [N, width] of the graph. */
  record Tensor(String name, DType dtype, int width) {}

  /**
   * An output tensor [N, columns]. Columns that are exact agree to the bit on every machine.
   *
   * @param valid the bool output that says which of them hold a value, or null
   */
  record Output(String name, DType dtype, List<String> columns, List<Boolean> exact, String valid) {}

  /** One column of the guards: rows where column {@code input} of {@code step} broke a policy of error. */
  record Guard(String code, String step, String input) {}

  /** The bool output [N, columns] that says which rows must not be served. */
  record Guards(String tensor, List<Guard> columns) {}

  /** What the graph needs of ONNX Runtime. */
  record Onnx(int opset, int ml, int ir, String minimumOnnxruntime, List<String> domains) {}

  /** An output as it is served: a companion {@code NAME.valid} is one more. */
  record Served(String name, DType dtype, List<String> columns, List<Boolean> exact) {}

  /** The outputs of the manifest, then their companions. */
  List<Served> served() {
    List<Served> found = new ArrayList<>();
    for (Output output : outputs) {
      found.add(new Served(output.name, output.dtype, output.columns, output.exact));
    }
    for (Output output : outputs) {
      if (output.valid != null) {
        List<Boolean> exact = output.columns.stream().map(column -> true).toList();
        found.add(new Served(output.valid, DType.BOOL, output.columns, exact));
      }
    }
    return found;
  }

  /** The inputs and outputs, as plain data. */
  Map<String, Object> describe() {
    Map<String, Object> told = new LinkedHashMap<>();
    told.put("name", name);
    told.put("identity", identity);
    told.put("signature", signature.toString());
    told.put("inputs", inputs.stream().map(Manifest::told).toList());
    told.put("outputs", outputs.stream().map(Manifest::told).toList());
    told.put("plan", plan);
    told.put("tzdata", tzdata);
    told.put("minimum_onnxruntime", onnx.minimumOnnxruntime);
    told.put("built_with", builtWith);
    return told;
  }

  private static Map<String, Object> told(Input input) {
    Map<String, Object> told = new LinkedHashMap<>();
    told.put("name", input.name);
    told.put("type", input.type.toString());
    told.put("nullable", input.nullable);
    told.put("nan", input.nan.toString());
    return told;
  }

  private static Map<String, Object> told(Output output) {
    Map<String, Object> told = new LinkedHashMap<>();
    told.put("name", output.name);
    told.put("dtype", output.dtype.toString());
    told.put("columns", output.columns);
    told.put("valid", output.valid);
    return told;
  }
}
