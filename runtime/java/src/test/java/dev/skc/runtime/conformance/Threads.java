package dev.skc.runtime.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.skc.runtime.SkcException;
import dev.skc.runtime.Transformer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** Many threads on one transformer: each must give for each row what one thread alone gave. */
final class Threads {
  private Threads() {}

  static ObjectNode run(Transformer transformer, List<Map<String, Object>> rows, JsonNode request) {
    int threads = request.get("threads").intValue();
    int rounds = request.get("rounds").intValue();
    List<String> alone = rows.stream().map(row -> result(transformer, row)).toList();
    AtomicInteger calls = new AtomicInteger();
    AtomicInteger different = new AtomicInteger();
    List<Thread> started = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      Thread thread =
          new Thread(
              () -> {
                for (int call = 0; call < rounds * rows.size(); call++) {
                  int row = call % rows.size();
                  calls.incrementAndGet();
                  if (!result(transformer, rows.get(row)).equals(alone.get(row))) {
                    different.incrementAndGet();
                  }
                }
              });
      thread.start();
      started.add(thread);
    }
    started.forEach(Threads::join);
    return JsonNodeFactory.instance.objectNode().put("calls", calls.get()).put("different", different.get());
  }

  /** A refusal is a result too. */
  private static String result(Transformer transformer, Map<String, Object> row) {
    try {
      return Answers.outputs(transformer.transform(row)).toString();
    } catch (SkcException error) {
      return Answers.error(error).toString();
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException error) {
      throw new IllegalStateException(error);
    }
  }
}
