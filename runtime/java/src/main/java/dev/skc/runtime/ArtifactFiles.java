package dev.skc.runtime;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;

/**
 * The files of an artifact, wherever they are stored: each is read once, bounded in size, and hashed before any other
 * use.
 */
abstract class ArtifactFiles {
  static final int MEGABYTE = 1 << 20;
  static final String AGAIN = "copy the artifact again from where it was compiled, or compile it again";
  private static final Map<String, Integer> LIMITS =
      Map.of(ManifestReader.PLACE, 64 * MEGABYTE, GoldenCase.FILE, 64 * MEGABYTE, Origin.FILE, MEGABYTE);
  private static final int OTHER_LIMIT = 2047 * MEGABYTE; // the most that a model, or a Java array, can have

  /** The bytes of a file of bounded size. Throws ArtifactException. */
  abstract byte[] read(String name);

  /** The bytes of a file that must have this SHA-256. */
  final byte[] read(String name, String digest) {
    byte[] data = read(name);
    if (!sha256(data).equals(digest)) {
      throw new ArtifactException(
          "artifact-hash-mismatch", "`" + name + "` does not have the hash given in manifest.json", AGAIN);
    }
    return data;
  }

  static void checkSize(String name, long size) {
    int limit = LIMITS.getOrDefault(name, OTHER_LIMIT);
    if (size > limit) {
      String problem = "`" + name + "` has " + size + " bytes, more than " + limit;
      String hint = "artifacts written by skc are smaller: do not serve it";
      throw new ArtifactException("artifact-too-large", problem, hint);
    }
  }

  static ArtifactException missing(String name) {
    return new ArtifactException("artifact-file-missing", "`" + name + "` is missing", AGAIN);
  }

  /** In lower-case hexadecimal. */
  static String sha256(byte[] data) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data));
    } catch (NoSuchAlgorithmException error) {
      throw new IllegalStateException("every Java has SHA-256", error);
    }
  }
}
