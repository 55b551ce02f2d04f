#include "log.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace conformance {

namespace {

skc::LogOptions options_of(const Json& given) {
  skc::LogOptions options;
  options.sample = given.value("sample", 1.0);
  options.sample_by = given.value("sample_by", "id") == "key" ? skc::SampleBy::key : skc::SampleBy::id;
  const std::string features = given.value("features", "digest");
  options.features = features == "full"   ? skc::LogFeatures::full
                     : features == "none" ? skc::LogFeatures::none
                                          : skc::LogFeatures::digest;
  options.full_every = given.value("full_every", 0u);
  options.salt = given.value("salt", "");
  options.on_full = given.value("on_full", "drop") == "wait" ? skc::OnFull::wait : skc::OnFull::drop;
  options.queue = given.value("queue", options.queue);
  options.rotate_bytes = given.value("rotate_bytes", options.rotate_bytes);
  options.flush = std::chrono::milliseconds(std::max(1, static_cast<int>(given.value("flush", 0.2) * 1000)));
  return options;
}

// In the form of golden.jsonl.
double number_of(const Json& value) {
  static const std::map<std::string, double> words = {{"NaN", std::numeric_limits<double>::quiet_NaN()},
                                                      {"Infinity", std::numeric_limits<double>::infinity()},
                                                      {"-Infinity", -std::numeric_limits<double>::infinity()},
                                                      {"-0.0", -0.0}};
  return value.is_string() ? words.at(value.get<std::string>()) : value.get<double>();
}

std::vector<double> numbers_of(const Json& values) {
  std::vector<double> numbers;
  for (const Json& value : values) numbers.push_back(number_of(value));
  return numbers;
}

// Floats, or by their type other values.
skc::OwnValues own_of(const Json& given) {
  if (given.is_array()) return numbers_of(given);
  const Json& values = given.begin().value();
  if (given.contains("string")) return values.get<std::vector<std::string>>();
  if (given.contains("bool")) return values.get<std::vector<bool>>();
  std::vector<std::int64_t> integers;
  for (const Json& value : values) integers.push_back(std::stoll(value.get<std::string>()));
  return integers;
}

// Serves a request, and adds it some times.
void add(skc::Log& log, const skc::Transformer& opened, const skc::Transformer* other, const Json& given, int threads,
         int rounds) {
  const skc::Transformer& transformer = other == nullptr ? opened : *other;
  const bool is_json = given.contains("json");
  const skc::Record record = is_json ? skc::Record() : record_of(given.at("record"));
  const auto body = given.value("json", "");
  const auto id = given.at("id").get<std::string>(), key = given.value("key", "");
  std::optional<skc::Outputs> features;
  std::optional<skc::RecordError> error;
  try {
    features = is_json ? transformer.transform_json(body) : transformer.transform_record(record);
  } catch (const skc::RecordError& refusal) {
    error = refusal;
  }
  std::map<std::string, skc::OwnValues> own;
  std::map<std::string, std::int64_t> times, fetched;
  std::map<std::string, bool> hits;
  skc::LogEntry entry;
  entry.id = id;
  entry.served_by = other;
  if (is_json) {
    entry.json = body;
  } else {
    entry.record = &record;
  }
  entry.features = features ? &*features : nullptr;
  entry.error = error ? &*error : nullptr;
  entry.time_us = given.at("time_us").get<std::int64_t>();
  if (given.contains("key")) entry.key = key;
  if (given.contains("latency_us")) entry.latency_us = given.at("latency_us").get<std::int64_t>();
  if (given.contains("prediction")) {
    const Json& prediction = given.at("prediction");
    if (prediction.is_array()) {
      entry.prediction = numbers_of(prediction);
    } else {
      entry.prediction = number_of(prediction);
    }
  }
  if (given.contains("own_features")) {
    for (const auto& [name, values] : given.at("own_features").items()) own[name] = own_of(values);
    entry.own_features = &own;
  }
  if (given.contains("as_of")) {
    for (const auto& [name, time] : given.at("as_of").items()) times[name] = time.get<std::int64_t>();
    entry.as_of = &times;
  }
  if (given.contains("fetched_us")) {
    for (const auto& [name, time] : given.at("fetched_us").items()) fetched[name] = time.get<std::int64_t>();
    entry.fetched_us = &fetched;
  }
  if (given.contains("hit")) {
    for (const auto& [name, found] : given.at("hit").items()) hits[name] = found.get<bool>();
    entry.hit = &hits;
  }
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&] {
      for (int round = 0; round < rounds; ++round) log.add(entry);
    });
  }
  for (std::thread& thread : running) thread.join();
}

}  // namespace

Json log(const skc::Transformer& transformer, const Json& request) {
  skc::Log log(request.at("folder").get<std::string>(), transformer, options_of(request.at("options")));
  const int threads = request.value("threads", 1), rounds = request.value("rounds", 1);
  const Json folders = request.value("others", Json::object());
  std::map<std::string, skc::Transformer> others;
  for (const auto& [name, folder] : folders.items()) {
    others.emplace(name, skc::Transformer::load(folder.get<std::string>()));
  }
  for (const Json& entry : request.at("add")) {
    const auto other = others.find(entry.value("served_by", ""));
    add(log, transformer, other == others.end() ? nullptr : &other->second, entry, threads, rounds);
  }
  log.close();
  const skc::LogCounts counts = log.counts();
  return {{"counts", {counts.n, counts.logged, counts.dropped, counts.sampled_out}}};
}

}  // namespace conformance
