package dev.skc.runtime;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That no call fails and no answer is mixed while a folder is replaced is in the conformance suite. */
final class ReloadableTest {
  private static final Map<String, ?> RECORD = Map.of("🚕", "a");

  @TempDir Path folder;
  private Path served;

  @BeforeEach
  void writeArtifacts() throws IOException {
    served = folder.resolve("served");
    Path one = Artifacts.strings(Files.createDirectory(folder.resolve("one")));
    Path two = Artifacts.strings(Files.createDirectory(folder.resolve("two")));
    String manifest = Files.readString(two.resolve("manifest.json"));
    Files.writeString(two.resolve("manifest.json"), manifest.replace("\"name\": \"strings\"", "\"name\": \"others\""));
    switchTo(one);
  }

  private void switchTo(Path artifact) throws IOException {
    Path made = Files.createSymbolicLink(folder.resolve("made"), artifact);
    Files.move(made, served, StandardCopyOption.ATOMIC_MOVE);
  }

  private Reloadable byHand() {
    return Reloadable.load(served, Duration.ZERO, new LoadOptions(), error -> {});
  }

  @Test
  void aCallKeepsWhatItBeganWith() throws IOException {
    try (Reloadable reloadable = byHand()) {
      String first = reloadable.identity();
      assertFalse(reloadable.reload());
      switchTo(folder.resolve("two"));
      reloadable.use(
          held -> {
            assertTrue(reloadable.reload());
            assertEquals(first, held.identity());
            return held.transform(RECORD);
          });
      assertNotEquals(first, reloadable.identity());
      reloadable.transform(RECORD);
    }
  }

  @Test
  void aFileOfALogHasTheRequestsOfOneArtifact() throws IOException {
    Path logs = folder.resolve("logs");
    String first;
    String second;
    try (Reloadable reloadable = byHand();
        Transformer opened = Transformer.load(folder.resolve("one"));
        Log log = Log.open(logs, opened)) {
      first = reloadable.identity();
      log.add("a", RECORD, opened.transform(RECORD));
      logged(log, reloadable, "b");
      reloadable.use(
          held -> {
            assertDoesNotThrow(() -> switchTo(folder.resolve("two")));
            assertTrue(reloadable.reload());
            logged(log, reloadable, "c");
            log.add(new LogEntry("d", RECORD).features(held.transform(RECORD)).servedBy(held));
            return null;
          });
      logged(log, reloadable, "e");
      second = reloadable.identity();
    }
    List<String> found = new ArrayList<>();
    for (int part = 0; part < 4; part++) {
      List<String> lines = Files.readAllLines(logs.resolve(ProcessHandle.current().pid() + "-" + part + ".jsonl"));
      found.add(lines.get(0).replaceAll(".*\"identity\":\"([0-9a-f]+)\".*\"after\":(\\d+).*", "$1 $2"));
      lines.stream().skip(1).forEach(line -> found.add(line.replaceAll(".*\"n\":(\\d+).*?\"(id|logged)\":\"?(\\w).*", "$1$3")));
    }
    List<String> wanted = List.of(first + " 0", "1a", "2b", "22", second + " 2", "3c", "33", first + " 3", "4d", "44");
    assertEquals(wanted, found.subList(0, wanted.size()));
    assertEquals(List.of(second + " 4", "5e", "55"), found.subList(wanted.size(), found.size()));
  }

  private static void logged(Log log, Reloadable reloadable, String id) {
    reloadable.use(
        held -> {
          log.add(new LogEntry(id, RECORD).features(held.transform(RECORD)).servedBy(held));
          return null;
        });
  }

  @Test
  void aRefusalIsThrownAndTheOldOneServesOn() throws IOException {
    try (Reloadable reloadable = byHand()) {
      String first = reloadable.identity();
      switchTo(folder.resolve("nowhere"));
      assertEquals("artifact-not-found", assertThrows(SkcException.class, reloadable::reload).code());
      assertEquals("artifact-not-found", reloadable.lastError().orElseThrow().code());
      assertEquals(first, reloadable.identity());
      reloadable.transform(RECORD);
      switchTo(folder.resolve("one"));
      assertFalse(reloadable.reload());
      assertTrue(reloadable.lastError().isEmpty());
    }
  }

  @Test
  void aRefusalIsToldByTheThreadThatWatches() throws Exception {
    BlockingQueue<SkcException> told = new LinkedBlockingQueue<>();
    try (Reloadable reloadable = Reloadable.load(served, Duration.ofMillis(1), new LoadOptions(), told::add)) {
      switchTo(folder.resolve("nowhere"));
      assertEquals("artifact-not-found", told.poll(60, TimeUnit.SECONDS).code());
      reloadable.transform(RECORD);
    }
  }

  @Test
  void aBodyOfJsonIsServed() {
    try (Reloadable reloadable = byHand()) {
      assertEquals(0, reloadable.transformJson("[]".getBytes(StandardCharsets.UTF_8)).rows());
      byte[] broken = "[".getBytes(StandardCharsets.UTF_8);
      assertEquals(
          "malformed-json", assertThrows(SkcException.class, () -> reloadable.transformJson(broken)).code());
    }
  }

  @Test
  void closedIsClosed() {
    Reloadable reloadable = byHand();
    reloadable.close();
    reloadable.close();
    assertEquals("closed", assertThrows(SkcException.class, () -> reloadable.transform(RECORD)).code());
    assertEquals("closed", assertThrows(SkcException.class, reloadable::reload).code());
  }

  @Test
  void anIntervalIsNotNegative() {
    SkcException error =
        assertThrows(
            SkcException.class,
            () -> Reloadable.load(served, Duration.ofNanos(-1), new LoadOptions(), refused -> {}));
    assertEquals("invalid-option", error.code());
  }
}
