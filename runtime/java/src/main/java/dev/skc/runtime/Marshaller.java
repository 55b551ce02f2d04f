package dev.skc.runtime;

import dev.skc.runtime.InputWriter.Cell;
import dev.skc.runtime.Manifest.Input;
import dev.skc.runtime.Manifest.Slot;
import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Converts requests (a record, records, or columns) to the tensors of the graph.
 *
 * <p>Why prepared per manifest: a single record takes a few microseconds in all, so everything that does not depend
 * on it is computed once. Nothing here changes afterwards, so threads can share it.
 */
final class Marshaller {
  private final InputWriter[] inputs;
  private final Set<String> known = new HashSet<>();

  Marshaller(Manifest manifest) {
    Map<String, Integer> places = new HashMap<>();
    manifest.tensors().forEach(tensor -> places.put(tensor.name(), places.size()));
    inputs = new InputWriter[manifest.inputs().size()];
    for (int i = 0; i < inputs.length; i++) {
      Input input = manifest.inputs().get(i);
      inputs[i] = new InputWriter(input, cell(manifest, places, input.slot()), cell(manifest, places, input.valid()));
      known.add(input.name());
    }
  }

  private static Cell cell(Manifest manifest, Map<String, Integer> places, Slot slot) {
    if (slot == null) {
      return null;
    }
    int tensor = places.get(slot.tensor());
    return new Cell(tensor, slot.column(), manifest.tensors().get(tensor).width());
  }

  /** The writer of the input of this name, or null. */
  InputWriter input(String name) {
    for (InputWriter input : inputs) {
      if (input.name.equals(name)) {
        return input;
      }
    }
    return null;
  }

  /** The writer of an input, in the order of the manifest. */
  InputWriter input(int i) {
    return inputs[i];
  }

  /** Write a record to a row. Throws RecordException without the row. */
  void record(Map<?, ?> record, Extra extra, Feeds feeds, int row) {
    int matched;
    try {
      matched = write(record, feeds, row);
    } catch (RecordException error) {
      refuseUnknownKey(record, extra); // the cause, if a misspelt key leaves its input missing
      throw error;
    }
    if (matched < record.size()) {
      refuseUnknownKey(record, extra);
    }
  }

  /** How many keys of the record are inputs. */
  private int write(Map<?, ?> record, Feeds feeds, int row) {
    int matched = 0;
    for (InputWriter input : inputs) {
      Object value = record.get(input.name);
      if (value != null || record.containsKey(input.name)) {
        matched++;
        input.put(feeds, row, value);
      } else {
        input.putMissing(feeds, row);
      }
    }
    return matched;
  }

  /** Of several, the first by UTF-8 bytes: the same in every language, whatever the order of the keys. */
  private void refuseUnknownKey(Map<?, ?> given, Extra extra) {
    if (extra == Extra.IGNORE) {
      return;
    }
    List<Object> unknown = new ArrayList<>();
    for (Object key : given.keySet()) {
      if (!known.contains(key)) {
        unknown.add(key);
      }
    }
    if (!unknown.isEmpty()) {
      Object key = Collections.min(unknown, (a, b) -> Text.compareAsUtf8(name(a), name(b)));
      String near = key instanceof String text ? Spelling.nearest(text, known) : null;
      String hint = near != null ? "did you mean `" + near + "`?" : "leave it out, or pass Extra.IGNORE";
      throw new RecordException("unknown-key", "the pipeline has no input " + Shown.of(key), hint).at(name(key));
    }
  }

  private static String name(Object key) {
    return key instanceof String text ? text : Shown.of(key);
  }

  /** Write records to the rows of the tensors, from one on. Throws RecordException with the row. */
  void records(Object[] records, Extra extra, int start, Feeds feeds) {
    for (int row = 0; row < feeds.rows; row++) {
      try {
        record(asRecord(records[start + row]), extra, feeds, row);
      } catch (RecordException error) {
        throw error.at(start + row);
      }
    }
  }

  static Map<?, ?> asRecord(Object record) {
    if (record instanceof Map<?, ?> map) {
      return map;
    }
    String what = record == null ? "null" : record.getClass().getSimpleName() + " " + Shown.of(record);
    throw RecordException.unsupportedData("expected a record, got " + what, "each row is a Map");
  }

  /**
   * The column of every input as an array, null for a missing one, and the number of rows.
   *
   * <p>Why arrays: if another thread changes a List, no row may stay unwritten.
   */
  record Given(Object[] columns, int rows) {}

  Given given(Map<?, ?> columns, Extra extra) {
    if (extra == Extra.ERROR && !known.containsAll(columns.keySet())) {
      refuseUnknownKey(columns, extra);
    }
    Object[] found = new Object[inputs.length];
    int rows = -1;
    for (int i = 0; i < inputs.length; i++) {
      InputWriter input = inputs[i];
      if (!columns.containsKey(input.name)) {
        input.checkMayBeMissing();
        continue;
      }
      found[i] = array(input, columns.get(input.name));
      int length = Array.getLength(found[i]);
      if (rows >= 0 && length != rows) {
        String problem = length + " rows, but the previous columns have " + rows;
        throw new RecordException("unequal-lengths", problem, "all columns must have the same length").at(input.name);
      }
      rows = length;
    }
    return new Given(found, rows >= 0 ? rows : rowsOfOthers(columns));
  }

  private static Object array(InputWriter input, Object column) {
    try {
      return Columns.asArray(column);
    } catch (RecordException error) {
      throw error.at(input.name);
    }
  }

  /** If no column is an input, the number of rows is the length of the first extra column by UTF-8 bytes. */
  private static int rowsOfOthers(Map<?, ?> columns) {
    List<Object> names = new ArrayList<>(columns.keySet());
    names.removeIf(name -> !Columns.isColumn(columns.get(name)));
    if (names.isEmpty()) {
      return 0;
    }
    Object first = Collections.min(names, (a, b) -> Text.compareAsUtf8(name(a), name(b)));
    return Array.getLength(Columns.asArray(columns.get(first)));
  }

  /** Write the rows of all columns from {@code start} on, as many as the tensors have; a missing column is null. */
  void columns(Given given, int start, Feeds feeds) {
    for (int i = 0; i < inputs.length; i++) {
      if (given.columns[i] != null) {
        Columns.write(inputs[i], given.columns[i], start, feeds.rows, feeds);
        continue;
      }
      for (int row = 0; row < feeds.rows; row++) {
        inputs[i].putMissing(feeds, row);
      }
    }
  }

  /**
   * Raise what the columns as a whole are refused for: the first input that is refused, in its first row. The values in
   * the tensors do not matter.
   */
  void checkColumns(Given given, Feeds feeds) {
    for (int i = 0; i < inputs.length; i++) {
      for (int start = 0; given.columns[i] != null && start < given.rows; start += feeds.rows) {
        Columns.write(inputs[i], given.columns[i], start, Math.min(feeds.rows, given.rows - start), feeds);
      }
    }
  }
}
