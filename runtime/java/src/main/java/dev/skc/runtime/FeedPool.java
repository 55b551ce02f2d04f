package dev.skc.runtime;

import dev.skc.runtime.Manifest.Tensor;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Tensors of one row that are used again: a thread takes them, nobody else sees them until it gives them back. There
 * are as many as there ever were single records at once.
 *
 * <p>Why: making a buffer outside the heap and a tensor over it costs more than the rest of a single record.
 */
final class FeedPool implements AutoCloseable {
  private final List<Tensor> specs;
  private final ConcurrentLinkedQueue<Feeds> free = new ConcurrentLinkedQueue<>();

  FeedPool(List<Tensor> specs) {
    this.specs = specs;
  }

  Feeds take() {
    Feeds feeds = free.poll();
    return feeds != null ? feeds : new Feeds(specs, 1);
  }

  void giveBack(Feeds feeds) {
    feeds.releaseTexts();
    free.add(feeds);
  }

  /** Once nobody takes any more. */
  @Override
  public void close() {
    for (Feeds feeds = free.poll(); feeds != null; feeds = free.poll()) {
      feeds.close();
    }
  }
}
