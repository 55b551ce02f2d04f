package dev.skc.runtime;

import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The features of a request, by output name. A nullable output that is not float has a companion {@code NAME.valid},
 * a bool output that is true where there is a value.
 */
public final class Features implements Iterable<Output> {
  private final int rows;
  private final boolean isSingle;
  private final Map<String, Output> outputs = new LinkedHashMap<>();

  Features(int rows, boolean isSingle, List<Output> outputs) {
    this.rows = rows;
    this.isSingle = isSingle;
    outputs.forEach(output -> this.outputs.put(output.name(), output));
  }

  /** 1 for a single record. */
  public int rows() {
    return rows;
  }

  /** Whether the request was a single record, not a batch. */
  public boolean isSingle() {
    return isSingle;
  }

  public Set<String> names() {
    return Collections.unmodifiableSet(outputs.keySet());
  }

  /** Throws IllegalArgumentException for a name that is not an output. */
  public Output output(String name) {
    Output output = outputs.get(name);
    if (output == null) {
      throw new IllegalArgumentException("no output " + Shown.of(name) + ", there are " + outputs.keySet());
    }
    return output;
  }

  /** {@code output(name).floats()}; likewise the other four. */
  public float[] floats(String name) {
    return output(name).floats();
  }

  public double[] doubles(String name) {
    return output(name).doubles();
  }

  public long[] longs(String name) {
    return output(name).longs();
  }

  public boolean[] booleans(String name) {
    return output(name).booleans();
  }

  public String[] strings(String name) {
    return output(name).strings();
  }

  @Override
  public Iterator<Output> iterator() {
    return Collections.unmodifiableCollection(outputs.values()).iterator();
  }

  @Override
  public String toString() {
    return outputs.values().toString();
  }
}
