package main

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"sync"
	"sync/atomic"

	skc "skc.dev/runtime"
)

func (e *executor) transform(r *request) (any, error) {
	features, err := e.features(r)
	if err != nil {
		return nil, err
	}
	return object{"outputs": encodeOutputs(features)}, nil
}

func (e *executor) features(r *request) (skc.Features, error) {
	extra := skc.WithExtra(skc.Extra(r.Extra))
	if r.Form == "json" {
		var body []byte
		for _, part := range r.Body {
			body = append(body, bytes.Repeat(part.data, part.count)...)
		}
		return e.transformer.TransformJSON(body, extra)
	}
	if r.Columns != nil {
		columns := make(object, len(r.Columns))
		for name, cells := range r.Columns {
			column, err := decodeColumn(cells)
			if err != nil {
				return skc.Features{}, err
			}
			columns[name] = column
		}
		return e.transformer.TransformColumns(columns, extra)
	}
	rows := make([]object, len(r.Take))
	for k, i := range r.Take {
		rows[k] = e.rows[i]
	}
	switch r.Form {
	case "record":
		return e.transformer.TransformRecord(rows[0], extra)
	case "records":
		return e.transformer.TransformRecords(rows, extra)
	case "columns":
		return e.transformer.TransformColumns(asColumns(rows), extra)
	}
	return skc.Features{}, fmt.Errorf("no form: %s", r.Form)
}

// asColumns returns a list for each key in any row, with null for a row without it.
func asColumns(rows []object) object {
	columns := object{}
	for i, row := range rows {
		for name, value := range row {
			column, isThere := columns[name].([]any)
			if !isThere {
				column = make([]any, len(rows))
				columns[name] = column
			}
			column[i] = value
		}
	}
	return columns
}

func encodeOutputs(features skc.Features) object {
	found := object{}
	for _, output := range features.Outputs() {
		shape := []int{output.Rows, len(output.Columns)}
		if features.IsSingle() {
			shape = shape[1:]
		}
		found[output.Name] = object{"dtype": output.DType, "shape": shape, "values": encodeValues(output)}
	}
	return found
}

func encodeValues(output skc.Output) any {
	switch output.DType {
	case skc.Float32:
		return each(output.Float32, func(value float32) string {
			return bits(value != value, 8, uint64(math.Float32bits(value)))
		})
	case skc.Float64:
		return each(output.Float64, func(value float64) string {
			return bits(value != value, 16, math.Float64bits(value))
		})
	case skc.Int64:
		return each(output.Int64, func(value int64) string { return strconv.FormatInt(value, 10) })
	case skc.Bool:
		return each(output.Bool, func(value bool) bool { return value })
	}
	return each(output.String, func(value string) string { return value })
}

// each never returns nil, so that JSON has an empty array.
func each[From, To any](values []From, encode func(From) To) []To {
	found := make([]To, len(values))
	for i, value := range values {
		found[i] = encode(value)
	}
	return found
}

func bits(isNaN bool, digits int, pattern uint64) string {
	if isNaN {
		return "nan"
	}
	return fmt.Sprintf("%0*x", digits, pattern)
}

// threads transforms every row alone, in several goroutines sharing one transformer, and counts the results that
// differ from those of a single goroutine.
func (e *executor) threads(threads, rounds int) (any, error) {
	wanted := make([]string, len(e.rows))
	for i, row := range e.rows {
		wanted[i] = e.outcome(row)
	}
	var different atomic.Int64
	var all sync.WaitGroup
	for range threads {
		all.Add(1)
		go func() {
			defer all.Done()
			for range rounds {
				for i, row := range e.rows {
					if e.outcome(row) != wanted[i] {
						different.Add(1)
					}
				}
			}
		}()
	}
	all.Wait()
	return object{"calls": threads * rounds * len(e.rows), "different": different.Load()}, nil
}

// outcome is the result of a record as text, or its refusal.
func (e *executor) outcome(row object) string {
	features, err := e.transformer.Transform(row)
	if err != nil {
		return err.Error()
	}
	text := ""
	for _, output := range features.Outputs() {
		text += fmt.Sprintln(output.Name, output.DType, output.Columns, encodeValues(output))
	}
	return text
}
