package skc

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// field is a field of bytes, texts or messages of a protobuf message.
func field[T []byte | string](number int, data T) []byte {
	tag := binary.AppendUvarint(nil, uint64(number<<3|wireBytes))
	return append(binary.AppendUvarint(tag, uint64(len(data))), data...)
}

// graph is a model with these fields in its graph.
func graphOf(fields ...[]byte) []byte { return field(modelGraph, slices.Concat(fields...)) }

// Every kind of forged model is in the conformance suite, and refused alike in every language; here are the rules.
func TestWhatAModelMayHold(t *testing.T) {
	node := func(fields ...[]byte) []byte { return field(1, slices.Concat(fields...)) }
	op := func(domain, name string) []byte { return append(field(4, name), field(7, domain)...) }
	tensor := func(fields ...[]byte) []byte {
		value := append(field(5, slices.Concat(fields...)), 0xa0, 1, 4)
		return graphOf(node(op("", "Constant"), field(5, value)))
	}
	raw, float64s := field(9, make([]byte, 16)), []byte{2 << 3, 11}
	models := map[string]struct {
		model []byte
		code  Code
	}{
		"nothing":                {nil, ""},
		"an op":                  {graphOf(node(op("ai.onnx.ml", "LabelEncoder"))), ""},
		"the word location":      {graphOf(field(2, "location")), ""},
		"a shape":                {tensor([]byte{8, 1, 8, 2}, float64s, raw), ""},
		"a packed shape":         {tensor(field(1, []byte{1, 2}), float64s, raw), ""},
		"a shape without data":   {tensor([]byte{8, 1, 8, 3}, float64s, raw), CodeArtifactUnsafe},
		"another op":             {graphOf(node(op("", "Loop"))), CodeArtifactUnsafe},
		"another domain":         {graphOf(node(op("ai.onnx", "Add"))), CodeArtifactUnsafe},
		"an initializer":         {graphOf(field(5, "")), CodeArtifactUnsafe},
		"external data":          {tensor(float64s, field(13, "")), CodeArtifactUnsafe},
		"a function":             {field(25, ""), CodeArtifactUnsafe},
		"a tag of 33 bits":       {[]byte{0xba, 0x80, 0x80, 0x80, 0x10, 0}, CodeArtifactUnsafe},
		"a tag that is too long": {[]byte{0xba, 0, 0}, CodeArtifactUnsafe},
		"two graphs":             {append(graphOf(), graphOf()...), CodeArtifactUnsafe},
		"truncated":              {graphOf()[:1], CodeModelRefused},
		"a group":                {[]byte{0x3b}, CodeModelRefused},
		"a number without end":   {[]byte{8, 0xff}, CodeModelRefused},
	}
	for name, test := range models {
		err := scanModel(test.model)
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
	model := graphOf(declared(graphInput, "a", 11, fixed), declared(graphOutput, "y", 8, three))
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
	f.Add(graphOf(field(2, "name")))
	f.Fuzz(func(_ *testing.T, data []byte) {
		if scanModel(data) == nil {
			_, _, _ = modelTensors(data)
		}
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
	above := t.TempDir()
	dir := filepath.Join(above, "artifact")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(dir, "sound"), "text")
	write(filepath.Join(above, "outside"), "text")
	for name, target := range map[string]string{
		"link": "sound", "absolute": filepath.Join(dir, "sound"), "out": "../outside", "far": "/etc/passwd",
		"ring": "ring", "dangling": "nowhere", "to-folder": "folder", "device": "/dev/zero",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(dir, goldenName), "")
	if err := os.Truncate(filepath.Join(dir, goldenName), 64*megabyte+1); err != nil {
		t.Fatal(err)
	}
	from, refusal := openFolder(dir)
	if refusal != nil {
		t.Fatal(refusal)
	}
	defer from.close()
	for name, code := range map[string]Code{
		"sound": "", "link": "", "absolute": "", "out": CodeArtifactUnsafe, "far": CodeArtifactUnsafe,
		"ring": CodeArtifactUnsafe, "dangling": CodeArtifactFileMissing, "to-folder": CodeArtifactUnsafe,
		"device": CodeArtifactUnsafe, "folder": CodeArtifactUnsafe, "nothing": CodeArtifactFileMissing,
		goldenName: CodeArtifactTooLarge,
	} {
		if _, err := from.read(name); (err == nil) != (code == "") || (err != nil && err.Code != code) {
			t.Errorf("%s: got %v, want %s", name, err, code)
		}
	}
}
