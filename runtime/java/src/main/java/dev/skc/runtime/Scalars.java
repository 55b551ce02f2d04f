package dev.skc.runtime;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Date;
import java.util.UUID;

/**
 * Converts one value of a request to the value of its input, or refuses it: the table of {@code
 * schemas/marshalling.v1.json} for the types of Java. None of the values is null.
 *
 * <p>An integer is a Byte, Short, Integer, Long or BigInteger; a float a Float or Double. A BigDecimal is rounded to the
 * nearest float64, as the text of a number is; as an integer it must be whole. A UUID is its text in lower case. A Character is not a string: it may be half of a surrogate pair.
 */
final class Scalars {
  private static final double EXACT_FLOAT = 0x1p53; // every integer up to here is a float64
  private static final double FLOAT32_OVERFLOW = 0x1.ffffffp127; // rounds to infinity, as everything beyond it
  private static final double BEYOND_LONG = 0x1p63;
  private static final int LONG_DIGITS = 19;
  private static final int LONGEST_DECIMAL_BITS = 1 << 14; // about 5000 digits; a float64 has at most 767
  private static final long MICROS = 1_000_000;

  private Scalars() {}

  static double toFloat64(Object value) {
    if (value instanceof Double || value instanceof Float) {
      return ((Number) value).doubleValue();
    }
    if (value instanceof Integer || value instanceof Long || value instanceof Short || value instanceof Byte) {
      return longToFloat64(((Number) value).longValue());
    }
    if (value instanceof BigInteger big) {
      return bigToFloat64(big);
    }
    if (value instanceof BigDecimal big) {
      return decimalToFloat64(big);
    }
    throw RecordException.wrongType(value, "a number", numberHint(value));
  }

  static double longToFloat64(long value) {
    double converted = value;
    if (converted == BEYOND_LONG || (long) converted != value) { // the cast back would stop at the largest long
      throw RecordException.notExact(value, "float64");
    }
    return converted;
  }

  private static double bigToFloat64(BigInteger value) {
    double converted = value.doubleValue();
    if (Double.isInfinite(converted) || !new BigDecimal(converted).toBigInteger().equals(value)) {
      throw RecordException.notExact(value, "float64");
    }
    return converted;
  }

  private static double decimalToFloat64(BigDecimal value) {
    checkLength(value, "float64");
    double converted = value.doubleValue();
    if (Double.isInfinite(converted)) {
      throw RecordException.notExact(value, "float64");
    }
    return converted;
  }

  /** Counting the digits of a very long decimal takes seconds, which no request may cause. */
  private static void checkLength(BigDecimal value, String kind) {
    if (value.unscaledValue().bitLength() > LONGEST_DECIMAL_BITS) {
      throw RecordException.notExact(value, kind);
    }
  }

  /** The nearest float32, ties to even; a finite number that would become infinite is refused. */
  static float toFloat32(double value) {
    if (Math.abs(value) >= FLOAT32_OVERFLOW && !Double.isInfinite(value)) {
      String hint = "at most 3.4028234663852886e+38 in magnitude; declare the input float64 if it needs more";
      throw new RecordException("float32-overflow", Shown.of(value) + " is outside float32", hint);
    }
    return (float) value;
  }

  static long toInt64(Object value) {
    if (value instanceof Double || value instanceof Float) {
      return doubleToInt64(((Number) value).doubleValue());
    }
    if (value instanceof BigDecimal big) {
      return decimalToInt64(big);
    }
    return integer(value, "an integer", numberHint(value));
  }

  private static String numberHint(Object value) {
    return value instanceof CharSequence ? "send a number, or declare the input with `text: number`" : null;
  }

  static long doubleToInt64(double value) {
    if (Double.isInfinite(value) || Math.rint(value) != value) { // NaN is never equal
      throw RecordException.notIntegral(value);
    }
    if (Math.abs(value) > EXACT_FLOAT) {
      String kind = "int64: a float beyond 2^53 may represent several integers";
      throw RecordException.notExact(value, kind);
    }
    return (long) value;
  }

  private static long decimalToInt64(BigDecimal value) {
    checkLength(value, "int64");
    if (value.signum() == 0) {
      return 0;
    }
    long digits = (long) value.precision() - value.scale(); // before the point: 1e1000000000 must cost nothing
    if (digits > LONG_DIGITS) {
      throw RecordException.overflow(value);
    }
    if (digits <= 0 || value.stripTrailingZeros().scale() > 0) {
      throw RecordException.notIntegral(value);
    }
    return integer(value.toBigInteger(), "an integer", null);
  }

  private static long integer(Object value, String wanted, String hint) {
    if (value instanceof Long || value instanceof Integer || value instanceof Short || value instanceof Byte) {
      return ((Number) value).longValue();
    }
    if (!(value instanceof BigInteger big)) {
      throw RecordException.wrongType(value, wanted, hint);
    }
    if (big.bitLength() > 63) {
      throw RecordException.overflow(value);
    }
    return big.longValue();
  }

