// Requests: a record of named values, or columns of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "skc/value.hpp"

namespace skc {

// One record: values by the names of inputs, in any order. A missing name means null for a nullable input. A
// duplicate name is refused when the record is served (`duplicate-column`).
class Record {
 public:
  using Entry = std::pair<std::string, Value>;

  Record() = default;
  Record(std::initializer_list<std::pair<std::string_view, Value>> entries) {
    reserve(entries.size());
    for (const auto& [name, value] : entries) add(std::string(name), value);
  }
  // Any map or sequence of pairs of names and values, such as std::unordered_map<std::string, Value>.
  template <class Pairs,
            class = std::enable_if_t<
                !std::is_same_v<Pairs, Record> &&
                std::is_constructible_v<std::string_view, decltype(std::declval<const Pairs&>().begin()->first)>>>
  Record(const Pairs& pairs) {  // NOLINT: a map of values is a record
    for (const auto& [name, value] : pairs) add(std::string(name), Value(value));
  }

  // Appends without checking whether the name exists.
  Record& add(std::string name, Value value) {
    entries_.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  // The value of a name, null if it is new.
  Value& operator[](std::string_view name) {
    for (auto& entry : entries_) {
      if (entry.first == name) return entry.second;
    }
    return entries_.emplace_back(std::string(name), Value()).second;
  }
  const Value* find(std::string_view name) const noexcept {
    for (const auto& entry : entries_) {
      if (entry.first == name) return &entry.second;
    }
    return nullptr;
  }

  void reserve(std::size_t count) { entries_.reserve(count); }
  void clear() noexcept { entries_.clear(); }
  std::size_t size() const noexcept { return entries_.size(); }
  auto begin() const noexcept { return entries_.begin(); }
  auto end() const noexcept { return entries_.end(); }

 private:
  std::vector<Entry> entries_;
};

// A batch as columns of equal length, by the names of inputs. A missing column of a nullable input is null in every
// row; one that is not an input is refused, unless Extra::ignore is passed. Nulls travel in a column of Value.
class Columns {
 public:
  using Data = std::variant<std::vector<double>, std::vector<std::int64_t>, std::vector<bool>, std::vector<std::string>,
                            std::vector<Value>>;
  struct Column {
    std::string name;
    Data data;
    std::size_t size() const noexcept {
      return std::visit([](const auto& values) { return values.size(); }, data);
    }
  };

  Columns() = default;

  // Each takes over its vector.
  Columns& add(std::string name, std::vector<double> values) { return append(std::move(name), std::move(values)); }
  Columns& add(std::string name, std::vector<std::int64_t> values) {
    return append(std::move(name), std::move(values));
  }
  Columns& add(std::string name, std::vector<bool> values) { return append(std::move(name), std::move(values)); }
  Columns& add(std::string name, std::vector<std::string> values) { return append(std::move(name), std::move(values)); }
  Columns& add(std::string name, std::vector<Value> values) { return append(std::move(name), std::move(values)); }

  std::size_t size() const noexcept { return columns_.size(); }
  auto begin() const noexcept { return columns_.begin(); }
  auto end() const noexcept { return columns_.end(); }

 private:
  Columns& append(std::string name, Data data) {
    columns_.push_back(Column{std::move(name), std::move(data)});
    return *this;
  }

  std::vector<Column> columns_;
};

}  // namespace skc
