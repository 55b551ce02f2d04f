package dev.skc.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import dev.skc.runtime.Manifest.Input;
import dev.skc.runtime.Manifest.Served;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Runs the golden records: each alone, then all with outputs as one batch.
 *
 * <p>Why: the same graph on another processor, another ONNX Runtime, or a thread that flushes denormals may produce
 * other bits. Replaying a few records at load detects that before the first request does.
 */
final class GoldenReplay {
  private final Transformer transformer;
  private final Replay replay;
  private final Map<String, DType> inputs = new HashMap<>();
  private final List<Served> outputs;

  GoldenReplay(Manifest manifest, Transformer transformer, Replay replay) {
    this.transformer = transformer;
    this.replay = replay;
    for (Input input : manifest.inputs()) {
      inputs.put(input.name(), input.type().element);
    }
    outputs = manifest.served();
  }

  /** Throws ArtifactException {@code golden-mismatch}. */
  void run(List<GoldenCase> cases) {
    List<Map<String, Object>> records = new ArrayList<>();
    for (GoldenCase golden : cases) {
      records.add(decode(golden));
    }
    List<Map<String, Object>> served = new ArrayList<>();
    List<Features> alone = new ArrayList<>();
    for (int i = 0; i < cases.size(); i++) {
      Features found = runAlone(cases.get(i), records.get(i));
      if (found != null) {
        served.add(records.get(i));
        alone.add(found);
      }
    }
    if (!served.isEmpty()) {
      compareBatch(batch(served), alone);
    }
  }

  private Features batch(List<Map<String, Object>> served) {
    try {
      return transformer.transform(served);
    } catch (SkcException error) {
      throw failed("all golden records in one batch", error);
    }
  }

  private Map<String, Object> decode(GoldenCase golden) {
    Map<String, Object> record = new HashMap<>();
    for (Iterator<Map.Entry<String, JsonNode>> each = golden.record().fields(); each.hasNext(); ) {
      Map.Entry<String, JsonNode> field = each.next();
      DType dtype = inputs.get(field.getKey());
      if (dtype == null) {
        throw ArtifactException.malformed(golden.place(), Shown.of(field.getKey()) + " is not an input");
      }
      record.put(field.getKey(), GoldenValue.decode(dtype, field.getValue(), golden.place() + "." + field.getKey()));
    }
    return record;
  }

  /** The features of a case, or null if it gave the error that it must give. */
  private Features runAlone(GoldenCase golden, Map<String, Object> record) {
    Features found;
    try {
      found = transformer.transform(record);
    } catch (RecordException error) {
      if (error.code().equals(golden.error())) {
        return null;
      }
      throw mismatch(golden.place() + ": error `" + error.code() + "` here");
    } catch (SkcException error) {
      throw failed(golden.place(), error);
    }
    if (golden.outputs() == null) {
      throw mismatch(golden.place() + ": outputs here, error `" + golden.error() + "` when compiled");
    }
    compare(golden, found);
    return found;
  }

  /** If the model does not even run, the artifact is at fault, not a request. */
  private static SkcException failed(String place, SkcException error) {
    if (!error.code().equals("run-failed")) {
      return error;
    }
    String problem = place + ": " + error.problem();
    return new ArtifactException("golden-mismatch", problem, "compile the pipeline again");
  }

  private ArtifactException mismatch(String problem) {
    String hint = replay == Replay.EXACT ? "on another processor architecture, load with Replay.TOLERANCE" : null;
    return new ArtifactException("golden-mismatch", problem, hint);
  }

  private void compare(GoldenCase golden, Features found) {
    Set<String> names = new HashSet<>();
    golden.outputs().fieldNames().forEachRemaining(names::add);
    if (!names.equals(found.names())) {
      throw ArtifactException.malformed(golden.place(), "outputs " + names + " are not those of the manifest");
    }
    for (Served output : outputs) {
      compare(golden, output, found.output(output.name()));
    }
  }

  private void compare(GoldenCase golden, Served spec, Output found) {
    JsonNode values = golden.outputs().get(spec.name());
    String place = golden.place() + " `" + spec.name() + "`";
    if (!values.isArray() || values.size() != found.columns()) {
      throw ArtifactException.malformed(place, "not an array of " + found.columns() + " values");
    }
    for (int k = 0; k < values.size(); k++) {
      Object wanted = GoldenValue.decode(spec.dtype(), values.get(k), place + "[" + k + "]");
      boolean exact = spec.exact().get(k) || replay == Replay.EXACT;
      if (!GoldenValue.agree(widened(found.get(0, k)), wanted, exact)) {
        String what = Shown.of(found.get(0, k)) + " here, " + Shown.of(wanted) + " when compiled";
        throw mismatch(place + ", column " + k + ": " + what);
      }
    }
  }

  /** A float32 is written as the float64 of the same value. */
  private static Object widened(Object value) {
    return value instanceof Float single ? (Object) single.doubleValue() : value;
  }

  private void compareBatch(Features together, List<Features> alone) {
    for (int row = 0; row < alone.size(); row++) {
      for (Output one : alone.get(row)) {
        for (int k = 0; k < one.columns(); k++) {
          Object a = one.get(0, k);
          Object b = together.output(one.name()).get(row, k);
          if (!GoldenValue.agree(b, a, true)) {
            String where = "output `" + one.name() + "`, column " + k + ": ";
            String problem = where + Shown.of(b) + " in a batch, " + Shown.of(a) + " alone";
            throw new ArtifactException("golden-mismatch", problem, "please report this; it is not safe to serve");
          }
        }
      }
    }
  }
}
