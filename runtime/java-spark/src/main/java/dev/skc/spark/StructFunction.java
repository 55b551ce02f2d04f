package dev.skc.spark;

import dev.skc.runtime.Extra;
import dev.skc.runtime.RecordException;
import dev.skc.runtime.Transformer;
import org.apache.spark.TaskContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.StructType;

/** For SQL: a struct to the struct of its features; null to null. */
final class StructFunction implements UDF1<Row, Row> {
  private static final long serialVersionUID = 1L;

  private final Broadcast<Shipped> artifact;
  private final Form form;
  private transient volatile Known known;
  private transient volatile Held held;

  /** The places of the inputs in structs of a schema. */
  private record Known(StructType schema, Inputs inputs) {}

  /** What a task has in use. */
  private record Held(long task, Transformer transformer) {}

  StructFunction(Broadcast<Shipped> artifact, Form form) {
    this.artifact = artifact;
    this.form = form;
  }

  @Override
  public Row call(Row row) {
    if (row == null) {
      return null;
    }
    TaskContext task = TaskContext.get();
    if (task != null) {
      return features(row, transformer(task.taskAttemptId()));
    }
    try (Loaded.Use use = artifact.value().use()) { // a constant, which the driver computes
      return features(row, use.transformer());
    }
  }

  private Transformer transformer(long task) {
    Held now = held;
    if (now == null || now.task != task) { // a task has one object for all rows
      now = new Held(task, artifact.value().ofTask());
      held = now;
    }
    return now.transformer;
  }

  private Row features(Row row, Transformer transformer) {
    Object[] cells = new Object[form.width()];
    try {
      form.put(transformer.transform(inputs(transformer, row.schema()).record(row), Extra.ERROR), 0, cells);
    } catch (RecordException error) {
      if (!form.isRefusedColumn()) {
        throw error;
      }
      cells[cells.length - 1] = Form.reason(error);
    }
    return RowFactory.create(cells);
  }

  private Inputs inputs(Transformer transformer, StructType schema) {
    Known now = known;
    if (now == null || now.schema != schema) { // a query has one object for all rows
      now = new Known(schema, Inputs.of(transformer, schema.fieldNames()));
      known = now;
    }
    return now.inputs;
  }
}
