package dev.skc.spark;

import dev.skc.runtime.SkcException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * Features of a DataFrame, computed where its rows are, in the JVM of the executors: the bits of {@code Transformer},
 * and of {@code skc_runtime.spark} in Python.
 *
 * <p>An artifact is broadcast, so that an executor gets it once, and loaded once in each JVM, with all checks; a JVM
 * keeps the last four that were used.
 */
public final class SkcSpark {
  private SkcSpark() {}

  /** {@link #transform(Dataset, String, SkcOptions)} with no options. */
  public static Dataset<Row> transform(Dataset<Row> rows, String artifact) {
    return transform(rows, artifact, new SkcOptions());
  }

  /**
   * The features of all rows, in the same partitions; no job is run for it. {@code artifact} is a folder that the
   * driver sees.
   *
   * <p>A row that is refused fails the job, with its partition and its row there, from 0, unless the options want it as
   * a column. Throws ArtifactException; RecordException for columns that are missing; SkcException {@code
   * duplicate-column} and {@code invalid-option}.
   */
  public static Dataset<Row> transform(Dataset<Row> rows, String artifact, SkcOptions options) {
    Objects.requireNonNull(rows, "rows");
    Objects.requireNonNull(options, "options");
    Shipped shipped = Shipped.of(artifact, options);
    StructType given = rows.schema();
    Form form;
    Inputs inputs;
    try (Loaded.Use use = shipped.use()) {
      form = new Form(use.transformer(), options);
      inputs = Inputs.of(use.transformer(), given.fieldNames());
    }
    List<String> kept = options.kept(given.fieldNames());
    StructType schema = form.schema(given, kept);
    // columns by their places: names may have dots, quotes, or be the same but for their case
    Dataset<Row> numbered = rows.toDF(Names.numbered(given.length()));
    List<Column> read = new ArrayList<>(inputs.columns(given));
    for (String name : kept) {
      int place = given.fieldIndex(name);
      read.add(Read.of(given.fields()[place].dataType()).from("c" + place));
    }
    Task task = new Task(sent(rows.sparkSession(), shipped), inputs.read(given), form, kept.size());
    Dataset<Row> selected = numbered.select(read.toArray(new Column[0]));
    Dataset<Row> made = selected.mapPartitions(task, Encoders.row(Names.numbered(schema)));
    return made.select(Names.named(schema));
  }

  /** {@link #register(SparkSession, String, String, SkcOptions)} with no options. */
  public static void register(SparkSession session, String name, String artifact) {
    register(session, name, artifact, new SkcOptions());
  }

  /**
   * A function for SQL, which maps a struct to the struct of its features: {@code SELECT made.* FROM (SELECT
   * name(struct(*)) AS made FROM rides)}. Fields that are not inputs are ignored. A row at a time takes several times as
   * long as {@link #transform}. Throws as that does.
   */
  public static void register(SparkSession session, String name, String artifact, SkcOptions options) {
    Objects.requireNonNull(session, "session");
    if (options.keepsColumns()) {
      throw new Refusal("invalid-option", "a function of SQL keeps no columns", "select them beside it");
    }
    Shipped shipped = Shipped.of(artifact, options);
    Form form;
    try (Loaded.Use use = shipped.use()) {
      form = new Form(use.transformer(), options);
    }
    StructFunction function = new StructFunction(sent(session, shipped), form);
    session.udf().register(name, function, form.schema(new StructType(), List.of()));
  }

  private static Broadcast<Shipped> sent(SparkSession session, Shipped shipped) {
    return JavaSparkContext.fromSparkContext(session.sparkContext()).broadcast(shipped);
  }

  /** What this module refuses by itself. */
  static final class Refusal extends SkcException {
    private static final long serialVersionUID = 1L;

    Refusal(String code, String problem, String hint) {
      super(code, problem, hint);
    }
  }
}
