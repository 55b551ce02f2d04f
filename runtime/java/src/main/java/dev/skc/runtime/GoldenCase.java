package dev.skc.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A line of {@code golden.jsonl}: a record, and either its outputs or the code of the error it must give.
 *
 * @param outputs null where an error is wanted
 * @param error null where outputs are wanted
 */
record GoldenCase(int line, JsonNode record, JsonNode outputs, String error) {
  static final String FILE = "golden.jsonl";
  private static final int MOST_RECORDS = 10_000;
  private static final long LARGEST_FORMAT = 1L << 53;

  String place() {
    return FILE + ":" + line;
  }

  /** Throws ArtifactException {@code artifact-malformed} or {@code artifact-too-new}. */
  static List<GoldenCase> read(byte[] data) {
    List<ByteBuffer> lines = lines(data);
    if (lines.isEmpty()) {
      throw ArtifactException.malformed(FILE, "the first line is missing");
    }
    checkHead(lines.get(0));
    int records = lines.size() - 1;
    if (records < 1 || records > MOST_RECORDS) { // without a record, replay would prove nothing
      String problem = "expected 1 to " + MOST_RECORDS + " records, got " + records;
      throw ArtifactException.malformed(FILE, problem);
    }
    List<GoldenCase> cases = new ArrayList<>();
    for (int i = 1; i < lines.size(); i++) {
      cases.add(read(lines.get(i), i + 1));
    }
    return cases;
  }

  private static List<ByteBuffer> lines(byte[] data) {
    List<ByteBuffer> lines = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < data.length; i++) {
      if (data[i] == '\n') {
        lines.add(ByteBuffer.wrap(data, start, i - start));
        start = i + 1;
      }
    }
    if (start != data.length) {
      throw ArtifactException.malformed(FILE, "the last line has no end");
    }
    return lines;
  }

  private static void checkHead(ByteBuffer line) {
    String place = FILE + ":1";
    Fields head = new Fields(StrictJson.parse(line, place), place);
    if (!head.text("skc").equals("golden")) {
      throw ArtifactException.malformed(place, "this is not a golden.jsonl of skc");
    }
    if (head.number("format", 1, LARGEST_FORMAT) > 1) {
      throw new ArtifactException("artifact-too-new", FILE + " has a newer format", "use a newer skc-runtime");
    }
    head.done();
  }

  private static GoldenCase read(ByteBuffer text, int line) {
    String place = FILE + ":" + line;
    Fields fields = new Fields(StrictJson.parse(text, place), place);
    JsonNode record = object(fields, "record");
    GoldenCase found;
    if (fields.has("error")) {
      Fields error = fields.object("error");
      found = new GoldenCase(line, record, null, error.text("code"));
      error.done();
    } else {
      found = new GoldenCase(line, record, object(fields, "outputs"), null);
    }
    fields.done();
    return found;
  }

  private static JsonNode object(Fields fields, String key) {
    JsonNode value = fields.take(key);
    if (!value.isObject()) {
      throw ArtifactException.malformed(fields.place, "`" + key + "` is not an object");
    }
    return value;
  }
}
