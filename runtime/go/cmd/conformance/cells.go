package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"time"

	skc "skc.dev/runtime"
)

// missing is the value of a cell whose key is absent.
type missing struct{}

func decodeRecord(cells map[string]json.RawMessage) (object, error) {
	found := make(object, len(cells))
	for name, cell := range cells {
		value, err := decodeCell(cell)
		if err != nil {
			return nil, fmt.Errorf("cell %s of `%s`: %w", cell, name, err)
		}
		if value != (missing{}) {
			found[name] = value
		}
	}
	return found, nil
}

func decodeColumn(cells []json.RawMessage) ([]any, error) {
	found := make([]any, len(cells))
	for i, cell := range cells {
		var err error
		if found[i], err = decodeCell(cell); err != nil {
			return nil, fmt.Errorf("cell %s: %w", cell, err)
		}
	}
	return found, nil
}

// decodeCell converts a cell to a Go value.
func decodeCell(cell json.RawMessage) (any, error) {
	var plain any
	if err := json.Unmarshal(cell, &plain); err != nil {
		return nil, err
	}
	named, isObject := plain.(object)
	if !isObject {
		return plain, nil // null, a bool, a string or a float64
	}
	for kind, given := range named {
		return decodeNamed(kind, given)
	}
	return nil, fmt.Errorf("an empty cell")
}

func decodeNamed(kind string, given any) (any, error) {
	text, _ := given.(string)
	switch kind {
	case "null", "bool", "string", "list", "object":
		if kind == "null" {
			return nil, nil
		}
		return given, nil
	case "missing":
		return missing{}, nil
	case "int":
		return decodeInt(text)
	case "float":
		return decodeFloat(given)
	case "utf8":
		data, err := hex.DecodeString(text)
		return string(data), err
	case "bytes":
		return hex.DecodeString(text)
	case "instant":
		return time.Parse(time.RFC3339Nano, text)
	case "day":
		day, err := time.Parse(time.DateOnly, text)
		return skc.DateOf(day), err
	}
	return nil, fmt.Errorf("cells of kind %s are unknown", kind)
}

// decodeInt returns an int if it fits, otherwise a uint64 or a *big.Int.
func decodeInt(text string) (any, error) {
	number, isInteger := new(big.Int).SetString(text, 10)
	switch {
	case !isInteger:
		return nil, fmt.Errorf("%q is not an integer", text)
	case number.IsInt64():
		return int(number.Int64()), nil
	case number.IsUint64():
		return number.Uint64(), nil
	}
	return number, nil
}

func decodeFloat(given any) (any, error) {
	words := object{
		"NaN": math.NaN(), "Infinity": math.Inf(1), "-Infinity": math.Inf(-1), "-0.0": math.Copysign(0, -1),
	}
	if word, isText := given.(string); isText {
		given = words[word]
	}
	if float, isFloat := given.(float64); isFloat {
		return float, nil
	}
	return nil, fmt.Errorf("%v is not a float", given)
}
