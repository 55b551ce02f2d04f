package dev.skc.runtime;

import dev.skc.runtime.Manifest.Tensor;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Reusable tensors of one row: a thread takes them, and no other thread sees them until it returns them. There are at
 * most as many as there were concurrent single records.
 *
 * <p>Why: allocating a direct buffer and a tensor over it costs more than the rest of a single record.
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

  /** Call it when no tensors will be taken any more. */
  @Override
  public void close() {
    for (Feeds feeds = free.poll(); feeds != null; feeds = free.poll()) {
      feeds.close();
    }
  }
}
