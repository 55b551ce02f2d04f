package skc

import (
	"fmt"
	"math"
)

// Why replay: the same graph on another processor, another ONNX Runtime, or a thread that flushes denormals may
// produce other bits. Running a few records at load detects that before the first request does.

const tolerance = 1e-6

// replayGolden runs every case alone, then all with outputs as one batch.
func (t *Transformer) replayGolden(data []byte, replay Replay) *Error {
	cases, err := readGolden(data)
	if err != nil {
		return err
	}
	elements := t.manifest.elements()
	records := make([]map[string]any, len(cases))
	for i, c := range cases {
		if records[i], err = decodeRecord(elements, c.record, c.place); err != nil {
			return err
		}
	}
	var alone []Features
	var served []map[string]any
	for i, c := range cases {
		features, isServed, err := t.replayCase(c, records[i], replay)
		if err != nil {
			return err
		}
		if isServed {
			alone, served = append(alone, features), append(served, records[i])
		}
	}
	return t.replayBatch(served, alone)
}

func (t *Transformer) replayCase(c goldenCase, record map[string]any, replay Replay) (Features, bool, *Error) {
	features, err := t.transform(record, nil)
	if err != nil {
		if err.Kind != KindRecord {
			return features, false, failedReplay(c.place, err)
		}
		if err.Code != c.code {
			return features, false, goldenMismatch(c.place, fmt.Sprintf("error `%s` here", err.Code), replay)
		}
		return features, false, nil
	}
	if c.outputs == nil {
		message := fmt.Sprintf("outputs here, error `%s` when compiled", c.code)
		return features, false, goldenMismatch(c.place, message, replay)
	}
	difference, err := t.compare(c, features, replay)
	if err == nil && difference != "" {
		err = goldenMismatch(c.place, difference, replay)
	}
	return features, true, err
}

// failedReplay blames the artifact, not a request, for a model that does not even run.
func failedReplay(place string, err *Error) *Error {
	if err.Code != CodeRunFailed {
		return err
	}
	return newError(CodeGoldenMismatch, place+": "+err.Message, rebuildHint)
}

func goldenMismatch(place, message string, replay Replay) *Error {
	hint := ""
	if replay == ReplayExact {
		hint = "on another processor architecture, load with skc.WithReplay(skc.ReplayTolerance)"
	}
	return newError(CodeGoldenMismatch, place+": "+message, hint)
}

// compare returns the first difference between the outputs of a case and those of its record, empty if they agree.
func (t *Transformer) compare(c goldenCase, got Features, replay Replay) (string, *Error) {
	if len(c.outputs) != len(got.outputs) {
		return "", malformed(c.place, "`outputs` are not those of the manifest")
	}
	for i := range got.outputs {
		output := &got.outputs[i]
		want, isArray := c.outputs[output.Name].([]any)
		if !isArray || len(want) != len(output.Columns) {
			message := fmt.Sprintf("output `%s` is not an array of %d values", output.Name, len(output.Columns))
			return "", malformed(c.place, message)
		}
		difference, err := compareOutput(output, want, t.exactColumns(i, replay), c.place)
		if difference != "" || err != nil {
			return difference, err
		}
	}
	return "", nil
}

// exactColumns says which columns of an answered tensor must agree to the bit; nil means all of them.
func (t *Transformer) exactColumns(output int, replay Replay) []bool {
	if replay == ReplayExact || output >= len(t.manifest.outputs) { // the companions come after the outputs
		return nil
	}
	return t.manifest.outputs[output].exact
}

func compareOutput(got *Output, want []any, exact []bool, place string) (string, *Error) {
	for k := range want {
		expected, err := decodeValue(got.DType, want[k], fmt.Sprintf("%s `%s`[%d]", place, got.Name, k))
		if err != nil {
			return "", err
		}
		if found := got.at(k); !agree(found, expected, exact == nil || exact[k]) {
			return fmt.Sprintf("output `%s`, column %d: %s here, %s when compiled", got.Name, k, shown(found), shown(expected)), nil
		}
	}
	return "", nil
}

// at is a value by its index in the slice: a float64 (of both float types), int64, bool or string.
func (o *Output) at(place int) any {
	switch o.DType {
	case Float32:
		return float64(o.Float32[place])
	case Float64:
		return o.Float64[place]
	case Int64:
		return o.Int64[place]
	case Bool:
		return o.Bool[place]
	}
	return o.String[place]
}

// agree reports whether a value of an output agrees with the expected one: to the bit (all NaNs agree) or, in a float
// that is not exact, to 1e-6. schemas/agreement.v1.json lists pairs; the conformance suite loads an artifact for
// each.
func agree(got, want any, isExact bool) bool {
	a, isFloat := got.(float64)
	b, isWantedFloat := want.(float64)
	if !isFloat || !isWantedFloat { // null is not a float, and agrees with nothing
		return got == want
	}
	switch {
	case math.IsNaN(a) || math.IsNaN(b):
		return math.IsNaN(a) && math.IsNaN(b)
	case a == b:
		return !isExact || math.Signbit(a) == math.Signbit(b)
	case isExact || math.IsInf(b, 0):
		return false
	}
	return math.Abs(a-b) <= tolerance*math.Max(1, math.Abs(b))
}

// replayBatch checks that all records in one batch give exactly the bits that each gave alone.
func (t *Transformer) replayBatch(records []map[string]any, alone []Features) *Error {
	if len(records) == 0 {
		return nil
	}
	together, err := t.transformRecords(records, nil)
	if err != nil {
		return failedReplay("all golden records in one batch", err)
	}
	for row := range alone {
		for i := range alone[row].outputs {
			one, many := &alone[row].outputs[i], &together.outputs[i]
			for k := range one.Columns {
				a, b := one.at(k), many.at(row*len(one.Columns)+k)
				if !agree(b, a, true) {
					message := fmt.Sprintf("output `%s`, column %d: %s in a batch, %s alone", one.Name, k, shown(b), shown(a))
					return newError(CodeGoldenMismatch, message, "please report this; it is not safe to serve")
				}
			}
		}
	}
	return nil
}
