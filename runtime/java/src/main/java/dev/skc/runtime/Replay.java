package dev.skc.runtime;

import java.util.Arrays;
import java.util.Locale;

/** How the golden records of an artifact must be reproduced when it is loaded. */
public enum Replay {
  /** To the bit. */
  EXACT,
  /** Columns that the manifest does not call exact may differ by 1e-6: for another processor architecture. */
  TOLERANCE;

  /** The constant with a lower-case name, as in settings. Throws SkcException {@code invalid-option}. */
  public static Replay named(String name) {
    for (Replay option : values()) {
      if (option.toString().equals(name)) {
        return option;
      }
    }
    throw new SkcException("invalid-option", "replay=" + Shown.of(name), "one of " + Arrays.toString(values()));
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
