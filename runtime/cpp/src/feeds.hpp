// The input tensors of one request.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "manifest.hpp"
#include "onnxruntime.hpp"

namespace skc::detail {

// Tensors [rows, width] in the order of the manifest, to be filled and run any number of times, by one thread at a
// time.
//
// Why ONNX Runtime's memory rather than ours: its kernels see the same alignment on every call, and string tensors
// cannot be stored elsewhere; a string that is overwritten keeps its buffer.
class Feeds {
 public:
  Feeds(const OnnxRuntime& runtime, const Manifest& manifest, std::size_t rows);
  Feeds(const Feeds&) = delete;
  Feeds& operator=(const Feeds&) = delete;
  ~Feeds();

  std::size_t rows() const noexcept { return rows_; }
  const OrtValue* const* values() const noexcept { return values_.data(); }

  void put(const Slot& slot, std::size_t row, double value) noexcept { cell<double>(slot, row) = value; }
  void put(const Slot& slot, std::size_t row, float value) noexcept { cell<float>(slot, row) = value; }
  void put(const Slot& slot, std::size_t row, std::int64_t value) noexcept { cell<std::int64_t>(slot, row) = value; }
  void put(const Slot& slot, std::size_t row, bool value) noexcept { cell<bool>(slot, row) = value; }
  void put(const Slot& slot, std::size_t row, std::string_view text) {
    char* buffer = nullptr;
    runtime_.check(runtime_.api().GetResizedStringTensorElementBuffer(values_[slot.tensor], index(slot, row),
                                                                      text.size(), &buffer));
    if (!text.empty()) std::memcpy(buffer, text.data(), text.size());
    longest_ = std::max(longest_, text.size());
  }

  // The bytes of the longest text put since these tensors were made, or since `forget_lengths`.
  std::size_t longest() const noexcept { return longest_; }
  void forget_lengths() noexcept { longest_ = 0; }
  // Those of the longest text in a row now.
  std::size_t longest_in(std::size_t row) const;

  // A stored number or bool.
  template <class T>
  T at(const Slot& slot, std::size_t row) const noexcept {
    return cell<T>(slot, row);
  }

  // A stored value, formatted for a message.
  std::string shown_at(const InputSpec& input, std::size_t row) const;

 private:
  struct Tensor {
    void* data = nullptr;  // none of a string tensor
    std::size_t width = 0;
  };

  std::size_t index(const Slot& slot, std::size_t row) const noexcept {
    return row * tensors_[slot.tensor].width + slot.column;
  }
  template <class T>
  T& cell(const Slot& slot, std::size_t row) const noexcept {
    return static_cast<T*>(tensors_[slot.tensor].data)[index(slot, row)];
  }
  void release() noexcept;

  const OnnxRuntime& runtime_;
  std::size_t rows_;
  std::vector<OrtValue*> values_;
  std::vector<Tensor> tensors_;
  std::size_t longest_ = 0;
};

}  // namespace skc::detail
