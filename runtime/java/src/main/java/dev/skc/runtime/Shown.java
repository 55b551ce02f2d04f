package dev.skc.runtime;

import java.math.BigDecimal;
import java.math.BigInteger;

/** Formats values for messages: recognisable, on one line, and of a reasonable length. */
final class Shown {
  private static final int LIMIT = 60;
  private static final int BIG_BITS = 4096;

  private Shown() {}

  static String of(Object value) {
    return of(value, LIMIT);
  }

  static String of(Object value, int limit) {
    String text = value instanceof CharSequence chars ? quoted(chars, limit) : plain(value);
    return text.length() <= limit ? text : text.substring(0, end(text, limit - 1)) + "…";
  }

  /** Not in the middle of a surrogate pair. */
  private static int end(String text, int end) {
    return Character.isHighSurrogate(text.charAt(end - 1)) ? end - 1 : end;
  }

  private static String plain(Object value) {
    if (value instanceof BigInteger big && big.bitLength() > BIG_BITS) {
      return "an integer of " + big.bitLength() + " bits"; // its decimal form would cost seconds
    }
    if (value instanceof BigDecimal big && big.unscaledValue().bitLength() > BIG_BITS) {
      return "a decimal of " + big.unscaledValue().bitLength() + " bits";
    }
    try {
      return String.valueOf(value);
    } catch (RuntimeException error) { // a foreign toString must not hide the refusal
      return "<" + value.getClass().getName() + " whose toString throws " + error.getClass().getName() + ">";
    }
  }

  private static String quoted(CharSequence chars, int limit) {
    StringBuilder text = new StringBuilder("\"");
    int count = Math.min(chars.length(), limit);
    for (int i = 0; i < count; i++) {
      char c = chars.charAt(i);
      boolean isHalf = Character.isSurrogate(c) && !isPaired(chars, i);
      if (c == '"' || c == '\\') {
        text.append('\\').append(c);
      } else if (Character.isISOControl(c) || isHalf) {
        text.append(String.format("\\u%04x", (int) c));
      } else {
        text.append(c);
      }
    }
    return text.append('"').toString();
  }

  private static boolean isPaired(CharSequence chars, int i) {
    if (Character.isHighSurrogate(chars.charAt(i))) {
      return i + 1 < chars.length() && Character.isLowSurrogate(chars.charAt(i + 1));
    }
    return i > 0 && Character.isHighSurrogate(chars.charAt(i - 1));
  }
}
