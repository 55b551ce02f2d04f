package dev.skc.runtime;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a transformer counted since it was loaded.
 *
 * @param rows rows that were served
 * @param refused calls that were refused, by code and input, in the order of their UTF-8 bytes
 * @param steps in the order of the pipeline
 * @param durations how many calls took at most as long as each bucket of {@code skc_transform_seconds}, and longer than
 *     the one before it
 * @param nanoseconds the sum of all durations
 */
public record Signals(
    long rows, Map<Refusal, Long> refused, List<Step> steps, List<Long> durations, long nanoseconds) {

  /** The upper bounds of the buckets in seconds, as the text has them. */
  static final List<String> BOUNDS =
      List.of(
          "0.00001", "0.000025", "0.00005", "0.0001", "0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025",
          "0.05", "0.1", "0.25", "0.5", "1", "+Inf");

  /** What a call was refused for; {@code input} is empty where it is not about one. */
  public record Refusal(String code, String input) {}

  /**
   * The rows served whose value in column {@code input} of {@code step} was of this kind.
   *
   * @param training the share of such rows in training, a decimal; null if it is not known
   */
  public record Step(String step, String input, String kind, long rows, String training) {}

  /** A map of refusals whose order is that of every language: by code points, which UTF-16 does not give. */
  static TreeMap<Refusal, Long> refusals() {
    return new TreeMap<>(Comparator.comparing(Refusal::code).thenComparing(Refusal::input, Signals::compareCodePoints));
  }

  private static int compareCodePoints(String a, String b) {
    return java.util.Arrays.compare(a.codePoints().toArray(), b.codePoints().toArray());
  }

  /** The text format of Prometheus, version 0.0.4: the same bytes in every language. */
  String text(Manifest manifest, Log log) {
    String of = "name=\"" + escaped(manifest.name()) + "\",plan=\"" + manifest.plan().substring(0, 8) + "\"";
    StringBuilder text = new StringBuilder(4096);
    head(text, "skc_rows_total", "counter", "Rows that were served.");
    line(text, "skc_rows_total", of, rows);
    head(text, "skc_refused_total", "counter", "Calls that were refused, by code and input.");
    refused.forEach(
        (refusal, count) -> {
          String labels = of + ",code=\"" + refusal.code + "\",input=\"" + escaped(refusal.input) + "\"";
          line(text, "skc_refused_total", labels, count);
        });
    head(text, "skc_step_total", "counter", "Rows with a value of this kind in a column of a step.");
    steps.forEach(step -> line(text, "skc_step_total", of + labels(step), step.rows));
    if (steps.stream().anyMatch(step -> step.training != null)) {
      head(text, "skc_training_ratio", "gauge", "The share of such rows in the training data.");
    }
    for (Step step : steps) {
      if (step.training != null) {
        line(text, "skc_training_ratio", of + labels(step), step.training);
      }
    }
    if (log != null) {
      head(text, "skc_log_dropped_total", "counter", "Requests that the request log dropped.");
      line(text, "skc_log_dropped_total", of, log.counts().dropped());
    }
    histogram(text, of);
    return text.toString();
  }

  private void histogram(StringBuilder text, String of) {
    head(text, "skc_transform_seconds", "histogram", "The duration of calls.");
    long calls = 0;
    for (int i = 0; i < durations.size(); i++) {
      calls += durations.get(i);
      line(text, "skc_transform_seconds_bucket", of + ",le=\"" + BOUNDS.get(i) + "\"", calls);
    }
    String rest = String.valueOf(nanoseconds % 1_000_000_000);
    String seconds = nanoseconds / 1_000_000_000 + "." + "0".repeat(9 - rest.length()) + rest;
    line(text, "skc_transform_seconds_sum", of, seconds);
    line(text, "skc_transform_seconds_count", of, calls);
  }

  private static String labels(Step step) {
    String place = ",step=\"" + escaped(step.step) + "\",input=\"" + escaped(step.input);
    return place + "\",kind=\"" + step.kind + "\"";
  }

  private static void head(StringBuilder text, String metric, String kind, String about) {
    text.append("# HELP ").append(metric).append(' ').append(about).append('\n');
    text.append("# TYPE ").append(metric).append(' ').append(kind).append('\n');
  }

  private static void line(StringBuilder text, String metric, String labels, Object value) {
    text.append(metric).append('{').append(labels).append("} ").append(value).append('\n');
  }

  /** A label's value between quotes. */
  private static String escaped(String label) {
    return label.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
  }
}
