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

  boolean isFloat() {
    return this == FLOAT32 || this == FLOAT64;
  }
}
