package dev.skc.runtime;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Substitute names for inputs and outputs of a model whose names the binding cannot pass on.
 *
 * <p>Why: it passes names as modified UTF-8, as it does strings, so ONNX Runtime does not find an input `🚕`. In the
 * bytes of the model such a name is replaced, wherever a node or a declaration uses it, by a reserved one.
 */
final class ModelNames {
  private final Map<String, String> others = new HashMap<>();

  ModelNames(Manifest manifest) {
    List<String> names = new ArrayList<>();
    manifest.tensors().forEach(tensor -> names.add(tensor.name()));
    manifest.served().forEach(output -> names.add(output.name()));
    manifest.masks().forEach(mask -> names.add(mask.name()));
    for (String name : names) {
      if (Text.check(name) == Text.WIDE) {
        others.put(name, "skc.wide." + others.size());
      }
    }
  }

  /** The name in the session. */
  String inSession(String name) {
    return others.getOrDefault(name, name);
  }

  /** The model with these names; the same bytes if no name needs a substitute. */
  byte[] rename(byte[] model) {
    if (others.isEmpty()) {
      return model;
    }
    try {
      return rename(OnnxMessage.MODEL, ByteBuffer.wrap(model));
    } catch (IllegalArgumentException error) {
      throw new ArtifactException("model-refused", "model.onnx is not an ONNX model", "compile the pipeline again");
    }
  }

  private byte[] rename(OnnxMessage message, ByteBuffer data) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(data.remaining() + 64);
    Protobuf fields = new Protobuf(data);
    while (fields.next()) {
      byte[] changed = fields.kind() == Protobuf.BYTES ? changed(message, fields) : null;
      if (changed == null) {
        write(out, fields.whole());
        continue;
      }
      writeVarint(out, (long) fields.number() << 3 | Protobuf.BYTES);
      writeVarint(out, changed.length);
      out.writeBytes(changed);
    }
    return out.toByteArray();
  }

  /** The new content of a field, or null if it is unchanged. The names in a function are local to it. */
  private byte[] changed(OnnxMessage message, Protobuf field) {
    if (message.isName(field.number())) {
      String other = others.get(StandardCharsets.UTF_8.decode(field.body()).toString());
      return other == null ? null : other.getBytes(StandardCharsets.UTF_8);
    }
    OnnxMessage child = message.child(field.number());
    return child == null || child == OnnxMessage.FUNCTION ? null : rename(child, field.body());
  }

  private static void write(ByteArrayOutputStream out, ByteBuffer bytes) {
    byte[] copy = new byte[bytes.remaining()];
    bytes.get(copy);
    out.writeBytes(copy);
  }

  private static void writeVarint(ByteArrayOutputStream out, long value) {
    long left = value;
    while (left > 0x7F) {
      out.write((int) (left & 0x7F) | 0x80);
      left >>>= 7;
    }
    out.write((int) left);
  }
}
