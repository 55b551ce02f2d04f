package skc

import (
	"log/slog"
	"os"
	"runtime"
)

// TelemetryVariable switches the telemetry of ONNX Runtime off, when it is set before the library is loaded.
//
// Why: since 1.32 the official Linux builds keep files in the home folder, start two threads and look up a host of their
// vendor as soon as they are loaded. Only this variable in the environment of the process prevents it; the switches of
// the API come too late. To keep the telemetry, set the variable to 0.
const TelemetryVariable = "ORT_DISABLE_TELEMETRY"

// switchTelemetryOff sets the variable unless the user has, and returns whether it was not set. In a program with cgo,
// os.Setenv sets it for C as well.
func switchTelemetryOff() bool {
	if _, isSet := os.LookupEnv(TelemetryVariable); isSet {
		return false
	}
	return os.Setenv(TelemetryVariable, "1") == nil
}

// sendsTelemetry reports whether the builds of that version do, on this system.
func sendsTelemetry(found string) bool {
	return runtime.GOOS == "linux" && !isOlder(version(found), [3]int{1, 32, 0})
}

// warnOfTelemetry warns if the host program had loaded the library before, when the variable was not set. It is
// called once at most: then the variable is set.
func warnOfTelemetry(found string) {
	slog.Warn("ONNX Runtime was initialised before skc and sends telemetry: load an artifact first, or set "+
		TelemetryVariable+"=1 for the process", "onnxruntime", found)
}
