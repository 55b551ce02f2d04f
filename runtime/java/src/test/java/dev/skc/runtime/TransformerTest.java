package dev.skc.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The public API, on the artifacts of the rides example in both signatures. */
final class TransformerTest {
  private Transformer transformer;

  private void load(String signature) {
    transformer = Transformer.load(Artifacts.rides(signature));
  }

  @AfterEach
  void close() {
    if (transformer != null) {
      transformer.close();
    }
  }

  private static Map<String, Object> ride() {
    Map<String, Object> ride = new HashMap<>();
    ride.put("pickup", "2025-11-02 01:25:14");
    ride.put("zone", "SoHo");
    ride.put("driver", "王芳");
    ride.put("passengers", 2);
    ride.put("distance_km", 4.5);
    ride.put("fare", 16.25f);
    ride.put("payment", "card");
    ride.put("night", true);
    return ride;
  }

  private static Map<String, Object> ride(String key, Object value) {
    Map<String, Object> ride = ride();
    ride.put(key, value);
    return ride;
  }

  private static RecordException refused(String code, Executable call) {
    RecordException error = assertThrows(RecordException.class, call);
    assertEquals(code, error.code());
    return error;
  }

  private static void assertSame(Features a, int row, Features b, int otherRow) {
    for (Output one : a) {
      for (int k = 0; k < one.columns(); k++) {
        int column = k;
        assertEquals(one.get(row, k), b.output(one.name()).get(otherRow, k), () -> one + " " + column);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"columns", "packed"})
  void aRecordARowAndAColumnAreTheSame(String signature) {
    load(signature);
    Features alone = transformer.transform(ride());
    Features batch = transformer.transform(List.of(ride("night", false), ride(), ride()));
    assertEquals(3, batch.rows());
    assertSame(alone, 0, batch, 1);
    assertSame(alone, 0, batch, 2);
    Map<String, List<Object>> columns = new TreeMap<>();
    ride().forEach((key, value) -> columns.put(key, Collections.nCopies(2, value)));
    assertSame(alone, 0, transformer.transformColumns(columns), 1);
  }

  @Test
  void overloadsTakeWhatPeopleHave() {
    load("packed");
    Map<String, String> texts = Map.of("pickup", "x");
    assertThrows(RecordException.class, () -> transformer.transform(texts));
    List<Map<String, Object>> list = new LinkedList<>(List.of(ride()));
    List<? extends Map<String, ?>> wild = list;
    assertEquals(1, transformer.transform(list).rows());
    assertEquals(1, transformer.transform(wild, Extra.IGNORE).rows());
    assertEquals(1, transformer.transform(new TreeMap<>(ride())).rows());
  }

  @Test
  void arraysOfEveryType() {
    load("packed");
    Map<String, Object> columns = new HashMap<>();
    columns.put("pickup", new String[] {"2025-11-02 01:25:14", "2025-11-02 01:25:14"});
    columns.put("zone", new Object[] {"SoHo", null});
    columns.put("driver", List.of("王芳", "王芳"));
    columns.put("passengers", new int[] {2, 2});
    columns.put("distance_km", new float[] {4.5f, 4.5f});
    columns.put("fare", new double[] {16.25, Double.NaN});
    columns.put("payment", new CharSequence[] {"card", new StringBuilder("card")});
    columns.put("night", new boolean[] {true, true});
    columns.put("anything", new Object());
    refused("unknown-key", () -> transformer.transformColumns(columns));
    Features found = transformer.transformColumns(columns, Extra.IGNORE);
    columns.remove("anything");
    assertSame(transformer.transform(ride()), 0, found, 0);
    Map<String, Object> second = ride("zone", null);
    second.remove("fare");
    assertSame(transformer.transform(second), 0, found, 1);
    columns.put("passengers", new long[] {2, 2});
    columns.put("distance_km", new int[] {4, 4});
    assertSame(transformer.transform(ride("distance_km", 4)), 0, transformer.transformColumns(columns), 0);
    columns.put("passengers", new double[] {2, 2});
    assertSame(transformer.transform(ride("distance_km", 4)), 0, transformer.transformColumns(columns), 0);
  }

  @Test
  void columnsAreRefusedWithTheirPlace() {
    load("packed");
    Map<String, Object> columns = new HashMap<>();
    ride().forEach((key, value) -> columns.put(key, List.of(value, value)));
    assertRefused(columns, "distance_km", new long[] {1, (1L << 53) + 1}, "not-exact", 1);
    assertRefused(columns, "distance_km", Arrays.asList(1.0, null), "null", 1);
    assertRefused(columns, "passengers", new float[] {0.5f, 1}, "not-integral", 0);
    assertRefused(columns, "distance_km", new boolean[] {true, true}, "wrong-type", null);
    assertRefused(columns, "pickup", new double[] {1, 2}, "wrong-type", null);
    assertRefused(columns, "driver", new String[] {"a", "b\0"}, "nul-in-string", 1);
    assertRefused(columns, "fare", new short[] {1, 2}, "unsupported-type", null);
    assertRefused(columns, "fare", new double[][] {{1}, {2}}, "wrong-shape", null);
    assertRefused(columns, "fare", new double[] {1}, "unequal-lengths", null);
    assertRefused(columns, "fare", 1.0, "unsupported-data", null);
    assertRefused(columns, "fare", null, "unsupported-data", null);
    columns.remove("night");
    assertEquals(Optional.of("night"), refused("missing-key", () -> transformer.transformColumns(columns)).input());
  }

  private void assertRefused(Map<String, Object> columns, String name, Object column, String code, Integer row) {
    Map<String, Object> changed = new HashMap<>(columns);
    changed.put(name, column);
    RecordException error = refused(code, () -> transformer.transformColumns(changed));
    assertEquals(row, error.row().isPresent() ? (Integer) error.row().getAsInt() : null, error.getMessage());
    if (!code.equals("unequal-lengths")) { // either column may be named
      assertEquals(Optional.of(name), error.input());
    }
  }

  @Test
  void keysThatAreNoInput() {
    load("packed");
    RecordException error = refused("unknown-key", () -> transformer.transform(ride("fair", 1.0)));
    assertEquals(
        "error[unknown-key]: the pipeline has no input \"fair\" (input `fair`)\n\nhint: did you mean `fare`?",
        error.getMessage());
    assertSame(transformer.transform(ride()), 0, transformer.transform(ride("fair", 1.0), Extra.IGNORE), 0);
    List<Map<String, Object>> records = List.of(ride(), ride("zzzzzzzz", 1.0));
    error = refused("unknown-key", () -> transformer.transform(records));
    assertEquals(
        "error[unknown-key]: the pipeline has no input \"zzzzzzzz\" (input `zzzzzzzz`, row 1)"
            + "\n\nhint: leave it out, or pass Extra.IGNORE",
        error.getMessage());
    assertEquals(2, transformer.transform(records, Extra.IGNORE).rows());
  }

  @Test
  void aMisspeltKeyIsToldBeforeTheMissingOne() {
    load("columns");
    Map<String, Object> ride = ride("nigth", true);
    ride.remove("night");
    RecordException error = refused("unknown-key", () -> transformer.transform(ride));
    assertEquals(Optional.of("did you mean `night`?"), error.hint());
  }

  @Test
  void nullIsNoRequest() {
    load("packed");
    refused("unsupported-data", () -> transformer.transform((Map<String, Object>) null));
    refused("unsupported-data", () -> transformer.transform((List<Map<String, Object>>) null));
    refused("unsupported-data", () -> transformer.transformColumns(null));
    RecordException error = refused("unsupported-data", () -> transformer.transform(Arrays.asList(ride(), null)));
    assertEquals(1, error.row().getAsInt());
  }

  @Test
  void noRows() {
    load("packed");
    List<Map<String, Object>> none = List.of();
    Features found = transformer.transform(none);
    assertEquals(0, found.rows());
    assertEquals(0, found.floats("x").length);
    Map<String, Object> columns = new HashMap<>();
    ride().forEach((key, value) -> columns.put(key, new double[0]));
    assertEquals(0, transformer.transformColumns(columns).rows());
    columns.remove("night");
    refused("missing-key", () -> transformer.transformColumns(columns));
  }

  @Test
  void aGuardNamesTheStepAndTheValue() {
    load("columns");
    RecordException error = refused("invalid-value", () -> transformer.transform(ride("distance_km", -1.5)));
    assertEquals(Optional.of("distance_km"), error.input());
    assertTrue(error.step().orElseThrow().startsWith("amounts/"), error.toString());
    assertTrue(error.problem().endsWith("; the request has -1.5"), error.problem());
    assertTrue(error.row().isEmpty());
    List<Map<String, Object>> records = List.of(ride(), ride("distance_km", -1.5));
    assertEquals(1, refused("invalid-value", () -> transformer.transform(records)).row().getAsInt());
  }

  @Test
  void outputsAreRead() {
    load("packed");
    Features found = transformer.transform(ride());
    assertEquals(Set.of("x", "ids"), found.names());
    Output x = found.output("x");
    assertEquals(DType.FLOAT32, x.dtype());
    assertEquals(1, x.rows());
    assertEquals(13, x.columns());
    int night = x.columnNames().indexOf("night");
    assertEquals(1.0f, found.floats("x")[night]);
    assertEquals(1.0f, x.get(0, night));
    assertEquals("x: float32 [1, 13]", x.toString());
    assertThrows(IllegalStateException.class, x::doubles);
    assertThrows(IllegalArgumentException.class, () -> found.floats("y"));
    assertThrows(IndexOutOfBoundsException.class, () -> x.get(1, 0));
    assertNotSame(found.longs("ids"), transformer.transform(ride()).longs("ids"));
  }

  @Test
  void aRefusedRecordLeavesNothingBehind() {
    load("packed");
    Features before = transformer.transform(ride());
    refused("null", () -> transformer.transform(ride("distance_km", null)));
    refused("nul-in-string", () -> transformer.transform(ride("driver", "😀\0")));
    transformer.transform(ride("driver", "😀"));
    assertSame(before, 0, transformer.transform(ride()), 0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"columns", "packed"})
  void threadsShareOne(String signature) throws InterruptedException {
    load(signature);
    List<Map<String, Object>> rides = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      Map<String, Object> ride = ride("distance_km", i / 8.0);
      ride.put("driver", i % 3 == 0 ? "driver😀" + i : "driver" + i);
      ride.put("fare", i % 5 == 0 ? null : i * 1.5);
      rides.add(ride);
    }
    List<Features> alone = rides.stream().map(transformer::transform).toList();
    AtomicBoolean failed = new AtomicBoolean();
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 8; t++) {
      int first = t * 8;
      Thread thread =
          new Thread(
              () -> {
                for (int i = 0; i < 640; i++) {
                  int k = (first + i) % rides.size();
                  assertSame(alone.get(k), 0, transformer.transform(rides.get(k)), 0);
                }
              });
      thread.setUncaughtExceptionHandler((which, error) -> failed.set(true));
      thread.start();
      threads.add(thread);
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertFalse(failed.get());
  }

