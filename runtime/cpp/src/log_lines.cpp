#include "log_lines.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "errors.hpp"
#include "files.hpp"
#include "json_request.hpp"
#include "log_text.hpp"
#include "utf8.hpp"

namespace skc {

using detail::append_float;
using detail::append_integer;
using detail::append_quoted;
using detail::InputSpec;
using detail::InputType;

namespace {

constexpr std::size_t longest_integer = 40;  // characters of a refused integer
constexpr std::size_t hash_digits = 16;
constexpr std::string_view other = R"({"other":true})";
constexpr std::string_view version = "0.1.0";

[[noreturn]] void misused(const std::string& message) {
  detail::throw_runtime("invalid-option", message, "the request was not logged, and counts as dropped");
}

void append_id(std::string& to, std::string_view id) {
  if (!detail::is_utf8(id)) misused("the id or key " + detail::shown(id) + " is not UTF-8");
  append_quoted(to, id);
}

std::optional<std::string_view> text_of(const Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value.storage())) return *text;
  if (const auto* text = std::get_if<std::string>(&value.storage())) return std::string_view(*text);
  return std::nullopt;
}

// A value that its input refuses, as far as every language can say it.
void append_refused(std::string& to, const Value& value) {
  const Value::Storage& storage = value.storage();
  const auto* big = std::get_if<BigInteger>(&storage);
  if (value.is_null()) {
    to += R"({"null":true})";
  } else if (const auto* flag = std::get_if<bool>(&storage)) {
    to += *flag ? R"({"bool":true})" : R"({"bool":false})";
  } else if (const auto* number = std::get_if<std::int64_t>(&storage)) {
    to += R"({"int":")" + std::to_string(*number) + "\"}";
  } else if (const auto* natural = std::get_if<std::uint64_t>(&storage)) {
    to += R"({"int":")" + std::to_string(*natural) + "\"}";
  } else if (big != nullptr && big->decimal.size() <= longest_integer) {
    to += R"({"int":")" + big->decimal + "\"}";
  } else if (const auto* real = std::get_if<double>(&storage)) {
    append_float(to += R"({"float":)", *real);
    to += '}';
  } else if (const auto text = text_of(value); text && detail::is_utf8(*text)) {
    append_quoted(to += R"({"string":)", *text);
    to += '}';
  } else {
    to += other;
  }
}

template <class T>
void append_bits(std::string& to, T bits) {
  for (std::size_t i = 0; i < sizeof bits; ++i) to += static_cast<char>(static_cast<std::uint64_t>(bits) >> (8 * i));
}

// The values of an output as little-endian bytes, of which its digest is the CRC-32.
struct AppendBytes {
  std::string& to;

  void operator()(const Array<float>& values) const {
    for (const float value : values) {
      std::uint32_t bits = 0x7fc00000;
      if (!std::isnan(value)) std::memcpy(&bits, &value, sizeof bits);
      append_bits(to, bits);
    }
  }
  void operator()(const Array<double>& values) const {
    for (const double value : values) {
      std::uint64_t bits = 0x7ff8000000000000;
      if (!std::isnan(value)) std::memcpy(&bits, &value, sizeof bits);
      append_bits(to, bits);
    }
  }
  void operator()(const Array<std::int64_t>& values) const {
    for (const std::int64_t value : values) append_bits(to, static_cast<std::uint64_t>(value));
  }
  void operator()(const Array<bool>& values) const {
    for (const bool value : values) to += static_cast<char>(value ? 1 : 0);
  }
  void operator()(const Array<std::string>& values) const {
    for (const std::string& value : values) {
      append_bits(to, static_cast<std::uint32_t>(value.size()));
      to += value;
    }
  }
};

void append_item(std::string& to, float value) { append_float(to, double{value}); }
void append_item(std::string& to, double value) { append_float(to, value); }
void append_item(std::string& to, bool value) { to += value ? "true" : "false"; }
void append_item(std::string& to, const std::string& value) { append_quoted(to, value); }
void append_item(std::string& to, std::int64_t value) {
  append_integer(to += '"', value);
  to += '"';
}

