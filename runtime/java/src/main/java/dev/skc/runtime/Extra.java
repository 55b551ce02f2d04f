package dev.skc.runtime;

import java.util.Arrays;
import java.util.Locale;

/** How a key of a record that is not an input is handled. */
public enum Extra {
  /** It is refused, since a misspelt key must not become a silent null. */
  ERROR,
  /** It is ignored. */
  IGNORE;

  /** The constant with a lower-case name, as in settings. Throws SkcException {@code invalid-option}. */
  public static Extra named(String name) {
    for (Extra option : values()) {
      if (option.toString().equals(name)) {
        return option;
      }
    }
    throw new SkcException("invalid-option", "extra=" + Shown.of(name), "one of " + Arrays.toString(values()));
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
