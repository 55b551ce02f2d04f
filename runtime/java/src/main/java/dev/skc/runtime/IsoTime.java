package dev.skc.runtime;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads a date, a time or an instant from ISO 8601 text, in the one form that {@code schemas/marshalling.v1.json} describes.
 *
 * <p>Why not java.time: it also accepts other offsets and lower-case letters, signed years, hour 24, and a comma for
 * the point.
 */
final class IsoTime {
  private static final String DAY = "([0-9]{4})-([0-9]{2})-([0-9]{2})";
  private static final Pattern DATE = Pattern.compile(DAY);
  private static final String CLOCK = "([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\\.([0-9]{1,9}))?)?";
  private static final Pattern OF_DAY = Pattern.compile(CLOCK);
  private static final Pattern TIME =
      Pattern.compile(
          DAY
              + "[T ]"
              + CLOCK
              + "(?:(Z)|([+-])([01][0-9]|2[0-3])(?::?([0-5][0-9]))?)?");
  static final String AWARE = "send the time that the clock shows in the time zone of the input, without zone or offset";
  private static final long DAY_US = 86_400_000_000L;
  private static final long MINUTE_US = 60_000_000L;

  private IsoTime() {}

  /** Days since 1970. */
  static long day(String text) {
    Matcher match = DATE.matcher(text);
    LocalDate day = match.matches() ? day(match) : null;
    if (day == null) {
      throw invalid(text, "a date", "ISO 8601, such as 2024-05-01");
    }
    return day.toEpochDay();
  }

  /** Microseconds since 1970 UTC. */
  static long instant(String text) {
    Matcher match = TIME.matcher(text);
    String hint = "ISO 8601 with an offset, such as 2024-05-01T12:00:00Z or 2024-05-01T14:00:00.5+02:00";
    long wall = wallClock(match, text, "a timestamp", hint);
    if (match.group(8) == null && match.group(9) == null) {
      String problem = Shown.of(text) + " has no offset, so it does not identify an instant";
      throw new RecordException("naive-datetime", problem, "append Z for UTC, or the offset that is meant");
    }
    long minutes = 60L * number(match, 10) + number(match, 11);
    long offset = "-".equals(match.group(9)) ? -minutes : minutes;
    return wall - offset * MINUTE_US;
  }

  /** Microseconds since 1970-01-01T00:00:00 of the local time. */
  static long local(String text) {
    Matcher match = TIME.matcher(text);
    String hint = "ISO 8601 without an offset, such as 2024-05-01T12:00:00";
    long wall = wallClock(match, text, "a local time", hint);
    if (match.group(8) != null || match.group(9) != null) {
      String problem = Shown.of(text) + " has an offset, but the input is a local time";
      throw new RecordException("aware-datetime", problem, AWARE);
    }
    return wall;
  }

  /** The microseconds of a text without its offset. */
  private static long wallClock(Matcher match, String text, String wanted, String hint) {
    LocalDate day = match.matches() ? day(match) : null;
    if (day == null) {
      throw invalid(text, wanted, hint);
    }
    return day.toEpochDay() * DAY_US + timeOfDay(match, 4, text);
  }

  /** Null if there is no such day. */
  private static LocalDate day(Matcher match) {
    if (number(match, 1) == 0) {
      return null;
    }
    try {
      return LocalDate.of(number(match, 1), number(match, 2), number(match, 3));
    } catch (DateTimeException error) {
      return null;
    }
  }

  /** Microseconds since midnight. */
  static long clock(String text) {
    Matcher match = OF_DAY.matcher(text);
    if (!match.matches()) {
      throw invalid(text, "a time", "ISO 8601 without an offset, such as 17:30 or 17:30:00.5");
    }
    return timeOfDay(match, 1, text);
  }

  /** The hours are in group `first`; then come minutes, seconds and a fraction of a second. */
  private static long timeOfDay(Matcher match, int first, String text) {
    String fraction = match.group(first + 3) == null ? "" : match.group(first + 3);
    long nanoseconds = Long.parseLong(fraction + "0".repeat(9 - fraction.length()));
    if (nanoseconds % 1000 != 0) {
      throw RecordException.notExact(text, "microseconds");
    }
    long seconds = (60L * number(match, first) + number(match, first + 1)) * 60 + number(match, first + 2);
    return seconds * 1_000_000 + nanoseconds / 1000;
  }

  /** The number of a group; 0 if the text lacks it. */
  private static int number(Matcher match, int group) {
    return match.group(group) == null ? 0 : Integer.parseInt(match.group(group));
  }

  private static RecordException invalid(String text, String wanted, String hint) {
    return new RecordException("invalid-value", Shown.of(text) + " is not " + wanted, hint);
  }
}
