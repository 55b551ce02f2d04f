package dev.skc.runtime;

import java.util.Locale;

/** The element type of a tensor. */
public enum DType {
  FLOAT32,
  FLOAT64,
  INT64,
  BOOL,
  STRING;

  /** The name that every language uses, such as {@code float64}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** An array of values of this type, zeros. */
  Object array(int size) {
    return switch (this) {
      case FLOAT32 -> new float[size];
      case FLOAT64 -> new double[size];
      case INT64 -> new long[size];
      case BOOL -> new boolean[size];
      case STRING -> new String[size];
    };
  }

  boolean isFloat() {
    return this == FLOAT32 || this == FLOAT64;
  }
}
