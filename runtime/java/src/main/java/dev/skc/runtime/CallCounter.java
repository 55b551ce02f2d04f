package dev.skc.runtime;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/**
 * Counts the calls of a transformer, if its artifact has signals, and tells an observer of each.
 *
 * <p>Why LongAdder: threads that add at once get cells of their own, which are added up when somebody asks.
 *
 * <p>A call counts when it has ended. If it is refused, it counts as one refusal, by its code and input; what is wrong in
 * a batch is one row, and none of it is served. Names in labels are those of the pipeline, never something that a request
 * contains.
 */
final class CallCounter {
  private static final long[] BOUNDS_NS = {
    10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000,
    50_000_000, 100_000_000, 250_000_000, 500_000_000, 1_000_000_000
  };

  private final Manifest manifest;
  private final Consumer<Call> observer; // null if there is none
  private final boolean isCounting;
  private final Set<String> names = new HashSet<>(); // that a label may have
  private final LongAdder rows = new LongAdder();
  private final LongAdder nanoseconds = new LongAdder();
  private final LongAdder[] buckets = adders(BOUNDS_NS.length + 1);
  private final LongAdder[] steps;
  private final Map<Signals.Refusal, LongAdder> refused = new ConcurrentHashMap<>();

  private CallCounter(Manifest manifest, Consumer<Call> observer) {
    this.manifest = manifest;
    this.observer = observer;
    isCounting = manifest.signals() != null;
    steps = adders(isCounting ? manifest.signals().columns().size() : 0);
    manifest.inputs().forEach(input -> names.add(input.name()));
    if (manifest.guards() != null) {
      manifest.guards().columns().forEach(guard -> names.add(guard.input()));
    }
  }

  /** Null where there is nothing to count and nobody to tell. */
  static CallCounter of(Manifest manifest, Consumer<Call> observer) {
    return manifest.signals() == null && observer == null ? null : new CallCounter(manifest, observer);
  }

  private static LongAdder[] adders(int count) {
    LongAdder[] adders = new LongAdder[count];
    for (int i = 0; i < count; i++) {
      adders[i] = new LongAdder();
    }
    return adders;
  }

  boolean isCounting() {
    return isCounting;
  }

  int width() {
    return steps.length;
  }

  /** Count a served row by its signals. */
  void row(ByteBuffer signals) {
    rows.increment();
    for (int i = 0; i < steps.length; i++) {
      if (signals.get(i) != 0) {
        steps[i].increment();
      }
    }
  }

  /** Add the signals of some rows to counts, by column. */
  static void add(long[] counts, ByteBuffer signals, int rows) {
    int place = 0;
    for (int row = 0; row < rows; row++) {
      for (int i = 0; i < counts.length; i++) {
        counts[i] += signals.get(place++);
      }
    }
  }

  /** Count served rows; {@code counts} has how many of them have each signal. */
  void batch(int served, long[] counts) {
    rows.add(served);
    for (int i = 0; i < counts.length; i++) {
      if (counts[i] != 0) {
        steps[i].add(counts[i]);
      }
    }
  }

  /** Count the end of a call: rows that are served, or the reason of a refusal. Misuse is not a call. */
  void ended(int served, long startedAt, SkcException error) {
    long taken = System.nanoTime() - startedAt;
    if (error != null && (error.code().equals("closed") || error.code().equals("invalid-option"))) {
      return;
    }
    if (isCounting) {
      nanoseconds.add(taken);
      buckets[bucket(taken)].increment();
      if (error instanceof RecordException) {
        String input = error.input().filter(names::contains).orElse("");
        refused.computeIfAbsent(new Signals.Refusal(error.code(), input), key -> new LongAdder()).increment();
      }
    }
    if (observer != null) {
      tell(new Call(manifest.identity(), served, Optional.ofNullable(error).map(SkcException::code), Duration.ofNanos(taken)));
    }
  }

  /** What the caller's function throws is reported as by a thread, and the request is served. */
  private void tell(Call call) {
    try {
      observer.accept(call);
    } catch (RuntimeException error) {
      Thread thread = Thread.currentThread();
      thread.getUncaughtExceptionHandler().uncaughtException(thread, error);
    }
  }

  private static int bucket(long taken) {
    int i = 0;
    while (i < BOUNDS_NS.length && taken > BOUNDS_NS[i]) {
      i++;
    }
    return i;
  }

  /** The counts so far. */
  Signals signals() {
    TreeMap<Signals.Refusal, Long> refusals = Signals.refusals();
    refused.forEach((refusal, count) -> refusals.put(refusal, count.sum()));
    List<Long> durations = new ArrayList<>();
    for (LongAdder bucket : buckets) {
      durations.add(bucket.sum());
    }
    return new Signals(rows.sum(), refusals, countedSteps(), durations, nanoseconds.sum());
  }

  /** One per step, input and kind: columns of the same name are one series. */
  private List<Signals.Step> countedSteps() {
    Map<List<String>, Signals.Step> series = new LinkedHashMap<>();
    for (int i = 0; i < steps.length; i++) {
      Manifest.Signal column = manifest.signals().columns().get(i);
      String kind = column.kind().toString();
      Signals.Step own = new Signals.Step(column.step(), column.input(), kind, steps[i].sum(), column.training());
      series.merge(
          List.of(column.step(), column.input(), kind),
          own,
          (a, b) -> new Signals.Step(a.step(), a.input(), a.kind(), a.rows() + b.rows(), a.training()));
    }
    return List.copyOf(series.values());
  }
}
