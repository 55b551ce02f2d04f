// Switches the telemetry of ONNX Runtime off, before the library is loaded.
//
// Why: since 1.32 the official Linux builds keep files in the home folder, start two threads and look up a host of their
// vendor as soon as they are loaded. Only this variable in the environment of the process, read at that moment,
// prevents it; the switches of the API come too late. To keep the telemetry, set the variable to 0.
#pragma once

#include <string>

namespace skc::detail {

constexpr const char* telemetry_variable = "ORT_DISABLE_TELEMETRY";

// Sets the variable unless the user has. Returns whether it was not set.
bool switch_telemetry_off();

// Whether the builds of that version send telemetry, on this system.
bool sends_telemetry(const std::string& version);

// Warns once, on std::clog, if the host program had loaded the library before, when the variable was not set.
void warn_of_telemetry(const std::string& version);

}  // namespace skc::detail
