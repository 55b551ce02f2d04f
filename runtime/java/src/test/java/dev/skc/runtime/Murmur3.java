package dev.skc.runtime;

/** MurmurHash3, x86, 32 bit, seed 0, written from its definition: what the tests judge the graph by. */
final class Murmur3 {
  private Murmur3() {}

  static int hash(byte[] data) {
    int h = 0;
    int end = data.length / 4 * 4;
    for (int i = 0; i < end; i += 4) {
      int k = data[i] & 0xFF | (data[i + 1] & 0xFF) << 8 | (data[i + 2] & 0xFF) << 16 | data[i + 3] << 24;
      h = Integer.rotateLeft(h ^ mixed(k), 13) * 5 + 0xE6546B64;
    }
    int tail = 0;
    for (int i = data.length - 1; i >= end; i--) {
      tail = tail << 8 | data[i] & 0xFF;
    }
    h ^= mixed(tail);
    h ^= data.length;
    h = (h ^ h >>> 16) * 0x85EBCA6B;
    h = (h ^ h >>> 13) * 0xC2B2AE35;
    return h ^ h >>> 16;
  }

  private static int mixed(int block) {
    return Integer.rotateLeft(block * 0xCC9E2D51, 15) * 0x1B873593;
  }
}
