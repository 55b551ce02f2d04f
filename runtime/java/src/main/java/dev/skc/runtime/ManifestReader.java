package dev.skc.runtime;

import dev.skc.runtime.Manifest.Guard;
import dev.skc.runtime.Manifest.Guards;
import dev.skc.runtime.Manifest.Input;
import dev.skc.runtime.Manifest.Log;
import dev.skc.runtime.Manifest.Nan;
import dev.skc.runtime.Manifest.Onnx;
import dev.skc.runtime.Manifest.Output;
import dev.skc.runtime.Manifest.Signal;
import dev.skc.runtime.Manifest.SignalKind;
import dev.skc.runtime.Manifest.Signals;
import dev.skc.runtime.Manifest.Signature;
import dev.skc.runtime.Manifest.Slot;
import dev.skc.runtime.Manifest.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Reads {@code manifest.json}; {@link ManifestCheck} then checks that its parts are consistent.
 *
 * <p>Why so strict: the manifest is the contract of every language, and the file that an attacker would edit.
 * Anything that deviates from {@code schemas/manifest.v1.schema.json} is refused before any other file of the
 * artifact is read.
 */
final class ManifestReader {
  static final String PLACE = "manifest.json";
  private static final long LARGEST_FORMAT = 1L << 53;
  private static final int WIDEST = 1_000_000;
  private static final Pattern CODE = Pattern.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*");
  private static final Pattern RATIO = Pattern.compile("0(\\.[0-9]{1,12})?|1");
  private static final Pattern VERSION = Pattern.compile("[0-9]{1,6}(\\.[0-9]{1,6}){1,3}");
  private static final List<DType> INPUT_ELEMENTS =
      List.of(DType.FLOAT64, DType.FLOAT32, DType.INT64, DType.BOOL, DType.STRING);

  private ManifestReader() {}

  static Manifest read(byte[] data, String identity) {
    Fields fields = new Fields(StrictJson.parse(ByteBuffer.wrap(data), PLACE), PLACE);
    if (!"artifact".equals(fields.take("skc").textValue())) {
      throw ArtifactException.malformed(PLACE + ".skc", "this is not the manifest of an artifact");
    }
    checkFormat(fields.number("format", 1, LARGEST_FORMAT));
    Manifest manifest =
        new Manifest(
            identity,
            fields.text("name"),
            fields.oneOf("signature", Arrays.asList(Signature.values())),
            inputs(fields),
            tensors(fields),
            outputs(fields),
            guards(fields),
            onnx(fields.object("onnx")),
            fields.textsByKey("files"),
            fields.text("plan"),
            fields.optionalText("tzdata"),
            fields.textsByKey("built_with"),
            fields.has("log") ? log(fields.object("log")) : Log.NONE,
            fields.has("signals") ? signals(fields.object("signals")) : null);
    fields.done();
    ManifestCheck.check(manifest);
    return manifest;
  }

  private static void checkFormat(long format) {
    if (format > Manifest.FORMAT) {
      String problem = "the artifact has format " + format + ", this runtime reads up to " + Manifest.FORMAT;
      String hint = "use a newer skc-runtime, or compile the pipeline with an older `skc`";
      throw new ArtifactException("artifact-too-new", problem, hint);
    }
  }

  private static List<Input> inputs(Fields fields) {
    List<Input> found = new ArrayList<>();
    for (Fields item : fields.objects("inputs")) {
      String name = item.text("name");
      InputType type = item.oneOf("type", Arrays.asList(InputType.values()));
      boolean nullable = item.flag("nullable");
      Nan nan = item.oneOf("nan", Arrays.asList(Nan.values()));
      Slot slot = new Slot(item.text("tensor"), item.number("column", 0));
      Slot valid = item.optionalObject("valid").map(ManifestReader::slot).orElse(null);
      boolean readsNumbers = item.has("text") && readsNumbers(item, type);
      String timezone = item.has("timezone") ? timezone(item, type) : null;
      item.done();
      found.add(new Input(name, type, nullable, nan, slot, valid, readsNumbers, timezone));
    }
    return List.copyOf(found);
  }

