#include "utf8.hpp"

#include <cstdint>
#include <cstring>

namespace skc::detail {

namespace {

constexpr std::uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;

// Whether eight bytes are all ASCII other than NUL. For bytes below 0x80, subtracting one sets the top bit of a zero
// only (or, by the borrow, of one above a zero).
bool is_plain(std::uint64_t eight) noexcept { return ((eight | (eight - ones)) & tops) == 0; }

bool is_continuation(char byte) noexcept { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

}  // namespace

std::size_t utf8_length(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  if (first == 0xe0 && second < 0xa0) return 0;  // overlong
  if (first == 0xed && second > 0x9f) return 0;  // a surrogate
  if (first == 0xf0 && second < 0x90) return 0;  // overlong
  if (first == 0xf4 && second > 0x8f) return 0;  // past U+10FFFF
  return length;
}

bool is_utf8(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text.substr(i));
    if (length == 0) return false;
    i += length;
  }
  return true;
}

TextFault text_fault(std::string_view text) noexcept {
  std::size_t i = 0;
  for (std::uint64_t eight; i + 8 <= text.size(); i += 8) {
    std::memcpy(&eight, text.data() + i, 8);
    if (!is_plain(eight)) break;
  }
  while (i < text.size()) {
    if (static_cast<unsigned char>(text[i]) - 1u < 0x7f) {  // ASCII other than NUL
      ++i;
      continue;
    }
    if (text[i] == '\0') return TextFault::nul;
    const std::size_t length = utf8_length(text.substr(i));
    if (length == 0) {  // if both occur, every language reports the NUL
      return text.find('\0', i) == std::string_view::npos ? TextFault::invalid : TextFault::nul;
    }
    i += length;
  }
  return TextFault::none;
}

}  // namespace skc::detail
