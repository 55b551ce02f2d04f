package dev.skc.runtime;

import java.time.Duration;
import java.util.Optional;

/**
 * One call of a transformer, as an observer sees it: {@link LoadOptions#observer}.
 *
 * @param identity of the artifact
 * @param rows the number of rows served, 0 if it was refused
 * @param code why it was refused; empty unless it was
 */
public record Call(String identity, int rows, Optional<String> code, Duration duration) {}