  private static boolean readsNumbers(Fields item, InputType type) {
    String word = item.text("text");
    if (!word.equals("number")) {
      throw ArtifactException.malformed(item.place + ".text", "expected number, got " + Shown.of(word));
    }
    if (!type.isNumber()) {
      throw ArtifactException.malformed(item.place + ".text", type + " is not a kind of number");
    }
    return true;
  }

  private static String timezone(Fields item, InputType type) {
    String timezone = item.text("timezone");
    if (type != InputType.TIMESTAMP) {
      throw ArtifactException.malformed(item.place + ".timezone", type + " is not a timestamp");
    }
    return timezone;
  }

  private static Log log(Fields fields) {
    Log log = new Log(fields.texts("omit"), fields.texts("hash"));
    fields.done();
    return log;
  }

  private static Signals signals(Fields fields) {
    List<Signal> columns = new ArrayList<>();
    for (Fields item : fields.objects("columns")) {
      SignalKind kind = item.oneOf("kind", Arrays.asList(SignalKind.values()));
      String training = item.has("training") ? item.text("training") : null;
      if (training != null && !RATIO.matcher(training).matches()) {
        throw ArtifactException.malformed(item.place + ".training", Shown.of(training) + " is not a share, as in 0.25");
      }
      columns.add(new Signal(kind, item.text("step"), item.text("input"), training));
      item.done();
    }
    Signals signals = new Signals(fields.text("tensor"), List.copyOf(columns));
    fields.done();
    if (columns.isEmpty()) {
      throw ArtifactException.malformed(fields.place, "there is no column");
    }
    return signals;
  }

  private static Slot slot(Fields fields) {
    Slot slot = new Slot(fields.text("tensor"), fields.number("column", 0));
    fields.done();
    return slot;
  }

  private static List<Tensor> tensors(Fields fields) {
    List<Tensor> found = new ArrayList<>();
    for (Fields item : fields.objects("tensors")) {
      DType dtype = item.oneOf("dtype", INPUT_ELEMENTS);
      found.add(new Tensor(item.text("name"), dtype, (int) item.number("width", 1, WIDEST)));
      item.done();
    }
    return List.copyOf(found);
  }

  private static List<Output> outputs(Fields fields) {
    List<Output> found = new ArrayList<>();
    for (Fields item : fields.objects("outputs")) {
      String name = item.text("name");
      DType dtype = item.oneOf("dtype", Arrays.asList(DType.values()));
      List<String> columns = item.texts("columns");
      found.add(new Output(name, dtype, columns, item.flags("exact"), item.optionalText("valid")));
      item.done();
    }
    return List.copyOf(found);
  }

  private static Guards guards(Fields fields) {
    return fields.optionalObject("guards").map(ManifestReader::readGuards).orElse(null);
  }

  private static Guards readGuards(Fields fields) {
    List<Guard> columns = new ArrayList<>();
    for (Fields item : fields.objects("columns")) {
      String code = item.text("code");
      if (!CODE.matcher(code).matches()) {
        throw ArtifactException.malformed(item.place + ".code", Shown.of(code) + " is not an error code");
      }
      columns.add(new Guard(code, item.text("step"), item.text("input")));
      item.done();
    }
    Guards guards = new Guards(fields.text("tensor"), List.copyOf(columns));
    fields.done();
    return guards;
  }

  private static Onnx onnx(Fields fields) {
    int opset = fields.number("opset", 1);
    int ml = fields.number("ml", 1);
    int ir = fields.number("ir", 1);
    String minimum = fields.text("minimum_onnxruntime");
    List<String> domains = fields.texts("domains");
    fields.done();
    if (!VERSION.matcher(minimum).matches()) {
      throw ArtifactException.malformed(fields.place + ".minimum_onnxruntime", Shown.of(minimum) + " is not a version");
    }
    return new Onnx(opset, ml, ir, minimum, domains);
  }
}
