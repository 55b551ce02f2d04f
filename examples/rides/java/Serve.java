// Serve predictions: one JSON record per line on stdin, one prediction per line on stdout. `./serve` starts it.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.skc.runtime.Features;
import dev.skc.runtime.RecordException;
import dev.skc.runtime.Transformer;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

class Serve {
  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[0]);
    ObjectMapper json = new ObjectMapper();
    JsonNode model = json.readTree(folder.resolve("model.json").toFile());
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    try (Transformer transformer = Transformer.load(folder.resolve("artifact"))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        @SuppressWarnings("unchecked") // JSON objects have strings for keys
        Map<String, Object> record = json.readValue(line, LinkedHashMap.class);
        Map<String, Object> answer = new LinkedHashMap<>();
        try {
          answer.put("tipped", predict(model, transformer.transform(record)));
        } catch (RecordException error) {
          answer.put("error", error.code());
          answer.put("message", error.getMessage());
        }
        out.println(json.writeValueAsString(answer));
      }
    }
  }

  /** The probability of a tip. An id that training never saw has weight 0. */
  private static double predict(JsonNode model, Features features) {
    double score = model.get("intercept").asDouble();
    float[] x = features.floats("x");
    for (int k = 0; k < x.length; k++) {
      score += model.get("x").get(k).asDouble() * x[k];
    }
    long[] ids = features.longs("ids");
    for (int k = 0; k < ids.length; k++) {
      JsonNode weight = model.get("ids").get(k).get((int) ids[k]);
      score += weight == null ? 0 : weight.asDouble();
    }
    return Math.round(1e6 / (1 + Math.exp(-score))) / 1e6;
  }
}
