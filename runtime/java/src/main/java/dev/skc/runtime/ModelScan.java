package dev.skc.runtime;

import dev.skc.runtime.ModelGrammar.Field;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Refuses a model with anything that skc never emits, from its bytes, before ONNX Runtime reads it.
 *
 * <p>Why: ONNX Runtime opens the files that external data names, runs a loop of 2^62 rounds while it loads, and knows
 * hundreds of ops that we have not measured. Our models need a small part of ONNX, which {@link ModelGrammar} lists:
 * any other message, field or op is refused, known or not.
 *
 * <p>Why so strict about encoding: protobuf parsers differ in how they treat a tag of more than 32 bits, or a
 * repeated field; writers emit neither.
 */
final class ModelScan {
  private static final long MOST = Integer.MAX_VALUE; // elements of a tensor, and values of an int32

  private final String message;
  private final Set<Long> seen = new HashSet<>();
  private final Map<Long, List<Long>> numbers = new HashMap<>();
  private final Map<Long, ByteBuffer> bytes = new HashMap<>(); // the last of each field
  private final Map<Long, Long> counts = new HashMap<>();

  private ModelScan(String message) {
    this.message = message;
  }

  /** Throws ArtifactException: {@code model-refused} where this is not protobuf, else {@code artifact-unsafe}. */
  static void scan(byte[] model) {
    try {
      new ModelScan("ModelProto").read(ByteBuffer.wrap(model));
    } catch (IllegalArgumentException error) {
      throw new ArtifactException("model-refused", "model.onnx is not an ONNX model", "compile the pipeline again");
    }
  }

  private void read(ByteBuffer data) {
    Map<Integer, Field> known = ModelGrammar.FIELDS.get(message);
    Protobuf fields = new Protobuf(data);
    while (fields.nextTag()) {
      long number = fields.tag() >>> 3;
      Field field = number > MOST || number < 0 ? null : known.get((int) number);
      if (field == null || !fits(field, fields.kind())) {
        throw unsafe("has a field " + Long.toUnsignedString(number) + " in " + message);
      }
      if (!seen.add(number) && !field.isRepeated()) {
        throw unsafe("repeats the field " + number + " of " + message);
      }
      fields.nextValue();
      take(field, number, fields);
    }
    check();
  }

  private static boolean isNumber(Field field) {
    return field.kind().equals("int64") || field.kind().equals("int32");
  }

  private static boolean fits(Field field, int kind) {
    if (isNumber(field)) {
      return kind == Protobuf.VARINT || (field.isRepeated() && kind == Protobuf.BYTES);
    }
    return kind == (field.kind().equals("float") ? Protobuf.FIXED32 : Protobuf.BYTES);
  }

  private void take(Field field, long number, Protobuf fields) {
    if (fields.kind() == Protobuf.VARINT) {
      addNumber(field, number, fields.varint());
      return;
    }
    if (isNumber(field)) {
      for (Protobuf packed = new Protobuf(fields.body()); packed.hasMore(); ) {
        addNumber(field, number, packed.readVarint());
      }
      return;
    }
    bytes.put(number, fields.body());
    counts.merge(number, 1L, Long::sum);
    if (ModelGrammar.FIELDS.containsKey(field.kind())) {
      new ModelScan(field.kind()).read(fields.body());
    }
  }

  private void addNumber(Field field, long number, long value) {
    if (field.kind().equals("int32") && (value < 0 || value > MOST)) {
      throw unsafe("has a number too large for its type");
    }
    numbers.computeIfAbsent(number, key -> new ArrayList<>()).add(value);
  }

  /** The number of a field that does not repeat. */
  private long one(long number) {
    return numbers.containsKey(number) ? numbers.get(number).get(0) : 0;
  }

  private String text(long number) {
    ByteBuffer found = bytes.get(number);
    return found == null ? "" : StandardCharsets.UTF_8.decode(found.duplicate()).toString();
  }

  private void check() {
    switch (message) {
      case "OperatorSetIdProto" -> {
        if (!Long.valueOf(one(2)).equals(ModelGrammar.OPSETS.get(text(1)))) {
          throw unsafe("requires version " + one(2) + " of the op domain " + Shown.of(text(1)));
        }
      }
      case "NodeProto" -> {
        if (!ModelGrammar.OPS.contains(text(7) + ":" + text(4))) {
          throw unsafe("has the op " + Shown.of(text(4)) + " of the domain " + Shown.of(text(7)));
        }
      }
      case "AttributeProto" -> checkAttribute();
      case "TensorProto" -> checkTensor();
      default -> {}
    }
  }

  /** Its type is known to onnx, and it has a single value, of that type. */
  private void checkAttribute() {
    Long field = ModelGrammar.ATTRIBUTE_TYPES.get(one(20));
    if (field == null || !Set.of(1L, 20L, field).containsAll(seen)) {
      throw unsafe("has an attribute of type " + one(20) + " with a value of another type");
    }
  }

  /** The shape has exactly as many elements as the data, so a forged shape cannot decide how much is allocated. */
  private void checkTensor() {
    Integer size = ModelGrammar.ELEMENT_SIZES.get(one(2));
    if (size == null) {
      throw unsafe("has a tensor of element type " + one(2));
    }
    long elements = 1;
    for (long dim : numbers.getOrDefault(1L, List.of())) {
      if (dim < 0 || dim > MOST || elements * dim > MOST) { // both factors are below 2^31
        throw unsafe("has a tensor of too many elements");
      }
      elements *= dim;
    }
    long raw = bytes.containsKey(9L) ? bytes.get(9L).remaining() : 0;
    if (raw != elements * size || counts.getOrDefault(6L, 0L) != (size == 0 ? elements : 0)) {
      throw unsafe("has a tensor whose shape does not match its data");
    }
  }

  static ArtifactException unsafe(String what) {
    String hint =
        "artifacts written by skc never do: do not serve it, or use a newer skc-runtime if a newer `skc` compiled it";
    return new ArtifactException("artifact-unsafe", "model.onnx " + what, hint);
  }
}
