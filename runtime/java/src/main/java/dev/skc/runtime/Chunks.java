package dev.skc.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.function.IntUnaryOperator;
import java.util.function.Supplier;

/**
 * A large batch in chunks, on all cores. A chunk has at most {@link #ROWS} rows, and rows times the length of its longest
 * text at most {@link #TEXT}, unless it is one row; the same in every language. A row has the same bits in any chunk.
 *
 * <p>Why: a chunk stays in a processor's cache, from the values of the request to the features, and its tensors are used
 * again for the next one. A step that splits texts makes tensors of rows times the longest text, so that a long text
 * allows fewer rows.
 */
final class Chunks {
  static final int ROWS = 4096;
  static final int TEXT = 1 << 18;

  /** Runs chunks, one after the other, and is closed by the thread that made it. */
  interface Worker extends IntConsumer, AutoCloseable {
    @Override
    void close();
  }

  private final int chunks;
  private final AtomicInteger next = new AtomicInteger();
  private int failed; // the lowest chunk that failed, and with what
  private Throwable failure;

  private Chunks(int chunks) {
    this.chunks = chunks;
    failed = chunks;
  }

  /** The end of the chunk that begins at a row; {@code longestIn} gives the length of the longest text of a row. */
  static int end(int start, int rows, IntUnaryOperator longestIn) {
    long longest = longestIn.applyAsInt(start);
    int end = start + 1;
    for (; end < rows && end - start < ROWS; end++) {
      longest = Math.max(longest, longestIn.applyAsInt(end));
      if ((end + 1 - start) * longest > TEXT) {
        break;
      }
    }
    return end;
  }

  /**
   * Calls a worker for every chunk from 0 on, in this order, each chunk once; each thread, this one included, makes its own.
   * After a worker throws no further chunk begins. Returns when no worker runs any more; if some threw, throws what the
   * lowest chunk did: all chunks below it have been done.
   */
  static void forEach(int chunks, Supplier<Worker> newWorker) {
    new Chunks(chunks).run(newWorker);
  }

  private void run(Supplier<Worker> newWorker) {
    List<Thread> others = new ArrayList<>();
    int threads = Math.min(Runtime.getRuntime().availableProcessors(), chunks);
    try {
      while (others.size() + 1 < threads) {
        Thread other = new Thread(() -> work(newWorker), "skc-batch-" + others.size());
        other.setDaemon(true);
        other.start();
        others.add(other);
      }
    } catch (OutOfMemoryError error) { // the machine has no more threads for us: fewer do it as well
    }
    work(newWorker);
    join(others);
    if (failure instanceof Error error) {
      throw error;
    }
    if (failure instanceof RuntimeException error) {
      throw error;
    }
  }

  private void work(Supplier<Worker> newWorker) {
    int chunk = next.getAndIncrement();
    if (chunk >= chunks) {
      return;
    }
    try (Worker worker = newWorker.get()) {
      for (; chunk < chunks; chunk = next.getAndIncrement()) {
        worker.accept(chunk);
      }
    } catch (RuntimeException | Error error) {
      next.set(chunks);
      fail(chunk, error);
    }
  }

  private synchronized void fail(int chunk, Throwable error) {
    if (chunk < failed) {
      failed = chunk;
      failure = error;
    }
  }

  /** Nothing of a call may go on after it, even if its thread is interrupted; the interruption is kept. */
  private static void join(List<Thread> others) {
    boolean isInterrupted = false;
    for (Thread other : others) {
      while (other.isAlive()) {
        try {
          other.join();
        } catch (InterruptedException error) {
          isInterrupted = true;
        }
      }
    }
    if (isInterrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
