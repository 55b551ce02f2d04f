package dev.skc.runtime;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The fields of one protobuf message, one after the other, without a library and without copying. */
final class Protobuf {
  static final int VARINT = 0;
  static final int BYTES = 2;
  static final int FIXED32 = 5;

  private final ByteBuffer data;
  private long tag;
  private int kind;
  private long varint;
  private int start;
  private int bodyStart;
  private int end;

  /** The message is the whole buffer. */
  Protobuf(ByteBuffer data) {
    this.data = data.duplicate().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Read the next field; false at the end. Throws IllegalArgumentException if the message is truncated. */
  boolean next() {
    if (!nextTag()) {
      return false;
    }
    nextValue();
    return true;
  }

  /** Read the tag of one more field, whose value must be read next; false at the end. */
  boolean nextTag() {
    if (!hasMore()) {
      return false;
    }
    start = data.position();
    tag = readVarint();
    kind = (int) (tag & 7);
    fixedSize(kind);
    return true;
  }

  boolean hasMore() {
    return data.hasRemaining();
  }

  void nextValue() {
    varint = kind == VARINT ? readVarint() : 0;
    long size = kind == BYTES ? readVarint() : fixedSize(kind);
    bodyStart = data.position();
    if (size < 0 || size > data.remaining()) {
      throw new IllegalArgumentException("truncated");
    }
    end = bodyStart + (int) size;
    data.position(end);
  }

  private static int fixedSize(int kind) {
    return switch (kind) {
      case VARINT, BYTES -> 0;
      case 1 -> 8;
      case FIXED32 -> 4;
      default -> throw new IllegalArgumentException("a group, or no type of protobuf");
    };
  }

  /** Refuses a number that is encoded in more bytes than needed: parsers differ in how they treat it. */
  long readVarint() {
    long value = 0;
    for (int shift = 0; shift <= 63; shift += 7) {
      if (!data.hasRemaining()) {
        throw new IllegalArgumentException("truncated");
      }
      byte b = data.get();
      value |= (long) (b & 0x7F) << shift;
      if (b < 0) {
        continue;
      }
      if (b == 0 && shift > 0) {
        throw ModelScan.unsafe("encodes a number in more bytes than needed");
      }
      if (shift == 63 && b > 1) {
        break;
      }
      return value;
    }
    throw new IllegalArgumentException("a varint of more than 64 bits");
  }

  /** The number of the field and its wire type, as encoded; it can have more than 32 bits in a forged model. */
  long tag() {
    return tag;
  }

  int number() {
    return (int) (tag >>> 3);
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

  /** The whole field as encoded in the message. */
  ByteBuffer whole() {
    return data.duplicate().position(start).limit(end).slice();
  }
}
