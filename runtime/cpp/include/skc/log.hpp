// `Log`: writes what is served to files, apart from the transformer.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "skc/error.hpp"
#include "skc/outputs.hpp"
#include "skc/record.hpp"
#include "skc/transformer.hpp"

namespace skc {

enum class LogFeatures { digest, full, none };  // a CRC-32 of each output, all values, or nothing
enum class OnFull { drop, wait };               // a request without room is dropped and counted, or `add` waits
enum class SampleBy { id, key };

struct LogOptions {
  double sample = 1;  // the share of requests to log, by a hash of the id or key; a refused one is always logged
  SampleBy sample_by = SampleBy::id;
  LogFeatures features = LogFeatures::digest;
  std::uint32_t full_every = 0;  // features in full for one request in so many, chosen by a hash of its id; 0 for none
  OnFull on_full = OnFull::drop;
  std::size_t queue = 8192;               // requests that may wait to be written
  std::chrono::milliseconds flush{200};   // between two writes
  std::uint64_t rotate_bytes = 64 << 20;  // after which a file is completed
  std::chrono::seconds rotate_after{3600};
  bool fsync = false;     // whether each write waits until the disk has it
  std::string salt = {};  // a secret, for inputs that the pipeline hashes
  // Is called by the thread that writes when something could not be logged. It must not throw.
  std::function<void(const Error&)> on_error = {};
};

// The values of one output: floats, integers, bools or texts, as the output is.
using OwnValues =
    std::variant<std::vector<double>, std::vector<std::int64_t>, std::vector<bool>, std::vector<std::string>>;

// A request, as `Log::add` takes it. What it points to is not used after the call.
struct LogEntry {
  std::string_view id;
  const Record* record = nullptr;     // as the transformer took it; null if the request was not a record
  std::optional<std::string_view> json = {};  // or the text of it, as `transform_json` took it
  const Outputs* features = nullptr;  // of a single record, that the transformer gave
  const Error* error = nullptr;       // or what it threw
  std::optional<std::string_view> key = {};  // to sample by; written as it is
  std::optional<std::int64_t> time_us = {};  // microseconds since 1970 UTC; now if not said
  std::optional<std::int64_t> latency_us = {};
  // By output, the values that the model really got, if they are not the transformer's: logged in full.
  const std::map<std::string, OwnValues>* own_features = nullptr;
  std::variant<std::monostate, double, std::vector<double>> prediction = {};
  // By input that was looked up: the time of its value, the microseconds that this took, and whether one was found.
  const std::map<std::string, std::int64_t>* as_of = nullptr;
  const std::map<std::string, std::int64_t>* fetched_us = nullptr;
  const std::map<std::string, bool>* hit = nullptr;
  // The transformer that served it, if it may be another one than the log was opened with: `current` of a Reloadable,
  // taken once for the request and its log.
  const Transformer* served_by = nullptr;
};

// logged + dropped = n, once nothing is waiting.
struct LogCounts {
  std::uint64_t n, logged, dropped, sampled_out, waiting;
};

// Any number of threads may use one. It never fails or delays a request, and loses none unseen: every request of the
// sample has a number, so that a gap is a loss. After a fork the child writes files of its own, and counts from 0.
//
// Why the caller makes the line: it takes a few microseconds, and the record need not be copied. One thread writes what
// has been made, every 0.2 s. What a line is like is defined in runtime/python/skc_runtime/log_lines.py.
class Log {
 public:
  // The folder is made if it is missing. Throws Error `invalid-option`, `log-failed` if no file can be written now.
  Log(const std::string& folder, const Transformer& transformer, const LogOptions& options = {});
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  ~Log();

  // What cannot be logged is counted as dropped, and told to `on_error`.
  void add(const LogEntry& entry) noexcept;
  void add(std::string_view id, const Record& record, const Outputs& features) noexcept;

  LogCounts counts() const;

  // Why something could not be logged, most recently; null if everything was.
  std::shared_ptr<const Error> last_error() const;

  // Writes what is waiting, and completes the file. Requests added later are dropped, and counted.
  void close() noexcept;

 private:
  class Lines;
  class State;
  State& state() const;

  std::string folder_;
  LogOptions options_;
  std::shared_ptr<const Lines> first_;
  mutable std::atomic<State*> state_;
};

}  // namespace skc
