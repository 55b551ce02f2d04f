package dev.skc.runtime;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Writes what is served to files, without ever failing or delaying a request, and without losing one unseen: every request
 * of the sample has a number, so that a gap is a loss. Safe to share between threads.
 *
 * <p>Why the caller makes the line: it takes a few microseconds, and the record need not be copied. One thread writes what
 * has been made, every 0.2 s. What a line is like is defined in {@code runtime/python/skc_runtime/log_lines.py}.
 */
public final class Log implements AutoCloseable {
  static final String VERSION = "0.1.0";
  private static final String HINT =
      "requests are served, and count as dropped; check the folder, its space and its permissions";

  private static final int RECENT = 8; // artifacts that are remembered

  private final Path folder;
  private final LogOptions options;
  private final Artifact first;
  private final String writer = writer();
  private final ThreadLocal<StringBuilder> room = ThreadLocal.withInitial(StringBuilder::new);
  private final Thread thread;

  private final ReentrantLock lock = new ReentrantLock(); // of what follows
  private final Condition hasRoom = lock.newCondition();
  private final Condition isWanted = lock.newCondition();
  private final Map<String, Artifact> recent = new LinkedHashMap<>();
  private List<Portion> pending = new ArrayList<>();
  private int waiting;
  private long n;
  private long logged;
  private long dropped;
  private long sampledOut;
  private boolean isClosed;
  private volatile SkcException lastError;

  // Of the thread that writes.
  private Artifact serving; // whose requests are written
  private LogFile file;
  private int part;
  private long covered; // the last number that was written or dropped
  private long inFile;
  private long openedAt;

  /** What became of the requests: logged + dropped = n, once nothing is waiting. */
  public record Counts(long n, long logged, long dropped, long sampledOut, long waiting) {}

  /** What writes the requests of an artifact. A file holds those of one, and its first line says of which. */
  private record Artifact(Manifest manifest, LogLines lines) {
    boolean is(Artifact other) {
      return manifest.identity().equals(other.manifest.identity());
    }
  }

  /** Lines of one artifact, which are those of the requests from {@code first} on, or gaps. */
  private static final class Portion {
    final Artifact artifact;
    final long first;
    final ByteArrayOutputStream lines = new ByteArrayOutputStream();
    int count;

    Portion(Artifact artifact, long first) {
      this.artifact = artifact;
      this.first = first;
    }
  }

  private Log(Path folder, Transformer transformer, LogOptions options) {
    this.folder = folder;
    this.options = options;
    first = artifact(transformer);
    serving = first;
    thread = new Thread(this::run, "skc-log");
    thread.setDaemon(true);
  }

  /** {@link #open(Path, Transformer, LogOptions)} with the usual options. */
  public static Log open(Path folder, Transformer transformer) {
    return open(folder, transformer, new LogOptions());
  }

  /**
   * Begin to log what a transformer serves. The folder is made if it is missing. Throws SkcException: {@code
   * invalid-option}, {@code log-failed} if no file can be written now.
   */
  public static Log open(Path folder, Transformer transformer, LogOptions options) {
    Objects.requireNonNull(folder, "folder");
    Log log = new Log(folder.toAbsolutePath(), transformer, options);
    try {
      Files.createDirectories(log.folder);
      log.openFile();
    } catch (IOException error) {
      throw failed(error);
    }
    log.thread.start();
    return log;
  }

  /** {@link #add(LogEntry)} of a request that was served. */
  public void add(String id, Map<String, ?> record, Features features) {
    add(new LogEntry(id, record).features(features));
  }

  /** Log a request. Never throws; what cannot be logged is counted as dropped, and told to {@code onError}. */
  public void add(LogEntry entry) {
    try {
      if (isLeftOut(entry)) {
        return;
      }
      if (options.onFull == LogOptions.OnFull.DROP && isFull()) {
        lose(null);
        return;
      }
      Artifact artifact = entry.servedBy == null ? first : known(entry.servedBy);
      StringBuilder line = room.get();
      line.setLength(0);
      artifact.lines.append(line, entry, entry.timeUs == null ? now() : entry.timeUs);
      enqueue(artifact, line.toString().getBytes(StandardCharsets.UTF_8));
    } catch (SkcException error) {
      lose(error);
    } catch (RuntimeException error) { // of a map of the caller
      lose(LogLines.misused("a request cannot be logged: " + error));
    }
  }

