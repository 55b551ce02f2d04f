package dev.skc.runtime;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Always serves the newest artifact in a folder that is replaced while serving. Safe to share between threads.
 *
 * <p>Why polling: it works on every file system, for a folder that is renamed into place, a link that is switched and the
 * {@code ..data} of Kubernetes alike. A new artifact is loaded next to the old one, with every check of {@link
 * Transformer#load}, and takes its place only then. A call in progress keeps the transformer that it started with, which is
 * closed when the last such call has ended: no call fails, and no answer mixes two artifacts.
 */
public final class Reloadable implements AutoCloseable {
  private static final int ATTEMPTS = 3; // at reading files that are being replaced

  private final Path directory;
  private final LoadOptions options;
  private final Consumer<SkcException> onError;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Object loading = new Object(); // one at a time; of the fingerprint
  private String fingerprint;
  private volatile Lease current; // null when closed
  private volatile SkcException lastError;

  /** Counts the users of a transformer: its owner, and every call in progress. */
  private record Lease(Transformer transformer, Users users) {
    Lease(Transformer transformer) {
      this(transformer, new Users(transformer::close));
    }
  }

  private Reloadable(Path directory, LoadOptions options, Consumer<SkcException> onError) {
    this.directory = directory;
    this.options = options;
    this.onError = onError;
    fingerprint = fingerprint(directory);
    current = new Lease(Transformer.load(directory, options));
  }

  /** {@link #load(Path, Duration, LoadOptions, Consumer)}, checking every second, without reporting refusals. */
  public static Reloadable load(Path directory) {
    return load(directory, Duration.ofSeconds(1), new LoadOptions(), error -> {});
  }

  /**
   * Loads the artifact of a folder, and then each that takes its place. The first must load; otherwise its error is
   * thrown.
   *
   * @param interval between two checks; zero to look only when {@link #reload} is called
   * @param onError is called with the reason if a new artifact is refused, by the thread that watches
   */
  public static Reloadable load(
      Path directory, Duration interval, LoadOptions options, Consumer<SkcException> onError) {
    Objects.requireNonNull(directory, "directory");
    Objects.requireNonNull(options, "options");
    Objects.requireNonNull(onError, "onError");
    if (interval.isNegative()) {
      throw new SkcException("invalid-option", "the interval " + interval, "zero or more");
    }
    Reloadable made = new Reloadable(directory, options, onError);
    if (!interval.isZero()) {
      Thread watcher = new Thread(() -> made.watch(interval), "skc-reloadable");
      watcher.setDaemon(true);
      watcher.start();
    }
    return made;
  }

  /**
   * What a function returns for the current transformer, which is not closed before the function returns: for calls that
   * belong together. Throws what the function throws, or SkcException {@code closed}.
   */
  public <T> T use(Function<Transformer, T> call) {
    while (true) {
      Lease lease = current;
      if (lease == null) {
        throw new SkcException("closed", "the transformer is closed", "load the artifact again");
      }
      if (lease.users.enter()) { // otherwise it was replaced just now
        try {
          return call.apply(lease.transformer);
        } finally {
          lease.users.leave();
        }
      }
    }
  }

  /** {@link Transformer#transform(Map)} with the current transformer. */
  public Features transform(Map<String, ?> record) {
    return use(transformer -> transformer.transform(record));
  }

  /** {@link Transformer#transform(List)} with the current transformer. */
  public Features transform(List<? extends Map<String, ?>> records) {
    return use(transformer -> transformer.transform(records));
  }

  /** {@link Transformer#transformColumns} with the current transformer. */
  public Features transformColumns(Map<String, ?> columns) {
    return use(transformer -> transformer.transformColumns(columns));
  }

  /** {@link Transformer#transformJson(byte[])} with the current transformer. */
  public Features transformJson(byte[] body) {
    return use(transformer -> transformer.transformJson(body));
  }

  /** The identity of the artifact that is serving. */
  public String identity() {
    return use(Transformer::identity);
  }

  /** Why the newest artifact was refused; empty if the newest is serving. */
  public Optional<SkcException> lastError() {
    return Optional.ofNullable(lastError);
  }

  /** Checks now. Whether a new artifact is serving; a refusal is thrown, and the old one keeps serving. */
  public boolean reload() {
    return look(true);
  }

  private boolean look(boolean isForced) {
    synchronized (loading) {
      String before = identity();
      String found = fingerprint(directory);
      if (found.equals(fingerprint) && !isForced) {
        return false;
      }
      Transformer made = loadSteadily(found);
      Lease old = current;
      if (old == null || made.identity().equals(before)) {
        made.close();
        return false;
      }
      current = new Lease(made);
      old.users.close();
      return true;
    }
  }

  /** Files that are replaced while being read are read again. */
  private Transformer loadSteadily(String first) {
    String found = first;
    for (int attempt = 1; ; attempt++) {
      fingerprint = found;
      try {
        Transformer made = Transformer.load(directory, options);
        lastError = null;
        return made;
      } catch (SkcException error) {
        lastError = error;
        found = fingerprint(directory);
        if (found.equals(fingerprint) || attempt == ATTEMPTS) {
          throw error;
        }
      }
    }
  }

  private void watch(Duration interval) {
    try {
      while (!closing.await(interval.toNanos(), TimeUnit.NANOSECONDS)) {
        try {
          lookAndTell();
        } catch (RuntimeException error) { // from the caller's function: logged, and watching continues
          String problem = "the handler of a refused artifact has thrown";
          System.getLogger(Reloadable.class.getPackageName()).log(System.Logger.Level.WARNING, problem, error);
        }
      }
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt(); // only the end of the process would interrupt it
    }
  }

  private void lookAndTell() {
    try {
      look(false);
    } catch (SkcException error) {
      if (closing.getCount() > 0) {
        onError.accept(error);
      }
    }
  }

  /** Stops watching; the transformer is closed when the calls in progress have ended, and later ones are refused. */
  @Override
  public void close() {
    closing.countDown();
    synchronized (loading) {
      Lease old = current;
      current = null;
      if (old != null) {
        old.users.close();
      }
    }
  }

  /**
   * A value that changes when the folder's artifact is replaced, or one of its files is written: the manifest, and
   * the name, size and time of every file. Links are followed. Empty if the folder cannot be read because it is just
   * being replaced.
   */
  private static String fingerprint(Path directory) {
    try (Stream<Path> entries = Files.list(directory)) {
      byte[] manifest = Files.readAllBytes(directory.resolve(ManifestReader.PLACE));
      StringBuilder text = new StringBuilder(ArtifactFiles.sha256(manifest));
      for (Path path : entries.sorted().toList()) {
        BasicFileAttributes file = Files.readAttributes(path, BasicFileAttributes.class);
        text.append('\n').append(path.getFileName()).append(' ').append(file.size());
        text.append(' ').append(file.lastModifiedTime().to(TimeUnit.NANOSECONDS));
      }
      return text.toString();
    } catch (IOException error) {
      return "";
    }
  }
}
