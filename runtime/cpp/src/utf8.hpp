// UTF-8 as Unicode defines it: no surrogates, no overlong forms, nothing past U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace skc::detail {

enum class TextFault { none, nul, invalid };

// The bytes of the character at the start of `text`, 0 if there is none.
std::size_t utf8_length(std::string_view text) noexcept;

bool is_utf8(std::string_view text) noexcept;

// Of ASCII, whatever the locale.
inline bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Why a string cannot be passed to the graph.
TextFault text_fault(std::string_view text) noexcept;

}  // namespace skc::detail
