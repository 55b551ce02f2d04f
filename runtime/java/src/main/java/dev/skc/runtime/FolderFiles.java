package dev.skc.runtime;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Set;

/**
 * The files of a folder.
 *
 * <p>Why links inside the folder are allowed: a ConfigMap or Secret of Kubernetes is a folder of links into {@code
 * ..data/}, itself a link to the current version. All files are read from the folder that manifest.json resolves to,
 * so that a swap in the middle of a load does not mix two versions. Why folders are opened one by one: the target of
 * a path can change between check and use, so each folder on the resolved path is opened relative to its parent, and
 * none of them may be a link.
 */
final class FolderFiles extends ArtifactFiles {
  private static final Set<? extends OpenOption> OPTIONS =
      Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);

  private final Path root;
  private Path base;

  FolderFiles(Path directory) {
    try {
      root = directory.toRealPath();
    } catch (IOException error) {
      throw notThere(directory);
    }
    if (!Files.isDirectory(root)) {
      throw notThere(directory);
    }
    base = root;
  }

  private static ArtifactException notThere(Path directory) {
    String problem = Shown.of(directory.toString(), 200) + " is not a directory";
    return new ArtifactException("artifact-not-found", problem, "check the path");
  }

  @Override
  byte[] read(String name) {
    try {
      Path place = base.resolve(name).toRealPath();
      if (!place.startsWith(root)) {
        throw unsafe("`" + name + "` is a link that leads outside the artifact");
      }
      if (!Files.isRegularFile(place, LinkOption.NOFOLLOW_LINKS)) { // opening a pipe would block
        throw unsafe("`" + name + "` is not a regular file");
      }
      if (name.equals(ManifestReader.PLACE)) {
        base = place.getParent();
      }
      return readBelow(root.relativize(place), name);
    } catch (NoSuchFileException | FileNotFoundException error) {
      throw missing(name);
    } catch (IOException error) {
      if (isOfLinks(error, base.resolve(name))) {
        throw unsafe("`" + name + "` is a broken link");
      }
      String problem = "`" + name + "` cannot be read: " + error.getClass().getSimpleName();
      throw new ArtifactException("artifact-file-missing", problem, "check the permissions");
    }
  }

  /**
   * A cycle of links, or a folder that just became a link. The system's error for a cycle has no type of its own, and
   * its text is localised.
   */
  private static boolean isOfLinks(IOException error, Path place) {
    boolean isTyped = error instanceof FileSystemLoopException || error instanceof NotDirectoryException;
    boolean isUntyped = error.getClass() == FileSystemException.class;
    return isTyped || (isUntyped && Files.isSymbolicLink(place));
  }

  private static ArtifactException unsafe(String problem) {
    return new ArtifactException("artifact-unsafe", problem, "copy the artifact with its links resolved (cp -RL)");
  }

  private byte[] readBelow(Path inside, String name) throws IOException {
    Deque<DirectoryStream<Path>> opened = new ArrayDeque<>();
    try {
      opened.push(Files.newDirectoryStream(root));
      for (int i = 0; i < inside.getNameCount() - 1 && isSecure(opened); i++) {
        opened.push(secure(opened).newDirectoryStream(inside.getName(i), LinkOption.NOFOLLOW_LINKS));
      }
      try (SeekableByteChannel file =
          isSecure(opened)
              ? secure(opened).newByteChannel(inside.getFileName(), OPTIONS)
              : Files.newByteChannel(root.resolve(inside), OPTIONS)) {
        checkSize(name, file.size());
        return readAll(file, (int) file.size());
      }
    } finally {
      for (DirectoryStream<Path> folder : opened) {
        folder.close();
      }
    }
  }

  private static boolean isSecure(Deque<DirectoryStream<Path>> opened) {
    return opened.peek() instanceof SecureDirectoryStream; // not on Windows
  }

  private static SecureDirectoryStream<Path> secure(Deque<DirectoryStream<Path>> opened) {
    return (SecureDirectoryStream<Path>) opened.peek();
  }

  /** A file that grows or shrinks meanwhile will not match its hash. */
  private static byte[] readAll(SeekableByteChannel file, int size) throws IOException {
    ByteBuffer data = ByteBuffer.allocate(size);
    while (data.hasRemaining() && file.read(data) >= 0) {}
    return data.hasRemaining() ? Arrays.copyOf(data.array(), data.position()) : data.array();
  }
}
