// Dates and instants as ISO 8601 text, in the one form that `schemas/marshalling.v1.json` describes.
#pragma once

#include <cstdint>
#include <string_view>

#include "errors.hpp"

namespace skc::detail {

// Days since 1970. Throws `invalid-value`.
std::int64_t day_of_text(std::string_view text, const Where& where);

// Microseconds since midnight. Throws `invalid-value`, `not-exact`.
std::int64_t clock_of_text(std::string_view text, const Where& where);

// Microseconds since 1970 UTC. Throws `invalid-value`, `naive-datetime`, `not-exact`.
std::int64_t instant_of_text(std::string_view text, const Where& where);

// Microseconds since 1970-01-01T00:00:00 of the local time. Throws `invalid-value`, `aware-datetime`, `not-exact`.
std::int64_t local_of_text(std::string_view text, const Where& where);

inline constexpr const char* without_zone =
    "send the time that the clock shows in the time zone of the input, without zone or offset";

}  // namespace skc::detail
