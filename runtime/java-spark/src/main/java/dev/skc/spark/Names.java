package dev.skc.spark;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** Names of columns. */
final class Names {
  private Names() {}

  static String[] numbered(int columns) {
    return IntStream.range(0, columns).mapToObj(k -> "c" + k).toArray(String[]::new);
  }

  /** The columns of a schema as a function gives them. */
  static StructType numbered(StructType schema) {
    List<StructField> fields = new ArrayList<>();
    for (StructField field : schema.fields()) {
      fields.add(DataTypes.createStructField("c" + fields.size(), Read.type(field.dataType()), field.nullable()));
    }
    return DataTypes.createStructType(fields);
  }

  /** These columns as the schema has them. */
  static Column[] named(StructType schema) {
    Column[] columns = new Column[schema.length()];
    for (int k = 0; k < columns.length; k++) {
      StructField field = schema.fields()[k];
      columns[k] = Read.of(field.dataType()).back("c" + k).as(field.name(), field.metadata());
    }
    return columns;
  }

  /** The first that is there twice, or null. */
  static String twice(List<String> names) {
    Set<String> seen = new HashSet<>();
    return names.stream().filter(name -> !seen.add(name)).findFirst().orElse(null);
  }
}