template <class Values>
void append_array(std::string& to, const Values& values) {
  to += '[';
  const char* separator = "";
  for (const auto& value : values) {
    append_item(to += separator, value);
    separator = ",";
  }
  to += ']';
}

// Whether such values are those of an output.
bool fits(DType dtype, const std::vector<double>&) { return dtype == DType::float32 || dtype == DType::float64; }
bool fits(DType dtype, const std::vector<std::int64_t>&) { return dtype == DType::int64; }
bool fits(DType dtype, const std::vector<bool>&) { return dtype == DType::boolean; }
bool fits(DType dtype, const std::vector<std::string>& texts) {
  return dtype == DType::string && std::all_of(texts.begin(), texts.end(), detail::is_utf8);
}

void append_error(std::string& to, const Error& error) {
  append_quoted(to += R"(,"error":{"code":)", error.code());
  if (error.input()) append_quoted(to += R"(,"input":)", *error.input());
  if (error.step()) append_quoted(to += R"(,"step":)", *error.step());
  to += '}';
}

std::vector<std::string> names_of(const detail::Manifest& manifest) {
  std::vector<std::string> names;
  for (const InputSpec& input : manifest.inputs) names.push_back(input.name);
  return names;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The record of a JSON text, none for any other request. Refers to the body.
std::optional<Record> record_of(std::string_view body) {
  try {
    detail::JsonRequest request = detail::read_request(body);
    if (auto* record = std::get_if<Record>(&request)) return std::move(*record);
  } catch (const RecordError&) {  // not a record either
  }
  return std::nullopt;
}

}  // namespace

Log::Lines::Lines(const detail::OnnxRuntime& runtime, const detail::Manifest& manifest, const LogOptions& options)
    : runtime_(runtime),
      manifest_(manifest),
      options_(options),
      results_(detail::result_infos(manifest_)),
      names_(names_of(manifest_)) {
  for (const InputSpec& input : manifest_.inputs) {
    is_omitted_.push_back(has(manifest_.log.omit, input.name));
    is_hashed_.push_back(has(manifest_.log.hash, input.name));
  }
  const auto require = [](bool is_met, const char* option, const char* hint) {
    if (!is_met) detail::throw_runtime("invalid-option", std::string(option) + " has a value that is not allowed", hint);
  };
  require(options.sample >= 0 && options.sample <= 1, "sample", "a share from 0 to 1");
  require(options.queue > 0, "queue", "a whole number from 1");
  require(options.flush.count() > 0, "flush", "above 0");
  require(options.rotate_bytes > 0, "rotate_bytes", "a whole number from 1");
  require(options.rotate_after.count() > 0, "rotate_after", "above 0");
  require(manifest_.log.hash.empty() || !options.salt.empty(), "salt",
          "a secret text, for the inputs that the pipeline hashes: the same in every service whose logs are compared");
}

bool Log::Lines::is_sampled(const LogEntry& entry) const {
  if (options_.sample >= 1 || entry.error != nullptr) return true;
  const bool by_key = options_.sample_by == SampleBy::key;
  if (by_key && !entry.key) misused("SampleBy::key needs a key: give every request its key");
  return detail::crc32(by_key ? *entry.key : entry.id) < options_.sample * 4294967296.0;
}

