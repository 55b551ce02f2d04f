// Numbers and strings as the lines of a request log have them, and CRC-32.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace skc::detail {

// The shortest decimal that gives the float64 again, laid out as Python does, or the word of a value that JSON lacks.
void append_float(std::string& to, double value);
void append_integer(std::string& to, std::int64_t value);
// A JSON string; only what must be is escaped.
void append_quoted(std::string& to, std::string_view text);

// The CRC-32 of zlib, from that of what came before.
std::uint32_t crc32(std::string_view bytes, std::uint32_t before = 0) noexcept;

}  // namespace skc::detail
