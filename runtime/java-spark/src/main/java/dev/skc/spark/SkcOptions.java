package dev.skc.spark;

import dev.skc.runtime.LoadOptions;
import dev.skc.runtime.Replay;
import dev.skc.spark.SkcSpark.Refusal;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/** What a DataFrame of features has; each method returns new options. {@code new SkcOptions().keep("ride_id")}. */
public final class SkcOptions {
  private final List<String> keep; // null for all columns
  private final boolean refusedColumn;
  private final boolean asArray;
  private final Replay replay;
  private final String expect; // null for any
  private final String key; // null for an artifact that need not be signed

  /** A column for each feature, and nothing else; a row that is refused fails the job. */
  public SkcOptions() {
    this(List.of(), false, false, Replay.EXACT, null, null);
  }

  private SkcOptions(
      List<String> keep, boolean refusedColumn, boolean asArray, Replay replay, String expect, String key) {
    this.keep = keep;
    this.refusedColumn = refusedColumn;
    this.asArray = asArray;
    this.replay = replay;
    this.expect = expect;
    this.key = key;
  }

  /** Columns of the DataFrame to copy behind the features. */
  public SkcOptions keep(String... columns) {
    return new SkcOptions(List.of(columns), refusedColumn, asArray, replay, expect, key);
  }

  /** All columns of the DataFrame are copied behind the features. */
  public SkcOptions keepAll() {
    return new SkcOptions(null, refusedColumn, asArray, replay, expect, key);
  }

  /** A row that is refused has null features, and its last column, {@code refused}, says why. */
  public SkcOptions refusedAsColumn() {
    return new SkcOptions(keep, true, asArray, replay, expect, key);
  }

  /** Each output is one array column, instead of one column for each feature. */
  public SkcOptions asArray() {
    return new SkcOptions(keep, refusedColumn, true, replay, expect, key);
  }

  /** How the golden records must be reproduced, on the driver and on each executor. */
  public SkcOptions replay(Replay wanted) {
    return new SkcOptions(keep, refusedColumn, asArray, Objects.requireNonNull(wanted, "replay"), expect, key);
  }

  /** The identity that the artifact must have. */
  public SkcOptions expect(String identity) {
    return new SkcOptions(keep, refusedColumn, asArray, replay, Objects.requireNonNull(identity, "identity"), key);
  }

  /** The public key, as the text of a PEM file, that must have signed the artifact. */
  public SkcOptions key(String pem) {
    return new SkcOptions(keep, refusedColumn, asArray, replay, expect, Objects.requireNonNull(pem, "pem"));
  }

  boolean keepsColumns() {
    return keep == null || !keep.isEmpty();
  }

  boolean isRefusedColumn() {
    return refusedColumn;
  }

  boolean isArray() {
    return asArray;
  }

  Replay replay() {
    return replay;
  }

  LoadOptions loading() {
    LoadOptions options = new LoadOptions().replay(replay);
    options = expect == null ? options : options.expect(expect);
    return key == null ? options : options.key(key);
  }

  /** The columns to keep of those that there are. Throws SkcException {@code invalid-option}. */
  List<String> kept(String[] columns) {
    List<String> wanted = keep == null ? List.of(columns) : keep;
    for (String name : wanted) {
      long count = Arrays.stream(columns).filter(name::equals).count();
      if (count != 1) {
        String fault = count == 0 ? "has no column" : "has several columns";
        String problem = "the DataFrame " + fault + " `" + name + "`";
        throw new Refusal("invalid-option", problem, "do not keep it, or rename it first");
      }
    }
    return wanted;
  }
}