void Log::Lines::append(std::string& to, const LogEntry& entry, std::int64_t time_us) const {
  append_id(to += R"(,"id":)", entry.id);
  if (entry.key) append_id(to += R"(,"key":)", *entry.key);
  if (time_us < 0 || entry.latency_us.value_or(0) < 0) misused("a time is negative");
  append_integer(to += R"(,"time_us":)", time_us);
  if (entry.latency_us) append_integer(to += R"(,"latency_us":)", *entry.latency_us);
  to += R"(,"request":)";
  const std::optional<Record> parsed = entry.json ? record_of(*entry.json) : std::nullopt;
  const Record* record = entry.json ? (parsed ? &*parsed : nullptr) : entry.record;
  if (record == nullptr) {
    to += "null";
  } else {
    append_request(to, *record);
  }
  if (entry.error != nullptr) {
    append_error(to, *entry.error);
  } else if (entry.own_features != nullptr) {
    append_own(to, *entry.own_features);
  } else if (entry.features != nullptr && options_.features != LogFeatures::none) {
    append_features(to, entry);
  }
  if (const auto* one = std::get_if<double>(&entry.prediction)) append_float(to += R"(,"prediction":)", *one);
  if (const auto* several = std::get_if<std::vector<double>>(&entry.prediction)) {
    append_array(to += R"(,"prediction":)", *several);
  }
  if (entry.as_of != nullptr) append_by_input(to, "as_of", *entry.as_of);
  if (entry.fetched_us != nullptr) {
    for (const auto& [name, time] : *entry.fetched_us) {
      if (time < 0) misused("a time is negative");
    }
    append_by_input(to, "fetched_us", *entry.fetched_us);
  }
  if (entry.hit != nullptr) append_by_input(to, "hit", *entry.hit);
  to += "}\n";
}

std::unique_ptr<detail::Feeds> Log::Lines::take() const {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!idle_.empty()) {
      auto feeds = std::move(idle_.back());
      idle_.pop_back();
      return feeds;
    }
  }
  return std::make_unique<detail::Feeds>(runtime_, manifest_, 1);
}

void Log::Lines::append_request(std::string& to, const Record& record) const {
  static thread_local detail::Seen seen;
  seen.assign(manifest_.inputs.size(), nullptr);
  for (const auto& [key, value] : record) {
    if (const auto place = names_.find(key)) seen[*place] = &value;
  }
  auto feeds = take();
  to += '{';
  const char* separator = "";
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (seen[i] == nullptr || is_omitted_[i]) continue;
    append_quoted(to += separator, manifest_.inputs[i].name);
    append_cell(to += ':', i, *seen[i], *feeds);
    separator = ",";
  }
  to += '}';
  const std::lock_guard<std::mutex> lock(mutex_);
  idle_.push_back(std::move(feeds));
}

void Log::Lines::append_cell(std::string& to, std::size_t i, const Value& value, detail::Feeds& feeds) const {
  const InputSpec& input = manifest_.inputs[i];
  try {
    detail::put_value(input, value, feeds, 0, {input.name, std::nullopt});
  } catch (const RecordError&) {
    if (is_hashed_[i]) {
      to += other;
    } else {
      append_refused(to, value);
    }
    return;
  }
  std::string text;
  if (input.valid && !feeds.at<bool>(*input.valid, 0)) {
    text = "null";
  } else if (input.type == InputType::float64) {
    append_float(text, feeds.at<double>(input.slot, 0));
  } else if (input.type == InputType::float32) {
    append_float(text, double{feeds.at<float>(input.slot, 0)});
  } else if (input.type == InputType::boolean) {
    append_item(text, feeds.at<bool>(input.slot, 0));
  } else if (input.type == InputType::string) {
    append_quoted(text, *text_of(value));
  } else {
    append_item(text, feeds.at<std::int64_t>(input.slot, 0));
  }
  if (text == R"("NaN")" && detail::is_float(input.type)) text = "null";  // the null of a float
  if (is_hashed_[i] && text != "null") {
    if (input.type == InputType::string) {
      text = *text_of(value);
    } else if (text.front() == '"') {
      text = text.substr(1, text.size() - 2);
    }
    text = '"' + detail::sha256(options_.salt + text).substr(0, hash_digits) + '"';
  }
  to += text;
}

