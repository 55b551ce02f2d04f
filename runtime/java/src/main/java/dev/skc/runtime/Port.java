package dev.skc.runtime;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.TensorInfo;

/**
 * An input or output as the model itself declares it.
 *
 * @param dtype null where the runtime has no such type
 * @param width -1 where it is not fixed
 */
record Port(String name, DType dtype, int width) {
  static Port of(String name, NodeInfo node) {
    if (!(node.getInfo() instanceof TensorInfo info)) {
      return new Port(name, null, -1);
    }
    long[] shape = info.getShape();
    boolean isFixed = shape.length == 2 && shape[1] <= Integer.MAX_VALUE;
    return new Port(name, dtype(info.type), isFixed ? (int) shape[1] : -1);
  }

  private static DType dtype(OnnxJavaType type) {
    return switch (type) {
      case FLOAT -> DType.FLOAT32;
      case DOUBLE -> DType.FLOAT64;
      case INT64 -> DType.INT64;
      case BOOL -> DType.BOOL;
      case STRING -> DType.STRING;
      default -> null;
    };
  }
}
