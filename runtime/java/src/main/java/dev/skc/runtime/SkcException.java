package dev.skc.runtime;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * Any refusal by the runtime. The code is stable and the same in every language
 * ({@code schemas/errors.v1.json}); the text is for people and may change.
 */
public class SkcException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String code;
  private final String problem;
  private final Place place;
  private final String hint;

  /** Where a request was refused; null if that is unknown or does not apply. */
  record Place(String input, Integer row, String step) implements java.io.Serializable {
    static final Place NONE = new Place(null, null, null);
  }

  SkcException(String code, String problem, Place place, String hint) {
    super(text(code, problem, place, hint));
    this.code = code;
    this.problem = problem;
    this.place = place;
    this.hint = hint;
  }

  /** Of a runtime that is built on this one; {@code hint} may be null. */
  protected SkcException(String code, String problem, String hint) {
    this(code, problem, Place.NONE, hint);
  }

  /** The code of {@code schemas/errors.v1.json}, such as {@code unknown-key}. */
  public final String code() {
    return code;
  }

  /** What is wrong, without the code, the location and the hint. */
  public final String problem() {
    return problem;
  }

  /** The name of the input or, if a step refused, of that step's input column. */
  public final Optional<String> input() {
    return Optional.ofNullable(place.input);
  }

  /** The row of a batch, from 0; empty for a single record. */
  public final OptionalInt row() {
    return place.row == null ? OptionalInt.empty() : OptionalInt.of(place.row);
  }

  /** The step whose policy is {@code error}. */
  public final Optional<String> step() {
    return Optional.ofNullable(place.step);
  }

  /** A suggested fix. */
  public final Optional<String> hint() {
    return Optional.ofNullable(hint);
  }

  final Place place() {
    return place;
  }

  private static String text(String code, String problem, Place place, String hint) {
    StringBuilder text = new StringBuilder("error[").append(code).append("]: ").append(problem);
    if (place.input != null && place.row != null) {
      text.append(" (input `").append(place.input).append("`, row ").append(place.row).append(')');
    } else if (place.input != null) {
      text.append(" (input `").append(place.input).append("`)");
    } else if (place.row != null) {
      text.append(" (row ").append(place.row).append(')');
    }
    return hint == null ? text.toString() : text.append("\n\nhint: ").append(hint).toString();
  }
}
