package dev.skc.runtime;

import dev.skc.runtime.Manifest.Served;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * An artifact, from its files to a transformer that reproduces its golden records.
 *
 * <p>Why this order: the manifest is read first and strictly, since all other checks depend on it. Every file is read
 * once, hashed, and only then given to ONNX Runtime, so that nothing can change between the check and the use.
 */
final class ArtifactLoader {
  private ArtifactLoader() {}

  static Transformer load(Supplier<ArtifactFiles> opening, LoadOptions options) {
    HostArithmetic.check();
    ArtifactFiles files = opening.get();
    byte[] data = files.read(ManifestReader.PLACE);
    String identity = Origin.check(data, files, options);
    Manifest manifest = ManifestReader.read(data, identity);
    checkOnnxruntime(manifest.onnx().minimumOnnxruntime(), GraphSession.version());
    Map<String, byte[]> contents = new HashMap<>();
    for (String name : new TreeSet<>(manifest.files().keySet())) {
      byte[] content = files.read(name, manifest.files().get(name));
      if (name.equals("model.onnx") || name.equals(GoldenCase.FILE)) { // the others are hashed, not parsed
        contents.put(name, content);
      }
    }
    Transformer transformer = open(manifest, contents.get("model.onnx"));
    try {
      new GoldenReplay(manifest, transformer, options.replay).run(GoldenCase.read(contents.get(GoldenCase.FILE)));
    } catch (RuntimeException error) {
      transformer.close();
      throw error;
    }
    transformer.watch(options.observer); // replaying is not serving
    return transformer;
  }

  static void checkOnnxruntime(String wanted, String found) {
    if (Arrays.compare(OnnxRuntimeLibrary.version(found), OnnxRuntimeLibrary.version(wanted)) < 0) {
      String problem = "the artifact needs ONNX Runtime " + wanted + ", this is " + found;
      String hint = "com.microsoft.onnxruntime:onnxruntime:" + wanted + " or later";
      throw new ArtifactException("onnxruntime-too-old", problem, hint);
    }
  }

  private static Transformer open(Manifest manifest, byte[] model) {
    ModelScan.scan(model);
    ModelNames names = new ModelNames(manifest);
    GraphSession session = new GraphSession(names.rename(model));
    try {
      checkPorts(manifest, session, names);
      checkMetadata(manifest, session.metadata);
      return new Transformer(manifest, session, names);
    } catch (RuntimeException error) {
      session.close();
      throw error;
    }
  }

  /** The model must have exactly the inputs and outputs that the manifest lists. */
  private static void checkPorts(Manifest manifest, GraphSession session, ModelNames names) {
    Set<Port> inputs = new HashSet<>();
    manifest.tensors().forEach(t -> inputs.add(new Port(names.inSession(t.name()), t.dtype(), t.width())));
    Set<Port> outputs = new HashSet<>();
    for (Served output : manifest.served()) {
      outputs.add(new Port(names.inSession(output.name()), output.dtype(), output.columns().size()));
    }
    for (Served mask : manifest.masks()) {
      outputs.add(new Port(names.inSession(mask.name()), DType.BOOL, mask.columns().size()));
    }
    checkEqual("input", inputs, session.inputs);
    checkEqual("output", outputs, session.outputs);
  }

  private static void checkEqual(String noun, Set<Port> declared, Set<Port> real) {
    TreeSet<String> different = new TreeSet<>();
    declared.stream().filter(port -> !real.contains(port)).forEach(port -> different.add(port.name()));
    real.stream().filter(port -> !declared.contains(port)).forEach(port -> different.add(port.name()));
    if (!different.isEmpty()) {
      String problem = "manifest.json and model.onnx disagree about the " + noun + " `" + different.first() + "`";
      throw ArtifactException.inconsistent(problem);
    }
  }

  /** The model's metadata must name the frozen pipeline of the manifest. */
  private static void checkMetadata(Manifest manifest, Map<String, String> metadata) {
    Map<String, String> wanted = Map.of("skc.format", String.valueOf(Manifest.FORMAT), "skc.plan", manifest.plan());
    for (String key : new TreeSet<>(wanted.keySet())) {
      String found = metadata.get(key);
      if (!Objects.equals(found, wanted.get(key))) {
        String says = "manifest.json says " + Shown.of(wanted.get(key), 80);
        throw ArtifactException.inconsistent("model.onnx has " + key + " " + Shown.of(found) + ", " + says);
      }
    }
  }
}
