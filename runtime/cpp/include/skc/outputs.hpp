// The results of a transformer: one typed array per output.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "skc/error.hpp"

namespace skc {

enum class DType { float32, float64, int64, boolean, string };

// `float64` and its like, as manifest.json names element types.
std::string_view name_of(DType dtype) noexcept;

// An output: its name, its type, and a name for each of its columns.
struct OutputInfo {
  std::string name;
  DType dtype;
  std::vector<std::string> columns;
};

// A fixed number of values side by side. Not a std::vector, so that bools are bools and numbers are not zeroed first.
template <class T>
class Array {
 public:
  Array() = default;
  explicit Array(std::size_t size) : size_(size), values_(new T[size]) {}
  Array(const Array& other) : Array(other.size_) {
    for (std::size_t i = 0; i < size_; ++i) values_[i] = other.values_[i];
  }
  Array(Array&& other) noexcept : size_(std::exchange(other.size_, 0)), values_(std::move(other.values_)) {}
  Array& operator=(Array other) noexcept {
    size_ = std::exchange(other.size_, 0);
    values_ = std::move(other.values_);
    return *this;
  }
  ~Array() = default;

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const T* data() const noexcept { return values_.get(); }
  T* data() noexcept { return values_.get(); }
  const T* begin() const noexcept { return data(); }
  const T* end() const noexcept { return data() + size_; }
  const T& operator[](std::size_t i) const noexcept { return values_[i]; }
  T& operator[](std::size_t i) noexcept { return values_[i]; }

 private:
  std::size_t size_ = 0;
  std::unique_ptr<T[]> values_;
};

// One output of a request: `rows` × `columns` values, row by row. A single record has one row.
//
// The type T is that of the output: float, double, std::int64_t, bool or std::string. Another one throws
// `invalid-option`, as does an index outside the array.
class Output {
 public:
  using Data = std::variant<Array<float>, Array<double>, Array<std::int64_t>, Array<bool>, Array<std::string>>;

  Output(const OutputInfo& info, std::size_t rows, Data data) : info_(&info), rows_(rows), data_(std::move(data)) {}

  const std::string& name() const noexcept { return info_->name; }
  DType dtype() const noexcept { return static_cast<DType>(data_.index()); }
  std::size_t rows() const noexcept { return rows_; }
  std::size_t columns() const noexcept { return info_->columns.size(); }
  const std::vector<std::string>& column_names() const noexcept { return info_->columns; }
  const Data& data() const noexcept { return data_; }
  Data& data() noexcept { return data_; }

  template <class T>
  const Array<T>& values() const {
    const auto* found = std::get_if<Array<T>>(&data_);
    if (found == nullptr) refuse_type();
    return *found;
  }
  template <class T>
  const T& at(std::size_t row, std::size_t column) const {
    const Array<T>& all = values<T>();
    if (row >= rows_ || column >= columns()) refuse_place(row, column);
    return all[row * columns() + column];
  }
  // Of a single record.
  template <class T>
  const T& at(std::size_t column) const {
    return at<T>(0, column);
  }

 private:
  [[noreturn]] void refuse_type() const;
  [[noreturn]] void refuse_place(std::size_t row, std::size_t column) const;

  const OutputInfo* info_;
  std::size_t rows_;
  Data data_;
};

// All outputs of a request, by name. A nullable output that is not float has a companion `NAME.valid` of bools.
// Remains valid when the transformer is closed.
class Outputs {
 public:
  Outputs(std::shared_ptr<const std::vector<OutputInfo>> infos, std::vector<Output> outputs, bool is_single)
      : infos_(std::move(infos)), outputs_(std::move(outputs)), is_single_(is_single) {}

  // Whether the request was a single record, whose outputs have one row.
  bool is_single() const noexcept { return is_single_; }
  std::size_t rows() const noexcept { return outputs_.empty() ? 0 : outputs_.front().rows(); }
  std::size_t size() const noexcept { return outputs_.size(); }
  auto begin() const noexcept { return outputs_.begin(); }
  auto end() const noexcept { return outputs_.end(); }

  // Null if there is no output of this name.
  const Output* find(std::string_view name) const noexcept;
  // Throws `invalid-option` if there is no output of this name.
  const Output& operator[](std::string_view name) const;

 private:
  std::shared_ptr<const std::vector<OutputInfo>> infos_;  // the memory of the outputs
  std::vector<Output> outputs_;
  bool is_single_;
};

}  // namespace skc
