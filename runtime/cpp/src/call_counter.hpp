// Counts the calls of a transformer, and tells its observer of each.
//
// Why shards: no call waits for another one, and threads rarely write into one cache line. They are added up when somebody
// asks. Refusals are rare, and share a lock.
//
// A call counts when it has ended. If it is refused, it counts as one refusal, by its code and input; what is wrong in a
// batch is one row, and none of it is served. Names in labels are those of the pipeline, never something that a request
// contains.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "manifest.hpp"
#include "skc/signals.hpp"

namespace skc::detail {

inline constexpr std::size_t duration_buckets = 17;

// How many rows of a batch have each signal; threads may add at once.
class SignalTally {
 public:
  explicit SignalTally(std::size_t width) : counts_(width, 0) {}
  void add(const bool* signals, std::size_t rows);
  const std::vector<std::uint64_t>& counts() const noexcept { return counts_; }

 private:
  std::mutex mutex_;
  std::vector<std::uint64_t> counts_;
};

class CallCounter {
 public:
  using Clock = std::chrono::steady_clock;

  // The manifest must outlive it. Without signals nothing is counted.
  CallCounter(const Manifest& manifest, std::function<void(const Call&)> observer);

  bool is_counting() const noexcept { return manifest_.signals.has_value(); }

  // A served row, by its signals.
  void row(const bool* signals) noexcept;
  // Served rows, by how many of them have each signal.
  void batch(std::size_t rows, const std::vector<std::uint64_t>& counts) noexcept;
  // The end of a call: rows that are served, or the reason of a refusal. Misuse is not a call.
  void ended(std::size_t rows, Clock::time_point started, const Error* error);

  Signals signals() const;

 private:
  struct alignas(64) Shard {
    std::atomic<std::uint64_t> rows{0};
    std::atomic<std::int64_t> nanoseconds{0};
    std::array<std::atomic<std::uint64_t>, duration_buckets> buckets{};
    std::vector<std::atomic<std::uint64_t>> steps;
  };
  Shard& shard() noexcept;
  void refuse(const Error& error);

  const Manifest& manifest_;
  const std::function<void(const Call&)> observer_;
  std::set<std::string, std::less<>> names_;  // that a label may have
  std::vector<std::unique_ptr<Shard>> shards_;

  mutable std::mutex mutex_;  // of what follows
  std::map<std::pair<std::string, std::string>, std::uint64_t> refused_;
};

// The text format of Prometheus, version 0.0.4: the same bytes in every language. `log_dropped` is what a log has dropped.
std::string exposition(const Manifest& manifest, const Signals& counted, std::optional<std::uint64_t> log_dropped);

}  // namespace skc::detail
