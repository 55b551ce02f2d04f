// The artifacts that tests load, and damaged copies of them.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>

#include "skc/skc.hpp"

// Where the conformance suite was built, or an empty path.
std::filesystem::path rides(const std::string& signature = "columns");

// Whether ONNX Runtime can be opened.
bool has_onnxruntime();

// Skips a test where its artifact or ONNX Runtime is not there, which in CI is a failure.
#define SKC_NEEDS(condition, what)                                    \
  if (!(condition)) {                                                 \
    const char* ci = std::getenv("CI");                               \
    if (ci != nullptr && std::string(ci) == "true") FAIL() << (what); \
    GTEST_SKIP() << (what);                                           \
  }
#define SKC_NEEDS_ONNXRUNTIME() SKC_NEEDS(has_onnxruntime(), "SKC_ONNXRUNTIME_LIBRARY names no ONNX Runtime")
#define SKC_NEEDS_RIDES()  \
  SKC_NEEDS_ONNXRUNTIME(); \
  SKC_NEEDS(std::filesystem::exists(rides()), "no artifact at " + rides().string() + ": build the conformance suite")

// A request that the example serves.
skc::Record ride();

// A folder that goes away with the object, holding a copy of the example.
class Copy {
 public:
  Copy();
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;
  ~Copy();

  std::filesystem::path path(const std::string& name = "") const { return name.empty() ? folder_ : folder_ / name; }
  std::string read(const std::string& name) const;
  void write(const std::string& name, const std::string& text) const;
  // Writes a file, and its hash into the manifest.
  void write_hashed(const std::string& name, const std::string& text) const;
  // Replaces the first `from` of the manifest.
  void edit_manifest(const std::string& from, const std::string& to) const;

 private:
  std::filesystem::path folder_;
};

// The code of the error of a call, empty if it gives none.
std::string code_of(const std::function<void()>& call);
std::string load_code(const std::filesystem::path& folder);
