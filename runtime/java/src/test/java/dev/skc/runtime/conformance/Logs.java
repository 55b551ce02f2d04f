package dev.skc.runtime.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.skc.runtime.Log;
import dev.skc.runtime.LogEntry;
import dev.skc.runtime.LogOptions;
import dev.skc.runtime.SkcException;
import dev.skc.runtime.Transformer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** Requests to serve and to log. */
final class Logs {
  private Logs() {}

  static ObjectNode log(Transformer transformer, JsonNode request) {
    Log log = Log.open(Path.of(request.get("folder").textValue()), transformer, options(request.get("options")));
    request.get("add").forEach(entry -> log.add(served(transformer, entry)));
    log.close();
    Log.Counts counts = log.counts();
    ObjectNode answer = JsonNodeFactory.instance.objectNode();
    answer.putArray("counts").add(counts.n()).add(counts.logged()).add(counts.dropped()).add(counts.sampledOut());
    return answer;
  }

  private static LogOptions options(JsonNode given) {
    LogOptions options = new LogOptions();
    options.sample(given.path("sample").asDouble(1));
    options.sampleBy(LogOptions.SampleBy.valueOf(given.path("sample_by").asText("id").toUpperCase(Locale.ROOT)));
    options.features(LogOptions.Features.valueOf(given.path("features").asText("digest").toUpperCase(Locale.ROOT)));
    return options.fullEvery(given.path("full_every").asInt(0)).salt(given.path("salt").asText(""));
  }

  private static LogEntry served(Transformer transformer, JsonNode given) {
    Map<String, Object> record = Cells.record(given.get("record"));
    LogEntry entry = new LogEntry(given.get("id").textValue(), record).timeUs(given.get("time_us").longValue());
    try {
      entry.features(transformer.transformRecord(record));
    } catch (SkcException error) {
      entry.error(error);
    }
    if (given.has("key")) {
      entry.key(given.get("key").textValue());
    }
    if (given.has("latency_us")) {
      entry.latencyUs(given.get("latency_us").longValue());
    }
    if (given.path("prediction").isArray()) {
      entry.prediction(numbers(given.get("prediction")));
    } else if (given.has("prediction")) {
      entry.prediction(number(given.get("prediction")));
    }
    if (given.has("own_features")) {
      Map<String, double[]> own = new HashMap<>();
      given.get("own_features").fields().forEachRemaining(f -> own.put(f.getKey(), numbers(f.getValue())));
      entry.ownFeatures(own);
    }
    if (given.has("as_of")) {
      Map<String, Long> times = new HashMap<>();
      given.get("as_of").fields().forEachRemaining(f -> times.put(f.getKey(), f.getValue().longValue()));
      entry.asOf(times);
    }
    return entry;
  }

  private static double[] numbers(JsonNode values) {
    double[] found = new double[values.size()];
    for (int i = 0; i < found.length; i++) {
      found[i] = number(values.get(i));
    }
    return found;
  }

  /** In the form of golden.jsonl, which is that of a cell of a float. */
  private static double number(JsonNode value) {
    return (Double) Cells.value(JsonNodeFactory.instance.objectNode().set("float", value));
  }
}
