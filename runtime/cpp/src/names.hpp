// Maps the name of an input to its index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skc::detail {

// A hash table that never changes, in one piece of memory: a record looks up each of its keys.
class Names {
 public:
  explicit Names(std::vector<std::string> names);

  std::optional<std::size_t> find(std::string_view name) const noexcept {
    for (std::size_t at = hash(name) & mask_;; at = (at + 1) & mask_) {
      const std::uint32_t entry = table_[at];
      if (entry == 0) return std::nullopt;
      if (names_[entry - 1] == name) return entry - 1;
    }
  }

  // The name that a misspelt one probably means, if one is near.
  std::optional<std::string> nearest(std::string_view name) const;

 private:
  static std::size_t hash(std::string_view name) noexcept {  // FNV-1a, folded: the table uses the low bits
    std::uint64_t found = 0xcbf29ce484222325;
    for (const char c : name) found = (found ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return static_cast<std::size_t>(found ^ (found >> 32));
  }

  std::vector<std::string> names_;
  std::vector<std::uint32_t> table_;  // indices + 1, at most half full
  std::size_t mask_;
};

}  // namespace skc::detail
