package dev.skc.runtime;

import java.math.BigInteger;
import java.util.regex.Pattern;

/** Numbers as JSON writes them: in a body, and in a string of an input with {@code text: number}. */
final class JsonNumber {
  private static final Pattern NUMBER = Pattern.compile("-?(?:0|[1-9][0-9]*)(?:\\.[0-9]++)?(?:[eE][+-]?[0-9]++)?");
  private static final int LONGEST_INTEGER = 400; // digits: more than any float64 or int64 has
  private static final int LONG_DIGITS = 18;

  private JsonNumber() {}

  /** An integer beyond the range of every input, shown as it was written. */
  private static final class Huge extends BigInteger {
    private static final long serialVersionUID = 1L;
    private static final BigInteger SIZE = BigInteger.TEN.pow(LONGEST_INTEGER);
    private final String text;

    Huge(String text) {
      super((text.startsWith("-") ? SIZE.negate() : SIZE).toByteArray());
      this.text = text;
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /** The number that a text is; any other value is itself. Throws RecordException: invalid-value. */
  static Object in(Object value) {
    if (!(value instanceof CharSequence chars)) {
      return value;
    }
    String text = chars.toString();
    if (!NUMBER.matcher(text).matches()) {
      String hint = "a number as JSON writes it, such as -1234.5 or 1e-3: no blanks, separators or leading zeros";
      throw new RecordException("invalid-value", Shown.of(text) + " is not a number", hint);
    }
    boolean isInteger = text.indexOf('.') < 0 && text.indexOf('e') < 0 && text.indexOf('E') < 0;
    return isInteger ? integer(text) : floating(text);
  }

  static Object integer(String text) {
    if (text.length() <= LONG_DIGITS) {
      return Long.parseLong(text);
    }
    return text.length() <= LONGEST_INTEGER ? new BigInteger(text) : new Huge(text);
  }

  /** The nearest float64; beyond the largest, an integer that is too large for any input. */
  static Object floating(String text) {
    double value = Double.parseDouble(text);
    return Double.isInfinite(value) ? (Object) new Huge(text) : (Object) value;
  }
}
