package dev.skc.runtime.conformance;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.skc.runtime.LoadOptions;
import dev.skc.runtime.Reloadable;
import dev.skc.runtime.SkcException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Serves one row from several threads while its folder is replaced, and keeps what was answered by whom. */
final class Watch {
  private final Reloadable reloadable;
  private final List<Thread> threads = new ArrayList<>();
  private final Map<String, Set<ObjectNode>> answers = new TreeMap<>();
  private final List<String> errors = new ArrayList<>();
  private int calls;
  private volatile boolean isEnded;

  Watch(Path artifact, Map<String, Object> row, int count, double interval) {
    Duration pause = Duration.ofNanos((long) (interval * 1e9));
    reloadable = Reloadable.load(artifact, pause, new LoadOptions(), error -> {});
    for (int i = 0; i < count; i++) {
      Thread thread = new Thread(() -> serve(row));
      thread.start();
      threads.add(thread);
    }
  }

  private void serve(Map<String, Object> row) {
    while (!isEnded) {
      try {
        reloadable.use(
            transformer -> {
              transformer.transform(row);
              pause(); // another takes its place meanwhile: what is in use must serve on
              keep(transformer.identity(), Answers.outputs(transformer.transform(row)));
              return null;
            });
        reloadable.transform(row);
      } catch (SkcException error) {
        synchronized (this) {
          errors.add(error.code());
        }
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(1);
    } catch (InterruptedException error) {
      throw new IllegalStateException(error);
    }
  }

  private synchronized void keep(String identity, ObjectNode answer) {
    calls++;
    answers.computeIfAbsent(identity, key -> new LinkedHashSet<>()).add(answer);
  }

  synchronized ObjectNode told() {
    ObjectNode told = JsonNodeFactory.instance.objectNode();
    told.put("identity", reloadable.identity()).put("calls", calls);
    ObjectNode byIdentity = told.putObject("answers");
    answers.forEach(
        (identity, given) -> {
          ArrayNode list = byIdentity.putArray(identity);
          given.forEach(answer -> list.add(answer.get("outputs")));
        });
    ArrayNode codes = told.putArray("errors");
    errors.forEach(codes::add);
    told.put("last_error", reloadable.lastError().map(SkcException::code).orElse(null));
    return told;
  }

  void endCalls() {
    isEnded = true;
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException error) {
        throw new IllegalStateException(error);
      }
    }
  }

  void close() {
    reloadable.close();
  }
}
