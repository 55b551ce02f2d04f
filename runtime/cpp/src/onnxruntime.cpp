#include "onnxruntime.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <mutex>

#include "errors.hpp"
#include "telemetry.hpp"

namespace skc::detail {

namespace {

#if defined(__APPLE__)
constexpr const char* usual_name = "libonnxruntime.dylib";
#else
constexpr const char* usual_name = "libonnxruntime.so";
#endif

std::string path_of(const std::string& library) {
  if (!library.empty()) return library;
  const char* named = std::getenv("SKC_ONNXRUNTIME_LIBRARY");
  return named != nullptr && *named != '\0' ? named : usual_name;
}

// By the host program, or by an earlier call.
bool is_loaded(const std::string& path) {
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
  if (handle != nullptr) dlclose(handle);
  return handle != nullptr;
}

void* open_library(const std::string& path) {
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle != nullptr) return handle;
  const char* reason = dlerror();
  throw_runtime("invalid-option", "ONNX Runtime cannot be opened: " + std::string(reason == nullptr ? path : reason),
                "name its shared library in LoadOptions::onnxruntime_library or SKC_ONNXRUNTIME_LIBRARY");
}

const OrtApiBase& base_of(void* handle, const std::string& path) {
  using GetBase = const OrtApiBase*(ORT_API_CALL*)();
  const auto get = reinterpret_cast<GetBase>(dlsym(handle, "OrtGetApiBase"));
  const OrtApiBase* base = get == nullptr ? nullptr : get();
  if (base == nullptr) throw_runtime("invalid-option", shown(path, 200) + " is not ONNX Runtime");
  return *base;
}

}  // namespace

const OnnxRuntime& OnnxRuntime::open(const std::string& library) {
  static std::mutex mutex;
  static const OnnxRuntime* opened = nullptr;
  const std::string path = path_of(library);
  const std::lock_guard<std::mutex> lock(mutex);
  const bool was_loaded = is_loaded(path);
  const bool was_unset = switch_telemetry_off();
  void* handle = open_library(path);
  if (opened == nullptr) opened = new OnnxRuntime(handle, base_of(handle, path));
  if (was_loaded && was_unset && sends_telemetry(opened->version())) warn_of_telemetry(opened->version());
  if (opened->handle_ == handle) return *opened;
  throw_runtime("invalid-option", "this process already uses an ONNX Runtime other than " + shown(path, 200),
                "a process can use only one: name the same library everywhere");
}

OnnxRuntime::OnnxRuntime(void* handle, const OrtApiBase& base)
    : handle_(handle), version_(base.GetVersionString()), api_(base.GetApi(ORT_API_VERSION)) {
  if (api_ == nullptr) {
    throw_artifact("onnxruntime-too-old", "this runtime needs ONNX Runtime 1.18.0 or newer, this is " + version_,
                   "install a newer ONNX Runtime");
  }
  check(api_->CreateEnv(ORT_LOGGING_LEVEL_ERROR, "skc", &environment_));
  check(api_->GetAllocatorWithDefaultOptions(&allocator_));
}

std::string OnnxRuntime::message(OrtStatus* status) const {
  std::string text = api_->GetErrorMessage(status);
  api_->ReleaseStatus(status);
  return text;
}

void OnnxRuntime::refuse(OrtStatus* status) const {
  throw_runtime("run-failed", "ONNX Runtime failed: " + shown(message(status), 500),
                "this is a bug in skc; please report it with the request");
}

}  // namespace skc::detail
