package dev.skc.runtime;

import java.util.Locale;

/**
 * The type of an input; a float32 input rounds what it receives; a timestamp is int64 microseconds, a date int64 days,
 * since 1970 UTC, a time int64 microseconds since midnight.
 */
enum InputType {
  FLOAT64(DType.FLOAT64),
  FLOAT32(DType.FLOAT32),
  INT64(DType.INT64),
  BOOL(DType.BOOL),
  STRING(DType.STRING),
  TIMESTAMP(DType.INT64),
  DATE(DType.INT64),
  TIME(DType.INT64);

  final DType element;

  InputType(DType element) {
    this.element = element;
  }

  boolean isNumber() {
    return element.isFloat() || this == INT64;
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
