package dev.skc.runtime;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The artifacts of the tests: those of the conformance suite, and one put together around {@code strings.onnx}. */
final class Artifacts {
  private Artifacts() {}

  /** The rides example of the conformance suite; without a suite the test is skipped, but with CI=true it fails. */
  static Path rides(String signature) {
    String root = System.getProperty("SKC_CONFORMANCE", System.getenv("SKC_CONFORMANCE"));
    Path suite = Path.of(root == null ? "../../build/conformance" : root);
    Path artifact = suite.resolve("artifacts/examples/rides").resolve(signature);
    String reason = artifact + " is not there: `make conformance` makes it, SKC_CONFORMANCE says where";
    if ("true".equals(System.getenv("CI"))) {
      assertTrue(Files.isDirectory(artifact), reason);
    }
    assumeTrue(Files.isDirectory(artifact), reason);
    return artifact;
  }

  /** An artifact whose one input is called 🚕, and one of whose outputs 🚗; see tools/make_models.py. */
  static Path strings(Path folder) throws IOException {
    byte[] model = Artifacts.class.getResourceAsStream("strings.onnx").readAllBytes();
    byte[] plan = "{}\n".getBytes(StandardCharsets.UTF_8);
    String record = "{\"record\":{},\"error\":{\"code\":\"missing-key\"}}\n";
    byte[] golden = ("{\"skc\":\"golden\",\"format\":1}\n" + record).getBytes(StandardCharsets.UTF_8);
    String outputs =
        output("code", "int64") + "," + output("next", "string") + "," + output("hash", "int64") + ","
            + output("🚗", "string");
    String manifest =
        """
        {"skc": "artifact", "format": 1, "name": "strings", "signature": "columns",
         "inputs": [{"name": "🚕", "type": "string", "nullable": false, "nan": "null", "tensor": "🚕", "column": 0,
                     "valid": null}],
         "tensors": [{"name": "🚕", "dtype": "string", "width": 1}],
         "outputs": [%s], "guards": null,
         "onnx": {"opset": 20, "ml": 4, "ir": 9, "minimum_onnxruntime": "1.18.0", "domains": []},
         "files": {"model.onnx": "%s", "plan.json": "%s", "golden.jsonl": "%s"},
         "plan": "%s", "tzdata": null, "built_with": {}}
        """
            .formatted(outputs, sha256(model), sha256(plan), sha256(golden), sha256(plan));
    Files.write(folder.resolve("model.onnx"), model);
    Files.write(folder.resolve("plan.json"), plan);
    Files.write(folder.resolve("golden.jsonl"), golden);
    Files.writeString(folder.resolve("manifest.json"), manifest);
    return folder;
  }

  private static String output(String name, String dtype) {
    String form = "{\"name\": \"%s\", \"dtype\": \"%s\", \"columns\": [\"c\"], \"exact\": [true], \"valid\": null}";
    return form.formatted(name, dtype);
  }

  private static String sha256(byte[] data) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data));
    } catch (NoSuchAlgorithmException error) {
      throw new AssertionError(error);
    }
  }

  static void copy(Path from, Path to) throws IOException {
    for (String name : new String[] {"manifest.json", "model.onnx", "plan.json", "golden.jsonl"}) {
      Files.copy(from.resolve(name), to.resolve(name));
    }
  }
}
