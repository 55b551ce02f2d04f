// Copies the results of ONNX Runtime into our own values.
#pragma once

#include <vector>

#include "onnxruntime.hpp"
#include "skc/outputs.hpp"

namespace skc::detail {

// The output values of one run, released at the end.
class RunOutputs {
 public:
  RunOutputs(const OnnxRuntime& runtime, std::size_t count) : runtime_(runtime), values_(count, nullptr) {}
  RunOutputs(const RunOutputs&) = delete;
  RunOutputs& operator=(const RunOutputs&) = delete;
  ~RunOutputs() {
    for (OrtValue* value : values_) runtime_.api().ReleaseValue(value);
  }

  OrtValue** data() noexcept { return values_.data(); }

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
};

// An output whose values are still to be written.
Output new_output(const OutputInfo& info, std::size_t rows);

}  // namespace skc::detail
