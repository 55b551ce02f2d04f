#include "telemetry.hpp"

#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace skc::detail {

bool switch_telemetry_off() {
  if (std::getenv(telemetry_variable) != nullptr) return false;
  ::setenv(telemetry_variable, "1", 0);
  return true;
}

bool sends_telemetry(const std::string& version) {
#if defined(__linux__)
  int major = 0, minor = 0;
  if (std::sscanf(version.c_str(), "%d.%d", &major, &minor) != 2) return false;
  return major > 1 || (major == 1 && minor >= 32);
#else
  return version.empty();
#endif
}

void warn_of_telemetry(const std::string& version) {
  static const bool told = [&] {
    std::clog << "warning: ONNX Runtime " << version << " was loaded before skc and sends telemetry: load an artifact "
              << "before anything else uses it, or set " << telemetry_variable << "=1 for the process\n";
    return true;
  }();
  static_cast<void>(told);
}

}  // namespace skc::detail
