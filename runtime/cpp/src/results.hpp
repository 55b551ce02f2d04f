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

  // A tensor of the declared type and of [rows, columns]. Throws `run-failed` if it has another size.
  Output output(std::size_t index, const OutputInfo& info, std::size_t rows) const;

  // A bool tensor of `count` values, likewise.
  const bool* flags(std::size_t index, std::size_t count) const;

 private:
  void check_count(std::size_t index, std::size_t count) const;
  const void* data(std::size_t index) const;
  template <class T>
  Output::Data numbers(std::size_t index, std::size_t count) const;
  Output::Data strings(std::size_t index, std::size_t count) const;

  const OnnxRuntime& runtime_;
  std::vector<OrtValue*> values_;
};

// Outputs without rows. Nothing is run for them, so that no operator has to handle an empty tensor.
Output empty_output(const OutputInfo& info);

}  // namespace skc::detail