  @Test
  void closingLetsCallsFinish() throws InterruptedException {
    load("packed");
    List<Throwable> errors = Collections.synchronizedList(new ArrayList<>());
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      Thread thread =
          new Thread(
              () -> {
                while (true) {
                  transformer.transform(ride());
                }
              });
      thread.setUncaughtExceptionHandler((which, error) -> errors.add(error));
      thread.start();
      threads.add(thread);
    }
    Thread.sleep(50);
    transformer.close();
    transformer.close();
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(4, errors.size());
    errors.forEach(error -> assertEquals("closed", ((SkcException) error).code()));
    assertEquals("closed", assertThrows(SkcException.class, () -> transformer.transform(List.of(ride()))).code());
    assertEquals("rides", transformer.describe().get("name"));
  }

  @Test
  void everyFormHasAName() {
    load("packed");
    Features one = transformer.transform(ride());
    assertTrue(one.isSingle());
    assertSame(one, 0, transformer.transformRecord(ride()), 0);
    assertFalse(transformer.transformRecords(List.of(ride())).isSingle());
    assertSame(one, 0, transformer.transformRecords(List.of(ride(), ride()), Extra.IGNORE), 1);
    String json =
        "{\"pickup\": \"2025-11-02 01:25:14\", \"zone\": \"SoHo\", \"driver\": \"王芳\", \"passengers\": 2,"
            + " \"distance_km\": 4.5, \"fare\": 16.25, \"payment\": \"card\", \"night\": true}";
    Features parsed = transformer.transformJson(json.getBytes(StandardCharsets.UTF_8));
    assertTrue(parsed.isSingle());
    assertSame(one, 0, parsed, 0);
    Features batch = transformer.transformJson(("[" + json + "]").getBytes(StandardCharsets.UTF_8), Extra.IGNORE);
    assertFalse(batch.isSingle());
    assertSame(one, 0, batch, 0);
    RecordException refused = refused("wrong-type", () -> transformer.transform(ride("fare", List.of(1.5))));
    assertTrue(refused.hint().orElseThrow().contains("transformColumns"));
    transformer.close();
    assertEquals("closed", assertThrows(SkcException.class, () -> transformer.transformJson(new byte[0])).code());
  }

  @Test
  void aNumberPastEveryRangeShowsAsItWasWritten() {
    load("columns");
    byte[] body = "{\"distance_km\": -1e400, \"pickup\": \"\", \"driver\": \"\"}".getBytes(StandardCharsets.UTF_8);
    RecordException refused = refused("not-exact", () -> transformer.transformJson(body));
    assertTrue(refused.problem().contains("-1e400"), refused.problem());
  }

  @Test
  void describeIsPlain() {
    load("columns");
    Map<String, Object> told = transformer.describe();
    assertEquals("columns", told.get("signature"));
    Map<String, Object> zone = Map.of("name", "zone", "type", "string", "nullable", true, "nan", "null");
    assertTrue(((List<?>) told.get("inputs")).contains(zone));
  }

  @Test
  void equalArraysForEqualRequests() {
    load("packed");
    assertArrayEquals(transformer.transform(ride()).floats("x"), transformer.transform(ride()).floats("x"));
  }
}
