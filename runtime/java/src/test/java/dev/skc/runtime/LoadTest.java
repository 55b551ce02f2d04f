package dev.skc.runtime;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Loading; how each kind of damage is named is in the conformance suite. */
final class LoadTest {
  @TempDir Path folder;

  private static String code(Executable call) {
    return assertThrows(SkcException.class, call).code();
  }

  @Test
  void nothingThere() {
    ArtifactException error =
        assertThrows(ArtifactException.class, () -> Transformer.load(folder.resolve("nowhere")));
    assertEquals("artifact-not-found", error.code());
    assertTrue(error.getMessage().endsWith("is not a directory\n\nhint: check the path"), error.getMessage());
    assertEquals("artifact-file-missing", code(() -> Transformer.load(folder)));
  }

  @Test
  void aByteMoreIsAnotherFile() throws IOException {
    Path artifact = Artifacts.strings(folder);
    Transformer.load(artifact).close();
    Files.writeString(artifact.resolve("golden.jsonl"), "{\"skc\":\"golden\",\"format\":1}\n\n");
    ArtifactException error = assertThrows(ArtifactException.class, () -> Transformer.load(artifact));
    assertEquals("artifact-hash-mismatch", error.code());
    assertEquals("`golden.jsonl` does not have the hash given in manifest.json", error.problem());
  }

  @Test
  void aLinkMayStayInsideAndNotLeadOut() throws IOException {
    Path artifact = Artifacts.strings(Files.createDirectory(folder.resolve("artifact")));
    Path plan = artifact.resolve("plan.json");
    Path inside = Files.copy(plan, artifact.resolve("elsewhere"));
    Path outside = Files.move(plan, folder.resolve("elsewhere"));
    Files.createSymbolicLink(plan, inside.getFileName());
    Transformer.load(artifact).close();
    Files.delete(plan);
    Files.createSymbolicLink(plan, outside);
    assertEquals("artifact-unsafe", code(() -> Transformer.load(artifact)));
  }

  @Test
  void filesAndArchivesAreArtifactsToo() throws IOException {
    Path artifact = Artifacts.strings(folder);
    Map<String, byte[]> files = new HashMap<>();
    ByteArrayOutputStream archive = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(archive)) {
      for (String name : List.of("manifest.json", "model.onnx", "plan.json", "golden.jsonl")) {
        files.put(name, Files.readAllBytes(artifact.resolve(name)));
        zip.putNextEntry(new ZipEntry(name)); // whose size stands behind its data alone
        zip.write(files.get(name));
      }
    }
    Transformer.load(files, new LoadOptions()).close();
    Transformer.loadZip(new ByteArrayInputStream(archive.toByteArray()), new LoadOptions()).close();
    files.remove("plan.json");
    assertEquals("artifact-file-missing", code(() -> Transformer.load(files, new LoadOptions())));
  }

  @Test
  void bothReplaysTakeWhatReproduces() {
    Transformer.load(Artifacts.rides("packed"), Replay.TOLERANCE).close();
    Transformer.load(Artifacts.rides("columns"), Replay.EXACT).close();
  }

  @Test
  void settingsAreRead() {
    assertEquals(Replay.TOLERANCE, Replay.named("tolerance"));
    assertEquals(Extra.IGNORE, Extra.named("ignore"));
    assertEquals("invalid-option", code(() -> Replay.named("loosely")));
    assertEquals("invalid-option", code(() -> Extra.named(null)));
  }

  @Test
  void versionsAreComparedAsNumbers() {
    assertDoesNotThrow(() -> ArtifactLoader.checkOnnxruntime("1.18.0", "1.29.0"));
    assertDoesNotThrow(() -> ArtifactLoader.checkOnnxruntime("1.9", "1.10.0"));
    assertDoesNotThrow(() -> ArtifactLoader.checkOnnxruntime("1.29.0", "1.29.0.dev3+cpu"));
    assertEquals("onnxruntime-too-old", code(() -> ArtifactLoader.checkOnnxruntime("1.30", "1.29.9")));
  }

  @Test
  void jsonIsReadStrictly() {
    String[] bad = {
      "", " ", "{\"a\":1,\"a\":2}", "[1] 2", "NaN", "\uFEFF{}", "'a'", "[1,]", "01", "// c\n1", "[".repeat(100_000),
      "\"\t\"", "\"\\x\"", "9".repeat(5000)
    };
    for (String text : bad) {
      assertEquals("artifact-malformed", code(() -> parse(text.getBytes(StandardCharsets.UTF_8))), text);
    }
    byte[][] notUtf8 = {{'"', (byte) 0xFF, '"'}, {'"', (byte) 0xED, (byte) 0xA0, (byte) 0x80, '"'}, {0, '1'}};
    for (byte[] data : notUtf8) {
      assertEquals("artifact-malformed", code(() -> parse(data)));
    }
    assertEquals("artifact-malformed", code(() -> parse("{}".getBytes(StandardCharsets.UTF_16))));
  }

  private static void parse(byte[] data) {
    StrictJson.parse(ByteBuffer.wrap(data), "test.json");
  }

  @Test
  void thisThreadRoundsToNearest() {
    assertDoesNotThrow(HostArithmetic::check);
  }

  /** Every code that the sources name is in the table that every language shares. */
  @Test
  void codesAreThoseOfEveryLanguage() throws IOException {
    Path schema = Path.of("../../schemas/errors.v1.json");
    assumeTrue(Files.exists(schema), "this folder was copied out of the repository, which has the table");
    String table = Files.readString(schema);
    Set<String> used = new TreeSet<>();
    Pattern code = Pattern.compile("new (?:Skc|Artifact|Record)Exception\\(\\s*\"([^\"]*)\"");
    try (var files = Files.list(Path.of("src/main/java/dev/skc/runtime"))) {
      for (Path file : files.toList()) {
        Matcher found = code.matcher(Files.readString(file));
        while (found.find()) {
          used.add(found.group(1));
        }
      }
    }
    assertTrue(used.size() > 20, used.toString());
    used.forEach(name -> assertTrue(table.contains("\"code\": \"" + name + "\""), name));
  }
}
