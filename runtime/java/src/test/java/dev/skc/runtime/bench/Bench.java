package dev.skc.runtime.bench;

import ai.onnxruntime.OrtException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.skc.runtime.Transformer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the runtime costs in addition to the binding; {@code benchmarks/languages.py} explains the subjects.
 *
 * <pre>
 * row ARTIFACT EMPTY.onnx RECORD.json CALLS     p50 and p99 of one row, in microseconds, as JSON
 * batch ARTIFACT COLUMNS.json REPEAT            the best of some runs over a table, in milliseconds, as JSON
 * signals PLAIN SIGNALS RECORD.json CALLS       p50 and p99 of one row, by an artifact without and one with signals
 * </pre>
 *
 * The artifact has signature packed, float64 and string inputs, a float32 output {@code x} and an int64 output {@code
 * ids}. Subjects take turns, so that a busy moment of the machine hits them alike; quote ratios.
 */
final class Bench {
  private static final int ROUNDS = 20;
  private static final int WARM_UP = 20_000; // calls until the compilers of the JVM have settled
  private static final ObjectMapper JSON = new ObjectMapper();

  interface Call {
    void run() throws OrtException;
  }

  public static void main(String[] arguments) throws Exception {
    Map<String, Object> found =
        switch (arguments[0]) {
          case "row" -> row(path(arguments, 1), path(arguments, 2), path(arguments, 3), number(arguments, 4));
          case "signals" -> signals(path(arguments, 1), path(arguments, 2), path(arguments, 3), number(arguments, 4));
          default -> batch(path(arguments, 1), path(arguments, 2), number(arguments, 3));
        };
    System.out.println(JSON.writeValueAsString(found));
  }

  private static Path path(String[] arguments, int place) {
    return Path.of(arguments[place]);
  }

  private static int number(String[] arguments, int place) {
    return Integer.parseInt(arguments[place]);
  }

  private static Map<String, Object> row(Path artifact, Path empty, Path path, int calls) throws Exception {
    byte[] body = Files.readAllBytes(path);
    Map<String, Object> record = parsed(body);
    JsonNode manifest = JSON.readTree(artifact.resolve("manifest.json").toFile());
    Map<String, Object[]> columns = new LinkedHashMap<>();
    record.forEach((name, value) -> columns.put(name, new Object[] {value}));
    Bare.Table table = Bare.table(manifest, columns, 1);
    try (Transformer transformer = Transformer.load(artifact);
        Bare bare = new Bare(artifact.resolve("model.onnx"));
        Bare nothing = new Bare(empty);
        Bare.Tensors ready = table.tensors(0, 1)) {
      double[] zeros = new double[13];
      check(bare.run(table, 0, 1), transformer.transform(record));
      Map<String, Call> subjects = new LinkedHashMap<>();
      subjects.put("empty", () -> nothing.run("x", zeros));
      subjects.put("ready", () -> bare.run(ready));
      subjects.put("bare", () -> bare.run(table, 0, 1));
      subjects.put("transform", () -> transformer.transform(record));
      subjects.put("transform_json", () -> transformer.transformJson(body));
      subjects.put("parse_and_transform", () -> transformer.transform(parsed(body)));
      return percentiles(subjects, calls);
    }
  }

  private static Map<String, Object> signals(Path plain, Path counting, Path path, int calls) throws Exception {
    Map<String, Object> record = parsed(Files.readAllBytes(path));
    try (Transformer without = Transformer.load(plain);
        Transformer with = Transformer.load(counting)) {
      with.signals(); // refuses an artifact that does not count
      Map<String, Call> subjects = new LinkedHashMap<>();
      subjects.put("plain", () -> without.transform(record));
      subjects.put("signals", () -> with.transform(record));
      return percentiles(subjects, calls);
    }
  }

