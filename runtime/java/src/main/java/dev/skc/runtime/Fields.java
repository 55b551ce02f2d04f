package dev.skc.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** One JSON object being read: keys are taken by type, and {@link #done} refuses the remaining ones. */
final class Fields {
  final String place;
  private final Map<String, JsonNode> left = new LinkedHashMap<>();

  Fields(JsonNode value, String place) {
    if (!value.isObject()) {
      throw ArtifactException.malformed(place, "expected an object, got " + Shown.of(value));
    }
    this.place = place;
    for (Iterator<Map.Entry<String, JsonNode>> each = value.fields(); each.hasNext(); ) {
      Map.Entry<String, JsonNode> field = each.next();
      left.put(field.getKey(), field.getValue());
    }
  }

  boolean has(String key) {
    return left.containsKey(key);
  }

  JsonNode take(String key) {
    JsonNode value = left.remove(key);
    if (value == null) {
      throw ArtifactException.malformed(place, "`" + key + "` is missing");
    }
    return value;
  }

  private JsonNode take(String key, Predicate<JsonNode> is, String noun) {
    JsonNode value = take(key);
    checkType(value, is, noun, place + "." + key);
    return value;
  }

  private static void checkType(JsonNode value, Predicate<JsonNode> is, String noun, String place) {
    if (!is.test(value)) {
      throw ArtifactException.malformed(place, "expected " + noun + ", got " + Shown.of(value));
    }
  }

  String text(String key) {
    String value = take(key, JsonNode::isTextual, "a string").textValue();
    checkText(value, place + "." + key);
    return value;
  }

  /** Null if the value is null. */
  String optionalText(String key) {
    return takeNull(key) ? null : text(key);
  }

  private boolean takeNull(String key) {
    JsonNode value = left.get(key);
    boolean isNull = value != null && value.isNull();
    if (isNull) {
      left.remove(key);
    }
    return isNull;
  }

  /** The constant of an enum whose name, in lower case, is the value. */
  <T extends Enum<T>> T oneOf(String key, List<T> choices) {
    String word = text(key);
    for (T choice : choices) {
      if (choice.toString().equals(word)) {
        return choice;
      }
    }
    String problem = "expected one of " + choices + ", got " + Shown.of(word);
    throw ArtifactException.malformed(place + "." + key, problem);
  }

  boolean flag(String key) {
    return take(key, JsonNode::isBoolean, "true or false").booleanValue();
  }

  int number(String key, int low) {
    return (int) number(key, low, Integer.MAX_VALUE);
  }

  long number(String key, long low, long high) {
    JsonNode value = take(key, JsonNode::isIntegralNumber, "an integer");
    if (!value.canConvertToLong() || value.longValue() < low || value.longValue() > high) {
      String problem = "expected " + low + " to " + high + ", got " + Shown.of(value);
      throw ArtifactException.malformed(place + "." + key, problem);
    }
    return value.longValue();
  }

  private JsonNode items(String key) {
    return take(key, JsonNode::isArray, "an array");
  }

  List<Fields> objects(String key) {
    List<Fields> found = new ArrayList<>();
    for (JsonNode item : items(key)) {
      found.add(new Fields(item, place + "." + key + "[" + found.size() + "]"));
    }
    return found;
  }

  List<String> texts(String key) {
    List<String> found = new ArrayList<>();
    for (JsonNode item : items(key)) {
      String at = place + "." + key + "[" + found.size() + "]";
      checkType(item, JsonNode::isTextual, "a string", at);
      checkText(item.textValue(), at);
      found.add(item.textValue());
    }
    return List.copyOf(found);
  }

  List<Boolean> flags(String key) {
    List<Boolean> found = new ArrayList<>();
    for (JsonNode item : items(key)) {
      checkType(item, JsonNode::isBoolean, "true or false", place + "." + key + "[" + found.size() + "]");
      found.add(item.booleanValue());
    }
    return List.copyOf(found);
  }

  Fields object(String key) {
    return new Fields(take(key), place + "." + key);
  }

  Optional<Fields> optionalObject(String key) {
    return takeNull(key) ? Optional.empty() : Optional.of(object(key));
  }

  /** An object of strings. */
  Map<String, String> textsByKey(String key) {
    Fields fields = object(key);
    Map<String, String> found = new LinkedHashMap<>();
    for (String name : List.copyOf(fields.left.keySet())) {
      found.put(name, fields.text(name));
    }
    return Collections.unmodifiableMap(found);
  }

  /** Refuse any key that was not taken. */
  void done() {
    if (!left.isEmpty()) {
      throw ArtifactException.malformed(place, "unknown key " + Shown.of(left.keySet().iterator().next()));
    }
  }

  /** Refuse a lone surrogate (JSON can escape one) and NUL: no other language could represent the name. */
  static void checkText(String text, String place) {
    switch (Text.check(text)) {
      case NUL -> throw ArtifactException.malformed(place, Shown.of(text) + " contains a NUL");
      case LONE_SURROGATE ->
          throw ArtifactException.malformed(place, Shown.of(text) + " contains a lone surrogate");
      default -> {}
    }
  }
}
