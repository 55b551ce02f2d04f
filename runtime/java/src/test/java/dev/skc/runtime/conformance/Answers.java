package dev.skc.runtime.conformance;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.skc.runtime.Features;
import dev.skc.runtime.Output;
import dev.skc.runtime.SkcException;

/** What the runtime gave, as the protocol writes it. */
final class Answers {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private Answers() {}

  static ObjectNode outputs(Features features) {
    ObjectNode outputs = JSON.objectNode();
    for (Output output : features) {
      ObjectNode told = outputs.putObject(output.name());
      told.put("dtype", output.dtype().toString());
      ArrayNode shape = told.putArray("shape");
      if (!features.isSingle()) {
        shape.add(output.rows());
      }
      shape.add(output.columns());
      ArrayNode values = told.putArray("values");
      for (int row = 0; row < output.rows(); row++) {
        for (int column = 0; column < output.columns(); column++) {
          addValue(values, output.get(row, column));
        }
      }
    }
    return JSON.objectNode().set("outputs", outputs);
  }

  private static void addValue(ArrayNode values, Object value) {
    if (value instanceof Boolean bool) {
      values.add(bool);
    } else if (value instanceof Double number) {
      values.add(number.isNaN() ? "nan" : String.format("%016x", Double.doubleToRawLongBits(number)));
    } else if (value instanceof Float number) {
      values.add(number.isNaN() ? "nan" : String.format("%08x", Float.floatToRawIntBits(number)));
    } else {
      values.add(value.toString());
    }
  }

  static ObjectNode error(SkcException error) {
    ObjectNode told = JSON.objectNode();
    told.put("code", error.code());
    told.put("input", error.input().orElse(null));
    told.put("row", error.row().isPresent() ? (Integer) error.row().getAsInt() : null);
    told.put("step", error.step().orElse(null));
    return JSON.objectNode().set("error", told);
  }
}
