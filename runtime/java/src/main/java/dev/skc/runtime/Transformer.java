package dev.skc.runtime;

import dev.skc.runtime.Runner.Workspace;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * A loaded pipeline that turns requests into features. It marshals and runs, and contains no operator logic.
 *
 * <p>Safe to share between threads. {@code schemas/marshalling.v1.json} defines what a request may contain; the
 * README lists the Java types.
 */
public final class Transformer implements AutoCloseable {
  private static final int LARGEST = (1 << 28) - 1; // float64 values in a buffer of Java

  private final Manifest manifest;
  private final GraphSession session;
  private final Marshaller marshaller;
  private final Runner runner;
  private final WorkspacePool single;
  private final int mostRows;
  private final Users users;
  private CallCounter counter; // null if nothing is counted and there is no observer; set before others see it

  /** The session closes with the transformer. */
  Transformer(Manifest manifest, GraphSession session, ModelNames modelNames) {
    this.manifest = manifest;
    this.session = session;
    marshaller = new Marshaller(manifest);
    runner = new Runner(manifest, session, modelNames, marshaller);
    single = new WorkspacePool(runner);
    mostRows = LARGEST / runner.widest();
    users = new Users(this::release);
  }

  /** Begin to count from 0, and to tell the observer, if there is one. */
  void watch(Consumer<Call> observer) {
    counter = CallCounter.of(manifest, observer);
  }

  /** {@link #load(Path, Replay)} with {@link Replay#EXACT}. */
  public static Transformer load(Path directory) {
    return load(directory, Replay.EXACT);
  }

  /**
   * The transformer of an artifact, after every check of the runtime contract: format, hashes, the version of ONNX
   * Runtime, agreement of manifest and model, and the golden records. Throws ArtifactException.
   */
  public static Transformer load(Path directory, Replay replay) {
    return load(directory, new LoadOptions().replay(replay));
  }

  /**
   * The transformer of an artifact, after the same checks, which must have the identity and the signature of the options.
   * Throws ArtifactException, or SkcException {@code invalid-option}.
   */
  public static Transformer load(Path directory, LoadOptions options) {
    Objects.requireNonNull(directory, "directory");
    Objects.requireNonNull(options, "options");
    return ArtifactLoader.load(() -> new FolderFiles(directory), options);
  }

  /** {@link #load(Path, LoadOptions)} for the bytes of the files, by name. */
  public static Transformer load(Map<String, byte[]> files, LoadOptions options) {
    Objects.requireNonNull(files, "files");
    Objects.requireNonNull(options, "options");
    return ArtifactLoader.load(() -> new GivenFiles(files), options);
  }

  /** {@link #load(Path, LoadOptions)} for a zip archive of the files, which is read to its end but not closed. */
  public static Transformer loadZip(InputStream archive, LoadOptions options) throws IOException {
    Objects.requireNonNull(archive, "archive");
    Objects.requireNonNull(options, "options");
    byte[] data = archive.readAllBytes();
    return ArtifactLoader.load(() -> new ArchiveFiles(data), options);
  }

  /** {@link #transformRecord(Map, Extra)} with {@link Extra#ERROR}. */
  public Features transformRecord(Map<String, ?> record) {
    return transform(record, Extra.ERROR);
  }

  /** The features of one record: {@link #transform(Map, Extra)} under its own name. */
  public Features transformRecord(Map<String, ?> record, Extra extra) {
    return transform(record, extra);
  }

  /** {@link #transformRecords(List, Extra)} with {@link Extra#ERROR}. */
  public Features transformRecords(List<? extends Map<String, ?>> records) {
    return transform(records, Extra.ERROR);
  }

  /** The features of a batch of records: {@link #transform(List, Extra)} under its own name. */
  public Features transformRecords(List<? extends Map<String, ?>> records, Extra extra) {
    return transform(records, extra);
  }

  /** The features of one record; a key that is not an input is refused. Throws RecordException. */
  public Features transform(Map<String, ?> record) {
    return transform(record, Extra.ERROR);
  }

  /** The features of one record. Throws RecordException, or SkcException {@code closed}. */
  public Features transform(Map<String, ?> record, Extra extra) {
    Objects.requireNonNull(extra, "extra");
    enter();
    long started = begin();
    try {
      return answered(started, record(Marshaller.asRecord(record), extra));
    } catch (SkcException error) {
      throw failed(started, error);
    } finally {
      users.leave();
    }
  }

  private Features record(Map<?, ?> record, Extra extra) {
    Workspace workspace = single.take();
    try {
      marshaller.record(record, extra, workspace.feeds(), 0);
      Object[] arrays = runner.arrays(1);
      runner.run(workspace, Runner.NO_ROW, arrays);
      if (counter != null && counter.isCounting()) {
        counter.row(runner.signals(workspace));
      }
      return runner.features(arrays, 1, true);
    } finally {
      single.giveBack(workspace);
    }
  }

  /** The features of a batch of records; a key that is not an input is refused. Throws RecordException with the row. */
  public Features transform(List<? extends Map<String, ?>> records) {
    return transform(records, Extra.ERROR);
  }

  /** The features of a batch of records. Throws RecordException with the row, or SkcException {@code closed}. */
  public Features transform(List<? extends Map<String, ?>> records, Extra extra) {
    Objects.requireNonNull(extra, "extra");
    enter();
    long started = begin();
    try {
      if (records == null) {
        throw RecordException.unsupportedData("expected records, got null", "a List of Maps");
      }
      return answered(started, records(records.toArray(), extra)); // if another thread changes the list, no row may stay unwritten
    } catch (SkcException error) {
      throw failed(started, error);
    } finally {
      users.leave();
    }
  }

