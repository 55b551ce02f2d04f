package dev.skc.runtime;

import dev.skc.runtime.Manifest.Input;
import dev.skc.runtime.Manifest.Nan;
import java.util.function.Supplier;

/** Writes the values of one input into the tensors of a request; their position is computed once. */
final class InputWriter {
  final String name;
  final InputType type;
  private final boolean nullable;
  private final boolean refusesNan;
  private final boolean readsNumbers;
  private final boolean isLocal;
  private final Cell value;
  private final Cell valid; // null without a companion

  /** A column of a tensor, by the tensor's index in the manifest. */
  record Cell(int tensor, int column, int width) {
    int at(int row) {
      return row * width + column; // an int: the transformer bounds the rows of a batch
    }
  }

  InputWriter(Input input, Cell value, Cell valid) {
    this.name = input.name();
    this.type = input.type();
    this.nullable = input.nullable();
    this.refusesNan = input.nan() == Nan.ERROR;
    this.readsNumbers = input.readsNumbers();
    this.isLocal = input.timezone() != null;
    this.value = value;
    this.valid = valid;
  }

  Cell cell() {
    return value;
  }

  /** Whether a row has no value, as written. */
  boolean isNull(Feeds feeds, int row) {
    if (valid != null) {
      return feeds.bools(valid.tensor).get(valid.at(row)) == 0;
    }
    return type.element.isFloat() && ((Double) feeds.value(value, row)).isNaN();
  }

  /** A value, or null for null. Throws RecordException with the input, without the row. */
  void put(Feeds feeds, int row, Object given) {
    try {
      if (given == null || (isNan(given) && !type.element.isFloat())) {
        putNull(feeds, row, RecordException::nullRefused);
      } else {
        putValue(feeds, row, readsNumbers ? JsonNumber.in(given) : given);
      }
    } catch (RecordException error) {
      throw error.at(name);
    }
  }

  /** A NaN in an input that is not a float is what pandas puts for a missing value. */
  private static boolean isNan(Object given) {
    return (given instanceof Double number && number.isNaN()) || (given instanceof Float single && single.isNaN());
  }

  /** A float of a column for an input of integers. */
  void putLong(Feeds feeds, int row, double number) {
    if (number != number) {
      putNull(feeds, row, RecordException::nullRefused);
    } else {
      putLong(feeds, row, Scalars.doubleToInt64(number));
    }
  }

  private void putValue(Feeds feeds, int row, Object given) {
    switch (type) {
      case FLOAT64, FLOAT32 -> putFloat(feeds, row, Scalars.toFloat64(given));
      case INT64 -> putLong(feeds, row, Scalars.toInt64(given));
      case TIMESTAMP -> putLong(feeds, row, isLocal ? Scalars.toLocal(given) : Scalars.toTimestamp(given));
      case DATE -> putLong(feeds, row, Scalars.toDate(given));
      case TIME -> putLong(feeds, row, Scalars.toTime(given));
      case BOOL -> putBool(feeds, row, Scalars.toBool(given));
      case STRING -> putText(feeds, row, Scalars.toText(given));
    }
  }

  /** Refuse a missing input, unless it is nullable. */
  void checkMayBeMissing() {
    if (!nullable) {
      throw RecordException.missingKey().at(name);
    }
  }

  /** A missing key. */
  void putMissing(Feeds feeds, int row) {
    try {
      putNull(feeds, row, RecordException::missingKey);
    } catch (RecordException error) {
      throw error.at(name);
    }
  }

  private void putNull(Feeds feeds, int row, Supplier<RecordException> refusal) {
    if (!nullable) {
      throw refusal.get();
    }
    switch (type) {
      case FLOAT64 -> feeds.doubles(value.tensor).put(value.at(row), Double.NaN);
      case FLOAT32 -> feeds.floats(value.tensor).put(value.at(row), Float.NaN);
      case INT64, TIMESTAMP, DATE, TIME -> feeds.longs(value.tensor).put(value.at(row), 0);
      case BOOL -> feeds.bools(value.tensor).put(value.at(row), (byte) 0);
      case STRING -> feeds.putText(value.tensor, value.at(row), "", false);
    }
    putValid(feeds, row, false);
  }

  private void putValid(Feeds feeds, int row, boolean isValid) {
    if (valid != null) {
      feeds.bools(valid.tensor).put(valid.at(row), (byte) (isValid ? 1 : 0));
    }
  }

  /** A float64, rounded where the input is float32. */
  void putFloat(Feeds feeds, int row, double number) {
    if (number != number) {
      if (refusesNan) {
        throw RecordException.nanRefused();
      }
      if (!nullable) {
        throw RecordException.nullRefused();
      }
    }
    if (type == InputType.FLOAT32) {
      feeds.floats(value.tensor).put(value.at(row), Scalars.toFloat32(number));
    } else {
      feeds.doubles(value.tensor).put(value.at(row), number);
    }
  }

  void putLong(Feeds feeds, int row, long number) {
    feeds.longs(value.tensor).put(value.at(row), number);
    putValid(feeds, row, true);
  }

  void putBool(Feeds feeds, int row, boolean bool) {
    feeds.bools(value.tensor).put(value.at(row), (byte) (bool ? 1 : 0));
    putValid(feeds, row, true);
  }

  private void putText(Feeds feeds, int row, String text) {
    Text found = Text.check(text);
    if (found == Text.NUL) {
      String hint = "ONNX Runtime would truncate the string there";
      throw new RecordException("nul-in-string", Shown.of(text) + " contains a NUL", hint);
    }
    if (found == Text.LONE_SURROGATE) {
      String hint = "it was cut in the middle of a character, or is not text";
      throw new RecordException("invalid-utf8", Shown.of(text) + " contains a lone surrogate", hint);
    }
    feeds.putText(value.tensor, value.at(row), text, found == Text.WIDE);
    putValid(feeds, row, true);
  }
}
