package dev.skc.runtime;

import java.util.List;
import java.util.function.IntConsumer;

/**
 * One column of a request written into the tensors. A List, or an array of objects, is read value by value, as
 * records are; an array of primitives as a whole, without boxing.
 */
final class Columns {
  private Columns() {}

  static boolean isColumn(Object column) {
    return column instanceof List || (column != null && column.getClass().isArray());
  }

  /** The column as an array: a copy of a List, otherwise the caller's own array. */
  static Object asArray(Object column) {
    if (column instanceof List<?> list) {
      return list.toArray();
    }
    if (!isColumn(column)) {
      String what = column == null ? "null" : column.getClass().getSimpleName() + " " + Shown.of(column);
      throw RecordException.unsupportedData("expected a column, got " + what, "a List or an array");
    }
    if (column.getClass().getComponentType().isArray()) {
      String problem = "a column has one dimension, not " + column.getClass().getSimpleName();
      throw new RecordException("wrong-shape", problem, "pass a separate column for each input");
    }
    return column;
  }

  /**
   * Some rows of a column, from {@code start} on. Throws RecordException with the input and, unless the column as a whole
   * is refused, the row.
   */
  static void write(InputWriter input, Object column, int start, int rows, Feeds feeds) {
    if (column instanceof Object[] values) {
      writeRows(input, start, rows, row -> input.put(feeds, row, values[start + row]));
    } else {
      writeRows(input, start, rows, writer(input, column, start, feeds));
    }
  }

  private static void writeRows(InputWriter input, int start, int rows, IntConsumer writer) {
    for (int row = 0; row < rows; row++) {
      try {
        writer.accept(row);
      } catch (RecordException error) {
        throw error.at(input.name).at(start + row);
      }
    }
  }

  /** The writer of a row of an array of primitives. Throws RecordException with the input if its type is refused. */
  private static IntConsumer writer(InputWriter input, Object column, int start, Feeds feeds) {
    try {
      if (column instanceof double[] values) {
        return floats(input, column, feeds, row -> values[start + row]);
      }
      if (column instanceof float[] values) {
        return floats(input, column, feeds, row -> values[start + row]);
      }
      if (column instanceof long[] values) {
        return integers(input, column, feeds, row -> values[start + row]);
      }
      if (column instanceof int[] values) {
        return integers(input, column, feeds, row -> values[start + row]);
      }
      if (column instanceof boolean[] values) {
        return bools(input, values, start, feeds);
      }
      String problem = "a column of type " + column.getClass().getSimpleName() + " is not supported";
      String hint = "double[], float[], long[], int[], boolean[], an array of objects, or a List";
      throw new RecordException("unsupported-type", problem, hint);
    } catch (RecordException error) {
      throw error.at(input.name);
    }
  }

  private interface Doubles {
    double at(int row);
  }

  private interface Longs {
    long at(int row);
  }

  private static IntConsumer floats(InputWriter input, Object column, Feeds feeds, Doubles values) {
    return switch (input.type) {
      case FLOAT64, FLOAT32 -> row -> input.putFloat(feeds, row, values.at(row));
      case INT64 -> row -> input.putLong(feeds, row, values.at(row));
      default -> throw RecordException.wrongColumnType(column, wanted(input), null);
    };
  }

  private static IntConsumer integers(InputWriter input, Object column, Feeds feeds, Longs values) {
    return switch (input.type) {
      case FLOAT64, FLOAT32 -> row -> input.putFloat(feeds, row, Scalars.longToFloat64(values.at(row)));
      case INT64, TIMESTAMP, DATE, TIME -> row -> input.putLong(feeds, row, values.at(row));
      default -> throw RecordException.wrongColumnType(column, wanted(input), null);
    };
  }

  private static IntConsumer bools(InputWriter input, boolean[] column, int start, Feeds feeds) {
    if (input.type != InputType.BOOL) {
      throw RecordException.wrongColumnType(column, wanted(input), null);
    }
    return row -> input.putBool(feeds, row, column[start + row]);
  }

  private static String wanted(InputWriter input) {
    return "a column for " + input.type;
  }
}
