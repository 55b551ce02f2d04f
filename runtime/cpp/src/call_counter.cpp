#include "call_counter.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "skc/error.hpp"

namespace skc::detail {

namespace {

constexpr std::size_t shard_count = 16;

constexpr std::int64_t bounds_ns[duration_buckets - 1] = {
    10'000,     25'000,     50'000,      100'000,     250'000,     500'000,     1'000'000,   2'500'000,
    5'000'000,  10'000'000, 25'000'000,  50'000'000,  100'000'000, 250'000'000, 500'000'000, 1'000'000'000};
constexpr const char* bound_labels[duration_buckets] = {
    "0.00001", "0.000025", "0.00005", "0.0001", "0.00025", "0.0005", "0.001", "0.0025", "0.005",
    "0.01",    "0.025",    "0.05",    "0.1",    "0.25",    "0.5",    "1",     "+Inf"};

// Threads take one shard after the other, and stay there.
std::size_t own_shard() noexcept {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t own = next.fetch_add(1, std::memory_order_relaxed) % shard_count;
  return own;
}

template <class Counter, class Value>
void add_to(std::atomic<Counter>& counter, Value value) noexcept {
  counter.fetch_add(static_cast<Counter>(value), std::memory_order_relaxed);
}

void head(std::string& text, const char* metric, const char* kind, const char* about) {
  text.append("# HELP ").append(metric).append(" ").append(about);
  text.append("\n# TYPE ").append(metric).append(" ").append(kind).append("\n");
}

void line(std::string& text, const char* metric, const std::string& labels, const std::string& value) {
  text.append(metric).append("{").append(labels).append("} ").append(value).append("\n");
}

// A label's value between quotes.
std::string escaped(const std::string& label) {
  std::string text;
  for (const char c : label) {
    if (c == '\\' || c == '"') text.push_back('\\');
    text.append(c == '\n' ? "\\n" : std::string(1, c));
  }
  return text;
}

std::string labels_of(const StepCount& step) {
  return ",step=\"" + escaped(step.step) + "\",input=\"" + escaped(step.input) + "\",kind=\"" + step.kind + "\"";
}

}  // namespace

void SignalTally::add(const bool* signals, std::size_t rows) {
  const std::size_t width = counts_.size();
  std::vector<std::uint64_t> own(width, 0);
  for (std::size_t row = 0; row < rows; ++row, signals += width) {
    for (std::size_t i = 0; i < width; ++i) own[i] += signals[i] ? 1 : 0;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  for (std::size_t i = 0; i < width; ++i) counts_[i] += own[i];
}

CallCounter::CallCounter(const Manifest& manifest, std::function<void(const Call&)> observer)
    : manifest_(manifest), observer_(std::move(observer)) {
  for (const InputSpec& input : manifest.inputs) names_.insert(input.name);
  if (manifest.guards) {
    for (const GuardColumn& guard : manifest.guards->columns) names_.insert(guard.input);
  }
  if (!is_counting()) return;
  for (std::size_t i = 0; i < shard_count; ++i) {
    shards_.push_back(std::make_unique<Shard>());
    shards_.back()->steps = std::vector<std::atomic<std::uint64_t>>(manifest.signals->columns.size());
  }
}

CallCounter::Shard& CallCounter::shard() noexcept { return *shards_[own_shard()]; }

void CallCounter::row(const bool* signals) noexcept {
  Shard& own = shard();
  add_to(own.rows, 1);
  const std::size_t width = own.steps.size();
  const auto add = [&](std::size_t i) {
    if (signals[i]) add_to(own.steps[i], 1);
  };
  std::size_t start = 0;
  for (std::uint64_t eight = 0; start + sizeof eight <= width; start += sizeof eight) {  // most have none
    std::memcpy(&eight, signals + start, sizeof eight);
    for (std::size_t i = start; eight != 0 && i < start + sizeof eight; ++i) add(i);
  }
  for (; start < width; ++start) add(start);
}

void CallCounter::batch(std::size_t rows, const std::vector<std::uint64_t>& counts) noexcept {
  Shard& own = shard();
  add_to(own.rows, rows);
  for (std::size_t i = 0; i < counts.size(); ++i) add_to(own.steps[i], counts[i]);
}

void CallCounter::ended(std::size_t rows, Clock::time_point started, const Error* error) {
  const std::chrono::nanoseconds taken = Clock::now() - started;
  if (error != nullptr && (error->code() == "closed" || error->code() == "invalid-option")) return;
  if (is_counting()) {
    Shard& own = shard();
    add_to(own.nanoseconds, taken.count());
    const auto bucket = std::lower_bound(std::begin(bounds_ns), std::end(bounds_ns), taken.count()) - bounds_ns;
    add_to(own.buckets[static_cast<std::size_t>(bucket)], 1);
    if (error != nullptr && error->kind() == Kind::record) refuse(*error);
  }
  if (!observer_) return;
  const auto code = error == nullptr ? std::nullopt : std::optional(error->code());
  try {
    observer_({manifest_.identity, rows, code, taken});
  } catch (...) {  // the request is served all the same
  }
}

void CallCounter::refuse(const Error& error) {
  const bool is_known = error.input() && names_.count(*error.input()) != 0;
  const std::lock_guard<std::mutex> lock(mutex_);
  ++refused_[{error.code(), is_known ? *error.input() : std::string()}];
}

Signals CallCounter::signals() const {
  const auto& columns = manifest_.signals->columns;
  Signals total{};
  total.durations.assign(duration_buckets, 0);
  std::vector<std::uint64_t> counts(columns.size(), 0);
  for (const auto& shard : shards_) {
    total.rows += shard->rows.load();
    total.total += std::chrono::nanoseconds(shard->nanoseconds.load());
    for (std::size_t i = 0; i < duration_buckets; ++i) total.durations[i] += shard->buckets[i].load();
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += shard->steps[i].load();
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    total.refused = refused_;
  }
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> series;  // columns of one name are one
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const SignalColumn& column = columns[i];
    const auto [place, is_new] = series.emplace(std::tuple(column.step, column.input, column.kind), total.steps.size());
    if (is_new) total.steps.push_back({column.step, column.input, column.kind, 0, column.training});
    total.steps[place->second].rows += counts[i];
  }
  return total;
}

std::string exposition(const Manifest& manifest, const Signals& counted, std::optional<std::uint64_t> log_dropped) {
  const std::string of = "name=\"" + escaped(manifest.name) + "\",plan=\"" + manifest.plan.substr(0, 8) + "\"";
  std::string text;
  head(text, "skc_rows_total", "counter", "Rows that were served.");
  line(text, "skc_rows_total", of, std::to_string(counted.rows));
  head(text, "skc_refused_total", "counter", "Calls that were refused, by code and input.");
  for (const auto& [place, count] : counted.refused) {
    const std::string labels = of + ",code=\"" + place.first + "\",input=\"" + escaped(place.second) + "\"";
    line(text, "skc_refused_total", labels, std::to_string(count));
  }
  head(text, "skc_step_total", "counter", "Rows with a value of this kind in a column of a step.");
  for (const StepCount& step : counted.steps) {
    line(text, "skc_step_total", of + labels_of(step), std::to_string(step.rows));
  }
  const auto is_known = [](const StepCount& step) { return !step.training.empty(); };
  if (std::any_of(counted.steps.begin(), counted.steps.end(), is_known)) {
    head(text, "skc_training_ratio", "gauge", "The share of such rows in the training data.");
  }
  for (const StepCount& step : counted.steps) {
    if (is_known(step)) line(text, "skc_training_ratio", of + labels_of(step), step.training);
  }
  if (log_dropped) {
    head(text, "skc_log_dropped_total", "counter", "Requests that the request log dropped.");
    line(text, "skc_log_dropped_total", of, std::to_string(*log_dropped));
  }
  head(text, "skc_transform_seconds", "histogram", "The duration of calls.");
  std::uint64_t calls = 0;
  for (std::size_t i = 0; i < duration_buckets; ++i) {
    calls += counted.durations[i];
    line(text, "skc_transform_seconds_bucket", of + ",le=\"" + bound_labels[i] + "\"", std::to_string(calls));
  }
  const std::string rest = std::to_string(counted.total.count() % 1'000'000'000);
  const std::string seconds = std::to_string(counted.total.count() / 1'000'000'000);
  line(text, "skc_transform_seconds_sum", of, seconds + "." + std::string(9 - rest.size(), '0') + rest);
  line(text, "skc_transform_seconds_count", of, std::to_string(calls));
  return text;
}

}  // namespace skc::detail
