package dev.skc.runtime;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;

/** How to log requests; each method sets one option and returns these options. {@code new LogOptions().sample(0.1)}. */
public final class LogOptions {
  /** How features are logged: a CRC-32 of each output, in full, or not at all. */
  public enum Features {
    DIGEST,
    FULL,
    NONE
  }

  /** What becomes of a request for which there is no room. */
  public enum OnFull {
    /** It is dropped, and counted. */
    DROP,
    /** {@link Log#add} waits for room. */
    WAIT
  }

  /** What a sample is chosen by. */
  public enum SampleBy {
    ID,
    KEY
  }

  double sample = 1;
  SampleBy sampleBy = SampleBy.ID;
  Features features = Features.DIGEST;
  int fullEvery;
  OnFull onFull = OnFull.DROP;
  int queue = 8192;
  Duration flush = Duration.ofMillis(200);
  long rotateBytes = 64L << 20;
  Duration rotateAfter = Duration.ofHours(1);
  boolean fsync;
  String salt = "";
  Consumer<SkcException> onError = error -> {};

  /** The share of requests to log, by a hash of the id or the key; a refused request is always logged. */
  public LogOptions sample(double share) {
    sample = share;
    return this;
  }

  public LogOptions sampleBy(SampleBy wanted) {
    sampleBy = Objects.requireNonNull(wanted, "sampleBy");
    return this;
  }

  public LogOptions features(Features wanted) {
    features = Objects.requireNonNull(wanted, "features");
    return this;
  }

  /** Log features in full for one request in so many, chosen by a hash of its id; 0 for none. */
  public LogOptions fullEvery(int requests) {
    fullEvery = requests;
    return this;
  }

  public LogOptions onFull(OnFull wanted) {
    onFull = Objects.requireNonNull(wanted, "onFull");
    return this;
  }

  /** How many requests may wait to be written: 8,192 if not said. */
  public LogOptions queue(int requests) {
    queue = requests;
    return this;
  }

  /** The time between two writes: 0.2 s if not said. */
  public LogOptions flush(Duration time) {
    flush = Objects.requireNonNull(time, "flush");
    return this;
  }

  /** After how many bytes a file is completed: 64 MiB if not said. */
  public LogOptions rotateBytes(long bytes) {
    rotateBytes = bytes;
    return this;
  }

  /** After what time a file is completed: an hour if not said. */
  public LogOptions rotateAfter(Duration time) {
    rotateAfter = Objects.requireNonNull(time, "rotateAfter");
    return this;
  }

  /** Whether each write waits until the disk has it. */
  public LogOptions fsync(boolean wanted) {
    fsync = wanted;
    return this;
  }

  /** A secret, for inputs that the pipeline hashes. */
  public LogOptions salt(String secret) {
    salt = Objects.requireNonNull(secret, "salt");
    return this;
  }

  /** Is called by the thread that writes when something could not be logged. */
  public LogOptions onError(Consumer<SkcException> told) {
    onError = Objects.requireNonNull(told, "onError");
    return this;
  }

  /** Throws SkcException {@code invalid-option}. */
  void check(List<String> hashed) {
    require(sample >= 0 && sample <= 1, "sample=" + sample, "a share from 0 to 1");
    require(fullEvery >= 0, "fullEvery=" + fullEvery, "a whole number from 0");
    require(queue > 0, "queue=" + queue, "a whole number from 1");
    require(rotateBytes > 0, "rotateBytes=" + rotateBytes, "a whole number from 1");
    require(flush.compareTo(Duration.ZERO) > 0, "flush=" + flush, "above 0");
    require(rotateAfter.compareTo(Duration.ZERO) > 0, "rotateAfter=" + rotateAfter, "above 0");
    String hint = "a secret text, the same in every service whose logs are to be compared";
    require(hashed.isEmpty() || !salt.isEmpty(), "the pipeline hashes " + hashed + ", which needs a salt", hint);
  }

  private static void require(boolean isMet, String problem, String hint) {
    if (!isMet) {
      throw new SkcException("invalid-option", problem, hint);
    }
  }
}
