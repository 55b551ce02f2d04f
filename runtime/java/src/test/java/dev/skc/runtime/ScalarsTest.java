package dev.skc.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.Date;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** The types of Java; what every language shares is in the conformance suite. */
final class ScalarsTest {
  private static final BigInteger TWO_64 = BigInteger.ONE.shiftLeft(64);

  private static void refused(String code, Executable call) {
    assertEquals(code, assertThrows(RecordException.class, call).code());
  }

  @Test
  void floatsTakeEveryNumberThatIsExact() {
    assertEquals(0.1f, Scalars.toFloat64(0.1f));
    assertEquals(7.0, Scalars.toFloat64((byte) 7));
    assertEquals(7.0, Scalars.toFloat64((short) 7));
    assertEquals(7.0, Scalars.toFloat64(7));
    assertEquals(-0x1p63, Scalars.toFloat64(Long.MIN_VALUE));
    assertEquals(0x1p64, Scalars.toFloat64(TWO_64));
    assertEquals(0.5, Scalars.toFloat64(new BigDecimal("0.50")));
    refused("not-exact", () -> Scalars.toFloat64(Long.MAX_VALUE));
    refused("not-exact", () -> Scalars.toFloat64((1L << 53) + 1));
    refused("not-exact", () -> Scalars.toFloat64(TWO_64.add(BigInteger.ONE)));
    assertEquals(0.1, Scalars.toFloat64(new BigDecimal("0.1")));
    assertEquals(0x1p53, Scalars.toFloat64(new BigDecimal("9007199254740993.0"))); // ties to even
    assertEquals(0x1p53 + 2, Scalars.toFloat64(new BigDecimal("9007199254740993.00000000000000000001")));
    assertEquals(1e-300, Scalars.toFloat64(new BigDecimal("1e-300")));
    refused("not-exact", () -> Scalars.toFloat64(new BigDecimal("1e400")));
    refused("wrong-type", () -> Scalars.toFloat64('7'));
    refused("wrong-type", () -> Scalars.toFloat64(new AtomicLong(7)));
    refused("wrong-type", () -> Scalars.toFloat64(Optional.of(7.0)));
  }

  @Test
  void integersTakeFloatsThatAreIntegral() {
    assertEquals(3, Scalars.toInt64(3.0f));
    assertEquals(Long.MIN_VALUE, Scalars.toInt64(BigInteger.valueOf(Long.MIN_VALUE)));
    assertEquals(Long.MAX_VALUE, Scalars.toInt64(new BigDecimal(Long.MAX_VALUE)));
    assertEquals(1200, Scalars.toInt64(new BigDecimal("1.2e3")));
    assertEquals(0, Scalars.toInt64(new BigDecimal("0.00")));
    refused("not-integral", () -> Scalars.toInt64(new BigDecimal("1.5")));
    refused("not-integral", () -> Scalars.toInt64(new BigDecimal("0.001")));
    refused("int64-overflow", () -> Scalars.toInt64(new BigDecimal("9223372036854775808")));
    refused("int64-overflow", () -> Scalars.toInt64(TWO_64));
    refused("not-exact", () -> Scalars.toInt64(0x1p60f));
    refused("not-integral", () -> Scalars.toInt64(Float.NaN));
  }

  @Test
  void float32IsTheNearest() {
    assertEquals(0.7f, Scalars.toFloat32(0.7));
    assertEquals(0x1p24f, Scalars.toFloat32(0x1p24 + 1)); // ties to even
    assertEquals(Float.MAX_VALUE, Scalars.toFloat32(3.4028235677973362e38));
    assertEquals(Float.NEGATIVE_INFINITY, Scalars.toFloat32(Double.NEGATIVE_INFINITY));
    refused("float32-overflow", () -> Scalars.toFloat32(3.4028235677973366e38));
    refused("float32-overflow", () -> Scalars.toFloat32(-Double.MAX_VALUE));
  }

  @Test
  void aUuidIsItsTextInLowerCase() {
    String text = "01234567-89AB-CDEF-0123-456789ABCDEF";
    assertEquals(text.toLowerCase(java.util.Locale.ROOT), Scalars.toText(java.util.UUID.fromString(text)));
  }

  @Test
  void hugeNumbersCostNothing() {
    BigDecimal huge = new BigDecimal("1e1000000000");
    BigDecimal tiny = new BigDecimal("1e-1000000000");
    BigInteger manyDigits = BigInteger.ONE.shiftLeft(10_000_000).add(BigInteger.ONE);
    assertTimeoutPreemptively(
        Duration.ofSeconds(5),
        () -> {
          refused("int64-overflow", () -> Scalars.toInt64(huge));
          refused("not-integral", () -> Scalars.toInt64(tiny));
          refused("not-exact", () -> Scalars.toFloat64(huge));
          assertEquals(0.0, Scalars.toFloat64(tiny));
          refused("not-exact", () -> Scalars.toFloat64(manyDigits));
          refused("int64-overflow", () -> Scalars.toInt64(manyDigits));
          refused("not-exact", () -> Scalars.toFloat64(new BigDecimal(manyDigits, 7)));
          refused("not-exact", () -> Scalars.toInt64(new BigDecimal(manyDigits, 7)));
        });
  }

