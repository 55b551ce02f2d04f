package dev.skc.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Batches of several chunks, on the artifact of the rides example. */
final class BatchTest {
  private Transformer transformer;

  @BeforeEach
  void load() {
    transformer = Transformer.load(Artifacts.rides("packed"));
  }

  @AfterEach
  void close() {
    if (transformer != null) { // null where `load` skipped the test
      transformer.close();
    }
  }

  /** Rows that differ. */
  private static List<Map<String, Object>> rides(int rows) {
    List<Map<String, Object>> rides = new ArrayList<>(rows);
    for (int row = 0; row < rows; row++) {
      Map<String, Object> ride = new HashMap<>();
      ride.put("pickup", "2025-11-02 01:25:14");
      ride.put("zone", row % 3 == 0 ? null : row % 7 == 0 ? "😀" : "SoHo");
      ride.put("driver", "d-" + row % 97);
      ride.put("passengers", 2);
      ride.put("distance_km", row / 8.0);
      ride.put("fare", row % 3 == 0 ? null : (Object) 16.25f);
      ride.put("payment", "card");
      ride.put("night", row % 2 == 0);
      rides.add(ride);
    }
    return rides;
  }

  private static Map<String, Object> columns(List<Map<String, Object>> rides) {
    Map<String, Object> columns = new HashMap<>();
    for (String name : rides.get(0).keySet()) {
      columns.put(name, rides.stream().map(ride -> ride.get(name)).toArray());
    }
    columns.put("distance_km", rides.stream().mapToDouble(ride -> (double) ride.get("distance_km")).toArray());
    return columns;
  }

  private static void assertSame(Features a, int row, Features b, int otherRow) {
    for (Output one : a) {
      for (int k = 0; k < one.columns(); k++) {
        int column = k;
        assertEquals(
            one.get(row, k), b.output(one.name()).get(otherRow, k), () -> one + " " + row + " " + column);
      }
    }
  }

  private static void assertSame(Features a, Features b) {
    assertEquals(a.rows(), b.rows());
    for (int row = 0; row < a.rows(); row++) {
      assertSame(a, row, b, row);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4095, 4096, 4097, 10_000})
  void isItsRows(int rows) {
    List<Map<String, Object>> rides = rides(rows);
    Features batch = transformer.transform(rides);
    assertEquals(rows, batch.rows());
    assertFalse(batch.isSingle());
    assertSame(batch, transformer.transformColumns(columns(rides)));
    for (int row : new int[] {0, 1, 4094, 4095, 4096, 8192, rows - 1}) {
      if (row < rows) {
        assertSame(batch, row, transformer.transform(rides.get(row)), 0);
      }
    }
  }

  /** A graph refuses a distance below -1, the marshalling a zone or a payment that is a number. */
  @ParameterizedTest
  @CsvSource({
    "9000, '', '', invalid-value distance_km 9000, invalid-value distance_km 9000",
    "9000 5000 8191, '', '', invalid-value distance_km 5000, invalid-value distance_km 5000",
    "0 4096 8192, '', '', invalid-value distance_km 0, invalid-value distance_km 0",
    "3 4096, 9000, '', wrong-type zone 9000, wrong-type zone 9000",
    "'', 9000 4100, '', wrong-type zone 4100, wrong-type zone 4100",
    "4097, 9000, 3, wrong-type payment 3, wrong-type zone 9000",
  })
  void reportsTheFirstRefusalOfAllChunks(
      String distances, String zones, String payments, String byRecord, String byColumn) {
    List<Map<String, Object>> rides = rides(10_000);
    put(rides, distances, "distance_km", -5.0);
    put(rides, zones, "zone", 7);
    put(rides, payments, "payment", 7);
    Map<String, Object> columns = columns(rides);
    for (int repeat = 0; repeat < 5; repeat++) {
      assertEquals(byRecord, refusal(() -> transformer.transform(rides)));
      assertEquals(byColumn, refusal(() -> transformer.transformColumns(columns)));
      assertEquals(0, workers());
    }
  }

  private static void put(List<Map<String, Object>> rides, String rows, String name, Object value) {
    for (String row : rows.split(" ")) {
      if (!row.isEmpty()) {
        rides.get(Integer.parseInt(row)).put(name, value);
      }
    }
  }

  private static String refusal(Runnable call) {
    RecordException error = assertThrows(RecordException.class, call::run);
    return error.code() + " " + error.input().orElse("") + " " + error.row().orElse(-1);
  }

  private static long workers() {
    return Thread.getAllStackTraces().keySet().stream().filter(t -> t.getName().startsWith("skc-batch")).count();
  }

