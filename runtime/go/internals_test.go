package skc

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// field is a field of bytes, texts or messages of a protobuf message.
func field[T []byte | string](number int, data T) []byte {
	tag := binary.AppendUvarint(nil, uint64(number<<3|wireBytes))
	return append(binary.AppendUvarint(tag, uint64(len(data))), data...)
}

func TestExternalDataIsFound(t *testing.T) {
	elsewhere := field(tensorExternalData, "\x0a\x08location")
	here := []byte{tensorDataLocation << 3, 0}
	models := map[string]struct {
		model []byte
		code  Code
	}{
		"no word":              {[]byte{0xff}, ""},
		"an initializer":       {field(modelGraph, field(graphInitializer, elsewhere)), CodeArtifactUnsafe},
		"in a node":            {field(modelGraph, field(1, field(5, field(5, elsewhere)))), CodeArtifactUnsafe},
		"in a function":        {field(25, field(7, field(5, field(5, elsewhere)))), CodeArtifactUnsafe},
		"data that is here":    {field(modelGraph, append(field(graphInitializer, here), field(2, "location")...)), ""},
		"cut off":              {append(field(2, "location"), field(modelGraph, "\x2a\x7f")...), CodeModelRefused},
		"a group":              {append(field(2, "location"), 0x0b), CodeModelRefused},
		"a varint without end": {append(field(2, "location"), 0xff, 0xff), CodeModelRefused},
	}
	for name, test := range models {
		err := refuseExternalData(test.model)
		if (err == nil) != (test.code == "") || (err != nil && err.Code != test.code) {
			t.Errorf("%s: got %v, want %s", name, err, test.code)
		}
	}
}

func TestTensorsOfAModel(t *testing.T) {
	declared := func(number int, name string, element byte, dimensions []byte) []byte {
		tensor := append([]byte{tensorTypeElement << 3, element}, field(tensorTypeShape, dimensions)...)
		kind := field(valueType, field(typeTensor, tensor))
		return field(number, append(field(valueName, name), kind...))
	}
	three := field(shapeDimension, []byte{dimensionValue << 3, 3})
	fixed := append(field(shapeDimension, field(dimensionParameter, "N")), three...)
	var model []byte
	for _, part := range [][]byte{ // a graph in parts is one graph
		declared(graphInput, "a", 11, fixed),
		declared(graphInput, "constant", 7, fixed),
		field(graphInitializer, field(tensorName, "constant")),
		declared(graphOutput, "y", 8, three),
	} {
		model = append(model, field(modelGraph, part)...)
	}
	inputs, outputs, err := modelTensors(model)
	if err != nil {
		t.Fatal(err)
	}
	if len(inputs) != 1 || inputs[0] != (tensorSpec{"a", Float64, 3}) {
		t.Errorf("inputs %v", inputs)
	}
	if len(outputs) != 1 || outputs[0] != (tensorSpec{"y", String, -1}) {
		t.Errorf("outputs %v", outputs)
	}
}

func FuzzModel(f *testing.F) {
	f.Add(field(modelGraph, field(graphInitializer, field(2, "location"))))
	f.Fuzz(func(_ *testing.T, data []byte) {
		_ = refuseExternalData(append([]byte("\x12\x08location"), data...))
		_, _, _ = modelTensors(data)
	})
}

func TestArithmetic(t *testing.T) {
	if err := checkArithmetic(); err != nil {
		t.Error(err)
	}
	// What a thread that flushes, or rounds up or down, would make of the numbers.
	if what := oddArithmetic(1, 0, 0x1p-53, 0x1p-1022); what != "flushes denormals to zero" {
		t.Error(what)
	}
	if what := oddArithmetic(1, math.SmallestNonzeroFloat64, 0x1p-52, 0x1p-1022); what != "does not round to nearest" {
		t.Error(what)
	}
	if what := oddArithmetic(1, math.SmallestNonzeroFloat64, 0, 0x1p-1022); what != "does not round to nearest" {
		t.Error(what)
	}
}

func TestVersions(t *testing.T) {
	for text, want := range map[string][3]int{"1.31.0.dev1+cpu2": {1, 31, 0}, "1.18": {1, 18, 0}, "x": {}} {
		if got := version(text); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
	if !isOlder(version("1.9.9"), version("1.18")) || isOlder(version("1.18.0"), version("1.18")) {
		t.Error("versions are compared by their numbers")
	}
}

func TestFilesThatAreNotRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("sound", "text")
	if err := os.Symlink("sound", filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(goldenName, "")
	if err := os.Truncate(filepath.Join(dir, goldenName), 64*megabyte+1); err != nil {
		t.Fatal(err)
	}
	for name, code := range map[string]Code{
		"sound": "", "link": CodeArtifactUnsafe, "folder": CodeArtifactUnsafe, "nothing": CodeArtifactFileMissing,
		goldenName: CodeArtifactTooLarge,
	} {
		if _, err := readFile(dir, name); (err == nil) != (code == "") || (err != nil && err.Code != code) {
			t.Errorf("%s: got %v, want %s", name, err, code)
		}
	}
}