  private Artifact artifact(Transformer transformer) {
    options.check(transformer.manifest().log().hash());
    return new Artifact(
        transformer.manifest(), new LogLines(transformer.manifest(), transformer.marshaller(), options));
  }

  /** What writes the requests of an artifact, made once. Throws SkcException {@code invalid-option} without a salt. */
  private Artifact known(Transformer transformer) {
    String identity = transformer.manifest().identity();
    if (identity.equals(first.manifest.identity())) {
      return first;
    }
    lock.lock();
    try {
      Artifact artifact = recent.get(identity);
      if (artifact == null) {
        artifact = artifact(transformer);
        if (recent.size() >= RECENT) {
          recent.remove(recent.keySet().iterator().next()).lines.close();
        }
        recent.put(identity, artifact);
      }
      return artifact;
    } finally {
      lock.unlock();
    }
  }

  /** Whether a request does not belong to the sample; counted if so. */
  private boolean isLeftOut(LogEntry entry) {
    if (options.sample >= 1 || entry.error != null) {
      return false;
    }
    String text = options.sampleBy == LogOptions.SampleBy.KEY ? entry.key : entry.id;
    if (text == null) {
      throw LogLines.misused("there is no id or key to sample by");
    }
    if (LogLines.hashOf(text) < options.sample * 0x1p32) {
      return false;
    }
    lock.lock();
    try {
      sampledOut++;
    } finally {
      lock.unlock();
    }
    return true;
  }

  private boolean isFull() {
    lock.lock();
    try {
      return isClosed || waiting >= options.queue;
    } finally {
      lock.unlock();
    }
  }

