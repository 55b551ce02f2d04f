package dev.skc.runtime;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Reads untrusted JSON as plain data, or refuses it: {@code artifact-malformed} with the location, whatever is wrong.
 *
 * <p>Why the text is decoded here: by default the parser guesses the encoding, and accepts bytes that are not UTF-8.
 */
final class StrictJson {
  private static final int LONGEST = 1 << 26; // no file that is parsed is longer than 64 MiB
  private static final int DEEPEST = 500;
  private static final int LONGEST_NUMBER = 1000;
  private static final ObjectMapper MAPPER = mapper();

  private StrictJson() {}

  private static ObjectMapper mapper() {
    JsonFactory factory = factory(DEEPEST, LONGEST_NUMBER);
    return JsonMapper.builder(factory).enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();
  }

  /**
   * Of parsers that refuse duplicate keys, and what nests deeper or has longer numbers.
   *
   * <p>Why without canonical names: the table of names refuses keys that are crafted to collide in it.
   */
  static JsonFactory factory(int deepest, int longestNumber) {
    StreamReadConstraints limits =
        StreamReadConstraints.builder()
            .maxNestingDepth(deepest)
            .maxNumberLength(longestNumber)
            .maxStringLength(LONGEST)
            .maxNameLength(LONGEST)
            .build();
    return JsonFactory.builder()
        .streamReadConstraints(limits)
        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
        .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
        .build();
  }

  /** UTF-8 JSON without duplicate keys, NaN or Infinity, and of bounded depth. */
  static JsonNode parse(ByteBuffer data, String place) {
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(data).toString();
      JsonNode value = MAPPER.readTree(text);
      if (value.isMissingNode()) {
        throw ArtifactException.malformed(place, "not valid JSON: it is empty");
      }
      return value;
    } catch (CharacterCodingException error) {
      throw ArtifactException.malformed(place, "not valid JSON: it is not UTF-8");
    } catch (JacksonException error) {
      throw ArtifactException.malformed(place, "not valid JSON: " + Shown.of(error.getOriginalMessage(), 200));
    }
  }
}
