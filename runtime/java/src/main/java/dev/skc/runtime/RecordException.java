package dev.skc.runtime;

/** The request cannot be served: it breaks the contract, or a policy of {@code error} of the pipeline. */
public final class RecordException extends SkcException {
  private static final long serialVersionUID = 1L;
  private static final String COLUMNS_HINT =
      "a record has one value for each input; columns go to transformColumns, in JSON as {\"columns\": …}";

  RecordException(String code, String problem, Place place, String hint) {
    super(code, problem, place, hint);
  }

  RecordException(String code, String problem, String hint) {
    this(code, problem, Place.NONE, hint);
  }

  /** The same refusal, of this input. */
  RecordException at(String input) {
    return placed(new Place(input, place().row(), place().step()));
  }

  /** The same refusal, in this row of a batch. */
  RecordException at(int row) {
    return placed(new Place(place().input(), row, place().step()));
  }

  private RecordException placed(Place place) {
    RecordException moved = new RecordException(code(), problem(), place, hint().orElse(null));
    moved.setStackTrace(getStackTrace()); // the stack of the refusal, not of the call that added the location
    return moved;
  }

  static RecordException missingKey() {
    String hint = "send it, or declare it nullable";
    return new RecordException("missing-key", "the input is missing, and is not nullable", hint);
  }

  static RecordException nullRefused() {
    String hint = "send a value, or declare it nullable";
    return new RecordException("null", "the input is null, and is not nullable", hint);
  }

  static RecordException nanRefused() {
    return new RecordException("nan", "the input is NaN, which `nan: error` forbids", "send null instead");
  }

  static RecordException wrongType(Object value, String wanted, String hint) {
    String problem = "expected " + wanted + ", got " + value.getClass().getSimpleName() + " " + Shown.of(value);
    return new RecordException("wrong-type", problem, hint == null && Columns.isColumn(value) ? COLUMNS_HINT : hint);
  }

  static RecordException wrongColumnType(Object column, String wanted, String hint) {
    String problem = "expected " + wanted + ", got a column of type " + column.getClass().getSimpleName();
    return new RecordException("wrong-type", problem, hint);
  }

  static RecordException notExact(Object value, String kind) {
    String problem = Shown.of(value) + " is not exact as " + kind;
    return new RecordException("not-exact", problem, "round it first, the way you intend");
  }

  static RecordException notIntegral(Object value) {
    String problem = Shown.of(value) + " is not an integer";
    return new RecordException("not-integral", problem, "round it first, the way you intend");
  }

  static RecordException overflow(Object value) {
    String hint = Long.MIN_VALUE + " to " + Long.MAX_VALUE;
    return new RecordException("int64-overflow", Shown.of(value) + " is outside int64", hint);
  }

  static RecordException unsupportedData(String problem, String hint) {
    return new RecordException("unsupported-data", problem, hint);
  }
}
