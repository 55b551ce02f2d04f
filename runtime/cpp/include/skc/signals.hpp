// What a transformer counts of its calls, and what it says to an observer about each.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace skc {

// One call of a transformer. `rows` is the number of rows served, 0 if it was refused; `code` has no value unless it was.
struct Call {
  const std::string& identity;
  std::size_t rows;
  std::optional<std::string> code;
  std::chrono::nanoseconds duration;
};

// The rows served whose value in column `input` of `step` was of this kind. `training` is the share of such rows in training,
// a decimal; empty if it is not known.
struct StepCount {
  std::string step;
  std::string input;
  std::string kind;
  std::uint64_t rows;
  std::string training;
};

// The counts since the artifact was loaded.
struct Signals {
  std::uint64_t rows;                                                     // that were served
  std::map<std::pair<std::string, std::string>, std::uint64_t> refused;  // calls by code and input, "" if about none
  std::vector<StepCount> steps;
  // How many calls took at most as long as each bucket of skc_transform_seconds, and longer than the one before it.
  std::vector<std::uint64_t> durations;
  std::chrono::nanoseconds total;
};

}  // namespace skc
