package dev.skc.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every string goes in and comes out as it is, also through names, lookups, hashes and constants. */
final class StringsTest {
  private static final String LOOK_ALIKE = "ð\u009f\u0098\u0080"; // the bytes of 😀 in Latin-1
  private static final List<String> KEYS = List.of("😀", "𠮷野家", "🇩🇪", "a😀b", LOOK_ALIKE, "ð", "plain");

  @TempDir static Path folder;
  private static Transformer transformer;

  @BeforeAll
  static void load() throws IOException {
    transformer = Transformer.load(Artifacts.strings(folder));
  }

  @AfterAll
  static void close() {
    transformer.close();
  }

  private static Features transform(String... texts) {
    return transformer.transformColumns(Map.of("🚕", texts));
  }

  @Test
  void aVocabularyKnowsEveryKey() {
    assertArrayEquals(new long[] {0, 1, 2, 3, 4, 5, 6}, transform(KEYS.toArray(new String[0])).longs("code"));
  }

  @Test
  void whatIsNoKeyStaysUnknown() {
    String[] near = {"😁", "a😀", "😀b", "𠮷", "🇩", "\u00f0\u009f", "ðŸ˜€", ""};
    long[] unknown = new long[near.length];
    Arrays.fill(unknown, -1);
    assertArrayEquals(unknown, transform(near).longs("code"));
  }

  @Test
  void aSingleRecordIsLikeABatch() {
    for (int i = 0; i < KEYS.size(); i++) {
      Features found = transformer.transform(Map.of("🚕", KEYS.get(i)));
      assertEquals(i, found.longs("code")[0]);
      assertEquals(KEYS.get(i), found.strings("🚗")[0]);
    }
  }

  @Test
  void constantsOfTheGraphComeOutAsTheyAre() {
    String[] next = new String[KEYS.size()];
    for (int i = 0; i < next.length; i++) {
      next[i] = KEYS.get((i + 1) % next.length);
    }
    assertArrayEquals(next, transform(KEYS.toArray(new String[0])).strings("next"));
    assertArrayEquals(new String[] {"🤷"}, transform("nobody").strings("next"));
  }

  @Test
  void textsOfAnyLengthPassThrough() {
    String[] texts = {
      "", "plain", "é", "señor", "Gdańsk óò", LOOK_ALIKE, "ñ\u0080\u0080\u0080", "😀", "x".repeat(70_001) + "😀",
      "😀".repeat(1000), "a𠮷".repeat(300), "\uFFFD", "\uFFFF😀\uE000", "🏳️‍🌈🇩🇪👩‍👩‍👧‍👦", LOOK_ALIKE + "😀" + LOOK_ALIKE,
      "\u007F\u0080", "\uDBFF\uDFFF\uD800\uDC00", "%s\\n\"'"
    };
    assertArrayEquals(texts, transform(texts).strings("🚗"));
  }

  @Test
  void hashesAreThoseOfTrueUtf8() {
    String[] texts = randomTexts(new Random(7), 500);
    long[] expected = Arrays.stream(texts).mapToLong(StringsTest::hash).toArray();
    assertArrayEquals(expected, transform(texts).longs("hash"));
  }

  @Test
  void randomTextsPassThrough() {
    Random random = new Random(11);
    for (int round = 0; round < 50; round++) {
      String[] texts = randomTexts(random, 1 + random.nextInt(40));
      assertArrayEquals(texts, transform(texts).strings("🚗"));
    }
  }

  @Test
  void everyWideCharacterIsFoundFromItsHash() {
    for (int codePoint = 0x10000; codePoint <= Character.MAX_CODE_POINT; codePoint++) {
      String character = Character.toString(codePoint);
      assertEquals(character, WideText.unhash(hash(character)));
    }
  }

  private static int hash(String text) {
    return Murmur3.hash(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Characters of one, two, three and four bytes, and those that the bytes of wide ones look like. */
  private static String[] randomTexts(Random random, int count) {
    int[][] ranges = {{1, 0x7F}, {0x80, 0xFF}, {0xF0, 0xF4}, {0x100, 0xD7FF}, {0xE000, 0xFFFF}, {0x10000, 0x10FFFF}};
    String[] texts = new String[count];
    for (int i = 0; i < count; i++) {
      StringBuilder text = new StringBuilder();
      for (int length = random.nextInt(1 << random.nextInt(7)); length > 0; length--) {
        int[] range = ranges[random.nextInt(ranges.length)];
        text.appendCodePoint(range[0] + random.nextInt(range[1] - range[0] + 1));
      }
      texts[i] = text.toString();
    }
    return texts;
  }
}
