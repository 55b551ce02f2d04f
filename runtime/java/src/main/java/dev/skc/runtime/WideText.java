package dev.skc.runtime;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The strings of an output, with every character preserved.
 *
 * <p>Why: the binding makes Java strings by {@code NewStringUTF}, which reads modified UTF-8. For a character above
 * U+FFFF, HotSpot keeps the first byte, as a Latin-1 character, and then truncates the string, so the text is lost.
 * So ONNX Runtime itself reports which texts contain such a character (a regular expression), their characters (a
 * tokenizer), and the MurmurHash3 of each wide one. Over exactly four bytes that hash is a bijection, so {@link
 * #unhash} returns the character. The other characters arrive as strings, which the binding reads correctly.
 */
final class WideText {
  private static final Set<String> FOUND = Set.of("wide");
  private static final Set<String> CUT = namesInOrder();
  private static final int HASHED_BYTES = 4;

  private WideText() {}

  private static Set<String> namesInOrder() {
    return new LinkedHashSet<>(List.of("characters", "hash", "wide"));
  }

  /** The texts [N, K] of a tensor, row by row. */
  static String[] read(OnnxTensor tensor, int size) throws OrtException {
    String[] texts = flat(tensor, size);
    if (isAscii(texts)) { // four bytes of UTF-8 leave at least one character that is not
      return texts;
    }
    TreeMap<Integer, List<Integer>> places = wideByLength(tensor, texts);
    for (List<Integer> some : places.values()) {
      replace(texts, some, tensor);
    }
    return texts;
  }

  private static String[] flat(OnnxTensor tensor, int size) throws OrtException {
    String[] texts = new String[size];
    int count = 0;
    for (Object row : (Object[]) tensor.getValue()) {
      String[] values = (String[]) row;
      System.arraycopy(values, 0, texts, count, values.length);
      count += values.length;
    }
    return texts;
  }

  private static boolean isAscii(String[] texts) {
    for (String text : texts) {
      for (int i = 0; i < text.length(); i++) {
        if (text.charAt(i) > 0x7F) {
          return false;
        }
      }
    }
    return true;
  }

  /** Indices of texts with wide characters, grouped by similar length: the tokenizer pads all to the longest. */
  private static TreeMap<Integer, List<Integer>> wideByLength(OnnxTensor tensor, String[] texts) throws OrtException {
    TreeMap<Integer, List<Integer>> places = new TreeMap<>();
    try (OrtSession.Result result = HelperModel.FIND_WIDE.session().run(Map.of("text", tensor), FOUND)) {
      ByteBuffer isWide = ((OnnxTensor) result.get(0)).getByteBuffer();
      for (int i = 0; i < texts.length; i++) {
        if (isWide.get(i) != 0) {
          int length = Integer.highestOneBit(texts[i].length());
          places.computeIfAbsent(length, key -> new ArrayList<>()).add(i);
        }
      }
    }
    return places;
  }

  private static void replace(String[] texts, List<Integer> places, OnnxTensor tensor) throws OrtException {
    long[] chosen = places.stream().mapToLong(place -> place).toArray();
    try (OnnxTensor placesTensor =
            OnnxTensor.createTensor(
                OnnxRuntimeLibrary.environment(), LongBuffer.wrap(chosen), new long[] {chosen.length});
        OrtSession.Result result =
            HelperModel.CHARACTERS.session().run(Map.of("text", tensor, "places", placesTensor), CUT)) {
      String[][] characters = (String[][]) result.get(0).getValue();
      IntBuffer hashes = ((OnnxTensor) result.get(1)).getIntBuffer();
      ByteBuffer isWide = ((OnnxTensor) result.get(2)).getByteBuffer();
      for (int i = 0; i < chosen.length; i++) {
        StringBuilder text = new StringBuilder();
        for (String character : characters[i]) {
          int hash = hashes.get();
          text.append(isWide.get() != 0 ? unhash(hash) : character);
        }
        texts[(int) chosen[i]] = text.toString();
      }
    }
  }

  /** The four bytes with this MurmurHash3 (x86, 32 bit, seed 0): every step, inverted in reverse order. */
  static String unhash(int hash) {
    int h = hash;
    h ^= h >>> 16;
    h *= 0x7ED1B41D; // 1 / 0xC2B2AE35 modulo 2^32, and so on
    h ^= (h >>> 13) ^ (h >>> 26);
    h *= 0xA5CB9243;
    h ^= h >>> 16;
    h ^= HASHED_BYTES;
    h = (h - 0xE6546B64) * 0xCCCCCCCD;
    int block = Integer.rotateRight(h, 13) * 0x56ED309B;
    block = Integer.rotateRight(block, 15) * 0xDEE13BB1;
    byte[] utf8 = {(byte) block, (byte) (block >>> 8), (byte) (block >>> 16), (byte) (block >>> 24)};
    String character = new String(utf8, StandardCharsets.UTF_8);
    if (character.length() != 2 || !Character.isSurrogatePair(character.charAt(0), character.charAt(1))) {
      String hint = "this is a bug in skc; please report it with the request";
      throw new SkcException("run-failed", "a character of an output could not be read", hint);
    }
    return character;
  }
}
