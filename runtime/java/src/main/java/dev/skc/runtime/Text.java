package dev.skc.runtime;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** What a Java string can contain that UTF-8, or the binding of ONNX Runtime, does not preserve. */
enum Text {
  /** Every character is one UTF-16 unit: the binding's modified UTF-8 is UTF-8. */
  NARROW,
  /** Some character lies above U+FFFF: see {@link TrueText}. */
  WIDE,
  /** ONNX Runtime would truncate the string there. */
  NUL,
  /** Half of a surrogate pair has no UTF-8 encoding. */
  LONE_SURROGATE;

  /** The order of the bytes of UTF-8, which is not that of {@link String#compareTo}. */
  static int compareAsUtf8(String a, String b) {
    return Arrays.compareUnsigned(a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));
  }

  static boolean hasLoneSurrogate(String text) {
    return !StandardCharsets.UTF_8.newEncoder().canEncode(text);
  }

  static Text check(String text) {
    Text found = NARROW;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == 0) {
        return NUL;
      }
      if (!Character.isSurrogate(c)) {
        continue;
      }
      i++;
      boolean isPair = i < text.length() && Character.isSurrogatePair(c, text.charAt(i));
      if (!isPair) {
        return text.indexOf(0, i) < 0 ? LONE_SURROGATE : NUL; // if both occur, every language reports the NUL
      }
      found = WIDE;
    }
    return found;
  }
}
