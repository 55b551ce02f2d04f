package dev.skc.runtime;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;

/** The files of an artifact: each read once, of bounded size, and hashed before anything looks into it. */
final class ArtifactFiles {
  private static final int MEGABYTE = 1 << 20;
  private static final Map<String, Integer> LIMITS =
      Map.of(ManifestReader.PLACE, 64 * MEGABYTE, "golden.jsonl", 64 * MEGABYTE, Origin.FILE, MEGABYTE);
  private static final int OTHER_LIMIT = 2047 * MEGABYTE; // what a model, and an array of Java, can have at most
  private static final String AGAIN = "copy the artifact again from where it was compiled, or compile it again";

  private final Path directory;

  ArtifactFiles(Path directory) {
    if (!Files.isDirectory(directory)) {
      String problem = Shown.of(directory.toString(), 200) + " is not a directory";
      throw new ArtifactException("artifact-not-found", problem, "check the path");
    }
    this.directory = directory;
  }

  /** The bytes of a file that must have this SHA-256. */
  byte[] read(String name, String digest) {
    byte[] data = read(name);
    if (!sha256(data).equals(digest)) {
      throw new ArtifactException(
          "artifact-hash-mismatch", "`" + name + "` is not the file that manifest.json names", AGAIN);
    }
    return data;
  }

  /** The bytes of a regular file of bounded size. */
  byte[] read(String name) {
    try {
      return readRegular(directory.resolve(name), LIMITS.getOrDefault(name, OTHER_LIMIT));
    } catch (NoSuchFileException | FileNotFoundException error) {
      throw new ArtifactException("artifact-file-missing", "`" + name + "` is not there", AGAIN);
    } catch (IOException error) {
      String problem = "`" + name + "` cannot be read: " + error.getClass().getSimpleName();
      throw new ArtifactException("artifact-file-missing", problem, "check the permissions");
    }
  }

  private static byte[] readRegular(Path path, int limit) throws IOException {
    BasicFileAttributes attributes =
        Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    if (!attributes.isRegularFile()) { // opening a pipe would wait, and a link leads elsewhere
      String hint = "copy the artifact with its links resolved (cp -RL)";
      throw new ArtifactException(
          "artifact-unsafe", "`" + path.getFileName() + "` is a link or no regular file", hint);
    }
    Set<? extends OpenOption> options = Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    try (SeekableByteChannel file = Files.newByteChannel(path, options)) {
      long size = file.size();
      if (size > limit) {
        String problem = "`" + path.getFileName() + "` has " + size + " bytes, more than " + limit;
        throw new ArtifactException("artifact-too-large", problem, "an artifact of skc never is: do not serve it");
      }
      return readAll(file, (int) size);
    }
  }

  /** A file that grows or shrinks meanwhile gives other bytes than it was hashed from: the hash tells. */
  private static byte[] readAll(SeekableByteChannel file, int size) throws IOException {
    ByteBuffer data = ByteBuffer.allocate(size);
    while (data.hasRemaining() && file.read(data) >= 0) {}
    return data.hasRemaining() ? Arrays.copyOf(data.array(), data.position()) : data.array();
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