  private void enqueue(Artifact artifact, byte[] line) {
    lock.lock();
    try {
      while (options.onFull == LogOptions.OnFull.WAIT && waiting >= options.queue && !isClosed) {
        isWanted.signal();
        hasRoom.awaitUninterruptibly();
      }
      n++;
      if (isClosed || waiting >= options.queue) {
        dropped++;
        return;
      }
      if (pending.isEmpty() || !pending.get(pending.size() - 1).artifact.is(artifact)) {
        pending.add(new Portion(artifact, n));
      }
      Portion to = pending.get(pending.size() - 1);
      to.lines.writeBytes(("{\"n\":" + n).getBytes(StandardCharsets.ISO_8859_1));
      to.lines.writeBytes(line);
      to.count++;
      waiting++;
      if (2L * waiting > options.queue) {
        isWanted.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Count a request that is not logged, and report the reason if there is one. */
  private void lose(SkcException reason) {
    lock.lock();
    try {
      n++;
      dropped++;
    } finally {
      lock.unlock();
    }
    if (reason != null) {
      tell(reason);
    }
  }

  /** What became of the requests so far. */
  public Counts counts() {
    lock.lock();
    try {
      return new Counts(n, logged, dropped, sampledOut, n - logged - dropped);
    } finally {
      lock.unlock();
    }
  }

  /** Why something could not be logged, most recently; empty if everything was. */
  public java.util.Optional<SkcException> lastError() {
    return java.util.Optional.ofNullable(lastError);
  }

  /** Write what is waiting, and complete the file. Requests added later are dropped, and counted. */
  @Override
  public void close() {
    lock.lock();
    try {
      isClosed = true;
      hasRoom.signalAll();
      isWanted.signal();
    } finally {
      lock.unlock();
    }
    boolean isInterrupted = false;
    while (thread.isAlive() && thread != Thread.currentThread()) {
      try {
        thread.join();
      } catch (InterruptedException error) {
        isInterrupted = true; // the file is completed all the same
      }
    }
    if (isInterrupted) {
      Thread.currentThread().interrupt();
    }
    lock.lock();
    try {
      recent.values().forEach(artifact -> artifact.lines.close());
      first.lines.close();
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    boolean isLast = false;
    while (!isLast) {
      List<Portion> taken;
      long upTo;
      lock.lock();
      try {
        if (!isClosed && 2L * waiting <= options.queue) {
          isWanted.awaitNanos(options.flush.toNanos());
        }
        taken = pending;
        upTo = n;
        isLast = isClosed;
        pending = new ArrayList<>();
        waiting = 0;
        hasRoom.signalAll();
      } catch (InterruptedException error) { // nobody but a debugger has the thread
        continue;
      } finally {
        lock.unlock();
      }
      taken.forEach(this::write);
      covered = upTo;
      if (isLast || isDue()) {
        complete();
      }
    }
  }

  private boolean isDue() {
    boolean isOld = System.nanoTime() - openedAt >= options.rotateAfter.toNanos();
    return file != null && inFile > 0 && (isOld || file.size() >= options.rotateBytes);
  }

  /** Write lines; before those that another artifact served the file is completed. */
  private void write(Portion portion) {
    if (!portion.artifact.is(serving)) {
      covered = portion.first - 1;
      complete();
      serving = portion.artifact;
    }
    write(portion.lines.toByteArray(), portion.count);
  }

  /** Write lines; what cannot be written is dropped. */
  private void write(byte[] taken, int count) {
    IOException failure = null;
    try {
      makeWritable();
      file.write(taken, taken.length);
      inFile += count;
    } catch (IOException error) {
      failure = error;
    }
    count(failure == null ? count : 0, failure == null ? 0 : count);
    if (failure != null) {
      tell(failed(failure));
    }
  }

  private void count(long written, long lost) {
    lock.lock();
    try {
      logged += written;
      dropped += lost;
    } finally {
      lock.unlock();
    }
  }

  /** Open a file if there is none, or if it was deleted. */
  private void makeWritable() throws IOException {
    if (file != null && !file.isThere()) {
      String problem = file.path + " was deleted while it was written, with " + inFile + " requests";
      count(-inFile, inFile);
      file.abandon();
      file = null;
      tell(new SkcException("log-failed", problem, HINT));
    }
    if (file != null && file.isTorn()) {
      file.abandon();
      file = null;
    }
    if (file == null) {
      openFile();
    }
  }

  private void openFile() throws IOException {
    byte[] header = LogLines.header(serving.manifest, options, writer, part, covered, counts().logged());
    file = new LogFile(folder, header, options.fsync);
    part++;
    inFile = 0;
    openedAt = System.nanoTime();
  }

  /** Write the totals, and complete the file. */
  private void complete() {
    if (file == null) {
      return;
    }
    Counts now = counts();
    String trailer =
        String.format(
            java.util.Locale.ROOT,
            "{\"end\":true,\"n\":%d,\"logged\":%d,\"dropped\":%d,\"sampled_out\":%d}\n",
            covered, now.logged(), covered - now.logged(), now.sampledOut());
    try {
      file.complete(trailer.getBytes(StandardCharsets.US_ASCII));
    } catch (IOException error) {
      tell(failed(error));
    }
    file = null;
  }

  private void tell(SkcException error) {
    lastError = error;
    try {
      options.onError.accept(error);
    } catch (RuntimeException thrown) { // of the caller's function: reported as by a thread
      Thread current = Thread.currentThread();
      current.getUncaughtExceptionHandler().uncaughtException(current, thrown);
    }
  }

  private static SkcException failed(IOException error) {
    return new SkcException("log-failed", error.getClass().getSimpleName() + ": " + error.getMessage(), HINT);
  }

  private static String writer() {
    byte[] random = new byte[Long.BYTES];
    new SecureRandom().nextBytes(random);
    return HexFormat.of().formatHex(random);
  }

  static long now() {
    return java.time.temporal.ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
  }

  static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException error) {
      return "";
    }
  }
}
