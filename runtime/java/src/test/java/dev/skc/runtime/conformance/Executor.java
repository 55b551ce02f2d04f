package dev.skc.runtime.conformance;

import ai.onnxruntime.OrtEnvironment;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.skc.runtime.Call;
import dev.skc.runtime.Extra;
import dev.skc.runtime.Features;
import dev.skc.runtime.LoadOptions;
import dev.skc.runtime.Log;
import dev.skc.runtime.LogOptions;
import dev.skc.runtime.Replay;
import dev.skc.runtime.SkcException;
import dev.skc.runtime.Transformer;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The executor of {@code tests/conformance/README.md}: a request per line on stdin, an answer per line on stdout. */
public final class Executor {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private Transformer transformer;
  private Watch watch;
  private List<Map<String, Object>> rows = List.of();
  private final ArrayNode calls = JSON.arrayNode(); // rows and code, as an observer got them

  private Executor() {}

  public static void main(String[] arguments) throws IOException {
    PrintStream answers = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
    System.setOut(System.err); // stdout carries nothing but the protocol
    BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    Executor executor = new Executor();
    for (String line = requests.readLine(); line != null; line = requests.readLine()) {
      answers.println(MAPPER.writeValueAsString(executor.answer(MAPPER.readTree(line))));
      answers.flush();
    }
  }

  private ObjectNode answer(JsonNode request) {
    try {
      return switch (request.path("do").asText()) {
        case "hello" -> hello();
        case "load" -> load(request);
        case "rows" -> keep(request.get("rows"));
        case "transform" -> transform(request);
        case "threads" -> Threads.run(current(), rows, request);
        case "describe" -> JSON.objectNode().set("describe", MAPPER.valueToTree(current().describe()));
        case "signals" -> signals(request);
        case "log" -> Logs.log(current(), request);
        case "arithmetic" -> JSON.objectNode().put("set", false); // Java has no way to switch it
        case "close" -> close();
        case "watch" -> watch(request);
        case "watched" -> watch.told();
        case "unwatch" -> unwatch();
        default -> throw new IllegalArgumentException("not a request: " + request);
      };
    } catch (SkcException error) {
      return Answers.error(error);
    }
  }

  private static ObjectNode hello() {
    ObjectNode told = JSON.objectNode().put("language", "java");
    told.put("onnxruntime", OrtEnvironment.getEnvironment().getVersion());
    told.putArray("cannot").add("utf8");
    return told;
  }

  private ObjectNode load(JsonNode request) {
    close();
    Path artifact = Path.of(request.get("artifact").textValue());
    LoadOptions options = new LoadOptions().replay(Replay.named(request.path("replay").asText("exact")));
    options = request.has("expect") ? options.expect(request.get("expect").textValue()) : options;
    options = request.has("key") ? options.key(request.get("key").textValue()) : options;
    calls.removeAll();
    options = request.path("observe").asBoolean() ? options.observer(this::observe) : options;
    transformer =
        switch (request.path("from").asText("folder")) {
          case "files" -> Transformer.load(bytes(artifact), options);
          case "zip" -> unzipped(artifact, options);
          default -> Transformer.load(artifact, options);
        };
    return JSON.objectNode().put("loaded", true);
  }

  private synchronized void observe(Call call) {
    calls.addArray().add(call.rows()).add(call.code().orElse(null));
  }

  private ObjectNode signals(JsonNode request) {
    ObjectNode told = JSON.objectNode();
    if (request.has("folder")) {
      try (Log log = Log.open(Path.of(request.get("folder").textValue()), current(), new LogOptions())) {
        told.put("signals", current().signalsText(log));
      }
    } else {
      told.put("signals", current().signalsText());
    }
    return told.set("calls", calls);
  }

  private static Map<String, byte[]> bytes(Path folder) {
    Map<String, byte[]> found = new HashMap<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        found.put(file.getFileName().toString(), Files.readAllBytes(file));
      }
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
    return found;
  }

  private static Transformer unzipped(Path archive, LoadOptions options) {
    try (InputStream file = Files.newInputStream(archive)) {
      return Transformer.loadZip(file, options);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  private ObjectNode watch(JsonNode request) {
    Path artifact = Path.of(request.get("artifact").textValue());
    watch = new Watch(artifact, rows.get(0), request.get("threads").intValue(), request.get("interval").doubleValue());
    return JSON.objectNode().put("watching", true);
  }

  private ObjectNode unwatch() {
    watch.endCalls();
    ObjectNode told = watch.told();
    watch.close();
    return told;
  }

  private ObjectNode close() {
    if (transformer != null) {
      transformer.close();
    }
    return JSON.objectNode().put("closed", true);
  }

  private Transformer current() {
    if (transformer == null) {
      throw new IllegalStateException("nothing is loaded");
    }
    return transformer;
  }

  private ObjectNode keep(JsonNode given) {
    rows = new ArrayList<>();
    given.forEach(row -> rows.add(Cells.record(row)));
    return JSON.objectNode().put("rows", rows.size());
  }

  private ObjectNode transform(JsonNode request) {
    Extra extra = Extra.named(request.path("extra").asText("error"));
    Transformer current = current();
    return switch (request.get("form").textValue()) {
      case "record" -> Answers.outputs(current.transformRecord(taken(request).get(0), extra));
      case "records" -> Answers.outputs(current.transformRecords(taken(request), extra));
      case "columns" -> Answers.outputs(transformColumns(current, request, extra));
      case "json" -> Answers.outputs(current.transformJson(body(request), extra));
      default -> throw new IllegalArgumentException("not a form: " + request);
    };
  }

  private static byte[] body(JsonNode request) {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (JsonNode part : request.get("body")) {
      byte[] data = Base64.getDecoder().decode(part.get(0).textValue());
      for (int i = 0; i < part.get(1).intValue(); i++) {
        body.writeBytes(data);
      }
    }
    return body.toByteArray();
  }

  private List<Map<String, Object>> taken(JsonNode request) {
    List<Map<String, Object>> taken = new ArrayList<>();
    request.get("take").forEach(index -> taken.add(rows.get(index.intValue())));
    return taken;
  }

  private Features transformColumns(Transformer current, JsonNode request, Extra extra) {
    JsonNode given = request.get("columns");
    return current.transformColumns(given == null ? columnsOf(taken(request)) : columns(given), extra);
  }

  private static Map<String, List<Object>> columns(JsonNode given) {
    Map<String, List<Object>> columns = new LinkedHashMap<>();
    for (Iterator<Map.Entry<String, JsonNode>> each = given.fields(); each.hasNext(); ) {
      Map.Entry<String, JsonNode> field = each.next();
      List<Object> column = new ArrayList<>();
      field.getValue().forEach(cell -> column.add(Cells.value(cell)));
      columns.put(field.getKey(), column);
    }
    return columns;
  }

  /** One list per key that any of the rows has; a row without it has null there. */
  private static Map<String, List<Object>> columnsOf(List<Map<String, Object>> rows) {
    Map<String, List<Object>> columns = new LinkedHashMap<>();
    rows.forEach(row -> row.keySet().forEach(key -> columns.put(key, new ArrayList<>())));
    columns.forEach((key, column) -> rows.forEach(row -> column.add(row.get(key))));
    return columns;
  }
}
