package dev.skc.runtime;

/** What a Java string holds that UTF-8, or the binding of ONNX Runtime, does not carry as it is. */
enum Text {
  /** Every character is one UTF-16 unit: the binding's modified UTF-8 is UTF-8. */
  NARROW,
  /** Some character lies above U+FFFF: see {@link TrueText}. */
  WIDE,
  /** ONNX Runtime would cut it off there. */
  NUL,
  /** Half a pair has no UTF-8. */
  LONE_SURROGATE;

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
        return LONE_SURROGATE;
      }
      found = WIDE;
    }
    return found;
  }
}
