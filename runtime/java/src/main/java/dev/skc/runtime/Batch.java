package dev.skc.runtime;

import dev.skc.runtime.Runner.Workspace;

/** Runs a batch in chunks. */
final class Batch {
  /** Writes some rows of a batch into tensors. */
  interface Writer {
    /** The rows from {@code start} on, as many as the tensors have. */
    void put(int start, Feeds feeds);

    /** Raise what is refused first of all rows, if something is. */
    void check();
  }

  private final Runner runner;
  private final Writer writer;
  private final int rows;
  private final Object[] arrays;
  private final long[] signals; // how many rows have each of them; null if nothing is counted

  private Batch(Runner runner, Writer writer, int rows, int signals) {
    this.runner = runner;
    this.writer = writer;
    this.rows = rows;
    arrays = runner.arrays(rows);
    this.signals = signals == 0 ? null : new long[signals];
  }

  /** Without rows nothing is run, so that no operator has to handle an empty tensor. */
  static Features run(Runner runner, Writer writer, int rows, CallCounter counter) {
    Batch batch = new Batch(runner, writer, rows, counter == null ? 0 : counter.width());
    int chunks = (int) ((rows + (long) Chunks.ROWS - 1) / Chunks.ROWS);
    try {
      Chunks.forEach(chunks, () -> batch.new Worker());
    } catch (RecordException error) {
      if (chunks > 1) {
        writer.check(); // a later chunk may have values that are refused before a graph refuses any
      }
      throw error;
    }
    if (batch.signals != null) {
      counter.batch(rows, batch.signals);
    }
    return runner.features(batch.arrays, rows, false);
  }

  private final class Worker implements Chunks.Worker {
    private Workspace whole; // for chunks of all their rows
    private Workspace part; // for those that a long text makes shorter
    private final long[] counts = signals == null ? null : new long[signals.length];

    @Override
    public void accept(int chunk) {
      int first = chunk * Chunks.ROWS;
      int count = Math.min(Chunks.ROWS, rows - first);
      whole = resized(whole, count);
      Feeds feeds = whole.feeds();
      writer.put(first, feeds);
      if (Chunks.end(0, count, feeds::longestIn) == count) {
        serve(whole, first);
        return;
      }
      for (int start = 0; start < count; ) {
        int end = Chunks.end(start, count, feeds::longestIn);
        part = resized(part, end - start);
        writer.put(first + start, part.feeds());
        serve(part, first + start);
        start = end;
      }
      feeds.releaseTexts();
    }

    private Workspace resized(Workspace workspace, int size) {
      if (workspace != null && workspace.feeds().rows == size) {
        return workspace;
      }
      Workspace other = runner.workspace(size);
      if (workspace != null) {
        workspace.close();
      }
      return other;
    }

    private void serve(Workspace workspace, int start) {
      runner.run(workspace, start, arrays);
      if (counts != null) {
        CallCounter.add(counts, runner.signals(workspace), workspace.feeds().rows);
      }
      workspace.feeds().releaseTexts();
    }

    @Override
    public void close() {
      if (counts != null) {
        synchronized (signals) {
          for (int i = 0; i < counts.length; i++) {
            signals[i] += counts[i];
          }
        }
      }
      if (whole != null) {
        whole.close();
      }
      if (part != null) {
        part.close();
      }
    }
  }
}
