package dev.skc.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Loading ONNX Runtime itself, which a JVM does once: each test has a JVM of its own. */
final class LibraryTest {
  @TempDir Path folder;

  /** Loads an artifact twice and prints what came of it. */
  static final class Program {
    public static void main(String[] arguments) {
      for (int i = 0; i < 2; i++) {
        try {
          Transformer.load(Path.of(arguments[0])).close();
          System.out.println("loaded");
        } catch (SkcException error) {
          System.out.println(error.code() + "|" + error.problem() + "|" + error.hint().orElse(""));
        }
      }
    }
  }

  private List<String> run(String... options) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(options));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Program.class.getName()));
    command.add(Artifacts.strings(folder).toString());
    Path printed = folder.resolve("printed");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(printed.toFile()).start();
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    List<String> lines = Files.readAllLines(printed, StandardCharsets.UTF_8);
    assertEquals(0, process.exitValue(), lines.toString());
    return lines;
  }

  @Test
  void aTemporaryFolderThatIsNotThereIsNamedEveryTime() throws Exception {
    List<String> lines = run("-Djava.io.tmpdir=/nonexistent");
    List<String> told = lines.stream().filter(line -> line.startsWith("invalid-option|")).toList();
    assertEquals(2, told.size(), lines.toString());
    assertEquals(told.get(0), told.get(1));
    assertTrue(told.get(0).startsWith("invalid-option|ONNX Runtime cannot be loaded: "), told.get(0));
    assertTrue(told.get(0).contains("java.io.tmpdir, here \"/nonexistent\": start Java with -Djava.io.tmpdir=DIR"));
  }

  @Test
  void theHintWorks() throws Exception {
    Path writable = Files.createDirectories(folder.resolve("writable"));
    assertEquals(List.of("loaded", "loaded"), run("-Djava.io.tmpdir=" + writable));
  }

  @Test
  void telemetryIsToldOfWhereNobodyHasDecided() {
    assertTrue(Telemetry.isSent("1.32.0", "Linux", null));
    assertTrue(Telemetry.isSent("2.0.0.dev1+cpu", "Linux", null));
    assertFalse(Telemetry.isSent("1.31.9", "Linux", null));
    assertFalse(Telemetry.isSent("1.32.0", "Mac OS X", null));
    assertFalse(Telemetry.isSent("1.32.0", "Linux", "1"));
    assertFalse(Telemetry.isSent("1.32.0", "Linux", "0"));
  }
}
