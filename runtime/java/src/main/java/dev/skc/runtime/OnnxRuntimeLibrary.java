package dev.skc.runtime;

import ai.onnxruntime.OrtEnvironment;

/**
 * The one ONNX Runtime of the process, loaded when the first artifact is.
 *
 * <p>Why not in a static initialiser: the binding unpacks its libraries into a temporary folder, and if that fails,
 * Java throws an ExceptionInInitializerError once and NoClassDefFoundErrors from then on, which do not say why. The
 * first failure is kept, because the JVM does not retry.
 */
final class OnnxRuntimeLibrary {
  private static volatile OrtEnvironment environment;
  private static SkcException failure;

  private OnnxRuntimeLibrary() {}

  /** Throws SkcException {@code invalid-option} where the library cannot be loaded. */
  static OrtEnvironment environment() {
    OrtEnvironment found = environment;
    return found != null ? found : open();
  }

  private static synchronized OrtEnvironment open() {
    if (environment != null) {
      return environment;
    }
    if (failure != null) {
      throw new SkcException(failure.code(), failure.problem(), failure.hint().orElse(null));
    }
    try {
      environment = OrtEnvironment.getEnvironment();
    } catch (LinkageError | RuntimeException error) {
      failure = refused(error);
      throw failure;
    }
    Telemetry.warn(environment.getVersion());
    return environment;
  }

  private static SkcException refused(Throwable error) {
    Throwable cause = error;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    String folder = Shown.of(System.getProperty("java.io.tmpdir"), 200);
    String hint =
        "ONNX Runtime unpacks its libraries into java.io.tmpdir, here "
            + folder
            + ": start Java with -Djava.io.tmpdir=DIR, a folder that can be written and whose files may be executed";
    String problem = "ONNX Runtime cannot be loaded: " + Shown.of(cause.toString(), 500);
    SkcException refused = new SkcException("invalid-option", problem, hint);
    refused.initCause(error);
    return refused;
  }

  /** The first three numbers: {@code 1.31.0.dev1+cpu} is 1.31.0. */
  static int[] version(String text) {
    int[] numbers = new int[3];
    String[] words = text.split("\\+", 2)[0].split("[^0-9]+");
    for (int i = 0, k = 0; i < words.length && k < numbers.length; i++) {
      if (!words[i].isEmpty()) {
        numbers[k++] = Integer.parseInt(words[i]);
      }
    }
    return numbers;
  }
}
