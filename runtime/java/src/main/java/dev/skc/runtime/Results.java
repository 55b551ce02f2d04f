package dev.skc.runtime;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.skc.runtime.Manifest.Served;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The output tensors of a number of rows, in direct buffers that ONNX Runtime writes in place, and again for the next
 * request. It makes tensors of strings itself: an operator can append to what such a tensor holds.
 *
 * <p>Why: the binding makes each output that it is not given by a dozen calls through JNI.
 */
final class Results implements AutoCloseable {
  private final int rows;
  private final List<Served> specs;
  private final ByteBuffer[] buffers; // null where ONNX Runtime makes the tensor
  private final String[] names;
  private final Map<String, OnnxTensor> pinned = new LinkedHashMap<>();
  private final Set<String> made = new LinkedHashSet<>();

  /** With the names in the session. The caller ensures that each tensor fits in a Java buffer. */
  Results(List<Served> specs, String[] names, int rows) {
    this.rows = rows;
    this.specs = specs;
    this.names = names;
    buffers = new ByteBuffer[specs.size()];
    try {
      for (int i = 0; i < buffers.length; i++) {
        Served spec = specs.get(i);
        if (spec.dtype() == DType.STRING || spec.columns().isEmpty()) {
          made.add(names[i]);
        } else {
          buffers[i] = Feeds.direct(rows * spec.columns().size() * size(spec.dtype()));
          pinned.put(names[i], tensor(spec, buffers[i]));
        }
      }
    } catch (OrtException error) {
      close();
      throw GraphSession.runFailed(error);
    }
  }

  private static int size(DType dtype) {
    return switch (dtype) {
      case FLOAT32 -> Float.BYTES;
      case FLOAT64, INT64 -> Long.BYTES;
      case BOOL, STRING -> 1;
    };
  }

  private OnnxTensor tensor(Served spec, ByteBuffer buffer) throws OrtException {
    OrtEnvironment environment = OnnxRuntimeLibrary.environment();
    long[] shape = {rows, spec.columns().size()};
    return switch (spec.dtype()) {
      case FLOAT32 -> OnnxTensor.createTensor(environment, buffer.asFloatBuffer(), shape);
      case FLOAT64 -> OnnxTensor.createTensor(environment, buffer.asDoubleBuffer(), shape);
      case INT64 -> OnnxTensor.createTensor(environment, buffer.asLongBuffer(), shape);
      case BOOL, STRING -> OnnxTensor.createTensor(environment, buffer, shape, OnnxJavaType.BOOL);
    };
  }

  /** Run the graph; the caller closes what ONNX Runtime made. */
  OrtSession.Result run(GraphSession session, Feeds feeds) throws OrtException {
    return session.run(feeds.tensors(), made, pinned);
  }

  /** The bytes of a bool output. */
  ByteBuffer bytes(int output) {
    return buffers[output];
  }

  /** Copy an output into the array of a whole request, from a row on. */
  void copy(int output, OrtSession.Result result, Object to, int start) throws OrtException {
    Served spec = specs.get(output);
    int width = spec.columns().size();
    int size = rows * width;
    if (size == 0) {
      return;
    }
    ByteBuffer from = buffers[output];
    switch (spec.dtype()) {
      case FLOAT32 -> from.asFloatBuffer().get((float[]) to, start * width, size);
      case FLOAT64 -> from.asDoubleBuffer().get((double[]) to, start * width, size);
      case INT64 -> from.asLongBuffer().get((long[]) to, start * width, size);
      case BOOL -> {
        boolean[] values = (boolean[]) to;
        for (int i = 0; i < size; i++) {
          values[start * width + i] = from.get(i) != 0;
        }
      }
      case STRING -> {
        OnnxTensor tensor = (OnnxTensor) result.get(names[output]).orElseThrow();
        checkShape(spec, tensor);
        System.arraycopy(WideText.read(tensor, size), 0, (String[]) to, start * width, size);
      }
    }
  }

  /** The manifest fixes the columns; the compiler guarantees one row per row. */
  private void checkShape(Served spec, OnnxTensor tensor) {
    long[] shape = tensor.getInfo().getShape();
    if (shape.length != 2 || shape[0] != rows || shape[1] != spec.columns().size()) {
      String hint = "this is a bug in skc; please report it with the request";
      throw new SkcException("run-failed", "output `" + spec.name() + "` has another shape than the request", hint);
    }
  }

  @Override
  public void close() {
    pinned.values().forEach(OnnxTensor::close);
    pinned.clear();
  }
}
