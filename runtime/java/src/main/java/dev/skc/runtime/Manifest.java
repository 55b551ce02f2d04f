package dev.skc.runtime;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code manifest.json}, format 1: what a runtime needs to feed the graph and to read its outputs.
 *
 * @param files the SHA-256 in hex of every other file, by name
 * @param plan the SHA-256 of plan.json
 * @param guards null if no step has a policy of {@code error}
 * @param signals null if the graph does not signal
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
    Map<String, String> builtWith,
    Log log,
    Signals signals) {

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

  /** The meaning of a NaN in a request. */
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

  /** What is counted of a value that is served. */
  enum SignalKind {
    NULL("null"),
    UNKNOWN("unknown"),
    INVALID("invalid"),
    CLIPPED("clipped"),
    OUTSIDE("outside");

    private final String word;

    SignalKind(String word) {
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
   * @param valid where a nullable input that is not a float says whether it has a value, else null
   * @param readsNumbers whether a string may hold a number
   * @param timezone that of a timestamp which is a local time, in microseconds since 1970-01-01T00:00:00 there; or null
   */
  record Input(
      String name, InputType type, boolean nullable, Nan nan, Slot slot, Slot valid, boolean readsNumbers, String timezone) {}

  /** An input tensor [N, width] of the graph. */
  record Tensor(String name, DType dtype, int width) {}

  /**
   * An output tensor [N, columns]. Columns that are exact agree to the bit on every machine.
   *
   * @param valid the bool output that says which of them hold a value, or null
   */
  record Output(String name, DType dtype, List<String> columns, List<Boolean> exact, String valid) {}

  /** One column of the guards: rows where column {@code input} of {@code step} violated a policy of error. */
  record Guard(String code, String step, String input) {}

  /** The bool output [N, columns] that marks the rows that must not be served. */
  record Guards(String tensor, List<Guard> columns) {}

  /**
   * One column of the signals: rows whose value in column {@code input} of {@code step} is served, and is of this kind.
   *
   * @param training the share of such rows in training, a decimal, or null
   */
  record Signal(SignalKind kind, String step, String input, String training) {}

  /** The bool output [N, columns] that is counted, and never returned. */
  record Signals(String tensor, List<Signal> columns) {}

  /** What the graph requires of ONNX Runtime. */
  record Onnx(int opset, int ml, int ir, String minimumOnnxruntime, List<String> domains) {}

  /** What a request log must not show: inputs that it leaves out, or writes as a salted hash. */
  record Log(List<String> omit, List<String> hash) {
    static final Log NONE = new Log(List.of(), List.of());
  }

  /** An output as served; a companion {@code NAME.valid} counts as an output. */
  record Served(String name, DType dtype, List<String> columns, List<Boolean> exact) {}

  /** The bool outputs that are not served: the signals, then the guards. */
  List<Served> masks() {
    List<Served> found = new ArrayList<>();
    if (signals != null) {
      found.add(new Served(signals.tensor, DType.BOOL, signals.columns.stream().map(Signal::input).toList(), List.of()));
    }
    if (guards != null) {
      found.add(new Served(guards.tensor, DType.BOOL, guards.columns.stream().map(Guard::input).toList(), List.of()));
    }
    return found;
  }

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
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("name", name);
    description.put("identity", identity);
    description.put("signature", signature.toString());
    description.put("inputs", inputs.stream().map(Manifest::description).toList());
    description.put("outputs", outputs.stream().map(Manifest::description).toList());
    description.put("plan", plan);
    description.put("tzdata", tzdata);
    description.put("minimum_onnxruntime", onnx.minimumOnnxruntime);
    description.put("built_with", builtWith);
    return description;
  }

  private static Map<String, Object> description(Input input) {
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("name", input.name);
    description.put("type", input.type.toString());
    description.put("nullable", input.nullable);
    description.put("nan", input.nan.toString());
    if (input.readsNumbers) {
      description.put("text", "number");
    }
    if (input.timezone != null) {
      description.put("timezone", input.timezone);
    }
    return description;
  }

  private static Map<String, Object> description(Output output) {
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("name", output.name);
    description.put("dtype", output.dtype.toString());
    description.put("columns", output.columns);
    description.put("valid", output.valid);
    return description;
  }
}
