package dev.skc.runtime;

import dev.skc.runtime.Manifest.Input;
import dev.skc.runtime.Manifest.Output;
import dev.skc.runtime.Manifest.Signature;
import dev.skc.runtime.Manifest.Slot;
import dev.skc.runtime.Manifest.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** What a schema cannot express: that the parts of a manifest are consistent, and that its file names are safe. */
final class ManifestCheck {
  private static final List<String> REQUIRED_FILES = List.of("model.onnx", "plan.json", "golden.jsonl");
  private static final int MOST_FILES = 100;
  static final Pattern FILE_NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}");
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

  private ManifestCheck() {}

  static void check(Manifest manifest) {
    checkUnique("inputs", manifest.inputs().stream().map(Input::name).toList());
    checkUnique("tensors", manifest.tensors().stream().map(Tensor::name).toList());
    checkSlots(manifest);
    checkOutputs(manifest);
    checkLog(manifest);
    checkFiles(manifest);
  }

  private static ArtifactException malformed(String place, String problem) {
    return ArtifactException.malformed(ManifestReader.PLACE + "." + place, problem);
  }

  private static void checkUnique(String place, List<String> names) {
    Set<String> seen = new HashSet<>();
    for (String name : names) {
      if (!seen.add(name)) {
        throw malformed(place, "duplicate name " + Shown.of(name));
      }
    }
  }

  /** Every column of every tensor is fed by exactly one slot of its element type. */
  private static void checkSlots(Manifest manifest) {
    Map<String, Tensor> tensors = new HashMap<>();
    manifest.tensors().forEach(tensor -> tensors.put(tensor.name(), tensor));
    Set<Slot> taken = new HashSet<>();
    Map<String, Integer> counts = new HashMap<>(); // of the slots that are listed: a width costs nothing
    for (Input input : manifest.inputs()) {
      boolean hasCompanion = input.nullable() && !input.type().element.isFloat();
      if ((input.valid() != null) != hasCompanion) {
        throw malformed(place("inputs", input.name()), "`valid` is only for nullable inputs that are not floats");
      }
      take(input.name(), input.slot(), input.type().element, tensors, taken);
      counts.merge(input.slot().tensor(), 1, Integer::sum);
      if (hasCompanion) {
        take(input.name(), input.valid(), DType.BOOL, tensors, taken);
        counts.merge(input.valid().tensor(), 1, Integer::sum);
      }
    }
    for (Tensor tensor : manifest.tensors()) {
      if (counts.getOrDefault(tensor.name(), 0) != tensor.width()) {
        throw malformed("tensors", "some columns are not fed by any input in " + Shown.of(tensor.name()));
      }
      if (manifest.signature() == Signature.COLUMNS && tensor.width() != 1) {
        throw malformed("tensors", "with signature `columns` every tensor has one column");
      }
    }
  }

  private static void take(String input, Slot slot, DType dtype, Map<String, Tensor> tensors, Set<Slot> taken) {
    Tensor tensor = tensors.get(slot.tensor());
    boolean fits = tensor != null && slot.column() < tensor.width() && tensor.dtype() == dtype;
    if (!fits || !taken.add(slot)) {
      throw malformed(place("inputs", input), "no free " + dtype + " column at " + Shown.of(slot));
    }
  }

  private static String place(String list, String name) {
    return list + " `" + name + "`";
  }

  private static void checkOutputs(Manifest manifest) {
    List<String> names = new ArrayList<>();
    for (Output output : manifest.outputs()) {
      names.add(output.name());
      String place = place("outputs", output.name());
      if (output.columns().size() != output.exact().size()) {
        throw malformed(place, "`columns` and `exact` differ in length");
      }
      if (output.valid() == null) {
        continue;
      }
      names.add(output.valid());
      if (output.dtype().isFloat()) {
        throw malformed(place, "a float output must not have `valid`: its null is NaN");
      }
      if (!output.valid().equals(output.name() + ".valid")) {
        throw malformed(place, "`valid` is " + Shown.of(output.valid()) + ", not the output's name and `.valid`");
      }
    }
    manifest.masks().forEach(mask -> names.add(mask.name()));
    checkUnique("outputs", names);
  }

  /** Each name is an input, and is left out or hashed, not both. */
  private static void checkLog(Manifest manifest) {
    Set<String> names = new HashSet<>();
    manifest.inputs().forEach(input -> names.add(input.name()));
    List<String> listed = new ArrayList<>(manifest.log().omit());
    listed.addAll(manifest.log().hash());
    checkUnique("log", listed);
    for (String name : listed) {
      if (!names.contains(name)) {
        throw malformed("log", Shown.of(name) + " is not an input");
      }
    }
  }

  private static void checkFiles(Manifest manifest) {
    if (!SHA256.matcher(manifest.plan()).matches()) {
      throw malformed("plan", Shown.of(manifest.plan()) + " is not a SHA-256 in hex");
    }
    if (manifest.files().size() > MOST_FILES) {
      throw malformed("files", manifest.files().size() + " files exceed the limit of " + MOST_FILES);
    }
    manifest.files().forEach(ManifestCheck::checkFile);
    for (String name : REQUIRED_FILES) {
      if (!manifest.files().containsKey(name)) {
        throw malformed("files", "`" + name + "` is missing");
      }
    }
    if (!manifest.plan().equals(manifest.files().get("plan.json"))) {
      throw malformed("plan", "not the SHA-256 that `files` gives for plan.json");
    }
  }

  private static void checkFile(String name, String digest) {
    if (!FILE_NAME.matcher(name).matches()) {
      String problem = "manifest.json lists the file " + Shown.of(name) + ", which is not a plain file name";
      throw new ArtifactException("artifact-unsafe", problem, "do not serve this artifact");
    }
    if (!SHA256.matcher(digest).matches()) {
      throw malformed("files " + Shown.of(name), Shown.of(digest) + " is not a SHA-256 in hex");
    }
  }
}
