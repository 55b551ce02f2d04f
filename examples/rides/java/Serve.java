// Serve predictions: one request body per line on stdin, one answer per line on stdout. An answer has the status it
// would have over HTTP. What the runtime refuses gets status 400 with its code: the runtime is the only parser. `./serve`
// starts it.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.skc.runtime.Features;
import dev.skc.runtime.RecordException;
import dev.skc.runtime.Transformer;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;

class Serve {
  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[0]);
    ObjectMapper json = new ObjectMapper();
    JsonNode model = json.readTree(folder.resolve("model.json").toFile());
    InputStream lines = new BufferedInputStream(System.in);
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    try (Transformer transformer = Transformer.load(folder.resolve("artifact"))) {
      for (byte[] body = line(lines); body != null; body = line(lines)) {
        out.println(json.writeValueAsString(answer(transformer, model, body)));
      }
    }
  }

  /** The bytes of the next line; null at the end. */
  private static byte[] line(InputStream lines) throws IOException {
    ByteArrayOutputStream found = new ByteArrayOutputStream();
    int next = lines.read();
    if (next < 0) {
      return null;
    }
    for (; next >= 0 && next != '\n'; next = lines.read()) {
      found.write(next);
    }
    return found.toByteArray();
  }

  private static Map<String, Object> answer(Transformer transformer, JsonNode model, byte[] body) {
    Map<String, Object> answer = new LinkedHashMap<>();
    try {
      Features features = transformer.transformJson(body);
      double[] tipped = IntStream.range(0, features.rows()).mapToDouble(i -> predict(model, features, i)).toArray();
      answer.put("status", 200);
      answer.put("tipped", features.isSingle() ? tipped[0] : tipped);
    } catch (RecordException error) {
      answer.put("status", 400);
      answer.put("error", error.code());
      answer.put("message", error.getMessage());
    }
    return answer;
  }

  /** The probability of a tip in one row. An id not seen in training has weight 0. */
  private static double predict(JsonNode model, Features features, int row) {
    double score = model.get("intercept").asDouble();
    JsonNode weights = model.get("x");
    float[] x = features.floats("x"); // row by row
    for (int k = 0; k < weights.size(); k++) {
      score += weights.get(k).asDouble() * x[row * weights.size() + k];
    }
    long[] ids = features.longs("ids");
    for (int k = 0; k < model.get("ids").size(); k++) {
      JsonNode weight = model.get("ids").get(k).get((int) ids[row * model.get("ids").size() + k]);
      score += weight == null ? 0 : weight.asDouble();
    }
    return Math.round(1e6 / (1 + Math.exp(-score))) / 1e6;
  }
}
