// Raising errors, and showing values in them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "skc/error.hpp"
#include "skc/value.hpp"

namespace skc::detail {

// The location of a value in a request.
struct Where {
  const std::string& input;
  std::optional<std::size_t> row;
};

using Hint = std::optional<std::string>;

[[noreturn]] void throw_artifact(std::string code, std::string message, Hint hint = std::nullopt);
[[noreturn]] void throw_record(std::string code, std::string message, const Where& where, Hint hint = std::nullopt);
[[noreturn]] void throw_runtime(std::string code, std::string message, Hint hint = std::nullopt);

// Text in quotes as a message shows it: cut to a reasonable length, with control characters and invalid UTF-8
// escaped.
std::string shown(std::string_view text, std::size_t limit = 60);
std::string shown_value(const Value& value);
std::string shown(double value);  // the shortest digits that represent it, in any locale

}  // namespace skc::detail
