package dev.skc.runtime;

/**
 * Refuses a thread whose floats are not those of IEEE 754: a native library built for speed may have changed the mode.
 *
 * <p>Why volatile fields: Java's compilers would fold constants, on threads whose floats are correct.
 */
final class HostArithmetic {
  private static volatile double one = 1.0;
  private static volatile double tiny = Double.MIN_VALUE;
  private static volatile double smallestNormal = Double.MIN_NORMAL;
  private static volatile double halfUlp = 0x1p-53;

  private HostArithmetic() {}

  /**
   * A denormal that vanishes was flushed to zero; 1 + 2^-53 is a tie, and 1 + 1.5·2^-53 lies above one, so rounding to
   * nearest even gives 1 and the next float.
   */
  static void check() {
    if (tiny * one == 0.0 || smallestNormal / (one + one) == 0.0) {
      throw refused("flushes denormals to zero");
    }
    boolean isNearest = one + halfUlp == one && one + 1.5 * halfUlp > one && -one - halfUlp == -one;
    if (!isNearest) {
      throw refused("does not round to nearest");
    }
  }

  private static ArtifactException refused(String what) {
    String hint =
        "a native library changed this setting, often one built with -ffast-math: load the artifact before or without it";
    return new ArtifactException("host-arithmetic", "this thread " + what, hint);
  }
}
