package dev.skc.runtime;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * String tensors with the true UTF-8 of every character.
 *
 * <p>Why: the binding makes a tensor of strings by {@code GetStringUTFChars}, which gives modified UTF-8. That
 * differs for characters above U+FFFF, six bytes instead of four, so they miss every vocabulary key and hash
 * differently. Here each such character is passed as four single bytes, which a table in the helper model {@code
 * join} has as strings, and the model joins bytes and the text between them, eight pieces at a time. The result stays
 * in ONNX Runtime and is fed to the graph unchanged.
 *
 * <p>Why not a loop in the model: ONNX Runtime lets a string that is carried from one iteration to the next share its
 * buffer.
 */
final class TrueText {
  private static final int FAN_IN = 8; // the same in tools/make_models.py
  private static final int NOTHING = 256; // pieces below are bytes
  private static final int FIRST_PART = 257;
  private static final Set<String> TEXT = Set.of("text");

  private TrueText() {}

  /** The pieces of every text, one after the other; those of text i end at {@code ends[i]}. */
  private record Cut(IntList pieces, int[] ends) {
    Cut(int texts) {
      this(new IntList(), new int[texts]);
    }

    int longest() {
      int longest = 0;
      int start = 0;
      for (int end : ends) {
        longest = Math.max(longest, end - start);
        start = end;
      }
      return longest;
    }
  }

  /** One run of the model: the pieces it joins, the order of parts and joined pieces in the result, and the rest. */
  private record Step(IntList index, IntList order, Cut next) {}

  /** A tensor of this shape; no text is null or holds NUL or a lone surrogate. */
  static OnnxTensor tensor(String[] texts, long[] shape) throws OrtException {
    List<String> parts = new ArrayList<>(texts.length + 1);
    parts.add(""); // so that there is always one
    Cut cut = cut(texts, parts);
    String[] array = parts.toArray(new String[0]);
    int size = array.length;
    OnnxTensor tensor = OnnxTensor.createTensor(OnnxRuntimeLibrary.environment(), array, new long[] {size});
    while (true) {
      boolean isLast = cut.longest() <= FAN_IN;
      Step step = step(cut, size);
      size = step.order.size();
      try (OnnxTensor last = tensor) {
        tensor = run(step, last, isLast ? shape : new long[] {size});
      }
      if (isLast) {
        return tensor;
      }
      cut = step.next;
    }
  }

  private static Cut cut(String[] texts, List<String> parts) {
    Cut cut = new Cut(texts.length);
    for (int i = 0; i < texts.length; i++) {
      cut(texts[i], parts, cut.pieces);
      cut.ends[i] = cut.pieces.size();
    }
    return cut;
  }

  private static void cut(String text, List<String> parts, IntList pieces) {
    int start = 0;
    for (int i = 0; i < text.length(); i++) {
      if (!Character.isSurrogate(text.charAt(i))) {
        continue;
      }
      if (i > start) {
        addPart(text.substring(start, i), parts, pieces);
      }
      for (byte b : text.substring(i, i + 2).getBytes(StandardCharsets.UTF_8)) {
        pieces.add(b & 0xFF);
      }
      i++;
      start = i + 1;
    }
    if (start < text.length() || text.isEmpty()) {
      addPart(text.substring(start), parts, pieces);
    }
  }

  private static void addPart(String part, List<String> parts, IntList pieces) {
    pieces.add(FIRST_PART + parts.size());
    parts.add(part);
  }

  /** Join up to eight adjacent pieces of every text into one; a text of one piece is unchanged. */
  private static Step step(Cut cut, int parts) {
    Step step = new Step(new IntList(), new IntList(), new Cut(cut.ends.length));
    int start = 0;
    for (int i = 0; i < cut.ends.length; i++) {
      int end = cut.ends[i];
      for (int from = start; from < end; from += FAN_IN) {
        step.next.pieces.add(FIRST_PART + step.order.size());
        if (end - start == 1) {
          step.order.add(cut.pieces.get(start) - FIRST_PART);
          continue;
        }
        step.order.add(parts + step.index.size() / FAN_IN);
        for (int k = from; k < from + FAN_IN; k++) {
          step.index.add(k < end ? cut.pieces.get(k) : NOTHING);
        }
      }
      step.next.ends[i] = step.next.pieces.size();
      start = end;
    }
    return step;
  }

  private static OnnxTensor run(Step step, OnnxTensor parts, long[] shape) throws OrtException {
    try (OnnxTensor index = longs(step.index, step.index.size() / FAN_IN, FAN_IN);
        OnnxTensor order = longs(step.order, step.order.size());
        OnnxTensor wanted =
            OnnxTensor.createTensor(OnnxRuntimeLibrary.environment(), LongBuffer.wrap(shape), new long[] {shape.length})) {
      Map<String, OnnxTensor> feeds = Map.of("parts", parts, "index", index, "order", order, "shape", wanted);
      return (OnnxTensor) HelperModel.JOIN.session().run(feeds, TEXT).get(0); // the caller closes it
    }
  }

  private static OnnxTensor longs(IntList values, long... shape) throws OrtException {
    ByteBuffer bytes = ByteBuffer.allocateDirect(values.size() * Long.BYTES).order(ByteOrder.nativeOrder());
    LongBuffer buffer = bytes.asLongBuffer();
    for (int i = 0; i < values.size(); i++) {
      buffer.put(i, values.get(i));
    }
    return OnnxTensor.createTensor(OnnxRuntimeLibrary.environment(), buffer, shape);
  }
}
