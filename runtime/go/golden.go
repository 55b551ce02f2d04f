package skc

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// golden.jsonl holds records with the exact outputs they must give, in the JSON form of values: int64, timestamp and
// date are decimal strings; a float is a number, or one of "NaN", "Infinity", "-Infinity", "-0.0"; null is null, and
// a missing key is absent.

// goldenCase is a record, and either its outputs in JSON form or the code of the error it must give.
type goldenCase struct {
	place   string
	record  map[string]any
	outputs map[string]any
	code    Code
}

const mostRecords = 10_000

func readGolden(data []byte) ([]goldenCase, *Error) {
	lines := bytes.Split(data, []byte("\n"))
	if len(lines[len(lines)-1]) > 0 {
		return nil, malformed(goldenName, "the last line has no end")
	}
	lines = lines[:len(lines)-1]
	if len(lines) == 0 {
		return nil, malformed(goldenName, "the first line is missing")
	}
	if err := readGoldenHead(lines[0]); err != nil {
		return nil, err
	}
	if records := len(lines) - 1; records < 1 || records > mostRecords { // without a record, replay would prove nothing
		return nil, malformed(goldenName, fmt.Sprintf("expected 1 to %d records, got %d", mostRecords, records))
	}
	cases := make([]goldenCase, len(lines)-1)
	for i, line := range lines[1:] {
		var err *Error
		if cases[i], err = readGoldenCase(line, fmt.Sprintf("%s:%d", goldenName, i+2)); err != nil {
			return nil, err
		}
	}
	return cases, nil
}

func readGoldenHead(line []byte) *Error {
	place := goldenName + ":1"
	value, err := parseJSON(line, place)
	if err != nil {
		return err
	}
	fail := &failure{}
	head := newFields(value, place, fail)
	if head.text("skc") != "golden" {
		head.note(malformed(place, "this is not a golden.jsonl of skc"))
	}
	if head.integer("format", 1, 1<<53) > formatVersion {
		head.note(newError(CodeArtifactTooNew, "golden.jsonl has a newer format", "take a newer skc.dev/runtime"))
	}
	head.done()
	return fail.first
}

func readGoldenCase(line []byte, place string) (goldenCase, *Error) {
	value, err := parseJSON(line, place)
	if err != nil {
		return goldenCase{}, err
	}
	fail := &failure{}
	f := newFields(value, place, fail)
	found := goldenCase{place: place, record: typed[map[string]any](f, "record", "an object")}
	if _, isRefused := f.left["error"]; isRefused {
		object := f.object("error")
		found.code = Code(object.text("code"))
		object.done()
	} else {
		found.outputs = typed[map[string]any](f, "outputs", "an object")
	}
	f.done()
	return found, fail.first
}

// elements are the types of the inputs by name.
func (m *manifest) elements() map[string]DType {
	elements := make(map[string]DType, len(m.inputs))
	for i := range m.inputs {
		elements[m.inputs[i].name] = m.inputs[i].element()
	}
	return elements
}

// decodeRecord converts a record in JSON form to Go values.
func decodeRecord(elements map[string]DType, record map[string]any, place string) (map[string]any, *Error) {
	decoded := make(map[string]any, len(record))
	for _, name := range sortedKeys(record) {
		element, isInput := elements[name]
		if !isInput {
			return nil, malformed(place, shown(name)+" is not an input")
		}
		var err *Error
		if decoded[name], err = decodeValue(element, record[name], place+"."+name); err != nil {
			return nil, err
		}
	}
	return decoded, nil
}

// decodeValue converts a value in JSON form to a float64, int64, bool or string, or nil.
func decodeValue(element DType, value any, place string) (any, *Error) {
	if value == nil {
		return nil, nil
	}
	switch element {
	case Float32, Float64:
		return decodeFloat(value, place)
	case Int64:
		return decodeInteger(value, place)
	}
	_, isText := value.(string)
	_, isFlag := value.(bool)
	if (element == String && !isText) || (element == Bool && !isFlag) {
		return nil, malformed(place, fmt.Sprintf("expected a %s, got %s", element, shown(value)))
	}
	return value, nil
}

var floatWords = map[any]float64{
	"NaN":       math.NaN(),
	"Infinity":  math.Inf(1),
	"-Infinity": math.Inf(-1),
	"-0.0":      math.Copysign(0, -1),
}

func decodeFloat(value any, place string) (any, *Error) {
	if text, isText := value.(string); isText {
		if float, isWord := floatWords[text]; isWord {
			return float, nil
		}
	}
	written, isNumber := value.(number)
	if !isNumber {
		return nil, malformed(place, "expected a number, got "+shown(value))
	}
	if written == "-0" { // an integer in JSON, so not a float
		return 0.0, nil
	}
	float, err := strconv.ParseFloat(string(written), 64)
	if err != nil {
		return nil, malformed(place, shown(value)+" is not a float64")
	}
	return float, nil
}

func decodeInteger(value any, place string) (any, *Error) {
	text, isText := value.(string)
	integer, err := strconv.ParseInt(text, 10, 64)
	if !isText || err != nil || strings.HasPrefix(text, "+") {
		return nil, malformed(place, "expected an int64 in decimal, got "+shown(value))
	}
	return integer, nil
}
