package dev.skc.runtime;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The fields of one protobuf message, one after the other, without a library and without copying. */
final class Protobuf {
  static final int VARINT = 0;
  static final int BYTES = 2;

  private final ByteBuffer data;
  private int number;
  private int kind;
  private long varint;
  private int start;
  private int bodyStart;
  private int end;

  /** The message is all of the buffer. */
  Protobuf(ByteBuffer data) {
    this.data = data.duplicate().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Read one more field; false at the end. Throws IllegalArgumentException where the message is cut off. */
  boolean next() {
    if (!data.hasRemaining()) {
      return false;
    }
    start = data.position();
    long tag = readVarint();
    number = (int) (tag >>> 3);
    kind = (int) (tag & 7);
    varint = kind == VARINT ? readVarint() : 0;
    long size = kind == BYTES ? readVarint() : fixedSize(kind);
    bodyStart = data.position();
    if (size < 0 || size > data.remaining()) {
      throw new IllegalArgumentException("cut off");
    }
    end = bodyStart + (int) size;
    data.position(end);
    return true;
  }

  private static int fixedSize(int kind) {
    return switch (kind) {
      case VARINT -> 0;
      case 1 -> 8;
      case 5 -> 4;
      default -> -1;
    };
  }

  private long readVarint() {
    long value = 0;
    for (int shift = 0; shift <= 63; shift += 7) {
      if (!data.hasRemaining()) {
        throw new IllegalArgumentException("cut off");
      }
      byte b = data.get();
      value |= (long) (b & 0x7F) << shift;
      if (b >= 0) {
        return value;
      }
    }
    throw new IllegalArgumentException("a varint of more than 64 bits");
  }

  int number() {
    return number;
  }

  int kind() {
    return kind;
  }

  long varint() {
    return varint;
  }

  /** What the field holds, without its tag and size. */
  ByteBuffer body() {
    return data.duplicate().position(bodyStart).limit(end).slice();
  }

  /** The whole field as it stands in the message. */
  ByteBuffer whole() {
    return data.duplicate().position(start).limit(end).slice();
  }
}
