package dev.skc.runtime;

import java.util.Arrays;

/**
 * Warns of the telemetry of ONNX Runtime.
 *
 * <p>Why only a warning: since 1.32 the official Linux builds keep files in the home folder, start two threads and look
 * up a host of their vendor as soon as they are loaded. Only a variable in the environment of the process prevents it,
 * which Java cannot set; {@code OrtEnvironment.setTelemetry} comes too late. To keep the telemetry, set it to 0.
 */
final class Telemetry {
  static final String VARIABLE = "ORT_DISABLE_TELEMETRY";
  private static final int[] SINCE = {1, 32, 0};

  private Telemetry() {}

  /** Called once, after the library was loaded. */
  static void warn(String version) {
    if (isSent(version, System.getProperty("os.name"), System.getenv(VARIABLE))) {
      String text =
          "ONNX Runtime {0} sends telemetry: start the process with {1}=1 in its environment, or 0 if you want that";
      System.getLogger(Telemetry.class.getPackageName()).log(System.Logger.Level.WARNING, text, version, VARIABLE);
    }
  }

  /** Whether that version sends it on that system, and no setting decides otherwise. */
  static boolean isSent(String version, String system, String variable) {
    return variable == null && system.equals("Linux") && Arrays.compare(OnnxRuntimeLibrary.version(version), SINCE) >= 0;
  }
}
