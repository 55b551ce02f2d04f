package dev.skc.runtime;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;

/**
 * The files of a zip archive, refused as a whole for one bad entry: one that points outside, is duplicated or is
 * encrypted has no legitimate purpose.
 *
 * <p>Why its directory is read here: {@code java.util.zip} reads one only from a file, and a service may have no
 * folder to write to; its {@code ZipInputStream} ignores the directory, and inflates what it skips, which helps a zip
 * bomb.
 */
final class ArchiveFiles extends ArtifactFiles {
  private static final int INFLATION = 200; // an archive may inflate to so many times its size,
  private static final int SMALL = 64 * MEGABYTE; // or to so much, if that is more
  private static final int ENCRYPTED = 1; // the bit of an entry's flags
  private static final int END = 0x06054b50;
  private static final int END_SIZE = 22;
  private static final int ENTRY = 0x02014b50;
  private static final long UNSIGNED = 0xFFFFFFFFL;
  private static final int LOCAL = 0x04034b50;

  private final byte[] data;
  private final Map<String, Entry> entries = new HashMap<>();
  private long left;

  /** An entry as listed in the directory. */
  private record Entry(int place, int packedSize, long size, long checksum, boolean isStored) {
    static Entry read(ByteBuffer bytes, int at) {
      boolean isStored = unsigned(bytes, at + 10) == ZipEntry.STORED;
      long size = bytes.getInt(at + 24) & UNSIGNED;
      return new Entry(bytes.getInt(at + 42), bytes.getInt(at + 20), size, bytes.getInt(at + 16) & UNSIGNED, isStored);
    }
  }

  ArchiveFiles(byte[] data) {
    this.data = data;
    left = Math.max(SMALL, (long) INFLATION * data.length);
    try {
      readDirectory(ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN));
    } catch (IndexOutOfBoundsException | ZipException error) {
      throw noArchive(String.valueOf(error.getMessage()));
    }
  }

  private static ArtifactException noArchive(String why) {
    return new ArtifactException(
        "artifact-malformed", "this is not a zip archive of an artifact: " + Shown.of(why, 200), AGAIN);
  }

  private void readDirectory(ByteBuffer bytes) throws ZipException {
    if (bytes.limit() < END_SIZE || bytes.getInt(0) != LOCAL) {
      throw new ZipException("it does not start like one");
    }
    int end = bytes.limit() - END_SIZE;
    while (bytes.getInt(end) != END || end + END_SIZE + unsigned(bytes, end + 20) != bytes.limit()) {
      end--; // what follows is a comment; before the first byte it throws
    }
    int place = bytes.getInt(end + 16);
    for (int left = unsigned(bytes, end + 10); left > 0; left--) {
      if (bytes.getInt(place) != ENTRY) {
        throw new ZipException("its directory is damaged");
      }
      String name = name(bytes, place + 46, unsigned(bytes, place + 28));
      checkEntry(name, unsigned(bytes, place + 8), unsigned(bytes, place + 10));
      entries.put(name, Entry.read(bytes, place));
      place += 46 + unsigned(bytes, place + 28) + unsigned(bytes, place + 30) + unsigned(bytes, place + 32);
    }
  }

  private static int unsigned(ByteBuffer bytes, int place) {
    return bytes.getShort(place) & 0xFFFF;
  }

  /** One character per byte: plain names are ASCII. */
  private static String name(ByteBuffer bytes, int place, int size) {
    StringBuilder name = new StringBuilder();
    for (int i = 0; i < size; i++) {
      name.append((char) (bytes.get(place + i) & 0xFF));
    }
    return name.toString();
  }

  private void checkEntry(String name, int flags, int method) throws ZipException {
    if (!ManifestCheck.FILE_NAME.matcher(name).matches()) {
      String hint = "zip the files themselves: cd ARTIFACT && zip ../artifact.zip *";
      String problem = "the archive contains " + Shown.of(name) + ", which is not a plain file name";
      throw new ArtifactException("artifact-unsafe", problem, hint);
    }
    if (entries.containsKey(name)) {
      throw new ArtifactException("artifact-unsafe", "the archive has a duplicate entry " + Shown.of(name), AGAIN);
    }
    if ((flags & ENCRYPTED) != 0) {
      throw new ArtifactException("artifact-unsafe", Shown.of(name) + " is encrypted", "zip it without a password");
    }
    if (method != ZipEntry.STORED && method != ZipEntry.DEFLATED) {
      throw new ZipException(name + " uses a compression method that not every language supports");
    }
  }

  @Override
  byte[] read(String name) {
    Entry entry = entries.get(name);
    if (entry == null) {
      throw missing(name);
    }
    checkSize(name, entry.size);
    if (entry.size > left) {
      String problem = "the archive expands to more than " + INFLATION + " times its size";
      throw new ArtifactException("artifact-too-large", problem, "do not serve it");
    }
    left -= entry.size;
    try {
      return unpacked(entry);
    } catch (IndexOutOfBoundsException | IOException error) {
      throw noArchive(String.valueOf(error.getMessage()));
    }
  }

  private byte[] unpacked(Entry entry) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
    if (bytes.getInt(entry.place) != LOCAL) {
      throw new ZipException("an entry is not where the archive's directory says");
    }
    int start = entry.place + 30 + unsigned(bytes, entry.place + 26) + unsigned(bytes, entry.place + 28);
    Objects.checkFromIndexSize(start, entry.packedSize, data.length);
    InputStream packed = new ByteArrayInputStream(data, start, entry.packedSize);
    Inflater inflater = new Inflater(true);
    try (InputStream file = entry.isStored ? packed : new InflaterInputStream(packed, inflater)) {
      byte[] found = file.readNBytes((int) entry.size);
      CRC32 checksum = new CRC32();
      checksum.update(found);
      if (found.length != entry.size || file.read() >= 0 || checksum.getValue() != entry.checksum) {
        throw new ZipException("a file does not match the archive's directory");
      }
      return found;
    } finally {
      inflater.end();
    }
  }
}
