// ONNX Runtime's shared library, opened by name.
//
// Why not linked: the symbols of the library are versioned and would bind a program to one release. Its table of
// functions only grows, so requesting an old table works with every later release.
#pragma once

#include <memory>
#include <string>

#include "onnxruntime_c_api.h"

static_assert(ORT_API_VERSION == 18, "the vendored header is that of the oldest ONNX Runtime that is supported");

namespace skc::detail {

// The one library of this process. Never closed: its threads and allocators may outlive any of our objects.
class OnnxRuntime {
 public:
  // Opens `library`, or what SKC_ONNXRUNTIME_LIBRARY names, or the usual name. Throws `invalid-option` if it cannot
  // be opened or another one is in use, `onnxruntime-too-old`.
  static const OnnxRuntime& open(const std::string& library);

  const OrtApi& api() const noexcept { return *api_; }
  OrtEnv* environment() const noexcept { return environment_; }
  const std::string& version() const noexcept { return version_; }
  OrtAllocator* allocator() const noexcept { return allocator_; }

  // Throws `run-failed` with the message of a failed status.
  void check(OrtStatus* status) const {
    if (status != nullptr) refuse(status);
  }
  // The message of a status, which is released.
  std::string message(OrtStatus* status) const;

 private:
  OnnxRuntime(void* handle, const OrtApiBase& base);
  [[noreturn]] void refuse(OrtStatus* status) const;

  void* handle_;
  std::string version_;
  const OrtApi* api_;
  OrtEnv* environment_ = nullptr;
  OrtAllocator* allocator_ = nullptr;
};

// Owns an object of ONNX Runtime, released by a member of its table of functions.
template <class T>
class Owned {
 public:
  using Release = void(ORT_API_CALL*)(T*);
  explicit Owned(Release release) noexcept : release_(release) {}
  Owned(Owned&& other) noexcept : release_(other.release_), object_(other.object_) { other.object_ = nullptr; }
  Owned& operator=(Owned&&) = delete;
  ~Owned() {
    if (object_ != nullptr) release_(object_);
  }

  T* get() const noexcept { return object_; }
  T** out() noexcept { return &object_; }

 private:
  Release release_;
  T* object_ = nullptr;
};

}  // namespace skc::detail
