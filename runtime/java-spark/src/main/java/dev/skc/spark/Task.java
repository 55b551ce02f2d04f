package dev.skc.spark;

import dev.skc.runtime.Extra;
import dev.skc.runtime.Features;
import dev.skc.runtime.RecordException;
import dev.skc.runtime.Transformer;
import dev.skc.spark.SkcSpark.Refusal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** The features of the rows of a partition: of some at a time, which are as many as a batch of Arrow in Spark. */
final class Task implements MapPartitionsFunction<Row, Row> {
  private static final long serialVersionUID = 1L;
  private static final int AT_ONCE = 1024;
  private static final int FEW = 8; // a batch costs about as much as ten rows by themselves

  private final Broadcast<Shipped> artifact;
  private final Inputs inputs;
  private final Form form;
  private final int kept;

  Task(Broadcast<Shipped> artifact, Inputs inputs, Form form, int kept) {
    this.artifact = artifact;
    this.inputs = inputs;
    this.form = form;
    this.kept = kept;
  }

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    Transformer transformer = artifact.value().ofTask();
    return new Iterator<>() {
      private Iterator<Row> ready = Collections.emptyIterator();
      private long before;

      @Override
      public boolean hasNext() {
        while (!ready.hasNext() && rows.hasNext()) {
          List<Row> some = new ArrayList<>();
          while (some.size() < AT_ONCE && rows.hasNext()) {
            some.add(rows.next());
          }
          ready = features(transformer, some, before).iterator();
          before += some.size();
        }
        return ready.hasNext();
      }

      @Override
      public Row next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        return ready.next();
      }
    };
  }

  private List<Row> features(Transformer transformer, List<Row> rows, long before) {
    List<Row> made = new ArrayList<>(rows.size());
    try {
      put(transformer, rows, made);
    } catch (RecordException error) {
      if (!form.isRefusedColumn()) {
        throw placed(error, before);
      }
      halves(transformer, rows, made);
    }
    return made;
  }

  /** Adds the features of rows of which none is refused; otherwise it adds nothing. */
  private void put(Transformer transformer, List<Row> rows, List<Row> made) {
    Features features = transformer.transformColumns(inputs.columns(rows));
    for (int row = 0; row < rows.size(); row++) {
      Object[] cells = cells(rows.get(row));
      form.put(features, row, cells);
      made.add(RowFactory.create(cells));
    }
  }

  /** Of rows with a refused one, whose others are computed together as far as possible: a row has the same bits alone. */
  private void halves(Transformer transformer, List<Row> rows, List<Row> made) {
    if (rows.size() <= FEW) {
      rows.forEach(row -> made.add(alone(transformer, row)));
      return;
    }
    int half = rows.size() / 2;
    for (List<Row> some : List.of(rows.subList(0, half), rows.subList(half, rows.size()))) {
      try {
        put(transformer, some, made);
      } catch (RecordException error) {
        halves(transformer, some, made);
      }
    }
  }

  private Row alone(Transformer transformer, Row row) {
    Object[] cells = cells(row);
    try {
      form.put(transformer.transform(inputs.record(row), Extra.ERROR), 0, cells);
    } catch (RecordException error) {
      cells[cells.length - 1] = Form.reason(error);
    }
    return RowFactory.create(cells);
  }

  /** Of a row, with what is kept of it. */
  private Object[] cells(Row row) {
    Object[] cells = new Object[form.width() + kept];
    int start = form.width() - (form.isRefusedColumn() ? 1 : 0);
    for (int k = 0; k < kept; k++) {
      cells[start + k] = row.get(inputs.count() + k);
    }
    return cells;
  }

  /** The refusal of a row of a batch that so many rows of the partition come before. */
  private static Refusal placed(RecordException error, long before) {
    String row = error.row().isPresent() ? "row " + (before + error.row().getAsInt()) : null;
    String input = error.step().isEmpty() && error.input().isPresent() ? "input `" + error.input().get() + "`" : null;
    String place = input == null ? row : row == null ? input : input + ", " + row;
    String problem = "partition " + TaskContext.getPartitionId() + ": " + error.problem();
    return new Refusal(error.code(), problem + (place == null ? "" : " (" + place + ")"), error.hint().orElse(null));
  }
}
