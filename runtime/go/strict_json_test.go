package skc

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestParseJSON(t *testing.T) {
	tests := []struct {
		text string
		want any
	}{
		{` null `, nil},
		{`[true, false]`, []any{true, false}},
		{`{"a": 1, "b": [], "c": {}}`, map[string]any{"a": number("1"), "b": []any{}, "c": map[string]any{}}},
		{`[-0, 0.5, 1e9, -1.5E-3]`, []any{number("-0"), number("0.5"), number("1e9"), number("-1.5E-3")}},
		{`"\"\\\/\b\f\n\r\tA"`, "\"\\/\b\f\n\r\tA"},
		{`"é\u00e9😀\ud83d\ude00"`, "éé😀😀"},
		{`"\ud83d"`, "\xed\xa0\xbd"},
		{`"\ude00\ud83dx"`, "\xed\xb8\x80\xed\xa0\xbdx"},
	}
	for _, test := range tests {
		got, err := parseJSON([]byte(test.text), "x")
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %#v, %v; want %#v", test.text, got, err, test.want)
		}
	}
}

func TestParseJSONRefuses(t *testing.T) {
	for _, text := range []string{
		``, ` `, `{`, `}`, `[`, `[1`, `[1,`, `[1,]`, `[,1]`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `{"a":1 "b":2}`,
		`{"a": 1, "a": 2}`, `{"a": 1, "\u0061": 2}`, `nul`, `nulll`, `NaN`, `Infinity`, `01`, `-`, `+1`, `.5`, `1.`, `1e`, `0x1`,
		`"`, `"\`, `"\x"`, `"\u12"`, `"\u12g4"`, "\"\n\"", "\"\x00\"", "\"\xff\"", "\"\xed\xa0\xbd\"", "\ufeff{}", `{} {}`,
		`'a'`, `// c`, strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 9999),
	} {
		if value, err := parseJSON([]byte(text), "x"); err == nil {
			t.Errorf("%.40q: %#v", text, value)
		} else if err.Code != CodeArtifactMalformed {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}

// FuzzParseJSON compares with encoding/json, which takes a little more.
func FuzzParseJSON(f *testing.F) {
	for _, seed := range []string{`{"a": [1, -2.5e3, "x\u00e9\ud83d"], "b": null}`, `[]`, `"\ude00"`, `1e999`, `{"a":1,"a":1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		value, err := parseJSON(data, "x")
		if err != nil {
			return
		}
		if !json.Valid(data) {
			t.Errorf("%q is taken as %#v", data, value)
		}
	})
}

// FuzzReadManifest looks for a crash: a manifest comes from outside.
func FuzzReadManifest(f *testing.F) {
	f.Add([]byte(smallManifest))
	f.Add([]byte(strings.Replace(smallManifest, `"columns"`, `"packed"`, 1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := readManifest(data); err == nil {
			planInputs(m)
		}
	})
}

func TestSmallManifestIsSound(t *testing.T) {
	if _, err := readManifest([]byte(smallManifest)); err != nil {
		t.Fatal(err)
	}
}

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

// smallManifest has one input of each type, each of them nullable.
const smallManifest = `{"skc": "artifact", "format": 1, "name": "small", "signature": "columns",
"inputs": [
 {"name": "float64", "type": "float64", "nullable": true, "nan": "null", "tensor": "float64", "column": 0, "valid": null},
 {"name": "int64", "type": "int64", "nullable": true, "nan": "null", "tensor": "int64", "column": 0, "valid": {"tensor": "v1", "column": 0}},
 {"name": "bool", "type": "bool", "nullable": true, "nan": "null", "tensor": "bool", "column": 0, "valid": {"tensor": "v2", "column": 0}},
 {"name": "string", "type": "string", "nullable": true, "nan": "null", "tensor": "string", "column": 0, "valid": {"tensor": "v3", "column": 0}},
 {"name": "timestamp", "type": "timestamp", "nullable": true, "nan": "null", "tensor": "timestamp", "column": 0, "valid": {"tensor": "v4", "column": 0}},
 {"name": "date", "type": "date", "nullable": true, "nan": "null", "tensor": "date", "column": 0, "valid": {"tensor": "v5", "column": 0}}],
"tensors": [
 {"name": "float64", "dtype": "float64", "width": 1}, {"name": "int64", "dtype": "int64", "width": 1},
 {"name": "bool", "dtype": "bool", "width": 1}, {"name": "string", "dtype": "string", "width": 1},
 {"name": "timestamp", "dtype": "int64", "width": 1}, {"name": "date", "dtype": "int64", "width": 1},
 {"name": "v1", "dtype": "bool", "width": 1}, {"name": "v2", "dtype": "bool", "width": 1}, {"name": "v3", "dtype": "bool", "width": 1},
 {"name": "v4", "dtype": "bool", "width": 1}, {"name": "v5", "dtype": "bool", "width": 1}],
"outputs": [], "guards": null,
"onnx": {"opset": 20, "ml": 4, "ir": 9, "minimum_onnxruntime": "1.18.0", "domains": [""]},
"files": {"model.onnx": "` + zeros + `", "plan.json": "` + zeros + `", "golden.jsonl": "` + zeros + `"},
"plan": "` + zeros + `", "tzdata": null, "built_with": {}}`
