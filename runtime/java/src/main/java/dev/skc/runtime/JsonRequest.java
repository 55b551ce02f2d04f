package dev.skc.runtime;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Parses the body of a request, JSON bytes, into a record, records or columns of Java values.
 *
 * <p>Why token by token: in a tree, a number is already a double where it should be refused, or an integer so long
 * that it costs seconds. {@code schemas/requests.v1.json} defines the response to each body for every language.
 *
 * @param data a Map, or for {@link Form#RECORDS} a List
 */
record JsonRequest(Form form, Object data) {
  enum Form {
    RECORD,
    RECORDS,
    COLUMNS
  }

  private static final int LARGEST = 1 << 26; // bytes
  private static final int DEEPEST = 64;
  private static final JsonFactory FACTORY = StrictJson.factory(DEEPEST, Integer.MAX_VALUE);

  /** Throws RecordException: malformed-json, invalid-utf8, request-too-large, unsupported-data. */
  static JsonRequest read(byte[] body) {
    if (body.length > LARGEST) {
      String problem = body.length + " bytes exceed the limit of " + LARGEST;
      throw new RecordException("request-too-large", problem, "send fewer rows at a time");
    }
    Object data = parse(text(body));
    if (data instanceof List) {
      return new JsonRequest(Form.RECORDS, data);
    }
    if (!(data instanceof Map<?, ?> map)) {
      String problem = "expected a JSON object or an array of objects, got " + Shown.of(data);
      throw RecordException.unsupportedData(problem, "{…} for a record, [{…}, …], or {\"columns\": {…}}");
    }
    boolean isColumns = map.size() == 1 && map.get("columns") instanceof Map;
    return isColumns ? new JsonRequest(Form.COLUMNS, map.get("columns")) : new JsonRequest(Form.RECORD, map);
  }

  /** Decoded here, because by default the parser guesses the encoding, and accepts bytes that are not UTF-8. */
  private static String text(byte[] body) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
    } catch (CharacterCodingException error) {
      throw new RecordException("invalid-utf8", "the body is not UTF-8", "encode the body as UTF-8");
    }
  }

  private static Object parse(String text) {
    if (text.startsWith("\uFEFF")) {
      throw malformed("a byte order mark");
    }
    try (JsonParser parser = FACTORY.createParser(text)) {
      JsonToken first = parser.nextToken();
      if (first == null) {
        throw malformed("it is empty");
      }
      Object value = value(parser, first);
      if (parser.nextToken() != null) {
        throw malformed("text after the document");
      }
      return value;
    } catch (JacksonException error) {
      throw malformed(Shown.of(error.getOriginalMessage(), 200));
    } catch (IOException error) { // a String has none
      throw new UncheckedIOException(error);
    }
  }

  private static RecordException malformed(String problem) {
    String hint = "send JSON as in RFC 8259, without duplicate keys";
    return new RecordException("malformed-json", "not valid JSON: " + problem, hint);
  }

  private static Object value(JsonParser parser, JsonToken token) throws IOException {
    return switch (token) {
      case START_OBJECT -> object(parser);
      case START_ARRAY -> array(parser);
      case VALUE_STRING -> parser.getText();
      case VALUE_NUMBER_INT -> JsonNumber.integer(parser.getText());
      case VALUE_NUMBER_FLOAT -> JsonNumber.floating(parser.getText());
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> null;
    };
  }

  private static Map<String, Object> object(JsonParser parser) throws IOException {
    Map<String, Object> found = new LinkedHashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      if (Text.hasLoneSurrogate(key)) { // no other language could represent the name in an error
        throw malformed("the key " + Shown.of(key) + " contains a lone surrogate");
      }
      found.put(key, value(parser, parser.nextToken()));
    }
    return found;
  }

  private static List<Object> array(JsonParser parser) throws IOException {
    List<Object> found = new ArrayList<>();
    for (JsonToken next = parser.nextToken(); next != JsonToken.END_ARRAY; next = parser.nextToken()) {
      found.add(value(parser, next));
    }
    return found;
  }
}
