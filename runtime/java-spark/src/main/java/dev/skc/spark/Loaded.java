package dev.skc.spark;

import dev.skc.runtime.Transformer;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** An artifact that this JVM has loaded. It keeps those that are in use, and others up to a few, by their last use. */
final class Loaded {
  private static final int MOST = 4;
  private static final Map<String, Loaded> ALL = new LinkedHashMap<>(16, 0.75f, true);
  private static final Logger LOG = System.getLogger("dev.skc.spark");

  private final String key;
  private Transformer transformer; // null until its first user has loaded it
  private int users; // guarded by ALL

  private Loaded(String key) {
    this.key = key;
  }

  /** One use of an artifact, which is not released before that is closed. */
  static final class Use implements AutoCloseable {
    private final Loaded artifact;
    private final Transformer transformer;

    private Use(Loaded artifact, Supplier<Transformer> load) {
      this.artifact = artifact;
      this.transformer = artifact.transformer(load);
    }

    Transformer transformer() {
      return transformer;
    }

    @Override
    public void close() {
      artifact.leave();
    }
  }

  /** A use of what has this key; {@code load} is called unless it is loaded. Throws what that throws. */
  static Use use(String key, Supplier<Transformer> load) {
    Loaded artifact;
    synchronized (ALL) {
      artifact = ALL.computeIfAbsent(key, Loaded::new);
      artifact.users++;
    }
    try {
      return new Use(artifact, load);
    } catch (RuntimeException | Error error) {
      artifact.leave();
      throw error;
    }
  }

  private synchronized Transformer transformer(Supplier<Transformer> load) {
    if (transformer == null) {
      transformer = load.get();
      LOG.log(Level.DEBUG, "loaded " + key);
    }
    return transformer;
  }

  private void leave() {
    synchronized (ALL) {
      users--;
      Iterator<Loaded> oldest = ALL.values().iterator();
      while (ALL.size() > MOST && oldest.hasNext()) {
        Loaded one = oldest.next();
        if (one.users == 0) {
          oldest.remove();
          one.release();
        }
      }
    }
  }

  private synchronized void release() {
    if (transformer != null) { // its only user could not load it
      transformer.close();
      LOG.log(Level.DEBUG, "released " + key);
    }
  }
}
