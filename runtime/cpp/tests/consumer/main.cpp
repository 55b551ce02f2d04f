// A stranger's program: all it needs is the public header and the library. Says by its exit code whether it works, for
// which neither ONNX Runtime nor an artifact need be there.
#include <cstdio>

#include "skc/skc.hpp"

int main() {
  try {
    skc::LoadOptions options;
    options.onnxruntime_library = "/nowhere/libonnxruntime.so";
    skc::Transformer::load("/nowhere", options);
  } catch (const skc::Error& error) {
    std::puts(error.what());
    return error.code() == "invalid-option" ? 0 : 1;
  }
  return 1;
}
