package dev.skc.spark;

import dev.skc.runtime.Transformer;
import dev.skc.spark.SkcSpark.Refusal;
import java.io.Serializable;
import java.sql.Date;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/** The inputs that some columns have, and their places. */
final class Inputs implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final int MICROS = 1_000_000;
  private static final Instant CENTURY = Instant.parse("1900-01-01T00:00:00Z");

  private final String[] names;
  private final int[] places;
  private final Read[] forms;

  private Inputs(String[] names, int[] places, Read[] forms) {
    this.names = names;
    this.places = places;
    this.forms = forms;
  }

  /**
   * Of a pipeline, in columns of these names. Throws RecordException for an input that may not be missing; and since
   * names that differ in case are often the same in Spark, for one that is there under such a name: it would be null.
   */
  static Inputs of(Transformer transformer, String[] columns) {
    List<String> found = new ArrayList<>();
    List<Integer> at = new ArrayList<>();
    for (Map<?, ?> input : Form.listed(transformer, "inputs")) {
      String name = (String) input.get("name");
      List<Integer> same = places(columns, name);
      if (same.size() > 1) {
        String problem = "the DataFrame has several columns `" + name + "`";
        throw new Refusal("duplicate-column", problem, "rename or drop the others");
      }
      if (!same.isEmpty()) {
        found.add(name);
        at.add(same.get(0));
        continue;
      }
      Arrays.stream(columns).filter(name::equalsIgnoreCase).findFirst().ifPresent(near -> refuse(name, near));
    }
    Map<String, Object[]> none = new HashMap<>();
    found.forEach(name -> none.put(name, new Object[0]));
    transformer.transformColumns(none); // refuses what may not be missing
    Read[] forms = new Read[found.size()];
    Arrays.fill(forms, Read.VALUE);
    return new Inputs(found.toArray(new String[0]), at.stream().mapToInt(place -> place).toArray(), forms);
  }

  private static void refuse(String name, String near) {
    String problem = "the DataFrame calls the input `" + name + "` `" + near + "`";
    throw new Refusal("missing-key", problem, "rename it: withColumnRenamed(\"" + near + "\", \"" + name + "\")");
  }

  private static List<Integer> places(String[] columns, String name) {
    List<Integer> found = new ArrayList<>();
    for (int k = 0; k < columns.length; k++) {
      if (columns[k].equals(name)) {
        found.add(k);
      }
    }
    return found;
  }

  /** The columns to read, of a DataFrame whose columns are called {@code c0}, {@code c1}, …. */
  List<Column> columns(StructType given) {
    List<Column> columns = new ArrayList<>();
    for (int place : places) {
      columns.add(Read.of(given.fields()[place].dataType()).from("c" + place));
    }
    return columns;
  }

  /** The same in rows that begin with these columns. */
  Inputs read(StructType given) {
    Read[] read = Arrays.stream(places).mapToObj(k -> Read.of(given.fields()[k].dataType())).toArray(Read[]::new);
    return new Inputs(names, IntStream.range(0, names.length).toArray(), read);
  }

  int count() {
    return names.length;
  }

  /** Rows as columns for {@code Transformer}. */
  Map<String, Object[]> columns(List<Row> rows) {
    Map<String, Object[]> columns = new HashMap<>();
    for (int k = 0; k < names.length; k++) {
      Object[] values = new Object[rows.size()];
      for (int row = 0; row < values.length; row++) {
        values[row] = value(rows.get(row), k);
      }
      columns.put(names[k], values);
    }
    return columns;
  }

  /** A row as a record. */
  Map<String, Object> record(Row row) {
    Map<String, Object> record = new HashMap<>();
    for (int k = 0; k < names.length; k++) {
      record.put(names[k], value(row, k));
    }
    return record;
  }

  private Object value(Row row, int k) {
    Object value = row.get(places[k]);
    if (value == null) {
      return null;
    }
    return switch (forms[k]) {
      case MICROS -> instant((Long) value);
      case DAYS -> LocalDate.ofEpochDay((Integer) value);
      case VALUE -> ofJava(value);
    };
  }

  /**
   * What a struct has of times unless its session has java8API; they are exact from 1900 on.
   */
  private static Object ofJava(Object value) {
    if (value instanceof Timestamp time) {
      return exact(time, time.toInstant(), time.toInstant().isBefore(CENTURY));
    }
    if (!(value instanceof Date date)) {
      return value;
    }
    LocalDate day = date.toLocalDate();
    return exact(date, day, day.isBefore(LocalDate.EPOCH.withYear(1900)));
  }

  private static Object exact(Object given, Object value, boolean isBefore) {
    if (isBefore) {
      String problem = given + " is before 1900, and " + given.getClass().getName() + " has other calendars then";
      throw new Refusal("unsupported-type", problem, "set spark.sql.datetime.java8API.enabled to true");
    }
    return value;
  }

  private static Instant instant(long micros) {
    return Instant.ofEpochSecond(Math.floorDiv(micros, MICROS), Math.floorMod(micros, MICROS) * 1000L);
  }
}
