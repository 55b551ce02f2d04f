#include "log_text.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace skc::detail {

namespace {

constexpr double first_large = 1e16, last_small = 1e-4;  // beyond, Python writes an exponent

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? 0xedb88320u ^ (value >> 1) : value >> 1;
    table[i] = value;
  }
  return table;
}

}  // namespace

void append_float(std::string& to, double value) {
  if (std::isnan(value)) {
    to += "\"NaN\"";
  } else if (std::isinf(value)) {
    to += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else if (value == 0) {
    to += std::signbit(value) ? "\"-0.0\"" : "0.0";
  } else {
    const double size = std::abs(value);
    const bool is_scientific = size >= first_large || size < last_small;
    char text[64];
    const auto format = is_scientific ? std::chars_format::scientific : std::chars_format::fixed;
    to.append(text, std::to_chars(text, text + sizeof text, value, format).ptr);
    if (!is_scientific && value == std::trunc(value)) to += ".0";
  }
}

void append_integer(std::string& to, std::int64_t value) {
  char text[24];
  to.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

void append_quoted(std::string& to, std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  to += '"';
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    to.append(text, start, i - start);
    start = i + 1;
    switch (byte) {
      case '"':
      case '\\':
        to += '\\';
        to += text[i];
        break;
      case '\n':
        to += "\\n";
        break;
      case '\r':
        to += "\\r";
        break;
      case '\t':
        to += "\\t";
        break;
      case '\b':
        to += "\\b";
        break;
      case '\f':
        to += "\\f";
        break;
      default:
        to += "\\u00";
        to += digits[byte >> 4];
        to += digits[byte & 15];
    }
  }
  to.append(text, start, text.size() - start);
  to += '"';
}

std::uint32_t crc32(std::string_view bytes, std::uint32_t before) noexcept {
  static constexpr std::array<std::uint32_t, 256> table = crc_table();
  std::uint32_t crc = ~before;
  for (const char c : bytes) crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xff] ^ (crc >> 8);
  return ~crc;
}

}  // namespace skc::detail