  static boolean toBool(Object value) {
    if (value instanceof Boolean bool) {
      return bool;
    }
    throw RecordException.wrongType(value, "a bool", "0 and 1 are integers: send true or false");
  }

  /** Any CharSequence, copied; not yet checked for text that no language can represent. */
  static String toText(Object value) {
    if (value instanceof String text) {
      return text;
    }
    if (value instanceof CharSequence chars) {
      return chars.toString();
    }
    if (value instanceof UUID uuid) {
      return uuid.toString();
    }
    throw RecordException.wrongType(value, "a string", textHint(value));
  }

  private static String textHint(Object value) {
    if (value instanceof byte[]) {
      return "decode bytes first";
    }
    if (value instanceof Character) {
      return "String.valueOf(character)";
    }
    return value instanceof Enum ? "send its name()" : null;
  }

  /** Microseconds since 1970 UTC. */
  static long toTimestamp(Object value) {
    if (value instanceof CharSequence text) {
      return IsoTime.instant(text.toString());
    }
    if (value instanceof LocalDateTime) {
      String problem = Shown.of(value) + " has no time zone, so it does not identify an instant";
      String hint = "LocalDateTime.atZone(ZoneOffset.UTC), or the zone you intend";
      throw new RecordException("naive-datetime", problem, hint);
    }
    Instant instant = instant(value);
    if (instant == null) {
      return integer(value, "a timestamp (microseconds as an integer, an instant, or ISO 8601 text)", null);
    }
    if (instant.getNano() % 1000 != 0) {
      throw RecordException.notExact(value, "microseconds");
    }
    try {
      return micros(instant);
    } catch (ArithmeticException error) {
      throw RecordException.overflow(value);
    }
  }

  /** Microseconds since 1970-01-01T00:00:00 of a local time. */
  static long toLocal(Object value) {
    if (value instanceof CharSequence text) {
      return IsoTime.local(text.toString());
    }
    if (instant(value) != null) {
      String problem = Shown.of(value) + " is an instant, but the input is a local time";
      throw new RecordException("aware-datetime", problem, IsoTime.AWARE);
    }
    if (!(value instanceof LocalDateTime time)) {
      String wanted = "a local time (a LocalDateTime, ISO 8601 text without an offset, or microseconds as an integer)";
      return integer(value, wanted, null);
    }
    if (time.getNano() % 1000 != 0) {
      throw RecordException.notExact(value, "microseconds");
    }
    try {
      return micros(time.toInstant(ZoneOffset.UTC));
    } catch (ArithmeticException error) {
      throw RecordException.overflow(value);
    }
  }

  /** Before 1970, counted from the next second: the product for the smallest long would overflow. */
  private static long micros(Instant instant) {
    long seconds = instant.getEpochSecond();
    long micros = instant.getNano() / 1000;
    if (seconds < 0 && micros > 0) {
      return Math.addExact(Math.multiplyExact(seconds + 1, MICROS), micros - MICROS);
    }
    return Math.addExact(Math.multiplyExact(seconds, MICROS), micros);
  }

  /** Null if the value is not an instant. */
  private static Instant instant(Object value) {
    if (value instanceof Instant instant) {
      return instant;
    }
    if (value instanceof OffsetDateTime time) {
      return time.toInstant();
    }
    if (value instanceof ZonedDateTime time) {
      return time.toInstant();
    }
    if (!(value instanceof Date date)) {
      return null;
    }
    try {
      return date.toInstant();
    } catch (UnsupportedOperationException error) { // java.sql.Date and java.sql.Time are not instants
      return null;
    }
  }

  /** Days since 1970. */
  static long toDate(Object value) {
    if (value instanceof CharSequence text) {
      return IsoTime.day(text.toString());
    }
    if (value instanceof LocalDate date) {
      return date.toEpochDay();
    }
    boolean isTime = value instanceof LocalDateTime || instant(value) != null;
    String hint = isTime ? "which day an instant falls on depends on the zone: send a LocalDate" : null;
    return integer(value, "a date (days as an integer, a LocalDate, or ISO 8601 text)", hint);
  }

  /** Microseconds since midnight. */
  static long toTime(Object value) {
    if (value instanceof CharSequence text) {
      return IsoTime.clock(text.toString());
    }
    if (!(value instanceof LocalTime time)) {
      return integer(value, "a time (microseconds since midnight as an integer, a LocalTime, or ISO 8601 text)", null);
    }
    if (time.getNano() % 1000 != 0) {
      throw RecordException.notExact(value, "microseconds");
    }
    return time.toNanoOfDay() / 1000;
  }
}
