package dev.skc.runtime.bench;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** The binding of ONNX Runtime as a plain user calls it: values in arrays, tensors made for each call, results copied. */
final class Bare implements AutoCloseable {
  private static final int CHUNK = 4096;
  private static final OrtEnvironment ENVIRONMENT = OrtEnvironment.getEnvironment();

  /** The copied results of the benchmark's pipeline. */
  record Answer(float[] x, long[] ids) {}

  private final OrtSession session;

  /** With the options that the runtime uses. */
  Bare(Path model) throws Exception {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      options.setInterOpNumThreads(1);
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.BASIC_OPT);
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      session = ENVIRONMENT.createSession(Files.readAllBytes(model), options);
    }
  }

  /** All values of a table, tensor by tensor, row by row: double[], String[] or byte[] for bools. */
  record Table(Map<String, Object> values, Map<String, Integer> widths) {
    Tensors tensors(int start, int rows) throws OrtException {
      Map<String, OnnxTensor> found = new LinkedHashMap<>();
      for (Map.Entry<String, Object> tensor : values.entrySet()) {
        int width = widths.get(tensor.getKey());
        found.put(tensor.getKey(), tensor(tensor.getValue(), start * width, new long[] {rows, width}));
      }
      return new Tensors(found);
    }
  }

  record Tensors(Map<String, OnnxTensor> byName) implements AutoCloseable {
    @Override
    public void close() {
      byName.values().forEach(OnnxTensor::close);
    }
  }

  private static OnnxTensor tensor(Object values, int start, long[] shape) throws OrtException {
    int size = (int) (shape[0] * shape[1]);
    if (values instanceof double[] numbers) {
      return OnnxTensor.createTensor(ENVIRONMENT, DoubleBuffer.wrap(numbers, start, size), shape);
    }
    if (values instanceof byte[] flags) {
      return OnnxTensor.createTensor(ENVIRONMENT, ByteBuffer.wrap(flags, start, size), shape, OnnxJavaType.BOOL);
    }
    String[] texts = (String[]) values;
    boolean isWhole = texts.length == size;
    return OnnxTensor.createTensor(
        ENVIRONMENT, isWhole ? texts : java.util.Arrays.copyOfRange(texts, start, start + size), shape);
  }

  static Table table(JsonNode manifest, Map<String, Object[]> cells, int rows) {
    Map<String, Object> values = new LinkedHashMap<>();
    Map<String, Integer> widths = new LinkedHashMap<>();
    for (JsonNode tensor : manifest.get("tensors")) {
      int width = tensor.get("width").asInt();
      widths.put(tensor.get("name").asText(), width);
      values.put(
          tensor.get("name").asText(),
          switch (tensor.get("dtype").asText()) {
            case "float64" -> new double[rows * width];
            case "string" -> new String[rows * width];
            case "bool" -> new byte[rows * width];
            default -> throw new IllegalArgumentException("the benchmark has float64 and string inputs");
          });
    }
    Table table = new Table(values, widths);
    for (JsonNode input : manifest.get("inputs")) {
      Object[] column = cells.get(input.get("name").asText());
      for (int row = 0; row < rows; row++) {
        put(table, input, row, column[row]);
        if (!input.get("valid").isNull()) {
          put(table, input.get("valid"), row, column[row] != null);
        }
      }
    }
    return table;
  }

  private static void put(Table table, JsonNode slot, int row, Object value) {
    String tensor = slot.get("tensor").asText();
    int place = row * table.widths.get(tensor) + slot.get("column").asInt();
    Object values = table.values.get(tensor);
    if (values instanceof double[] numbers) {
      numbers[place] = value == null ? Double.NaN : ((Number) value).doubleValue();
    } else if (values instanceof String[] texts) {
      texts[place] = value == null ? "" : (String) value;
    } else {
      ((byte[]) values)[place] = (byte) ((boolean) value ? 1 : 0);
    }
  }

  /** A call with the tensors ready; the results are made, and not read. */
  void run(Tensors ready) throws OrtException {
    session.run(ready.byName).close();
  }

  /** A whole call of a graph with one input of numbers. */
  float[] run(String input, double[] values) throws OrtException {
    try (OnnxTensor tensor =
            OnnxTensor.createTensor(ENVIRONMENT, DoubleBuffer.wrap(values), new long[] {1, values.length});
        OrtSession.Result result = session.run(Map.of(input, tensor))) {
      return new float[] {(float) ((OnnxTensor) result.get(0)).getDoubleBuffer().get(0)};
    }
  }

  Answer run(Table table, int start, int rows) throws OrtException {
    try (Tensors tensors = table.tensors(start, rows);
        OrtSession.Result result = session.run(tensors.byName)) {
      float[] x = ((OnnxTensor) result.get("x").orElseThrow()).getFloatBuffer().array();
      return new Answer(x, ((OnnxTensor) result.get("ids").orElseThrow()).getLongBuffer().array());
    }
  }

  /** The same in chunks, by two threads, into one array for each output. */
  Answer runChunks(Table table, int rows) throws OrtException {
    Answer first = run(table, 0, 1);
    Answer all = new Answer(new float[rows * first.x.length], new long[rows * first.ids.length]);
    AtomicInteger next = new AtomicInteger();
    Runnable work =
        () -> {
          for (int start = next.getAndAdd(CHUNK); start < rows; start = next.getAndAdd(CHUNK)) {
            try {
              Answer some = run(table, start, Math.min(CHUNK, rows - start));
              System.arraycopy(some.x, 0, all.x, start * first.x.length, some.x.length);
              System.arraycopy(some.ids, 0, all.ids, start * first.ids.length, some.ids.length);
            } catch (OrtException error) {
              throw new IllegalStateException(error);
            }
          }
        };
    Thread helper = new Thread(work);
    helper.start();
    work.run();
    try {
      helper.join();
    } catch (InterruptedException error) {
      throw new IllegalStateException(error);
    }
    return all;
  }

  @Override
  public void close() throws OrtException {
    session.close();
  }
}
