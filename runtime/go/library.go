package skc

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

// LibraryVariable is the environment variable with the path of the shared library of ONNX Runtime.
const LibraryVariable = "SKC_ONNXRUNTIME_LIBRARY"

// library is the one ONNX Runtime of the process. It is never unloaded: loading two libraries, or one twice, is unsafe.
var library struct {
	sync.Mutex
	path string // what it was loaded from; empty if not by this package
}

// ONNXRuntimeVersion loads ONNX Runtime if necessary, and returns its version.
func ONNXRuntimeVersion(options ...Option) (string, error) {
	chosen := optionsOf(options)
	if err := loadLibrary(chosen.library); err != nil {
		return "", err
	}
	return ort.GetVersion(), nil
}

// loadLibrary loads ONNX Runtime at the first call, unless the host program has initialised the binding itself.
func loadLibrary(wanted string) *Error {
	library.Lock()
	defer library.Unlock()
	wasUnset := switchTelemetryOff()
	if ort.IsInitialized() {
		if wasUnset && sendsTelemetry(ort.GetVersion()) {
			warnOfTelemetry(ort.GetVersion())
		}
		if wanted == "" || library.path == "" || wanted == library.path {
			return nil
		}
		message := fmt.Sprintf("ONNX Runtime of %s was requested, but %s is loaded", shown(wanted), shown(library.path))
		return newError(CodeInvalidOption, message, "a process can use only one: name the same path everywhere")
	}
	path := libraryPath(wanted)
	ort.SetSharedLibraryPath(path)
	if err := ort.InitializeEnvironment(ort.WithLogLevelError()); err != nil {
		return libraryRefused(path, err)
	}
	library.path = path
	return nil
}

func libraryPath(wanted string) string {
	if wanted != "" {
		return wanted
	}
	if path := os.Getenv(LibraryVariable); path != "" {
		return path
	}
	switch runtime.GOOS {
	case "windows":
		return "onnxruntime.dll"
	case "darwin":
		return "libonnxruntime.dylib"
	}
	return "libonnxruntime.so"
}

func libraryRefused(path string, err error) *Error {
	if strings.Contains(err.Error(), "setting ORT API base: 2") { // the binding's message if GetApi returns nothing
		message := fmt.Sprintf("ONNX Runtime of %s is too old for this runtime", shown(path))
		return newError(CodeONNXRuntimeTooOld, message, "take the shared library of ONNX Runtime 1.22 or newer")
	}
	message := fmt.Sprintf("ONNX Runtime cannot be loaded from %s: %s", shown(path), shownUpTo(err, 500))
	hint := fmt.Sprintf("set %s, or pass skc.WithLibrary, with the path of libonnxruntime", LibraryVariable)
	return newError(CodeInvalidOption, message, hint)
}

func checkVersion(m *manifest) *Error {
	wanted, found := m.minimumONNXRuntime, ort.GetVersion()
	if !isOlder(version(found), version(wanted)) {
		return nil
	}
	message := fmt.Sprintf("the artifact needs ONNX Runtime %s, this is %s", wanted, found)
	return newError(CodeONNXRuntimeTooOld, message, "take a newer shared library of ONNX Runtime")
}

var numbers = regexp.MustCompile(`[0-9]+`)

// version is the first three numbers: 1.31.0.dev1+cpu is 1.31.0.
func version(text string) (found [3]int) {
	text, _, _ = strings.Cut(text, "+")
	for i, digits := range numbers.FindAllString(text, len(found)) {
		found[i], _ = strconv.Atoi(digits) // digits only; one too long for an int is a version beyond all
	}
	return found
}

func isOlder(a, b [3]int) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}