  private Features records(Object[] rows, Extra extra) {
    return batch(
        rows.length,
        new Batch.Writer() {
          @Override
          public void put(int start, Feeds feeds) {
            marshaller.records(rows, extra, start, feeds);
          }

          @Override
          public void check() {
            try (Feeds feeds = runner.feeds(1)) {
              for (int row = 0; row < rows.length; row++) {
                marshaller.records(rows, extra, row, feeds);
              }
            }
          }
        });
  }

  /** {@link #transformColumns(Map, Extra)} with {@link Extra#ERROR}. */
  public Features transformColumns(Map<String, ?> columns) {
    return transformColumns(columns, Extra.ERROR);
  }

  /**
   * The features of a batch given as columns: a List, an array of objects, or a {@code double[]}, {@code float[]},
   * {@code long[]}, {@code int[]} or {@code boolean[]} for each input. Throws RecordException with the row, or
   * SkcException {@code closed}.
   */
  public Features transformColumns(Map<String, ?> columns, Extra extra) {
    Objects.requireNonNull(extra, "extra");
    enter();
    long started = begin();
    try {
      if (columns == null) {
        throw RecordException.unsupportedData("expected columns, got null", "a Map of Lists or arrays");
      }
      return answered(started, columns(columns, extra));
    } catch (SkcException error) {
      throw failed(started, error);
    } finally {
      users.leave();
    }
  }

  private Features columns(Map<?, ?> columns, Extra extra) {
    Marshaller.Given given = marshaller.given(columns, extra);
    return batch(
        given.rows(),
        new Batch.Writer() {
          @Override
          public void put(int start, Feeds feeds) {
            marshaller.columns(given, start, feeds);
          }

          @Override
          public void check() {
            try (Feeds feeds = runner.feeds(Chunks.ROWS)) {
              marshaller.checkColumns(given, feeds);
            }
          }
        });
  }

  /** {@link #transformJson(byte[], Extra)} with {@link Extra#ERROR}. */
  public Features transformJson(byte[] body) {
    return transformJson(body, Extra.ERROR);
  }

  /**
   * The features for a JSON body: <code>{…}</code> is a record, <code>[{…}, …]</code> are records, and an object
   * whose only key is {@code columns}, with an object of arrays, is a batch by columns. {@link Features#isSingle} tells
   * a record from a batch.
   *
   * <p>The same bytes get the same answer, or are refused with the same code, in every language:
   * {@code schemas/requests.v1.json}. Throws RecordException, or SkcException {@code closed}.
   */
  public Features transformJson(byte[] body, Extra extra) {
    Objects.requireNonNull(body, "body");
    Objects.requireNonNull(extra, "extra");
    enter();
    long started = begin();
    try {
      JsonRequest request = JsonRequest.read(body);
      Features features =
          switch (request.form()) {
            case RECORD -> record((Map<?, ?>) request.data(), extra);
            case RECORDS -> records(((List<?>) request.data()).toArray(), extra);
            case COLUMNS -> columns((Map<?, ?>) request.data(), extra);
          };
      return answered(started, features);
    } catch (SkcException error) {
      throw failed(started, error);
    } finally {
      users.leave();
    }
  }

  /** What a request log needs of it: these do not depend on whether it is closed. */
  Manifest manifest() {
    return manifest;
  }

  Marshaller marshaller() {
    return marshaller;
  }

  private Features batch(int rows, Batch.Writer writer) {
    if (rows > mostRows) {
      String problem = rows + " rows are more than the " + mostRows + " whose tensors fit into buffers of Java";
      throw RecordException.unsupportedData(problem, "send fewer rows at a time");
    }
    return Batch.run(runner, writer, rows, counter);
  }

  private long begin() {
    return counter == null ? 0 : System.nanoTime();
  }

  private Features answered(long started, Features features) {
    if (counter != null) {
      counter.ended(features.rows(), started, null);
    }
    return features;
  }

  private SkcException failed(long started, SkcException error) {
    if (counter != null) {
      counter.ended(0, started, error);
    }
    return error;
  }

  /**
   * What was counted since the artifact was loaded. Throws SkcException {@code invalid-option} if it was not compiled to
   * count.
   */
  public Signals signals() {
    if (counter == null || !counter.isCounting()) {
      throw new SkcException("invalid-option", "the artifact has no signals", "compile the pipeline with --signals");
    }
    return counter.signals();
  }

  /** What was counted, in the text format of Prometheus. Throws as {@link #signals}. */
  public String signalsText() {
    return signals().text(manifest, null);
  }

  /** {@link #signalsText()}, with what a log has dropped. */
  public String signalsText(Log log) {
    return signals().text(manifest, Objects.requireNonNull(log, "log"));
  }

  private void enter() {
    if (!users.enter()) {
      throw new SkcException("closed", "the transformer is closed", "load the artifact again");
    }
  }

  /**
   * The inputs and outputs, as maps, lists, strings, numbers and booleans that can go into JSON as they are.
   */
  public Map<String, Object> describe() {
    return manifest.describe();
  }

  /** The SHA-256 of manifest.json, which names that of every other file; also after {@link #close}. */
  public String identity() {
    return manifest.identity();
  }

  /** Calls in progress in other threads finish, and the last of them releases the session; later ones are refused. */
  @Override
  public void close() {
    users.close();
  }

  private void release() {
    single.close();
    session.close();
  }
}
