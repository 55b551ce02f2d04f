package dev.skc.runtime;

import dev.skc.runtime.Manifest.Served;
import java.lang.reflect.Array;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.zip.CRC32;

/**
 * Writes the lines of a request log. Their form is defined in {@code runtime/python/skc_runtime/log_lines.py}; the bytes
 * that every language must give are in {@code schemas/request_log.v1.json}.
 */
final class LogLines {
  private static final int LONGEST_INTEGER = 40; // characters of a refused integer
  private static final int HASH_DIGITS = 16;
  private static final String OTHER = "{\"other\":true}";
  private static final int NAN32 = 0x7fc00000;
  private static final long NAN64 = 0x7ff8000000000000L;

  private final Marshaller marshaller;
  private final List<String> inputs;
  private final List<Served> served;
  private final boolean[] isOmitted;
  private final boolean[] isHashed;
  private final List<Manifest.Tensor> tensors;
  private final ConcurrentLinkedQueue<Feeds> free = new ConcurrentLinkedQueue<>(); // making one costs more than a line
  private final LogOptions options;
  private volatile boolean isClosed;

  LogLines(Manifest manifest, Marshaller marshaller, LogOptions options) {
    this.marshaller = marshaller;
    tensors = manifest.tensors();
    this.options = options;
    served = manifest.served();
    inputs = manifest.inputs().stream().map(Manifest.Input::name).toList();
    isOmitted = new boolean[inputs.size()];
    isHashed = new boolean[inputs.size()];
    for (int i = 0; i < inputs.size(); i++) {
      isOmitted[i] = manifest.log().omit().contains(inputs.get(i));
      isHashed[i] = manifest.log().hash().contains(inputs.get(i));
    }
  }

  /** Release the tensors. A line that is made later releases its own. */
  void close() {
    isClosed = true;
    for (Feeds feeds = free.poll(); feeds != null; feeds = free.poll()) {
      feeds.close();
    }
  }

  /** A record without its number, from {@code ,"id":} on. Throws SkcException {@code invalid-option}. */
  void append(StringBuilder to, LogEntry entry, long timeUs) {
    to.append(",\"id\":");
    appendId(to, entry.id);
    if (entry.key != null) {
      to.append(",\"key\":");
      appendId(to, entry.key);
    }
    if (timeUs < 0 || (entry.latencyUs != null && entry.latencyUs < 0)) {
      throw misused("a time is negative");
    }
    to.append(",\"time_us\":").append(timeUs);
    if (entry.latencyUs != null) {
      to.append(",\"latency_us\":").append(entry.latencyUs.longValue());
    }
    to.append(",\"request\":");
    appendRequest(to, entry.json == null ? entry.record : recordOf(entry.json));
    if (entry.error != null) {
      appendError(to, entry.error);
    } else if (entry.ownFeatures != null) {
      appendOwn(to, entry.ownFeatures);
    } else if (entry.features != null && options.features != LogOptions.Features.NONE) {
      appendFeatures(to, entry);
    }
    if (entry.prediction != null) {
      to.append(",\"prediction\":");
      appendNumbers(to, entry.prediction, entry.isOnePrediction);
    }
    if (entry.asOf != null) {
      appendByInput(to, "as_of", entry.asOf);
    }
    if (entry.fetchedUs != null) {
      if (entry.fetchedUs.values().stream().anyMatch(time -> time != null && time < 0)) {
        throw misused("a time is negative");
      }
      appendByInput(to, "fetched_us", entry.fetchedUs);
    }
    if (entry.hit != null) {
      appendByInput(to, "hit", entry.hit);
    }
    to.append("}\n");
  }

  private static void appendId(StringBuilder to, String id) {
    if (id == null || Text.hasLoneSurrogate(id)) {
      throw misused("the id or key " + Shown.of(id) + " is not text");
    }
    LogText.appendQuoted(to, id);
  }

  /** The record of a JSON text; null for any other request. */
  private static Map<?, ?> recordOf(byte[] body) {
    try {
      JsonRequest request = JsonRequest.read(body);
      return request.form() == JsonRequest.Form.RECORD ? (Map<?, ?>) request.data() : null;
    } catch (RecordException error) {
      return null;
    }
  }

  private void appendRequest(StringBuilder to, Map<?, ?> record) {
    if (record == null) {
      to.append("null");
      return;
    }
    Feeds idle = free.poll();
    Feeds feeds = idle != null ? idle : new Feeds(tensors, 1);
    try {
      int start = to.append('{').length();
      for (int i = 0; i < inputs.size(); i++) {
        String name = inputs.get(i);
        Object value = record.get(name);
        if (isOmitted[i] || (value == null && !record.containsKey(name))) {
          continue;
        }
        if (to.length() > start) {
          to.append(',');
        }
        LogText.appendQuoted(to, name);
        to.append(':');
        appendCell(to, marshaller.input(i), feeds, value, isHashed[i]);
      }
      to.append('}');
    } finally {
      feeds.releaseTexts();
      free.add(feeds);
      if (isClosed) {
        close();
      }
    }
  }

