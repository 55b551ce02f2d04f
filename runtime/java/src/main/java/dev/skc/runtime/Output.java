package dev.skc.runtime;

import java.util.List;

/**
 * One output of a request: values [rows, columns], row by row in one array of primitives or strings.
 *
 * <p>The array is the caller's: no other request sees it.
 */
public final class Output {
  private final String name;
  private final DType dtype;
  private final int rows;
  private final List<String> columnNames;
  private final Object values;

  Output(String name, DType dtype, int rows, List<String> columnNames, Object values) {
    this.name = name;
    this.dtype = dtype;
    this.rows = rows;
    this.columnNames = columnNames;
    this.values = values;
  }

  public String name() {
    return name;
  }

  public DType dtype() {
    return dtype;
  }

  /** 1 for a single record. */
  public int rows() {
    return rows;
  }

  public int columns() {
    return columnNames.size();
  }

  public List<String> columnNames() {
    return columnNames;
  }

  /** The values of a float32 output. Throws IllegalStateException for another type, as the other four do. */
  public float[] floats() {
    return (float[]) values(DType.FLOAT32);
  }

  /** The values of a float64 output. */
  public double[] doubles() {
    return (double[]) values(DType.FLOAT64);
  }

  /** The values of an int64 output. */
  public long[] longs() {
    return (long[]) values(DType.INT64);
  }

  /** The values of a bool output. */
  public boolean[] booleans() {
    return (boolean[]) values(DType.BOOL);
  }

  /** The values of a string output. */
  public String[] strings() {
    return (String[]) values(DType.STRING);
  }

  private Object values(DType wanted) {
    if (dtype != wanted) {
      throw new IllegalStateException("output `" + name + "` is " + dtype + ", not " + wanted);
    }
    return values;
  }

  /** One value, boxed: Float, Double, Long, Boolean or String. */
  public Object get(int row, int column) {
    int place = place(row, column);
    return switch (dtype) {
      case FLOAT32 -> floats()[place];
      case FLOAT64 -> doubles()[place];
      case INT64 -> longs()[place];
      case BOOL -> booleans()[place];
      case STRING -> strings()[place];
    };
  }

  /** The index of a value in the array. */
  public int place(int row, int column) {
    if (row < 0 || row >= rows || column < 0 || column >= columns()) {
      String shape = "[" + rows + ", " + columns() + "]";
      throw new IndexOutOfBoundsException("[" + row + ", " + column + "] of output `" + name + "` " + shape);
    }
    return row * columns() + column;
  }

  @Override
  public String toString() {
    return name + ": " + dtype + " [" + rows + ", " + columns() + "]";
  }
}
