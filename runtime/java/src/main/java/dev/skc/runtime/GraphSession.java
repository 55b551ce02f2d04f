package dev.skc.runtime;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.OrtSession.SessionOptions.OptLevel;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * One ONNX Runtime session, configured as every runtime configures it. {@link #run} may be called from several threads.
 *
 * <p>Why these options: with one thread per call and no spinning the bits of a row do not depend on its batch and no
 * core is wasted; basic optimisation gave the same bits as none; a model in ONNX Runtime's own format would bypass our
 * checks.
 */
final class GraphSession implements AutoCloseable {
  final Set<Port> inputs;
  final Set<Port> outputs;
  final Map<String, String> metadata;
  private final OrtSession session;

  /** Throws ArtifactException {@code model-refused}. */
  GraphSession(byte[] model) {
    try {
      session = open(model);
    } catch (OrtException | RuntimeException error) { // a type that the binding does not know is a RuntimeException
      throw refused(error);
    }
    try {
      inputs = ports(session.getInputInfo());
      outputs = ports(session.getOutputInfo());
      metadata = Map.copyOf(session.getMetadata().getCustomMetadata());
    } catch (OrtException | RuntimeException error) {
      close();
      throw refused(error);
    }
  }

  private static OrtSession open(byte[] model) throws OrtException {
    try (SessionOptions options = new SessionOptions()) {
      options.setIntraOpNumThreads(1);
      options.setInterOpNumThreads(1);
      options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
      options.setOptimizationLevel(OptLevel.BASIC_OPT);
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      options.addConfigEntry("session.inter_op.allow_spinning", "0");
      options.addConfigEntry("session.load_model_format", "ONNX");
      return OnnxRuntimeLibrary.environment().createSession(model, options);
    }
  }

  private static Set<Port> ports(Map<String, NodeInfo> nodes) {
    Set<Port> found = new HashSet<>();
    nodes.forEach((name, node) -> found.add(Port.of(name, node)));
    return found;
  }

  private static ArtifactException refused(Exception error) {
    String why = Shown.of(String.valueOf(error.getMessage()), 500);
    String problem = "ONNX Runtime " + version() + " does not load the model: " + why;
    String hint = "compile the pipeline again, or use the version of ONNX Runtime that the manifest requires";
    return new ArtifactException("model-refused", problem, hint);
  }

  static String version() {
    return OnnxRuntimeLibrary.environment().getVersion();
  }

  /** The outputs of these names, in their order; the caller closes them. */
  OrtSession.Result run(Map<String, OnnxTensor> feeds, Set<String> names) {
    try {
      return session.run(feeds, names);
    } catch (OrtException error) {
      throw runFailed(error);
    }
  }

  /** The same with some outputs written into given tensors; the other names are those that the result has. */
  OrtSession.Result run(Map<String, OnnxTensor> feeds, Set<String> names, Map<String, OnnxTensor> outputs) {
    try {
      return session.run(feeds, names, outputs);
    } catch (OrtException error) {
      throw runFailed(error);
    }
  }

  static SkcException runFailed(OrtException error) {
    String hint = "this is a bug in skc; please report it with the request";
    return new SkcException("run-failed", "ONNX Runtime failed: " + Shown.of(error.getMessage(), 500), hint);
  }

  @Override
  public void close() {
    try {
      session.close();
    } catch (OrtException error) {
      throw new IllegalStateException("ONNX Runtime could not release a session", error);
    }
  }
}