  private void appendCell(StringBuilder to, InputWriter input, Feeds feeds, Object given, boolean isSecret) {
    try {
      input.put(feeds, 0, given);
    } catch (RecordException error) {
      to.append(isSecret ? OTHER : refused(given));
      return;
    }
    if (input.isNull(feeds, 0)) {
      to.append("null");
      return;
    }
    Object value = feeds.value(input.cell(), 0);
    if (isSecret) {
      to.append('"').append(hash(value)).append('"');
    } else {
      appendValue(to, value);
    }
  }

  /** A Double, Long, Boolean or String in the form of golden.jsonl. */
  private static void appendValue(StringBuilder to, Object value) {
    if (value instanceof Double number) {
      LogText.appendFloat(to, number);
    } else if (value instanceof Long number) {
      to.append('"').append(number.longValue()).append('"');
    } else if (value instanceof String text) {
      LogText.appendQuoted(to, text);
    } else {
      to.append(value);
    }
  }

  private String hash(Object value) {
    StringBuilder text = new StringBuilder();
    if (value instanceof String given) {
      text.append(given);
    } else {
      appendValue(text, value);
    }
    String plain = value instanceof String ? text.toString() : text.toString().replace("\"", "");
    try {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      byte[] digest = sha256.digest((options.salt + plain).getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest).substring(0, HASH_DIGITS);
    } catch (NoSuchAlgorithmException error) {
      throw new IllegalStateException(error); // every Java has it
    }
  }

  /** A value that its input refuses, as far as every language can say it. */
  private static String refused(Object value) {
    StringBuilder to = new StringBuilder();
    if (value == null) {
      return "{\"null\":true}";
    }
    if (value instanceof Boolean flag) {
      return "{\"bool\":" + flag + "}";
    }
    boolean isInteger = value instanceof Long || value instanceof Integer || value instanceof Short || value instanceof Byte;
    if (isInteger || (value instanceof BigInteger big && big.bitLength() < 4 * LONGEST_INTEGER)) {
      String text = value.toString();
      return text.length() <= LONGEST_INTEGER ? "{\"int\":\"" + text + "\"}" : OTHER;
    }
    if (value instanceof Double || value instanceof Float) {
      LogText.appendFloat(to.append("{\"float\":"), ((Number) value).doubleValue());
      return to.append('}').toString();
    }
    if (value instanceof CharSequence text && !Text.hasLoneSurrogate(text.toString())) {
      LogText.appendQuoted(to.append("{\"string\":"), text.toString());
      return to.append('}').toString();
    }
    return OTHER;
  }

  private static void appendError(StringBuilder to, SkcException error) {
    to.append(",\"error\":{\"code\":");
    LogText.appendQuoted(to, error.code());
    error.input().ifPresent(input -> LogText.appendQuoted(to.append(",\"input\":"), input));
    error.step().ifPresent(step -> LogText.appendQuoted(to.append(",\"step\":"), step));
    to.append('}');
  }

  private void appendFeatures(StringBuilder to, LogEntry entry) {
    boolean isFull = options.features == LogOptions.Features.FULL;
    isFull |= options.fullEvery > 0 && hashOf(entry.id) % options.fullEvery == 0;
    if (entry.features.rows() != 1 || entry.features.names().size() != served.size()) {
      throw misused("the features are not one row of this transformer's");
    }
    to.append(",\"features\":");
    char separator = '{';
    for (Served spec : served) {
      if (!entry.features.names().contains(spec.name()) || entry.features.output(spec.name()).dtype() != spec.dtype()) {
        throw misused("the features are not those of this transformer: " + Shown.of(spec.name()));
      }
      LogText.appendQuoted(to.append(separator), spec.name());
      to.append(':');
      Output output = entry.features.output(spec.name());
      if (isFull) {
        appendOutput(to, output);
      } else {
        to.append(digest(output));
      }
      separator = ',';
    }
    to.append('}');
  }

  private static void appendOutput(StringBuilder to, Output output) {
    to.append('[');
    for (int i = 0; i < output.columns(); i++) {
      Object value = output.get(0, i);
      if (i > 0) {
        to.append(',');
      }
      appendValue(to, value instanceof Float number ? (Object) number.doubleValue() : value);
    }
    to.append(']');
  }

  /** The CRC-32 of the values, as little-endian bytes. */
  static long digest(Output output) {
    CRC32 crc = new CRC32();
    int size = output.columns();
    if (output.dtype() == DType.STRING) {
      for (String text : output.strings()) {
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        crc.update(bytes(Integer.BYTES).putInt(encoded.length).array());
        crc.update(encoded);
      }
      return crc.getValue();
    }
    ByteBuffer bytes = bytes(size * Long.BYTES);
    for (int i = 0; i < size; i++) {
      switch (output.dtype()) {
        case FLOAT32 -> {
          float value = output.floats()[i];
          bytes.putInt(value != value ? NAN32 : Float.floatToRawIntBits(value));
        }
        case FLOAT64 -> {
          double value = output.doubles()[i];
          bytes.putLong(value != value ? NAN64 : Double.doubleToRawLongBits(value));
        }
        case INT64 -> bytes.putLong(output.longs()[i]);
        default -> bytes.put((byte) (output.booleans()[i] ? 1 : 0));
      }
    }
    crc.update(bytes.array(), 0, bytes.position());
    return crc.getValue();
  }