  private static Map<String, Object> batch(Path artifact, Path path, int repeat) throws Exception {
    JsonNode given = JSON.readTree(path.toFile());
    JsonNode manifest = JSON.readTree(artifact.resolve("manifest.json").toFile());
    Map<String, Object[]> cells = new LinkedHashMap<>();
    given.fields().forEachRemaining(field -> cells.put(field.getKey(), values(field.getValue())));
    int rows = cells.values().iterator().next().length;
    Bare.Table table = Bare.table(manifest, cells, rows);
    Map<String, Object> columns = new LinkedHashMap<>();
    cells.forEach((name, values) -> columns.put(name, typed(values)));
    List<Map<String, Object>> records = new ArrayList<>(rows);
    for (int row = 0; row < rows; row++) {
      Map<String, Object> record = new LinkedHashMap<>();
      for (Map.Entry<String, Object[]> column : cells.entrySet()) {
        record.put(column.getKey(), column.getValue()[row]);
      }
      records.add(record);
    }
    try (Transformer transformer = Transformer.load(artifact);
        Bare bare = new Bare(artifact.resolve("model.onnx"))) {
      check(bare.runChunks(table, rows), transformer.transformColumns(columns));
      Map<String, Call> subjects = new LinkedHashMap<>();
      subjects.put("bare", () -> bare.run(table, 0, rows));
      subjects.put("bare_chunks", () -> bare.runChunks(table, rows));
      subjects.put("columns", () -> transformer.transformColumns(columns));
      subjects.put("records", () -> transformer.transform(records));
      return best(subjects, repeat);
    }
  }

  private static Object[] values(JsonNode column) {
    Object[] values = new Object[column.size()];
    for (int i = 0; i < values.length; i++) {
      JsonNode cell = column.get(i);
      values[i] = cell.isNull() ? null : cell.isNumber() ? (Object) cell.asDouble() : cell.asText();
    }
    return values;
  }

  /** Numbers as a double[] with NaN for null, texts as a String[] with null. */
  private static Object typed(Object[] values) {
    if (Arrays.stream(values).noneMatch(Double.class::isInstance)) {
      return Arrays.copyOf(values, values.length, String[].class);
    }
    double[] numbers = new double[values.length];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = values[i] == null ? Double.NaN : (double) values[i];
    }
    return numbers;
  }

  private static void check(Bare.Answer bare, dev.skc.runtime.Features features) {
    if (!Arrays.equals(bare.x(), features.floats("x")) || !Arrays.equals(bare.ids(), features.longs("ids"))) {
      throw new IllegalStateException("the runtime and the bare call disagree");
    }
  }

  @SuppressWarnings("unchecked") // JSON objects have strings for keys
  private static Map<String, Object> parsed(byte[] body) {
    try {
      return JSON.readValue(body, LinkedHashMap.class);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  private static Map<String, Object> percentiles(Map<String, Call> subjects, int calls) throws OrtException {
    for (Call subject : subjects.values()) {
      for (int i = 0; i < WARM_UP; i++) {
        subject.run();
      }
    }
    int share = calls / ROUNDS;
    Map<String, long[]> times = new LinkedHashMap<>();
    subjects.keySet().forEach(name -> times.put(name, new long[share * ROUNDS]));
    for (int round = 0; round < ROUNDS; round++) {
      for (Map.Entry<String, Call> subject : subjects.entrySet()) {
        Call call = subject.getValue();
        long[] taken = times.get(subject.getKey());
        for (int i = 0; i < share; i++) {
          long start = System.nanoTime();
          call.run();
          taken[round * share + i] = System.nanoTime() - start;
        }
      }
    }
    Map<String, Object> found = new LinkedHashMap<>();
    times.forEach(
        (name, taken) -> {
          Arrays.sort(taken);
          double p50 = taken[taken.length / 2] / 1e3;
          found.put(name, Map.of("p50_us", p50, "p99_us", taken[taken.length * 99 / 100] / 1e3));
        });
    return found;
  }

  private static Map<String, Object> best(Map<String, Call> subjects, int repeat) throws OrtException {
    Map<String, Object> found = new LinkedHashMap<>();
    for (int round = 0; round <= repeat; round++) { // the first warms up
      for (Map.Entry<String, Call> subject : subjects.entrySet()) {
        long start = System.nanoTime();
        subject.getValue().run();
        double taken = (System.nanoTime() - start) / 1e6;
        double before = round < 2 ? Double.MAX_VALUE : (double) found.get(subject.getKey());
        found.put(subject.getKey(), Math.min(before, taken));
      }
    }
    return found;
  }

  private Bench() {}
}
