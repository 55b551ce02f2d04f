package dev.skc.runtime;

import java.util.Objects;
import java.util.function.Consumer;

/** How to load an artifact; each method returns new options. {@code new LoadOptions().expect(identity)}. */
public final class LoadOptions {
  final Replay replay;
  final String expect; // null for any
  final String key; // null for an artifact that need not be signed
  final Consumer<Call> observer; // null if there is none

  /** Golden records must be reproduced to the bit; any artifact, signed or not. */
  public LoadOptions() {
    this(Replay.EXACT, null, null, null);
  }

  private LoadOptions(Replay replay, String expect, String key, Consumer<Call> observer) {
    this.replay = replay;
    this.expect = expect;
    this.key = key;
    this.observer = observer;
  }

  /** How the golden records must be reproduced. */
  public LoadOptions replay(Replay wanted) {
    return new LoadOptions(Objects.requireNonNull(wanted, "replay"), expect, key, observer);
  }

  /** The identity that the artifact must have: the SHA-256 of its manifest.json, in lower-case hexadecimal. */
  public LoadOptions expect(String identity) {
    return new LoadOptions(replay, Objects.requireNonNull(identity, "identity"), key, observer);
  }

  /** The public key, as the text of a PEM file, that must have signed the artifact. */
  public LoadOptions key(String pem) {
    return new LoadOptions(replay, expect, Objects.requireNonNull(pem, "pem"), observer);
  }

  /** Is told of each call after it has ended, by the thread that made it. */
  public LoadOptions observer(Consumer<Call> told) {
    return new LoadOptions(replay, expect, key, Objects.requireNonNull(told, "told"));
  }
}
