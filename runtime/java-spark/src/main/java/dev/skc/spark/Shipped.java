package dev.skc.spark;

import dev.skc.runtime.LoadOptions;
import dev.skc.runtime.Replay;
import dev.skc.runtime.Transformer;
import dev.skc.spark.SkcSpark.Refusal;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;

/**
 * An artifact that the driver has loaded, for executors to load: each JVM checks it, and replays its golden records on
 * its own processor, once.
 */
final class Shipped implements Serializable {
  private static final long serialVersionUID = 1L;

  private final String identity;
  private final HashMap<String, byte[]> files;
  private final Replay replay;

  private Shipped(String identity, HashMap<String, byte[]> files, Replay replay) {
    this.identity = identity;
    this.files = files;
    this.replay = replay;
  }

  /** An artifact after all checks that the options want. Throws ArtifactException. */
  static Shipped of(String artifact, SkcOptions options) {
    Path folder = Path.of(Objects.requireNonNull(artifact, "artifact"));
    try (Transformer checked = Transformer.load(folder, options.loading())) {
      Shipped shipped = new Shipped(checked.identity(), read(folder), options.replay());
      shipped.use().close(); // of the bytes that are sent, should the folder have changed
      return shipped;
    }
  }

  private static HashMap<String, byte[]> read(Path folder) {
    HashMap<String, byte[]> files = new HashMap<>();
    try (Stream<Path> listed = Files.list(folder)) {
      List<Path> regular = listed.filter(Files::isRegularFile).toList();
      for (Path file : regular) {
        files.put(file.getFileName().toString(), Files.readAllBytes(file));
      }
      return files;
    } catch (IOException error) {
      throw new Refusal("artifact-file-missing", "`" + folder + "` cannot be read: " + error, "check the permissions");
    }
  }

  /** What this JVM has loaded of it, in use until the task that runs has ended. */
  Transformer ofTask() {
    Loaded.Use use = use();
    TaskContext.get().addTaskCompletionListener((TaskCompletionListener) task -> use.close());
    return use.transformer();
  }

  /** A use of what this JVM has loaded of it, now or before. */
  Loaded.Use use() {
    LoadOptions options = new LoadOptions().replay(replay).expect(identity);
    return Loaded.use(identity + " " + replay, () -> Transformer.load(files, options));
  }
}
