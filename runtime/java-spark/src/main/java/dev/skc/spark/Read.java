package dev.skc.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;

import org.apache.spark.sql.Column;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;

/**
 * How a column passes through a function of Java. Why instants and dates as numbers: Spark makes java.sql.Timestamp and
 * java.sql.Date of them, which have another calendar before 1582, and other offsets before 1900.
 */
enum Read {
  VALUE,
  MICROS,
  DAYS;

  static Read of(DataType kind) {
    return DataTypes.TimestampType.equals(kind) ? MICROS : DataTypes.DateType.equals(kind) ? DAYS : VALUE;
  }

  /** The type that a function gets, and gives, for one of this type. */
  static DataType type(DataType kind) {
    return switch (of(kind)) {
      case MICROS -> DataTypes.LongType;
      case DAYS -> DataTypes.IntegerType;
      case VALUE -> kind;
    };
  }

  /** A column, whose name needs no quotes, as a function gets it. */
  Column from(String name) {
    return switch (this) {
      case MICROS -> expr("unix_micros(" + name + ")");
      case DAYS -> expr("unix_date(" + name + ")");
      case VALUE -> col(name);
    };
  }

  /** The column again of what a function gave. */
  Column back(String name) {
    return switch (this) {
      case MICROS -> expr("timestamp_micros(" + name + ")");
      case DAYS -> expr("date_from_unix_date(" + name + ")");
      case VALUE -> col(name);
    };
  }
}
