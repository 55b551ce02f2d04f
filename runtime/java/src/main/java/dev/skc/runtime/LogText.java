package dev.skc.runtime;

import com.fasterxml.jackson.core.io.NumberOutput;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/** Numbers and strings as the lines of a request log have them: byte for byte as Python writes them. */
final class LogText {
  private static final int MOST_DIGITS = 17; // that a float64 needs
  private static final int FIRST_LARGE = 16; // the exponent from which Python writes one
  private static final int LAST_SMALL = -4;

  private LogText() {}

  /** The shortest decimal that gives the float64 again, or the word of a value that JSON lacks. */
  static void appendFloat(StringBuilder to, double value) {
    if (value != value) {
      to.append("\"NaN\"");
    } else if (Double.isInfinite(value)) {
      to.append(value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    } else if (value == 0) {
      to.append(1 / value > 0 ? "0.0" : "\"-0.0\"");
    } else {
      String text = Math.abs(value) < Double.MIN_NORMAL ? subnormal(value) : NumberOutput.toString(value, true);
      int e = text.indexOf('E');
      if (e < 0) { // from 0.001 to below 10^7 both write it alike
        to.append(text);
      } else {
        appendScientific(to, text.substring(0, e), Integer.parseInt(text.substring(e + 1)));
      }
    }
  }

  /** The library writes at least two digits, which for these may not be the shortest. */
  private static String subnormal(double value) {
    BigDecimal exact = new BigDecimal(value);
    for (int digits = 1; digits < MOST_DIGITS; digits++) {
      BigDecimal nearest = null;
      for (RoundingMode mode : new RoundingMode[] {RoundingMode.DOWN, RoundingMode.UP}) {
        BigDecimal rounded = exact.round(new MathContext(digits, mode));
        boolean isValue = rounded.doubleValue() == value;
        if (isValue && (nearest == null || distance(rounded, exact).compareTo(distance(nearest, exact)) < 0)) {
          nearest = rounded;
        }
      }
      if (nearest != null) {
        String written = nearest.stripTrailingZeros().unscaledValue().toString();
        int sign = written.startsWith("-") ? 1 : 0;
        int exponent = nearest.precision() - nearest.scale() - 1;
        String rest = written.length() > sign + 1 ? written.substring(sign + 1) : "0";
        return written.substring(0, sign + 1) + "." + rest + "E" + exponent;
      }
    }
    return NumberOutput.toString(value, true);
  }

  private static BigDecimal distance(BigDecimal a, BigDecimal b) {
    return a.subtract(b).abs();
  }

  /** {@code mantissa} is d.ddd with an optional sign. */
  private static void appendScientific(StringBuilder to, String mantissa, int exponent) {
    int point = mantissa.indexOf('.');
    String digits = mantissa.substring(point - 1, point) + mantissa.substring(point + 1);
    if (digits.endsWith("0")) { // of d.0
      digits = digits.substring(0, 1);
    }
    if (mantissa.startsWith("-")) {
      to.append('-');
    }
    if (exponent >= FIRST_LARGE || exponent < LAST_SMALL) {
      to.append(digits.charAt(0));
      if (digits.length() > 1) {
        to.append('.').append(digits, 1, digits.length());
      }
      to.append(exponent < 0 ? "e-" : "e+").append(Math.abs(exponent) < 10 ? "0" : "").append(Math.abs(exponent));
    } else if (exponent < 0) {
      to.append("0.").append("0".repeat(-exponent - 1)).append(digits);
    } else if (digits.length() <= exponent + 1) {
      to.append(digits).append("0".repeat(exponent + 1 - digits.length())).append(".0");
    } else {
      to.append(digits, 0, exponent + 1).append('.').append(digits, exponent + 1, digits.length());
    }
  }

  /** A JSON string; only what must be is escaped. */
  static void appendQuoted(StringBuilder to, String text) {
    to.append('"');
    int start = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c >= ' ' && c != '"' && c != '\\') {
        continue;
      }
      to.append(text, start, i);
      start = i + 1;
      switch (c) {
        case '"', '\\' -> to.append('\\').append(c);
        case '\n' -> to.append("\\n");
        case '\r' -> to.append("\\r");
        case '\t' -> to.append("\\t");
        case '\b' -> to.append("\\b");
        case '\f' -> to.append("\\f");
        default -> to.append(String.format("\\u%04x", (int) c));
      }
    }
    to.append(text, start, text.length()).append('"');
  }
}
