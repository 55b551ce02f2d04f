package dev.skc.runtime;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts the users of a resource that {@code release} frees: its owner, until {@link #close}, and every call in
 * progress. The last one releases it, so nobody waits, and a call may even close what it uses.
 */
final class Users {
  private final AtomicInteger count = new AtomicInteger(1); // the owner
  private final Runnable release;
  private volatile boolean isClosed;

  Users(Runnable release) {
    this.release = release;
  }

  /** Whether the call may go on; if so it must {@link #leave}. */
  boolean enter() {
    if (isClosed) {
      return false;
    }
    int users = count.get();
    while (users > 0) {
      if (count.compareAndSet(users, users + 1)) {
        return true;
      }
      users = count.get();
    }
    return false;
  }

  void leave() {
    if (count.decrementAndGet() == 0) {
      release.run();
    }
  }

  /** The owner leaves; only the first time counts. */
  synchronized void close() {
    if (!isClosed) {
      isClosed = true;
      leave();
    }
  }
}
