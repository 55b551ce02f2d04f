// Checks that the parts of a manifest are consistent, and that its names are valid.
#pragma once

#include <string_view>

#include "manifest.hpp"

namespace skc::detail {

bool is_code(std::string_view text) noexcept;       // unknown-key
bool is_version(std::string_view text) noexcept;    // 1.18.0
bool is_share(std::string_view text) noexcept;      // 0.25
bool is_sha256(std::string_view text) noexcept;     // 64 hexadecimal digits
bool is_file_name(std::string_view text) noexcept;  // a plain name in the directory

// Throws `artifact-malformed`, `artifact-unsafe`.
void verify_consistency(const Manifest& manifest);

}  // namespace skc::detail
