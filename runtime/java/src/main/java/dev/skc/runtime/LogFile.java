package dev.skc.runtime;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * One file of a request log: {@code PID-NUMBER.jsonl.open} while it is written, without {@code .open} when it is complete.
 *
 * <p>Lines are whole whatever happens: a write that fails half-way is cut back to the last whole line.
 */
final class LogFile {
  private static final String OPEN = ".open";

  final Path path;
  private final Path complete;
  private final Object key; // identifies the file, null where the file system has no such thing
  private final FileChannel channel;
  private final boolean fsync;
  private long size; // of whole lines
  private boolean isTorn; // half a line could not be cut off, so that nothing may follow it

  /** A new file with a name of its own. */
  LogFile(Path folder, byte[] header, boolean fsync) throws IOException {
    this.fsync = fsync;
    Path found = null;
    FileChannel opened = null;
    for (int number = 0; opened == null; number++) {
      found = folder.resolve(ProcessHandle.current().pid() + "-" + number + ".jsonl");
      opened = create(found.resolveSibling(found.getFileName() + OPEN), found);
    }
    complete = found;
    path = found.resolveSibling(found.getFileName() + OPEN);
    channel = opened;
    try {
      key = keyOf(path);
      write(header, header.length);
    } catch (IOException error) {
      channel.close();
      Files.deleteIfExists(path);
      throw error;
    }
  }

  /** Null if the name is taken. Two containers may both be process 1: so the complete file is looked for afterwards. */
  private static FileChannel create(Path path, Path complete) throws IOException {
    FileChannel channel;
    try {
      channel = open(path);
    } catch (FileAlreadyExistsException error) {
      return null;
    }
    if (!Files.exists(complete, LinkOption.NOFOLLOW_LINKS)) {
      return channel;
    }
    channel.close();
    Files.delete(path);
    return null;
  }

  private static FileChannel open(Path path) throws IOException {
    Set<StandardOpenOption> options = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    FileAttribute<?> owner = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    try {
      return FileChannel.open(path, options, owner);
    } catch (UnsupportedOperationException error) { // a file system without these permissions
      return FileChannel.open(path, options);
    }
  }

  private static Object keyOf(Path path) throws IOException {
    return Files.readAttributes(path, java.nio.file.attribute.BasicFileAttributes.class).fileKey();
  }

  /** Append whole lines: all of them, or none. */
  void write(byte[] lines, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(lines, 0, length);
    try {
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
      if (fsync) {
        channel.force(false);
      }
    } catch (IOException error) {
      isTorn = true;
      channel.truncate(size);
      isTorn = false;
      throw error;
    }
    size += length;
  }

  long size() {
    return size;
  }

  boolean isTorn() {
    return isTorn;
  }

  /** Whether it was not deleted: what is written to a deleted file is lost. */
  boolean isThere() {
    try {
      return key == null ? Files.exists(path) : key.equals(keyOf(path));
    } catch (IOException error) {
      return false;
    }
  }

  /** Write the last line, and give the file its name. */
  void complete(byte[] trailer) throws IOException {
    try {
      write(trailer, trailer.length);
    } finally {
      channel.close();
    }
    Files.move(path, complete, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Close it as it is, incomplete. */
  void abandon() {
    try {
      channel.close();
    } catch (IOException error) {
      // what was written is written
    }
  }
}