void Log::Lines::append_features(std::string& to, const LogEntry& entry) const {
  const Outputs& outputs = *entry.features;
  const bool is_full = options_.features == LogFeatures::full ||
                       (options_.full_every > 0 && detail::crc32(entry.id) % options_.full_every == 0);
  if (outputs.rows() != 1 || outputs.size() != results_.size()) {
    misused("the features are not one row of this transformer's");
  }
  to += R"(,"features":)";
  char separator = '{';
  for (const OutputInfo& info : results_) {
    const Output* output = outputs.find(info.name);
    if (output == nullptr || output->dtype() != info.dtype) {
      misused("the features are not those of this transformer: " + detail::shown(info.name));
    }
    append_quoted(to += separator, info.name);
    to += ':';
    if (is_full) {
      std::visit([&](const auto& values) { append_array(to, values); }, output->data());
    } else {
      static thread_local std::string bytes;
      bytes.clear();
      std::visit(AppendBytes{bytes}, output->data());
      append_integer(to, detail::crc32(bytes));
    }
    separator = ',';
  }
  to += '}';
}

void Log::Lines::append_own(std::string& to, const std::map<std::string, OwnValues>& own) const {
  to += R"(,"features":{)";
  std::size_t written = 0;
  for (const OutputInfo& info : results_) {
    const auto found = own.find(info.name);
    if (found == own.end()) continue;
    append_quoted(to += written++ > 0 ? "," : "", info.name);
    to += ':';
    const bool are_its_values = std::visit(
        [&](const auto& values) {
          if (!fits(info.dtype, values) || values.size() != info.columns.size()) return false;
          append_array(to, values);
          return true;
        },
        found->second);
    if (!are_its_values) misused("the own features " + detail::shown(info.name) + " are not its values");
  }
  if (written != own.size()) misused("the own features have a name that is not an output");
  to += '}';
}

// What is known of the inputs that were looked up.
template <typename T>
void Log::Lines::append_by_input(std::string& to, const char* key, const std::map<std::string, T>& given) const {
  to += R"(,")" + std::string(key) + R"(":{)";
  std::size_t written = 0;
  for (const InputSpec& input : manifest_.inputs) {
    const auto found = given.find(input.name);
    if (found == given.end()) continue;
    append_quoted(to += written++ > 0 ? "," : "", input.name);
    if constexpr (std::is_same_v<T, bool>) {
      to += found->second ? ":true" : ":false";
    } else {
      append_integer(to += ':', found->second);
    }
  }
  if (written != given.size()) misused(std::string(key) + " has a name that is not an input");
  to += '}';
}

std::string Log::Lines::header(const std::string& writer, unsigned part, std::uint64_t after,
                               std::uint64_t logged) const {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  constexpr const char* features[] = {"digest", "full", "none"};
  std::string to = R"({"skc":"log","format":1,"name":)";
  append_quoted(to, manifest_.name);
  append_quoted(to += R"(,"plan":)", manifest_.plan);
  append_quoted(to += R"(,"identity":)", manifest_.identity);
  append_quoted(to += R"(,"writer":)", writer);
  to += R"(,"part":)" + std::to_string(part) + R"(,"after":)" + std::to_string(after);
  to += R"(,"logged":)" + std::to_string(logged);
  append_quoted(to += R"(,"runtime":)", "cpp " + std::string(version));
  append_quoted(to += R"(,"onnxruntime":)", runtime_.version());
  append_quoted(to += R"(,"host":)", detail::is_utf8(host) ? host : "");
  append_integer(to += R"(,"opened_us":)", std::chrono::duration_cast<std::chrono::microseconds>(now).count());
  append_float(to += R"(,"sample":)", options_.sample);
  append_quoted(to += R"(,"sample_by":)", options_.sample_by == SampleBy::id ? "id" : "key");
  append_quoted(to += R"(,"features":)", features[static_cast<std::size_t>(options_.features)]);
  append_integer(to += R"(,"full_every":)", options_.full_every);
  append_array(to += R"(,"omit":)", manifest_.log.omit);
  append_array(to += R"(,"hash":)", manifest_.log.hash);
  return to + "}\n";
}

}  // namespace skc