  @Test
  void isServedToManyThreadsUntilItIsClosed() throws InterruptedException {
    List<Map<String, Object>> rides = rides(2 * 4096 + 5);
    Map<String, Object> columns = columns(rides);
    Features wanted = transformer.transform(rides);
    AtomicInteger wrong = new AtomicInteger();
    CountDownLatch served = new CountDownLatch(8);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      boolean isByColumn = i % 2 == 0;
      Thread thread =
          new Thread(
              () -> {
                try {
                  while (true) {
                    assertSame(wanted, isByColumn ? transformer.transformColumns(columns) : transformer.transform(rides));
                    served.countDown();
                  }
                } catch (SkcException error) {
                  wrong.addAndGet(error.code().equals("closed") ? 0 : 1);
                } catch (Throwable error) {
                  wrong.incrementAndGet();
                }
              });
      thread.start();
      threads.add(thread);
    }
    served.await();
    transformer.close();
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(0, wrong.get());
    assertEquals(0, workers());
  }

  @Test
  void goesOnInAnInterruptedThread() {
    Thread.currentThread().interrupt();
    assertEquals(10_000, transformer.transform(rides(10_000)).rows());
    assertTrue(Thread.interrupted());
  }

  @Test
  void hasOneLongText() {
    List<Map<String, Object>> rides = rides(4096 + 7);
    String text = "é long 😀".repeat(40_000);
    for (int row : new int[] {0, 1000, 4096, 4102}) {
      rides.get(row).put("driver", text);
    }
    Features batch = transformer.transform(rides);
    assertSame(batch, transformer.transformColumns(columns(rides)));
    for (int row : new int[] {0, 1, 999, 1000, 1001, 4095, 4096, 4102}) {
      assertSame(batch, row, transformer.transform(rides.get(row)), 0);
    }
  }

  private static boolean fits(int[] lengths, int start, int end) {
    int longest = 0;
    for (int row = start; row < end; row++) {
      longest = Math.max(longest, lengths[row]);
    }
    return end - start <= Chunks.ROWS && (long) (end - start) * longest <= Chunks.TEXT;
  }

  private static int[] repeated(int times, int... lengths) {
    int[] all = new int[times * lengths.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = lengths[i % lengths.length];
    }
    return all;
  }

  @Test
  void aChunkTakesAsManyRowsAsItsLongestTextAllows() {
    int[][] all = {
      {0}, {Chunks.TEXT}, repeated(2, Chunks.TEXT + 1), {1, Chunks.TEXT, 1, 1}, repeated(2, Integer.MAX_VALUE),
      repeated(4096, 64), repeated(4096, 65), repeated(4097, 0), repeated(300, 0, 1, 63, 64, 65, 1000)
    };
    for (int[] lengths : all) {
      int end;
      for (int start = 0; start < lengths.length; start = end) {
        end = Chunks.end(start, lengths.length, row -> lengths[row]);
        assertTrue(end > start && end <= lengths.length);
        assertTrue(end == start + 1 || fits(lengths, start, end), start + " to " + end);
        assertTrue(end == lengths.length || !fits(lengths, start, end + 1), start + " to " + end);
      }
    }
  }

  @Test
  void theFailureOfTheLowestChunkIsThrown() {
    for (int repeat = 0; repeat < 200; repeat++) {
      AtomicInteger opened = new AtomicInteger();
      RuntimeException error =
          assertThrows(
              IllegalStateException.class,
              () ->
                  Chunks.forEach(
                      50,
                      () -> {
                        opened.incrementAndGet();
                        return new Chunks.Worker() {
                          @Override
                          public void accept(int chunk) {
                            if (chunk >= 7) {
                              throw new IllegalStateException("" + chunk);
                            }
                          }

                          @Override
                          public void close() {
                            opened.decrementAndGet();
                          }
                        };
                      }));
      assertEquals("7", error.getMessage());
      assertEquals(0, opened.get());
    }
  }

  /** A count, which holds on every machine: the bytes that a record takes on the heap, compiled or not. */
  @ParameterizedTest
  @CsvSource({"packed, 1800", "columns, 2400"})
  void aRecordTakesLittleMemory(String signature, long most) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Transformer other = Transformer.load(Artifacts.rides(signature))) {
      Map<String, Object> ride = rides(2).get(1);
      int calls = 2_000;
      for (int i = 0; i < calls; i++) {
        other.transform(ride);
      }
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < calls; i++) {
        other.transform(ride);
      }
      long bytes = (threads.getCurrentThreadAllocatedBytes() - before) / calls;
      assertTrue(bytes <= most, signature + ": " + bytes + " bytes");
    }
  }
}
