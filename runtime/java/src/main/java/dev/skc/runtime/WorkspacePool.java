package dev.skc.runtime;

import dev.skc.runtime.Runner.Workspace;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Reusable tensors of one row: a thread takes them, and no other thread sees them until it returns them. There are at
 * most as many as there were concurrent single records.
 *
 * <p>Why: allocating a direct buffer and a tensor over it costs more than the rest of a single record.
 */
final class WorkspacePool implements AutoCloseable {
  private final Runner runner;
  private final ConcurrentLinkedQueue<Workspace> free = new ConcurrentLinkedQueue<>();

  WorkspacePool(Runner runner) {
    this.runner = runner;
  }

  Workspace take() {
    Workspace workspace = free.poll();
    return workspace != null ? workspace : runner.workspace(1);
  }

  void giveBack(Workspace workspace) {
    workspace.feeds().releaseTexts();
    free.add(workspace);
  }

  /** Call it when no tensors will be taken any more. */
  @Override
  public void close() {
    for (Workspace workspace = free.poll(); workspace != null; workspace = free.poll()) {
      workspace.close();
    }
  }
}
