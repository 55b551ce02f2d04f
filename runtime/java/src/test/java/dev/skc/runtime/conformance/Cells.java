package dev.skc.runtime.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigInteger;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Cells of the protocol made into the values that a Java program would pass. */
final class Cells {
  private static final Map<String, Double> WORDS =
      Map.of(
          "NaN", Double.NaN,
          "Infinity", Double.POSITIVE_INFINITY,
          "-Infinity", Double.NEGATIVE_INFINITY,
          "-0.0", -0.0);

  private Cells() {}

  /** A record; a cell that is missing is left out. */
  static Map<String, Object> record(JsonNode record) {
    Map<String, Object> found = new HashMap<>();
    for (Iterator<Map.Entry<String, JsonNode>> each = record.fields(); each.hasNext(); ) {
      Map.Entry<String, JsonNode> field = each.next();
      if (!field.getValue().has("missing")) {
        found.put(field.getKey(), value(field.getValue()));
      }
    }
    return found;
  }

  static Object value(JsonNode cell) {
    if (!cell.isObject()) {
      return plain(cell);
    }
    Map.Entry<String, JsonNode> only = cell.fields().next();
    JsonNode given = only.getValue();
    return switch (only.getKey()) {
      case "int" -> integer(given.textValue());
      case "float" -> given.isTextual() ? WORDS.get(given.textValue()) : (Object) given.doubleValue();
      case "null", "missing" -> null;
      case "bool" -> given.booleanValue();
      case "string" -> given.textValue();
      case "utf16" -> utf16(given);
      case "bytes" -> HexFormat.of().parseHex(given.textValue());
      case "list" -> List.of();
      case "object" -> Map.of();
      case "instant" -> OffsetDateTime.parse(given.textValue());
      case "naive" -> LocalDateTime.parse(given.textValue());
      case "day" -> LocalDate.parse(given.textValue());
      case "clock" -> LocalTime.parse(given.textValue());
      default -> throw new IllegalArgumentException("Java cannot express the cell " + cell);
    };
  }

  private static Object plain(JsonNode cell) {
    if (cell.isNull()) {
      return null;
    }
    if (cell.isTextual()) {
      return cell.textValue();
    }
    return cell.isBoolean() ? (Object) cell.booleanValue() : (Object) cell.doubleValue();
  }

  private static Object integer(String text) {
    BigInteger number = new BigInteger(text);
    return number.bitLength() < 64 ? (Object) number.longValue() : number;
  }

  private static String utf16(JsonNode units) {
    StringBuilder text = new StringBuilder();
    units.forEach(unit -> text.append((char) Integer.parseInt(unit.textValue(), 16)));
    return text.toString();
  }
}
