#include "names.hpp"

#include <algorithm>
#include <numeric>

namespace skc::detail {

namespace {

// Levenshtein's, in bytes.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::size_t capacity_for(std::size_t count) {
  std::size_t capacity = 8;
  while (capacity < 2 * count) capacity *= 2;
  return capacity;
}

}  // namespace

Names::Names(std::vector<std::string> names)
    : names_(std::move(names)), table_(capacity_for(names_.size()), 0), mask_(table_.size() - 1) {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    std::size_t at = hash(names_[i]) & mask_;
    while (table_[at] != 0) at = (at + 1) & mask_;
    table_[at] = static_cast<std::uint32_t>(i + 1);
  }
}

std::optional<std::string> Names::nearest(std::string_view name) const {
  constexpr std::size_t longest = 256;  // the cost grows with the square
  if (name.size() > longest) return std::nullopt;
  std::size_t best = name.size() / 3 + 2;
  std::optional<std::string> found;
  for (const std::string& candidate : names_) {
    if (candidate.size() > longest) continue;
    const std::size_t d = distance(name, candidate);
    if (d >= best || d >= std::max(name.size(), candidate.size())) continue;
    best = d;
    found = candidate;
  }
  return found;
}

}  // namespace skc::detail
