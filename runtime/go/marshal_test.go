package skc

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"
)

// What Go alone can say: its types. The table of all languages is schemas/marshalling.v1.json, run by the
// conformance suite.

type (
	named    string
	counter  uint16
	optional = *float64
)

func pointerTo[T any](value T) *T { return &value }

var (
	noon     = time.Date(2024, 2, 29, 12, 0, 0, 1000, time.FixedZone("", -5*3600))
	hugeInt  = new(big.Int).Lsh(big.NewInt(1), 80)
	goValues = []struct {
		input string
		given any
		want  any // a value, nil for null, or the code of a refusal
	}{
		{"float64", float32(0.1), float64(float32(0.1))},
		{"float64", int8(-3), -3.0},
		{"float64", uint64(1 << 63), 0x1p63},
		{"float64", uint64(1<<64 - 1), CodeNotExact},
		{"float64", int64(math.MaxInt64), CodeNotExact},
		{"float64", int64(math.MinInt64), -0x1p63},
		{"float64", hugeInt, 0x1p80},
		{"float64", *hugeInt, 0x1p80},
		{"float64", new(big.Int).Lsh(big.NewInt(1), 2000), CodeNotExact},
		{"float64", (*big.Int)(nil), nil},
		{"float64", pointerTo(2.5), 2.5},
		{"float64", optional(nil), nil},
		{"float64", pointerTo(pointerTo(2.5)), 2.5},
		{"float64", counter(7), 7.0},
		{"float64", complex(1, 0), CodeWrongType},
		{"float64", time.Second, CodeWrongType},
		{"float64", []float64{1}, CodeWrongType},
		{"float64", struct{}{}, CodeWrongType},
		{"float64", func() {}, CodeWrongType},
		{"float64", json.Number("1.5"), 1.5},
		{"float64", json.Number("1e-2"), 0.01},
		{"float64", json.Number("9007199254740993"), CodeNotExact},
		{"float64", json.Number("1e999"), CodeNotExact},
		{"float64", json.Number("0x1p-2"), CodeWrongType},
		{"float64", json.Number("1_000.0"), CodeWrongType},
		{"float64", json.Number(""), CodeWrongType},
		{"int64", int32(-1), int64(-1)},
		{"int64", uint64(1 << 63), CodeInt64Overflow},
		{"int64", big.NewInt(5), int64(5)},
		{"int64", hugeInt, CodeInt64Overflow},
		{"int64", float32(3), int64(3)},
		{"int64", math.Inf(-1), CodeNotIntegral},
		{"int64", json.Number("9007199254740993"), int64(9007199254740993)},
		{"int64", json.Number("3.0"), int64(3)},
		{"int64", json.Number("3.5"), CodeNotIntegral},
		{"int64", json.Number("99999999999999999999"), CodeInt64Overflow},
		{"int64", json.Number("+3"), CodeWrongType},
		{"int64", time.Second, CodeWrongType},
		{"int64", time.March, int64(3)},
		{"bool", pointerTo(true), true},
		{"bool", (*bool)(nil), nil},
		{"bool", 1, CodeWrongType},
		{"string", named("é"), "é"},
		{"string", pointerTo("x"), "x"},
		{"string", []byte("x"), CodeWrongType},
		{"string", json.Number("1"), CodeWrongType},
		{"string", 'x', CodeWrongType},
		{"string", "a\x00", CodeNULInString},
		{"string", "\xed\xa0\xbd", CodeInvalidUTF8},
		{"string", "\xf0\x9f\x98", CodeInvalidUTF8},
		{"timestamp", noon, int64(1709226000000001)},
		{"timestamp", &noon, int64(1709226000000001)},
		{"timestamp", (*time.Time)(nil), nil},
		{"timestamp", noon.Add(1), CodeNotExact},
		{"timestamp", time.Time{}, int64(-62135596800000000)},
		{"timestamp", time.Unix(math.MaxInt64/1_000_000, 0), CodeInt64Overflow},
		{"timestamp", time.Unix(math.MinInt64/1_000_000, 0), CodeInt64Overflow},
		{"timestamp", Date{2024, 2, 29}, CodeWrongType},
		{"timestamp", uint8(5), int64(5)},
		{"timestamp", json.Number("5"), int64(5)},
		{"timestamp", json.Number("5.0"), CodeWrongType},
		{"date", Date{2024, 2, 29}, int64(19782)},
		{"date", &Date{1969, 12, 31}, int64(-1)},
		{"date", Date{-4000, 1, 1}, int64(-2180498)},
		{"date", Date{2023, 2, 29}, CodeWrongType},
		{"date", Date{}, CodeWrongType},
		{"date", Date{math.MaxInt64, 1, 1}, CodeInt64Overflow},
		{"date", noon, CodeWrongType},
		{"date", (*Date)(nil), nil},
	}
)

// smallMarshaller is that of smallManifest, with a block that no ONNX Runtime sees.
func smallMarshaller(t *testing.T, rows int) (*marshaller, *block) {
	t.Helper()
	m, err := readManifest([]byte(smallManifest))
	if err != nil {
		t.Fatal(err)
	}
	b := &block{rows: rows}
	for _, spec := range m.tensors {
		b.inputs = append(b.inputs, newBuffer(spec, rows))
	}
	return newMarshaller(m), b
}

