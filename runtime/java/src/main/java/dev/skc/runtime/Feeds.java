package dev.skc.runtime;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import dev.skc.runtime.Manifest.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The input tensors of one request: for each, a direct buffer [rows, width] that ONNX Runtime reads in place. Only
 * strings are copied, when {@link #tensors} is called. For one thread at a time, and for one request after the other,
 * since every request writes every value.
 */
final class Feeds implements AutoCloseable {
  private static final int ALIGNMENT = 64; // bytes

  final int rows;
  private final List<Tensor> specs;
  private final DoubleBuffer[] doubles;
  private final FloatBuffer[] floats;
  private final LongBuffer[] longs;
  private final ByteBuffer[] bools;
  private final String[][] texts;
  private final boolean[] isWide; // per string tensor: whether a text has a character above U+FFFF
  private final Map<String, OnnxTensor> tensors = new HashMap<>();

  /** The caller ensures that each tensor fits in a Java buffer. */
  Feeds(List<Tensor> specs, int rows) {
    this.rows = rows;
    this.specs = specs;
    doubles = new DoubleBuffer[specs.size()];
    floats = new FloatBuffer[specs.size()];
    longs = new LongBuffer[specs.size()];
    bools = new ByteBuffer[specs.size()];
    texts = new String[specs.size()][];
    isWide = new boolean[specs.size()];
    try {
      for (int i = 0; i < specs.size(); i++) {
        allocate(i, specs.get(i));
      }
    } catch (OrtException error) {
      close();
      throw GraphSession.runFailed(error);
    }
  }

  private void allocate(int i, Tensor spec) throws OrtException {
    OrtEnvironment environment = OnnxRuntimeLibrary.environment();
    int size = rows * spec.width();
    switch (spec.dtype()) {
      case FLOAT64 -> {
        doubles[i] = direct(size * Double.BYTES).asDoubleBuffer();
        tensors.put(spec.name(), OnnxTensor.createTensor(environment, doubles[i], shape(spec)));
      }
      case FLOAT32 -> {
        floats[i] = direct(size * Float.BYTES).asFloatBuffer();
        tensors.put(spec.name(), OnnxTensor.createTensor(environment, floats[i], shape(spec)));
      }
      case INT64 -> {
        longs[i] = direct(size * Long.BYTES).asLongBuffer();
        tensors.put(spec.name(), OnnxTensor.createTensor(environment, longs[i], shape(spec)));
      }
      case BOOL -> {
        bools[i] = direct(size);
        tensors.put(spec.name(), OnnxTensor.createTensor(environment, bools[i], shape(spec), OnnxJavaType.BOOL));
      }
      case STRING -> texts[i] = new String[size];
    }
  }

  /** Aligned as the memory of ONNX Runtime is: the last bits of some kernels depend on it. */
  static ByteBuffer direct(int bytes) {
    ByteBuffer aligned = ByteBuffer.allocateDirect(bytes + 2 * ALIGNMENT).alignedSlice(ALIGNMENT);
    return aligned.limit(bytes).slice().order(ByteOrder.nativeOrder());
  }

  private long[] shape(Tensor spec) {
    return new long[] {rows, spec.width()};
  }

  DoubleBuffer doubles(int tensor) {
    return doubles[tensor];
  }

  FloatBuffer floats(int tensor) {
    return floats[tensor];
  }

  LongBuffer longs(int tensor) {
    return longs[tensor];
  }

  ByteBuffer bools(int tensor) {
    return bools[tensor];
  }

  void putText(int tensor, int place, String text, boolean wide) {
    texts[tensor][place] = text;
    isWide[tensor] |= wide;
  }

  /** The length of the longest text in a row. */
  int longestIn(int row) {
    int longest = 0;
    for (int i = 0; i < texts.length; i++) {
      int width = texts[i] == null ? 0 : specs.get(i).width();
      for (int place = row * width; place < (row + 1) * width; place++) {
        longest = Math.max(longest, texts[i][place].length());
      }
    }
    return longest;
  }

  /** The value of a cell as passed to the graph. */
  Object value(InputWriter.Cell cell, int row) {
    int place = cell.at(row);
    return switch (specs.get(cell.tensor()).dtype()) {
      case FLOAT64 -> doubles[cell.tensor()].get(place);
      case FLOAT32 -> (double) floats[cell.tensor()].get(place);
      case INT64 -> longs[cell.tensor()].get(place);
      case BOOL -> bools[cell.tensor()].get(place) != 0;
      default -> texts[cell.tensor()][place];
    };
  }

  /** All of them by name; valid until {@link #releaseTexts} or {@link #close}. */
  Map<String, OnnxTensor> tensors() throws OrtException {
    for (int i = 0; i < texts.length; i++) {
      if (texts[i] != null) {
        tensors.put(specs.get(i).name(), textTensor(i));
      }
    }
    return tensors;
  }

  private OnnxTensor textTensor(int i) throws OrtException {
    long[] shape = shape(specs.get(i));
    return isWide[i]
        ? TrueText.tensor(texts[i], shape)
        : OnnxTensor.createTensor(OnnxRuntimeLibrary.environment(), texts[i], shape);
  }

  /** Release the strings of a request, so that the next one can use these tensors. */
  void releaseTexts() {
    for (int i = 0; i < texts.length; i++) {
      if (texts[i] == null) {
        continue;
      }
      OnnxTensor tensor = tensors.remove(specs.get(i).name());
      if (tensor != null) {
        tensor.close();
      }
      Arrays.fill(texts[i], null);
      isWide[i] = false;
    }
  }

  @Override
  public void close() {
    tensors.values().forEach(OnnxTensor::close);
    tensors.clear();
  }
}
