package dev.skc.runtime;

import java.util.HashMap;
import java.util.Map;

/** Files passed as bytes, by name. */
final class GivenFiles extends ArtifactFiles {
  private final Map<String, byte[]> files;

  GivenFiles(Map<String, byte[]> files) {
    this.files = new HashMap<>(files);
  }

  @Override
  byte[] read(String name) {
    byte[] data = files.get(name);
    if (data == null) {
      throw missing(name);
    }
    checkSize(name, data.length);
    return data.clone(); // the bytes must not change between check and use
  }
}