// valueOf is what a row of an input holds, nil for null.
func (m *marshaller) valueOf(b *block, name string, row int) any {
	for i := range m.plans {
		p := &m.plans[i]
		if p.spec.name != name {
			continue
		}
		value := p.valueIn(b, row)
		if float, isFloat := value.(float64); isFloat && math.IsNaN(float) {
			return nil
		}
		if p.valid.width > 0 && !b.inputs[p.valid.tensor].flags[p.valid.at(row)] {
			return nil
		}
		return value
	}
	return fmt.Errorf("no input %s", name)
}

func TestGoValues(t *testing.T) {
	m, b := smallMarshaller(t, 2)
	for _, test := range goValues {
		about := fmt.Sprintf("%s of %T %s", test.input, test.given, shown(test.given))
		err := m.put(b, 0, map[string]any{test.input: test.given}, RefuseExtra)
		check(t, about, m, b, test.input, 0, err, test.want)
		columns, _, err := m.columns(map[string]any{test.input: []any{nil, test.given}}, RefuseExtra)
		if err == nil {
			err = m.putColumns(b, columns, 0)
		}
		check(t, about+" in a column", m, b, test.input, 1, err, test.want)
	}
}

func check(t *testing.T, about string, m *marshaller, b *block, input string, row int, err *Error, want any) {
	t.Helper()
	if code, isCode := want.(Code); isCode {
		if err == nil || err.Code != code || err.Input != input {
			t.Errorf("%s: got %v, want %s", about, err, code)
		}
		return
	}
	if err != nil {
		t.Errorf("%s: %v", about, err)
		return
	}
	if got := m.valueOf(b, input, row); got != want {
		t.Errorf("%s: got %#v, want %#v", about, got, want)
	}
}

func TestTypedColumns(t *testing.T) {
	value := 1.5
	tests := []struct {
		input string
		given any
		want  [2]any
		code  Code
		row   int
	}{
		{"float64", []float64{1, math.NaN()}, [2]any{1.0, nil}, "", 0},
		{"float64", []float32{0.5, 2}, [2]any{0.5, 2.0}, "", 0},
		{"float64", []*float64{&value, nil}, [2]any{1.5, nil}, "", 0},
		{"float64", []int{1, 1<<53 + 1}, [2]any{}, CodeNotExact, 1},
		{"float64", []string{"1", "2"}, [2]any{}, CodeWrongType, noRow},
		{"float64", [2]float64{1, 2}, [2]any{1.0, 2.0}, "", 0},
		{"float64", []float64(nil), [2]any{}, CodeUnequalLengths, noRow},
		{"float64", nil, [2]any{}, CodeUnsupportedData, noRow},
		{"float64", 1.5, [2]any{}, CodeUnsupportedData, noRow},
		{"float64", []byte{1, 2}, [2]any{}, CodeUnsupportedData, noRow},
		{"float64", [][]float64{{1}, {2}}, [2]any{}, CodeWrongShape, noRow},
		{"float64", []any{1.5, "x"}, [2]any{}, CodeWrongType, 1},
		{"float64", []fmt.Stringer{nil, nil}, [2]any{nil, nil}, "", 0},
		{"int64", []int64{1, 2}, [2]any{int64(1), int64(2)}, "", 0},
		{"int64", []int32{1, 2}, [2]any{int64(1), int64(2)}, "", 0},
		{"int64", []float64{1, 2.5}, [2]any{}, CodeNotIntegral, 1},
		{"bool", []bool{true, false}, [2]any{true, false}, "", 0},
		{"string", []string{"a", "é"}, [2]any{"a", "é"}, "", 0},
		{"string", []named{"a", "b"}, [2]any{"a", "b"}, "", 0},
		{"string", []string{"a", "b\x00"}, [2]any{}, CodeNULInString, 1},
		{"string", [][]byte{{1}, {2}}, [2]any{}, CodeWrongType, noRow},
		{"timestamp", []time.Time{noon, noon.Add(1)}, [2]any{}, CodeNotExact, 1},
		{"timestamp", []*time.Time{&noon, nil}, [2]any{int64(1709226000000001), nil}, "", 0},
		{"timestamp", []int64{1, 2}, [2]any{int64(1), int64(2)}, "", 0},
		{"date", []Date{{1970, 1, 2}, {1970, 1, 3}}, [2]any{int64(1), int64(2)}, "", 0},
	}
	for _, test := range tests {
		m, b := smallMarshaller(t, 2)
		about := fmt.Sprintf("%s of %T %s", test.input, test.given, shown(test.given))
		err := putTwoRows(m, b, test.input, test.given)
		if test.code != "" {
			if err == nil || err.Code != test.code || err.Row != test.row {
				t.Errorf("%s: got %v, want %s in row %d", about, err, test.code, test.row)
			}
			continue
		}
		for row, want := range test.want {
			check(t, about, m, b, test.input, row, err, want)
		}
	}
}

