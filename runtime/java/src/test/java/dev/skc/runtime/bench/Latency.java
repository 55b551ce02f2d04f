package dev.skc.runtime.bench;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.skc.runtime.Transformer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One row: p50 and p99 in microseconds of a bare call of the binding with the tensors ready, and of {@code transform},
 * as JSON. Arguments: ARTIFACT (packed, float64 and string inputs) RECORD.json CALLS. The two take turns, so that a busy
 * moment of the machine hits them alike; quote ratios.
 */
final class Latency {
  private static final int ROUNDS = 20;
  private static final int WARM_UP = 20_000; // calls until the compilers of the JVM have settled

  private interface Call {
    void run() throws OrtException;
  }

  public static void main(String[] arguments) throws Exception {
    Path artifact = Path.of(arguments[0]);
    int calls = Integer.parseInt(arguments[2]);
    ObjectMapper json = new ObjectMapper();
    @SuppressWarnings("unchecked") // JSON objects have strings for keys
    Map<String, Object> record = json.readValue(Path.of(arguments[1]).toFile(), LinkedHashMap.class);
    byte[] body = Files.readAllBytes(Path.of(arguments[1]));
    JsonNode manifest = json.readTree(artifact.resolve("manifest.json").toFile());
    try (Transformer transformer = Transformer.load(artifact);
        OrtSession session = session(Files.readAllBytes(artifact.resolve("model.onnx")))) {
      Map<String, OnnxTensor> feeds = feeds(manifest, record);
      Call bare = () -> session.run(feeds).close();
      Call whole = () -> transformer.transform(record);
      Call strict = () -> transformer.transformJson(body);
      Call parsed = () -> transformer.transform(parsed(json, body));
      List<String> names = List.of("bare", "transform", "transform_json", "parse_and_transform");
      long[][] times = measure(calls, bare, whole, strict, parsed);
      Map<String, Object> found = new LinkedHashMap<>();
      for (String name : names) {
        found.put(name, percentiles(times[found.size()]));
      }
      System.out.println(json.writeValueAsString(found));
      feeds.values().forEach(OnnxTensor::close);
    }
  }

  @SuppressWarnings("unchecked") // as above
  private static Map<String, Object> parsed(ObjectMapper json, byte[] body) {
    try {
      return json.readValue(body, LinkedHashMap.class);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  /** The options that the runtime uses. */
  private static OrtSession session(byte[] model) throws OrtException {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      options.setInterOpNumThreads(1);
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.BASIC_OPT);
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      return OrtEnvironment.getEnvironment().createSession(model, options);
    }
  }

  private static Map<String, OnnxTensor> feeds(JsonNode manifest, Map<String, Object> record) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    Map<String, OnnxTensor> found = new HashMap<>();
    Map<String, ByteBuffer> bools = new HashMap<>();
    for (JsonNode tensor : manifest.get("tensors")) {
      String name = tensor.get("name").asText();
      int width = tensor.get("width").asInt();
      long[] shape = {1, width};
      switch (tensor.get("dtype").asText()) {
        case "float64" -> {
          DoubleBuffer values = direct(8 * width).asDoubleBuffer();
          place(manifest, name, (column, input) -> {
            Number given = (Number) record.get(input);
            values.put(column, given == null ? Double.NaN : given.doubleValue());
          });
          found.put(name, OnnxTensor.createTensor(environment, values, shape));
        }
        case "string" -> {
          String[] values = new String[width];
          place(manifest, name, (column, input) -> values[column] = record.get(input) == null ? "" : (String) record.get(input));
          found.put(name, OnnxTensor.createTensor(environment, values, shape));
        }
        case "bool" -> {
          bools.put(name, direct(width));
          found.put(name, OnnxTensor.createTensor(environment, bools.get(name), shape, OnnxJavaType.BOOL));
        }
        default -> throw new IllegalArgumentException("the benchmark has float64 and string inputs");
      }
    }
    for (JsonNode input : manifest.get("inputs")) {
      JsonNode valid = input.get("valid");
      if (!valid.isNull()) {
        byte isThere = (byte) (record.get(input.get("name").asText()) == null ? 0 : 1);
        bools.get(valid.get("tensor").asText()).put(valid.get("column").asInt(), isThere);
      }
    }
    return found;
  }

  private interface Place {
    void put(int column, String input);
  }

  private static void place(JsonNode manifest, String tensor, Place place) {
    for (JsonNode input : manifest.get("inputs")) {
      if (input.get("tensor").asText().equals(tensor)) {
        place.put(input.get("column").asInt(), input.get("name").asText());
      }
    }
  }

  private static ByteBuffer direct(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
  }

  private static long[][] measure(int calls, Call... subjects) throws OrtException {
    for (Call subject : subjects) {
      for (int i = 0; i < WARM_UP; i++) {
        subject.run();
      }
    }
    int share = calls / ROUNDS;
    long[][] times = new long[subjects.length][share * ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
      for (int s = 0; s < subjects.length; s++) {
        for (int i = 0; i < share; i++) {
          long start = System.nanoTime();
          subjects[s].run();
          times[s][round * share + i] = System.nanoTime() - start;
        }
      }
    }
    return times;
  }

  private static Map<String, Double> percentiles(long[] times) {
    Arrays.sort(times);
    return Map.of("p50_us", times[times.length / 2] / 1e3, "p99_us", times[times.length * 99 / 100] / 1e3);
  }

  private Latency() {}
}
