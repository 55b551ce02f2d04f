package dev.skc.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigInteger;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The JSON form of values: an int64, timestamp or date is a decimal string; a float is a number, or one of "NaN",
 * "Infinity", "-Infinity", "-0.0"; null is null.
 */
final class GoldenValue {
  private static final double TOLERANCE = 1e-6;
  private static final Pattern DECIMAL = Pattern.compile("-?[0-9]{1,20}");
  private static final int LONGEST_DECIMAL = 20;
  private static final Map<String, Double> WORDS =
      Map.of(
          "NaN", Double.NaN,
          "Infinity", Double.POSITIVE_INFINITY,
          "-Infinity", Double.NEGATIVE_INFINITY,
          "-0.0", -0.0);

  private GoldenValue() {}

  /** A Double, Long, Boolean or String, or null. Throws ArtifactException {@code artifact-malformed}. */
  static Object decode(DType dtype, JsonNode value, String place) {
    if (value.isNull()) {
      return null;
    }
    return switch (dtype) {
      case FLOAT32, FLOAT64 -> decodeFloat(value, place);
      case INT64 -> decodeInteger(value, place);
      case BOOL -> {
        check(value.isBoolean(), value, "a bool", place);
        yield value.booleanValue();
      }
      case STRING -> {
        check(value.isTextual(), value, "a string", place);
        yield value.textValue();
      }
    };
  }

  private static void check(boolean is, JsonNode value, String wanted, String place) {
    if (!is) {
      throw ArtifactException.malformed(place, "expected " + wanted + ", got " + Shown.of(value));
    }
  }

  private static Double decodeFloat(JsonNode value, String place) {
    if (value.isTextual() && WORDS.containsKey(value.textValue())) {
      return WORDS.get(value.textValue());
    }
    check(value.isNumber(), value, "a number", place);
    double number = value.doubleValue();
    check(!Double.isInfinite(number), value, "a float64", place);
    return number;
  }

  private static Long decodeInteger(JsonNode value, String place) {
    String text = value.isTextual() ? value.textValue() : "";
    boolean isDecimal = text.length() <= LONGEST_DECIMAL && DECIMAL.matcher(text).matches();
    check(isDecimal, value, "an int64 in decimal", place);
    BigInteger number = new BigInteger(text);
    check(number.bitLength() <= 63, value, "an int64 in decimal", place);
    return number.longValue();
  }

  /**
   * Whether a value of an output agrees with the expected one: to the bit (all NaNs agree) or, in a double that is
   * not exact, to 1e-6. {@code schemas/agreement.v1.json} lists pairs; the conformance suite loads an artifact for
   * each.
   */
  static boolean agree(Object found, Object wanted, boolean exact) {
    if (!(found instanceof Double a) || !(wanted instanceof Double b)) {
      return found.equals(wanted);
    }
    if (a.equals(b)) { // also NaN and NaN; 0.0 and -0.0 differ
      return true;
    }
    double limit = TOLERANCE * Math.max(1.0, Math.abs(b));
    return !exact && !b.isInfinite() && Math.abs(a - b) <= limit;
  }
}