// putTwoRows writes a column beside one of another input that has two rows.
func putTwoRows(m *marshaller, b *block, input string, given any) *Error {
	other := "string"
	if input == other {
		other = "bool"
	}
	columns, _, err := m.columns(map[string]any{input: given, other: []any{nil, nil}, "no input": 5}, IgnoreExtra)
	if err != nil {
		return err
	}
	return m.putColumns(b, columns, 0)
}

type base struct {
	Float float64 `skc:"float64"`
	Other string  // without a tag: not of the record
	Left  int     `skc:"-"`
}

type full struct {
	base
	Int  *int32      `skc:"int64"`
	Bool any         `skc:"bool"`
	Text named       `skc:"string"`
	At   time.Time   `skc:"timestamp"`
	Day  Date        `skc:"date"`
	Made json.Number // without a tag too
}

func TestStructs(t *testing.T) {
	m, b := smallMarshaller(t, 1)
	given := full{base{Float: 1.5}, pointerTo(int32(7)), nil, "x", noon, Date{1970, 1, 2}, ""}
	want := map[string]any{
		"float64": 1.5, "int64": int64(7), "bool": nil, "string": "x", "timestamp": int64(1709226000000001), "date": int64(1),
	}
	for _, record := range []any{given, &given, pointerTo(&given)} {
		err := m.put(b, 0, record, RefuseExtra)
		for input, value := range want {
			check(t, fmt.Sprintf("%T", record), m, b, input, 0, err, value)
		}
	}
	given.Text = "\xff"
	if err := m.put(b, 0, &given, RefuseExtra); err == nil || err.Code != CodeInvalidUTF8 || err.Input != "string" {
		t.Error(err)
	}
}

func TestStructsThatAreRefused(t *testing.T) {
	type behind struct {
		*base
		Text string `skc:"string"`
	}
	type twice struct {
		A int `skc:"int64"`
		B int `skc:"int64"`
	}
	type hidden struct {
		a int `skc:"int64"`
	}
	type misspelt struct {
		A int `skc:"int46"`
	}
	tests := []struct {
		given any
		extra Extra
		code  Code
		hint  string
	}{
		{behind{}, RefuseExtra, "", ""},
		{twice{}, RefuseExtra, CodeDuplicateColumn, ""},
		{hidden{1}, RefuseExtra, CodeUnsupportedData, "capital"},
		{misspelt{}, RefuseExtra, CodeUnknownKey, "did you mean `int64`?"},
		{misspelt{}, IgnoreExtra, "", ""},
		{time.Now(), RefuseExtra, CodeUnsupportedData, "tag"},
		{(*full)(nil), RefuseExtra, CodeUnsupportedData, "map"},
		{nil, RefuseExtra, CodeUnsupportedData, "map"},
		{5, RefuseExtra, CodeUnsupportedData, "map"},
		{map[int]any{}, RefuseExtra, CodeUnsupportedData, "map"},
		{map[string]any(nil), RefuseExtra, "", ""},
		{map[named]float64{"float64": 1}, RefuseExtra, "", ""},
		{map[string]any{"flaot64": 1.5, "int64": "x"}, RefuseExtra, CodeUnknownKey, "did you mean `float64`?"},
		{map[string]any{"utterly": 1.5}, RefuseExtra, CodeUnknownKey, "leave it out"},
		{map[string]any{"utterly": 1.5}, IgnoreExtra, "", ""},
		{map[string]any{"utterly": 1.5, "int64": "x"}, IgnoreExtra, CodeWrongType, ""},
	}
	for _, test := range tests {
		m, b := smallMarshaller(t, 1)
		err := m.put(b, 0, test.given, test.extra)
		switch {
		case test.code == "" && err != nil:
			t.Errorf("%T: %v", test.given, err)
		case test.code != "" && (err == nil || err.Code != test.code || !strings.Contains(err.Hint, test.hint)):
			t.Errorf("%T: got %v, want %s", test.given, err, test.code)
		}
	}
}

func TestInputsThatAreNotNullable(t *testing.T) {
	m, b := smallMarshaller(t, 1)
	for i := range m.plans {
		m.plans[i].spec.nullable, m.plans[i].valid = false, target{}
	}
	m.plans[0].spec.nanIsError = true
	record := map[string]any{"int64": 1, "bool": true, "string": "", "timestamp": 1, "date": 1}
	for given, want := range map[any]Code{nil: CodeNull, "missing": CodeMissingKey, math.Inf(1): "", "NaN": CodeNaN} {
		delete(record, "float64")
		switch given {
		case "missing":
		case "NaN":
			record["float64"] = math.NaN()
		default:
			record["float64"] = given
		}
		if err := m.put(b, 0, record, RefuseExtra); (err == nil) != (want == "") || (err != nil && err.Code != want) {
			t.Errorf("%v: got %v, want %s", given, err, want)
		}
	}
	columns := make([]reflect.Value, len(m.plans))
	if err := m.putColumns(b, columns, 0); err == nil || err.Code != CodeMissingKey || err.Row != noRow {
		t.Error(err)
	}
}
