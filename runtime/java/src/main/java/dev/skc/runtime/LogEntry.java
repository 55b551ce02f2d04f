package dev.skc.runtime;

import java.util.Map;

/** A request, as {@link Log#add} takes it; each method sets one part and returns this entry. */
public final class LogEntry {
  final String id;
  final Map<String, ?> record;
  byte[] json;
  Transformer servedBy;
  dev.skc.runtime.Features features;
  SkcException error;
  String key;
  Long timeUs;
  Long latencyUs;
  Map<String, ?> ownFeatures;
  double[] prediction;
  boolean isOnePrediction;
  Map<String, Long> asOf;
  Map<String, Long> fetchedUs;
  Map<String, Boolean> hit;

  /**
   * @param record as the transformer took it; null if the request was not a record
   */
  public LogEntry(String id, Map<String, ?> record) {
    this.id = id;
    this.record = record;
  }

  /** A request whose record is given as the JSON text that {@link Transformer#transformJson} took. */
  public static LogEntry ofJson(String id, byte[] body) {
    LogEntry entry = new LogEntry(id, null);
    entry.json = body;
    return entry;
  }

  /**
   * The transformer that served it, if it may be another one than the log was opened with: that of {@link
   * Reloadable#current}, taken once for the request and its log.
   */
  public LogEntry servedBy(Transformer transformer) {
    servedBy = transformer;
    return this;
  }

  /** Those of a single record, that the transformer gave. */
  public LogEntry features(dev.skc.runtime.Features given) {
    features = given;
    return this;
  }

  /** What the transformer threw. */
  public LogEntry error(SkcException thrown) {
    error = thrown;
    return this;
  }

  /** To sample by; written as it is. */
  public LogEntry key(String wanted) {
    key = wanted;
    return this;
  }

  /** Microseconds since 1970 UTC; now if not said. */
  public LogEntry timeUs(long time) {
    timeUs = time;
    return this;
  }

  public LogEntry latencyUs(long time) {
    latencyUs = time;
    return this;
  }

  /**
   * By output, the values that the model really got, if they are not the transformer's: logged in full. They are
   * {@code double[]} or {@code float[]}, {@code long[]}, {@code boolean[]} or {@code String[]}, as the output is.
   */
  public LogEntry ownFeatures(Map<String, ?> given) {
    ownFeatures = given;
    return this;
  }

  public LogEntry prediction(double given) {
    prediction = new double[] {given};
    isOnePrediction = true;
    return this;
  }

  public LogEntry prediction(double[] given) {
    prediction = given;
    isOnePrediction = false;
    return this;
  }

  /** By input, the time of a value that was looked up, in microseconds since 1970 UTC. */
  public LogEntry asOf(Map<String, Long> times) {
    asOf = times;
    return this;
  }

  /** By input, the microseconds that looking up its value took. */
  public LogEntry fetchedUs(Map<String, Long> times) {
    fetchedUs = times;
    return this;
  }

  /** By input, whether looking it up found a value. */
  public LogEntry hit(Map<String, Boolean> found) {
    hit = found;
    return this;
  }
}
