// Copies the results of ONNX Runtime into our own values.
#pragma once

#include <optional>
#include <vector>

#include "onnxruntime.hpp"
#include "skc/outputs.hpp"

namespace skc::detail {

// A bool tensor [1, width] that ONNX Runtime writes an output into, reused by one call at a time: another one for each
// call would cost a fifth of what signals cost a row.
class Flags {
 public:
  Flags(const OnnxRuntime& runtime, std::size_t width);

  OrtValue* value() const noexcept { return value_.get(); }
  const bool* data() const noexcept { return data_; }

 private:
  Owned<OrtValue> value_;
  const bool* data_;
};

// The output values of one run, released at the end.
class RunOutputs {
 public:
  RunOutputs(const OnnxRuntime& runtime, std::size_t count) : runtime_(runtime), values_(count, nullptr) {}
  RunOutputs(const RunOutputs&) = delete;
  RunOutputs& operator=(const RunOutputs&) = delete;
  ~RunOutputs() {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (i != lent_) runtime_.api().ReleaseValue(values_[i]);
    }
  }

  OrtValue** data() noexcept { return values_.data(); }

  // Before the run: the output is written into a tensor that stays the caller's. ONNX Runtime refuses another size.
  void lend(std::size_t index, const Flags& flags) noexcept {
    values_[index] = flags.value();
    lent_ = index;
  }

  // Copies a tensor of the declared type and of [rows, columns] into the rows of an output from `start` on. Throws
  // `run-failed` if it has another size.
  void copy(std::size_t index, std::size_t rows, Output& to, std::size_t start) const;

  // A bool tensor of `count` values, likewise.
  const bool* flags(std::size_t index, std::size_t count) const;

 private:
  void check_count(std::size_t index, std::size_t count) const;
  const void* data(std::size_t index) const;
  template <class T>
  void copy_to(T* to, std::size_t index, std::size_t count) const;
  void copy_to(std::string* to, std::size_t index, std::size_t count) const;

  const OnnxRuntime& runtime_;
  std::vector<OrtValue*> values_;
  std::optional<std::size_t> lent_;
};

// An output whose values are still to be written.
Output new_output(const OutputInfo& info, std::size_t rows);

}  // namespace skc::detail
