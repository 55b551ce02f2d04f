package dev.skc.runtime;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import dev.skc.runtime.Manifest.Served;
import java.nio.Buffer;
import java.nio.ByteBuffer;

/** Converts the tensor of an output to Java arrays. */
final class OutputReader {
  private OutputReader() {}

  static Output read(Served served, OnnxTensor tensor, int rows) throws OrtException {
    int size = Math.multiplyExact(rows, served.columns().size());
    checkShape(served, tensor, rows);
    Object values = size == 0 ? empty(served.dtype()) : values(served.dtype(), tensor, size);
    return new Output(served.name(), served.dtype(), rows, served.columns(), values);
  }

  /** An output of a request without rows. */
  static Output empty(Served served) {
    return new Output(served.name(), served.dtype(), 0, served.columns(), empty(served.dtype()));
  }

  /** The manifest fixes the columns; the compiler guarantees one row per row. */
  private static void checkShape(Served served, OnnxTensor tensor, int rows) {
    long[] shape = tensor.getInfo().getShape();
    if (shape.length != 2 || shape[0] != rows || shape[1] != served.columns().size()) {
      String hint = "this is a bug in skc; please report it with the request";
      throw new SkcException("run-failed", "output `" + served.name() + "` has another shape than the request", hint);
    }
  }

  private static Object empty(DType dtype) {
    return switch (dtype) {
      case FLOAT32 -> new float[0];
      case FLOAT64 -> new double[0];
      case INT64 -> new long[0];
      case BOOL -> new boolean[0];
      case STRING -> new String[0];
    };
  }

  private static Object values(DType dtype, OnnxTensor tensor, int size) throws OrtException {
    return switch (dtype) {
      case FLOAT32 -> array(tensor.getFloatBuffer());
      case FLOAT64 -> array(tensor.getDoubleBuffer());
      case INT64 -> array(tensor.getLongBuffer());
      case BOOL -> booleans(tensor.getByteBuffer(), size);
      case STRING -> WideText.read(tensor, size);
    };
  }

  /** The binding has copied the tensor into a buffer of exactly its size, which is an array. */
  private static Object array(Buffer copy) {
    return copy.array();
  }

  private static boolean[] booleans(ByteBuffer bytes, int size) {
    boolean[] values = new boolean[size];
    for (int i = 0; i < size; i++) {
      values[i] = bytes.get(i) != 0;
    }
    return values;
  }
}
