// Command bench measures what the runtime costs in addition to the binding; benchmarks/languages.py explains the subjects.
//
//	bench row ARTIFACT EMPTY.onnx RECORD.json CALLS    p50 and p99 of one row, in microseconds, as JSON
//	bench batch ARTIFACT COLUMNS.json REPEAT           the best of some runs over a table, in milliseconds, as JSON
//	bench signals PLAIN SIGNALS RECORD.json CALLS      p50 and p99 of one row, by an artifact without and one with signals
//
// The artifact has signature packed, float64 and string inputs, a float32 output x and an int64 output ids. Subjects take
// turns, so that load on the machine affects them alike; quote ratios.
package main

import (
	"encoding/json"
	"errors"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	skc "skc.dev/runtime"
)

const rounds = 20

type subject struct {
	name string
	call func() error
}

func main() {
	arguments := os.Args[1:]
	var found any
	var err error
	switch {
	case len(arguments) == 5 && arguments[0] == "row":
		found, err = row(arguments[1], arguments[2], arguments[3], arguments[4])
	case len(arguments) == 4 && arguments[0] == "batch":
		found, err = batch(arguments[1], arguments[2], arguments[3])
	case len(arguments) == 5 && arguments[0] == "signals":
		found, err = signals(arguments[1], arguments[2], arguments[3], arguments[4])
	default:
		err = errors.New("usage: bench row ARTIFACT EMPTY.onnx RECORD.json CALLS, bench batch ARTIFACT COLUMNS.json REPEAT, " +
			"or bench signals PLAIN SIGNALS RECORD.json CALLS")
	}
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(found)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func read(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

func row(artifact, empty, path, count string) (any, error) {
	calls, err := strconv.Atoi(count)
	if err != nil {
		return nil, err
	}
	body, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var record map[string]any
	if err := json.Unmarshal(body, &record); err != nil {
		return nil, err
	}
	transformer, err := skc.Load(artifact)
	if err != nil {
		return nil, err
	}
	defer transformer.Close()
	columns := map[string][]any{}
	for name, value := range record {
		columns[name] = []any{value}
	}
	bare, err := newBare(artifact, columns, 1)
	if err != nil {
		return nil, err
	}
	nothing, err := emptyCall(empty)
	if err != nil {
		return nil, err
	}
	ready, err := bare.readyCall()
	if err != nil {
		return nil, err
	}
	features, err := transformer.Transform(record)
	if err != nil {
		return nil, err
	}
	if err := bare.check(features); err != nil {
		return nil, err
	}
	return percentiles(calls,
		subject{"empty", nothing},
		subject{"ready", ready},
		subject{"bare", func() error { _, err := bare.run(0, 1); return err }},
		subject{"transform", func() error { _, err := transformer.Transform(record); return err }},
		subject{"transform_json", func() error { _, err := transformer.TransformJSON(body); return err }},
		subject{"parse_and_transform", func() error {
			var record map[string]any
			if err := json.Unmarshal(body, &record); err != nil {
				return err
			}
			_, err := transformer.Transform(record)
			return err
		}})
}

func signals(plain, counting, path, count string) (any, error) {
	calls, err := strconv.Atoi(count)
	if err != nil {
		return nil, err
	}
	var record map[string]any
	if err := read(path, &record); err != nil {
		return nil, err
	}
	without, err := skc.Load(plain)
	if err != nil {
		return nil, err
	}
	defer without.Close()
	with, err := skc.Load(counting)
	if err != nil {
		return nil, err
	}
	defer with.Close()
	if _, err := with.Signals(); err != nil {
		return nil, err
	}
	return percentiles(calls,
		subject{"plain", func() error { _, err := without.Transform(record); return err }},
		subject{"signals", func() error { _, err := with.Transform(record); return err }})
}

func batch(artifact, path, count string) (any, error) {
	repeat, err := strconv.Atoi(count)
	if err != nil {
		return nil, err
	}
	var cells map[string][]any
	if err := read(path, &cells); err != nil {
		return nil, err
	}
	transformer, err := skc.Load(artifact)
	if err != nil {
		return nil, err
	}
	defer transformer.Close()
	columns, rows := map[string]any{}, 0
	for name, values := range cells {
		columns[name], rows = typed(values), len(values)
	}
	records := make([]map[string]any, rows)
	for row := range records {
		records[row] = make(map[string]any, len(cells))
		for name, values := range cells {
			records[row][name] = values[row]
		}
	}
	bare, err := newBare(artifact, cells, rows)
	if err != nil {
		return nil, err
	}
	features, err := transformer.TransformColumns(columns)
	if err != nil {
		return nil, err
	}
	if err := bare.check(features); err != nil {
		return nil, err
	}
	return best(repeat,
		subject{"bare", func() error { _, err := bare.run(0, rows); return err }},
		subject{"bare_chunks", func() error { _, err := bare.runChunks(); return err }},
		subject{"columns", func() error { _, err := transformer.TransformColumns(columns); return err }},
		subject{"records", func() error { _, err := transformer.TransformRecords(records); return err }})
}

// typed is numbers as []float64 with NaN for null, texts as []*string.
func typed(values []any) any {
	if slices.ContainsFunc(values, func(v any) bool { _, isNumber := v.(float64); return isNumber }) {
		numbers := make([]float64, len(values))
		for i, value := range values {
			numbers[i] = numberOf(value)
		}
		return numbers
	}
	texts := make([]*string, len(values))
	for i, value := range values {
		if text, isText := value.(string); isText {
			texts[i] = &text
		}
	}
	return texts
}

func percentiles(calls int, subjects ...subject) (any, error) {
	times := make([][]time.Duration, len(subjects))
	for round := range rounds + 1 {
		for s, subject := range subjects {
			for range calls / rounds {
				start := time.Now()
				if err := subject.call(); err != nil {
					return nil, err
				}
				taken := time.Since(start)
				if round > 0 { // the first round warms up
					times[s] = append(times[s], taken)
				}
			}
		}
	}
	found := map[string]any{}
	micro := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
	for s, subject := range subjects {
		slices.Sort(times[s])
		found[subject.name] = map[string]float64{
			"p50_us": micro(times[s][len(times[s])/2]), "p99_us": micro(times[s][len(times[s])*99/100]),
		}
	}
	return found, nil
}

func best(repeat int, subjects ...subject) (any, error) {
	found := map[string]float64{}
	for round := range repeat + 1 { // the first warms up
		for _, subject := range subjects {
			start := time.Now()
			if err := subject.call(); err != nil {
				return nil, err
			}
			taken := float64(time.Since(start).Nanoseconds()) / 1e6
			if round < 2 || taken < found[subject.name] {
				found[subject.name] = taken
			}
		}
	}
	return found, nil
}

func manifestOf(artifact string) (m manifest, err error) {
	return m, read(filepath.Join(artifact, "manifest.json"), &m)
}