  private static ByteBuffer bytes(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void appendOwn(StringBuilder to, Map<String, ?> own) {
    to.append(",\"features\":{");
    int written = 0;
    for (Served spec : served) {
      Object values = own.get(spec.name());
      if (values == null) {
        continue;
      }
      Class<?> wanted =
          switch (spec.dtype()) {
            case FLOAT32, FLOAT64 -> values instanceof float[] ? float[].class : double[].class;
            case INT64 -> long[].class;
            case BOOL -> boolean[].class;
            case STRING -> String[].class;
          };
      if (!wanted.isInstance(values) || Array.getLength(values) != spec.columns().size()) {
        throw misused("the own features " + Shown.of(spec.name()) + " are not its values");
      }
      LogText.appendQuoted(written++ > 0 ? to.append(',') : to, spec.name());
      appendArray(to.append(':'), values);
    }
    if (written != own.size()) {
      throw misused("the own features have a name that is not an output");
    }
    to.append('}');
  }

  private static void appendArray(StringBuilder to, Object values) {
    to.append('[');
    for (int i = 0; i < Array.getLength(values); i++) {
      Object value = Array.get(values, i);
      if (value == null || (value instanceof String text && Text.hasLoneSurrogate(text))) {
        throw misused("an own feature is not text");
      }
      appendValue(i > 0 ? to.append(',') : to, value instanceof Float number ? (Object) number.doubleValue() : value);
    }
    to.append(']');
  }

  private static void appendNumbers(StringBuilder to, double[] values, boolean isOne) {
    if (isOne) {
      LogText.appendFloat(to, values[0]);
      return;
    }
    to.append('[');
    for (int i = 0; i < values.length; i++) {
      LogText.appendFloat(i > 0 ? to.append(',') : to, values[i]);
    }
    to.append(']');
  }

  /** What is known of the inputs that were looked up: whole numbers, or true and false. */
  private void appendByInput(StringBuilder to, String key, Map<String, ?> given) {
    to.append(",\"").append(key).append("\":{");
    int written = 0;
    for (String name : inputs) {
      Object value = given.get(name);
      if (value != null) {
        LogText.appendQuoted(written++ > 0 ? to.append(',') : to, name);
        to.append(':').append(value);
      }
    }
    if (written != given.size()) {
      throw misused(key + " has a name that is not an input, or no value");
    }
    to.append('}');
  }

  /** What decides, where some requests are to be chosen. */
  static long hashOf(String text) {
    CRC32 crc = new CRC32();
    crc.update(text.getBytes(StandardCharsets.UTF_8));
    return crc.getValue();
  }

  static SkcException misused(String problem) {
    return new SkcException("invalid-option", problem, "the request was not logged, and counts as dropped");
  }

  /** The first line of a file. */
  static byte[] header(Manifest manifest, LogOptions options, String writer, int part, long after, long logged) {
    StringBuilder to = new StringBuilder("{\"skc\":\"log\",\"format\":1,\"name\":");
    LogText.appendQuoted(to, manifest.name());
    LogText.appendQuoted(to.append(",\"plan\":"), manifest.plan());
    LogText.appendQuoted(to.append(",\"identity\":"), manifest.identity());
    to.append(",\"writer\":\"").append(writer).append("\",\"part\":").append(part);
    to.append(",\"after\":").append(after).append(",\"logged\":").append(logged);
    LogText.appendQuoted(to.append(",\"runtime\":"), "java " + Log.VERSION);
    LogText.appendQuoted(to.append(",\"onnxruntime\":"), OnnxRuntimeLibrary.environment().getVersion());
    LogText.appendQuoted(to.append(",\"host\":"), Log.host());
    to.append(",\"opened_us\":").append(Log.now()).append(",\"sample\":");
    LogText.appendFloat(to, options.sample);
    LogText.appendQuoted(to.append(",\"sample_by\":"), options.sampleBy.name().toLowerCase(java.util.Locale.ROOT));
    LogText.appendQuoted(to.append(",\"features\":"), options.features.name().toLowerCase(java.util.Locale.ROOT));
    to.append(",\"full_every\":").append(options.fullEvery);
    appendNames(to.append(",\"omit\":"), manifest.log().omit());
    appendNames(to.append(",\"hash\":"), manifest.log().hash());
    return to.append("}\n").toString().getBytes(StandardCharsets.UTF_8);
  }

  private static void appendNames(StringBuilder to, List<String> names) {
    to.append('[');
    for (int i = 0; i < names.size(); i++) {
      LogText.appendQuoted(i > 0 ? to.append(',') : to, names.get(i));
    }
    to.append(']');
  }
}
