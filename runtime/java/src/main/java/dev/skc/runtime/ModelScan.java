package dev.skc.runtime;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Finds external data in the bytes of an ONNX model, before ONNX Runtime would open the files it names. */
final class ModelScan {
  private static final int EXTERNAL_DATA = 13; // fields of a tensor
  private static final int DATA_LOCATION = 14;
  private static final int DEEPEST = 64;
  private static final byte[] WORD = "location".getBytes(StandardCharsets.US_ASCII);

  private ModelScan() {}

  /**
   * Refuse a model with a tensor that lies in another file.
   *
   * <p>Why the word: external data must name its file under the key {@code location}, so a model without that word has
   * none. Only a model that has it, perhaps as a category, is walked.
   */
  static void refuseExternalData(byte[] model) {
    if (!holdsWord(model)) {
      return;
    }
    boolean isExternal;
    try {
      isExternal = hasExternal(OnnxMessage.MODEL, ByteBuffer.wrap(model), 0);
    } catch (IllegalArgumentException error) {
      throw new ArtifactException("model-refused", "model.onnx is not an ONNX model", "compile the pipeline again");
    }
    if (isExternal) {
      String hint = "an artifact of skc never does: do not serve it";
      throw new ArtifactException("artifact-unsafe", "model.onnx keeps data in another file", hint);
    }
  }

  private static boolean holdsWord(byte[] model) {
    for (int i = 0; i <= model.length - WORD.length; i++) {
      int k = 0;
      while (k < WORD.length && model[i + k] == WORD[k]) {
        k++;
      }
      if (k == WORD.length) {
        return true;
      }
    }
    return false;
  }

  private static boolean hasExternal(OnnxMessage message, ByteBuffer data, int depth) {
    if (depth > DEEPEST) {
      throw new IllegalArgumentException("nested too deep");
    }
    Protobuf fields = new Protobuf(data);
    while (fields.next()) {
      if (message == OnnxMessage.TENSOR && isElsewhere(fields)) {
        return true;
      }
      OnnxMessage child = fields.kind() == Protobuf.VARINT ? null : message.child(fields.number());
      if (child != null && hasExternal(child, fields.body(), depth + 1)) {
        return true;
      }
    }
    return false;
  }

  /** Data location 0 says that the data is here. */
  private static boolean isElsewhere(Protobuf fields) {
    boolean isAbout = fields.number() == EXTERNAL_DATA || fields.number() == DATA_LOCATION;
    return isAbout && (fields.kind() != Protobuf.VARINT || fields.varint() != 0);
  }
}
