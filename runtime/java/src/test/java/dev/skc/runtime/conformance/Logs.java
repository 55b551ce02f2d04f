package dev.skc.runtime.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.skc.runtime.Log;
import dev.skc.runtime.LogEntry;
import dev.skc.runtime.LogOptions;
import dev.skc.runtime.SkcException;
import dev.skc.runtime.Transformer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Requests to serve and to log. */
final class Logs {
  private Logs() {}

  static ObjectNode log(Transformer transformer, JsonNode request) {
    Log log = Log.open(Path.of(request.get("folder").textValue()), transformer, options(request.get("options")));
    Map<String, Transformer> others = new HashMap<>();
    request.path("others").fields().forEachRemaining(
        f -> others.put(f.getKey(), Transformer.load(Path.of(f.getValue().textValue()))));
    List<LogEntry> entries = new ArrayList<>();
    for (JsonNode entry : request.get("add")) {
      entries.add(served(transformer, others.get(entry.path("served_by").textValue()), entry));
    }
    int rounds = request.path("rounds").asInt(1);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < request.path("threads").asInt(1); i++) {
      threads.add(new Thread(() -> add(log, entries, rounds)));
      threads.get(i).start();
    }
    try {
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (InterruptedException error) {
      throw new IllegalStateException(error);
    }
    log.close();
    others.values().forEach(Transformer::close);
    Log.Counts counts = log.counts();
    ObjectNode answer = JsonNodeFactory.instance.objectNode();
    answer.putArray("counts").add(counts.n()).add(counts.logged()).add(counts.dropped()).add(counts.sampledOut());
    return answer;
  }

  private static void add(Log log, List<LogEntry> entries, int rounds) {
    for (int round = 0; round < rounds; round++) {
      entries.forEach(log::add);
    }
  }

  private static LogOptions options(JsonNode given) {
    LogOptions options = new LogOptions();
    options.sample(given.path("sample").asDouble(1));
    options.sampleBy(LogOptions.SampleBy.valueOf(given.path("sample_by").asText("id").toUpperCase(Locale.ROOT)));
    options.features(LogOptions.Features.valueOf(given.path("features").asText("digest").toUpperCase(Locale.ROOT)));
    options.onFull(LogOptions.OnFull.valueOf(given.path("on_full").asText("drop").toUpperCase(Locale.ROOT)));
    options.queue(given.path("queue").asInt(8192)).rotateBytes(given.path("rotate_bytes").asLong(1L << 26));
    options.flush(Duration.ofNanos((long) (given.path("flush").asDouble(0.2) * 1e9)));
    return options.fullEvery(given.path("full_every").asInt(0)).salt(given.path("salt").asText(""));
  }

  private static LogEntry served(Transformer opened, Transformer other, JsonNode given) {
    Transformer transformer = other == null ? opened : other;
    String id = given.get("id").textValue();
    byte[] body = given.has("json") ? given.get("json").textValue().getBytes(StandardCharsets.UTF_8) : null;
    Map<String, Object> record = body == null ? Cells.record(given.get("record")) : null;
    LogEntry entry = body == null ? new LogEntry(id, record) : LogEntry.ofJson(id, body);
    entry.timeUs(given.get("time_us").longValue()).servedBy(other);
    try {
      entry.features(body == null ? transformer.transformRecord(record) : transformer.transformJson(body));
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
      Map<String, Object> own = new HashMap<>();
      given.get("own_features").fields().forEachRemaining(f -> own.put(f.getKey(), own(f.getValue())));
      entry.ownFeatures(own);
    }
    if (given.has("as_of")) {
      entry.asOf(times(given.get("as_of")));
    }
    if (given.has("fetched_us")) {
      entry.fetchedUs(times(given.get("fetched_us")));
    }
    if (given.has("hit")) {
      Map<String, Boolean> found = new HashMap<>();
      given.get("hit").fields().forEachRemaining(f -> found.put(f.getKey(), f.getValue().booleanValue()));
      entry.hit(found);
    }
    return entry;
  }

  private static Map<String, Long> times(JsonNode given) {
    Map<String, Long> times = new HashMap<>();
    given.fields().forEachRemaining(f -> times.put(f.getKey(), f.getValue().longValue()));
    return times;
  }

  /** Floats, or by their type other values, in the form of golden.jsonl. */
  private static Object own(JsonNode given) {
    if (given.isArray()) {
      return numbers(given);
    }
    String type = given.fieldNames().next();
    List<JsonNode> values = new ArrayList<>();
    given.get(type).forEach(values::add);
    switch (type) {
      case "int64":
        return values.stream().mapToLong(v -> Long.parseLong(v.textValue())).toArray();
      case "string":
        return values.stream().map(JsonNode::textValue).toArray(String[]::new);
      default:
        boolean[] flags = new boolean[values.size()];
        for (int i = 0; i < flags.length; i++) {
          flags[i] = values.get(i).booleanValue();
        }
        return flags;
    }
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
