package dev.skc.runtime;

import java.io.IOException;
import java.io.InputStream;

/**
 * The models made by {@code tools/make_models.py}. Each is loaded when a string first needs it, is shared by all
 * transformers, and is never unloaded.
 */
enum HelperModel {
  JOIN("join.onnx"),
  FIND_WIDE("find_wide.onnx"),
  CHARACTERS("characters.onnx");

  private final String file;
  private volatile GraphSession session;

  HelperModel(String file) {
    this.file = file;
  }

  GraphSession session() {
    GraphSession found = session;
    return found != null ? found : load();
  }

  private synchronized GraphSession load() {
    if (session != null) {
      return session;
    }
    try (InputStream stream = HelperModel.class.getResourceAsStream(file)) {
      if (stream == null) {
        throw new IllegalStateException("the jar of skc-runtime lacks " + file);
      }
      session = new GraphSession(stream.readAllBytes());
      return session;
    } catch (IOException error) {
      throw new IllegalStateException("the jar of skc-runtime cannot be read", error);
    } catch (ArtifactException error) { // a build of ONNX Runtime without the com.microsoft operators
      String problem = "characters above U+FFFF cannot be carried: " + error.problem();
      throw new SkcException("run-failed", problem, "use the build of ONNX Runtime from Maven Central");
    }
  }
}
