package skc_test

import (
	"os"
	"path/filepath"
	"testing"

	skc "skc.dev/runtime"
)

// artifact is the folder of an artifact of the conformance suite. Where it or ONNX Runtime is missing the test is
// skipped with the reason; on a build server that is a failure.
func artifact(t testing.TB, name string) string {
	t.Helper()
	suite := os.Getenv("SKC_CONFORMANCE")
	if suite == "" {
		suite = filepath.Join("..", "..", "build", "conformance")
	}
	folder := filepath.Join(suite, "artifacts", filepath.FromSlash(name))
	if _, err := os.Stat(filepath.Join(folder, "manifest.json")); err != nil {
		unavailable(t, "the conformance suite is not built, or SKC_CONFORMANCE is not its folder: %v", err)
	}
	if _, err := skc.ONNXRuntimeVersion(); err != nil {
		unavailable(t, "%v", err)
	}
	return folder
}

func unavailable(t testing.TB, format string, values ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, values...)
	}
	t.Skipf(format, values...)
}

// rides loads the example of a signature, and closes it after the test.
func rides(t testing.TB, signature string) *skc.Transformer {
	t.Helper()
	transformer, err := skc.Load(artifact(t, "examples/rides/"+signature))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := transformer.Close(); err != nil {
			t.Error(err)
		}
	})
	return transformer
}

// ride is a record that the example serves.
func ride() map[string]any {
	return map[string]any{
		"pickup": "2025-11-03 08:15:00", "zone": "MIDTOWN", "driver": "d-17", "passengers": 2,
		"distance_km": 3.5, "fare": 14.0, "payment": "card", "night": false,
	}
}
