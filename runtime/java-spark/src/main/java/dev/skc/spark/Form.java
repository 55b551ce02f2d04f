package dev.skc.spark;

import dev.skc.runtime.Features;
import dev.skc.runtime.Output;
import dev.skc.runtime.RecordException;
import dev.skc.runtime.Transformer;
import dev.skc.spark.SkcSpark.Refusal;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** The columns of features: their names, types and values. */
final class Form implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final String REFUSED = "refused"; // the column that says why a row is

  /** One output of the artifact; {@code valid} is its companion, or null. */
  private record Spec(String name, String dtype, List<String> columns, String valid) implements Serializable {}

  private final ArrayList<Spec> outputs = new ArrayList<>();
  private final boolean asArray;
  private final boolean refusedColumn;

  Form(Transformer transformer, SkcOptions options) {
    for (Map<?, ?> output : listed(transformer, "outputs")) {
      List<String> columns = ((List<?>) output.get("columns")).stream().map(String.class::cast).toList();
      outputs.add(
          new Spec(
              (String) output.get("name"),
              (String) output.get("dtype"),
              new ArrayList<>(columns),
              (String) output.get("valid")));
    }
    asArray = options.isArray();
    refusedColumn = options.isRefusedColumn();
  }

  /** A list of what an artifact says of itself. */
  static List<Map<?, ?>> listed(Transformer transformer, String what) {
    List<Map<?, ?>> found = new ArrayList<>();
    for (Object one : (List<?>) transformer.describe().get(what)) {
      found.add((Map<?, ?>) one);
    }
    return found;
  }

  boolean isRefusedColumn() {
    return refusedColumn;
  }

  /** Of all columns. Throws SkcException {@code invalid-option} where two would have the same name. */
  StructType schema(StructType given, List<String> kept) {
    List<StructField> fields = new ArrayList<>();
    for (Spec output : outputs) {
      DataType kind = type(output.dtype);
      if (asArray) {
        fields.add(field(output.name, DataTypes.createArrayType(kind, true)));
        continue;
      }
      for (String column : output.columns) {
        fields.add(field(outputs.size() == 1 ? column : output.name + "." + column, kind));
      }
    }
    kept.forEach(name -> fields.add(given.fields()[given.fieldIndex(name)]));
    if (refusedColumn) {
      fields.add(field(REFUSED, DataTypes.StringType));
    }
    String twice = Names.twice(fields.stream().map(StructField::name).toList());
    if (twice != null) {
      String hint = "do not keep that column, or give the feature another name";
      throw new Refusal("invalid-option", "two columns would be named `" + twice + "`", hint);
    }
    return DataTypes.createStructType(fields);
  }

  private static StructField field(String name, DataType kind) {
    return DataTypes.createStructField(name, kind, true);
  }

  private static DataType type(String dtype) {
    return switch (dtype) {
      case "float32" -> DataTypes.FloatType;
      case "float64" -> DataTypes.DoubleType;
      case "int64" -> DataTypes.LongType;
      case "bool" -> DataTypes.BooleanType;
      case "string" -> DataTypes.StringType;
      default -> throw new IllegalStateException("an output is " + dtype);
    };
  }

  /** How many columns there are, but for those to keep. */
  int width() {
    int features = asArray ? outputs.size() : outputs.stream().mapToInt(output -> output.columns.size()).sum();
    return features + (refusedColumn ? 1 : 0);
  }

  /** Write the features of one row, from the first column on; what is missing stays null. */
  void put(Features features, int row, Object[] cells) {
    int at = 0;
    for (Spec spec : outputs) {
      Output values = features.output(spec.name);
      boolean[] valid = spec.valid == null ? null : features.booleans(spec.valid);
      Object[] into = asArray ? new Object[spec.columns.size()] : cells;
      int start = asArray ? 0 : at;
      for (int k = 0; k < spec.columns.size(); k++) {
        boolean isThere = valid == null || valid[values.place(row, k)];
        into[start + k] = isThere ? values.get(row, k) : null;
      }
      if (asArray) {
        cells[at] = into;
      }
      at += asArray ? 1 : spec.columns.size();
    }
  }

  /** Why a row is refused, without the row: the code, and what it says. */
  static String reason(RecordException error) {
    return error.code() + ": " + located(error);
  }

  /** What an error says, with the input, which the words of a step have in them. */
  static String located(RecordException error) {
    boolean isNamed = error.input().isEmpty() || error.step().isPresent();
    return error.problem() + (isNamed ? "" : " (input `" + error.input().get() + "`)");
  }
}