  @Test
  void instantsAreMicroseconds() {
    Instant instant = Instant.parse("2024-02-29T12:00:00.000001Z");
    long micros = 1_709_208_000_000_001L;
    assertEquals(micros, Scalars.toTimestamp(instant));
    assertEquals(micros, Scalars.toTimestamp(OffsetDateTime.parse("2024-02-29T07:00:00.000001-05:00")));
    assertEquals(micros, Scalars.toTimestamp(ZonedDateTime.parse("2024-02-29T13:00:00.000001+01:00[Europe/Berlin]")));
    assertEquals(1_709_208_000_000_000L, Scalars.toTimestamp(new Date(1_709_208_000_000L)));
    assertEquals(-1, Scalars.toTimestamp(Instant.ofEpochSecond(-1, 999_999_000)));
    assertEquals(micros, Scalars.toTimestamp(micros));
    assertEquals(7, Scalars.toTimestamp(7));
  }

  @Test
  void instantsThatAreNoInt64OfMicrosecondsAreRefused() {
    Instant first = Instant.ofEpochSecond(-9_223_372_036_855L, 224_192_000);
    assertEquals(Long.MIN_VALUE, Scalars.toTimestamp(first));
    refused("int64-overflow", () -> Scalars.toTimestamp(first.minusNanos(1000)));
    refused("int64-overflow", () -> Scalars.toTimestamp(Instant.ofEpochSecond(Instant.MAX.getEpochSecond())));
    refused("int64-overflow", () -> Scalars.toTimestamp(TWO_64));
    refused("not-exact", () -> Scalars.toTimestamp(Instant.ofEpochSecond(0, 1)));
    refused("naive-datetime", () -> Scalars.toTimestamp(LocalDateTime.parse("2024-02-29T12:00:00")));
    refused("wrong-type", () -> Scalars.toTimestamp(LocalDate.EPOCH));
    refused("wrong-type", () -> Scalars.toTimestamp(1.0));
  }

  @Test
  void localTimesHaveNoZone() {
    assertEquals(1_709_208_000_000_000L, Scalars.toLocal(LocalDateTime.parse("2024-02-29T12:00:00")));
    assertEquals(-1, Scalars.toLocal(new StringBuilder("1969-12-31T23:59:59.999999")));
    refused("int64-overflow", () -> Scalars.toLocal(LocalDateTime.MAX.withNano(0)));
    refused("not-exact", () -> Scalars.toLocal(LocalDateTime.parse("2024-02-29T12:00:00.000000001")));
    refused("aware-datetime", () -> Scalars.toLocal(Instant.EPOCH));
    refused("aware-datetime", () -> Scalars.toLocal(new Date(0)));
    refused("wrong-type", () -> Scalars.toLocal(LocalDate.EPOCH));
  }

  @Test
  void datesAreDays() {
    assertEquals(19782, Scalars.toDate(LocalDate.parse("2024-02-29")));
    assertEquals(-1, Scalars.toDate(LocalDate.parse("1969-12-31")));
    assertEquals(3, Scalars.toDate((short) 3));
    refused("wrong-type", () -> Scalars.toDate(LocalDateTime.parse("2024-02-29T00:00:00")));
    refused("wrong-type", () -> Scalars.toDate(Instant.EPOCH));
    refused("wrong-type", () -> Scalars.toDate(new Date(0)));
  }

  @Test
  void stringsAreCharSequences() {
    assertEquals("ab", Scalars.toText(new StringBuilder("ab")));
    RecordException character = assertThrows(RecordException.class, () -> Scalars.toText('a'));
    assertEquals(Optional.of("String.valueOf(character)"), character.hint());
    refused("wrong-type", () -> Scalars.toText(new char[] {'a'}));
    refused("wrong-type", () -> Scalars.toText(Replay.EXACT));
  }

  @Test
  void refusalsShowTheValue() {
    String text = assertThrows(RecordException.class, () -> Scalars.toBool("x".repeat(500) + "😀")).problem();
    assertTrue(text.startsWith("expected a bool, got String \"xxx"), text);
    assertTrue(text.length() < 100, text);
    assertEquals("\"a\\u0000\\ud83d\\\"\"", Shown.of("a\0\ud83d\""));
    assertEquals("\"😀\"", Shown.of("😀"));
  }
}
