package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync"
	"time"

	skc "skc.dev/runtime"
)

// logOptions are those of Python's Log.open.
type logOptions struct {
	Sample    *float64
	SampleBy  skc.SampleBy `json:"sample_by"`
	Features  skc.LogFeatures
	FullEvery int `json:"full_every"`
	Salt      string
	OnFull    skc.OnFull `json:"on_full"`
	Queue     int
	Flush     float64 // seconds
	Rotate    int64   `json:"rotate_bytes"`
}

// logEntry is a request to serve and to log.
type logEntry struct {
	ID          string
	Record      map[string]json.RawMessage
	JSON        *string
	Key         *string
	TimeUS      *int64 `json:"time_us"`
	LatencyUS   *int64 `json:"latency_us"`
	Prediction  any
	OwnFeatures map[string]any   `json:"own_features"`
	AsOf        map[string]int64 `json:"as_of"`
	FetchedUS   map[string]int64 `json:"fetched_us"`
	Hit         map[string]bool
	ServedBy    string `json:"served_by"`
}

// log opens a log, serves every request, and logs it.
func (e *executor) log(r *request) (any, error) {
	options := skc.LogOptions{Sample: r.Options.Sample, SampleBy: r.Options.SampleBy, Features: r.Options.Features,
		FullEvery: r.Options.FullEvery, Salt: r.Options.Salt, OnFull: r.Options.OnFull, Queue: r.Options.Queue,
		Flush: time.Duration(r.Options.Flush * float64(time.Second)), RotateBytes: r.Options.Rotate}
	log, err := skc.OpenLog(r.Folder, e.transformer, options)
	if err != nil {
		return nil, err
	}
	others := map[string]*skc.Transformer{}
	for name, folder := range r.Others {
		if others[name], err = skc.Load(folder); err != nil {
			return nil, err
		}
		defer others[name].Close()
	}
	entries := make([]skc.LogEntry, len(r.Add))
	for i := range r.Add {
		if entries[i], err = e.served(&r.Add[i], others[r.Add[i].ServedBy]); err != nil {
			return nil, err
		}
	}
	var adding sync.WaitGroup
	for range max(r.Threads, 1) {
		adding.Add(1)
		go func() {
			defer adding.Done()
			for range max(r.Rounds, 1) {
				for _, entry := range entries {
					log.Add(entry)
				}
			}
		}()
	}
	adding.Wait()
	if err := log.Close(); err != nil {
		return nil, err
	}
	counts := log.Counts()
	return object{"counts": []int64{counts.N, counts.Logged, counts.Dropped, counts.SampledOut}}, nil
}

func (e *executor) served(given *logEntry, other *skc.Transformer) (skc.LogEntry, error) {
	transformer := e.transformer
	if other != nil {
		transformer = other
	}
	entry := skc.LogEntry{ServedBy: other, ID: given.ID, Key: given.Key, TimeUS: given.TimeUS, LatencyUS: given.LatencyUS, AsOf: given.AsOf,
		FetchedUS: given.FetchedUS, Hit: given.Hit}
	var features skc.Features
	var refusal error
	if given.JSON != nil {
		entry.JSON = []byte(*given.JSON)
		features, refusal = transformer.TransformJSON(entry.JSON)
	} else {
		record, err := decodeRecord(given.Record)
		if err != nil {
			return entry, err
		}
		entry.Record = record
		features, refusal = transformer.Transform(record)
	}
	var err error
	var ours *skc.Error
	if refusal != nil && !errors.As(refusal, &ours) {
		return entry, refusal
	}
	if entry.Features = features; ours != nil {
		entry.Err = ours
	}
	if many, isList := given.Prediction.([]any); isList {
		if entry.Prediction, err = floats(many); err != nil {
			return entry, err
		}
	} else if given.Prediction != nil {
		one, err := floats([]any{given.Prediction})
		if err != nil {
			return entry, err
		}
		entry.Prediction = one[0]
	}
	for name, values := range given.OwnFeatures {
		if entry.OwnFeatures == nil {
			entry.OwnFeatures = map[string]any{}
		}
		if entry.OwnFeatures[name], err = own(values); err != nil {
			return entry, err
		}
	}
	return entry, nil
}

// own are floats, or by their type other values, in the form of golden.jsonl.
func own(given any) (any, error) {
	if values, isList := given.([]any); isList {
		return floats(values)
	}
	for dtype, values := range given.(map[string]any) {
		switch dtype {
		case "int64":
			return converted(values, func(text string) (int64, error) { return strconv.ParseInt(text, 10, 64) })
		case "string":
			return converted(values, func(text string) (string, error) { return text, nil })
		case "bool":
			return converted(values, func(flag bool) (bool, error) { return flag, nil })
		}
	}
	return nil, fmt.Errorf("no values: %v", given)
}

func converted[From, To any](values any, convert func(From) (To, error)) ([]To, error) {
	var found []To
	for _, value := range values.([]any) {
		one, err := convert(value.(From))
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, nil
}

// floats are numbers in the form of golden.jsonl.
func floats(values []any) ([]float64, error) {
	words := map[string]float64{"NaN": math.NaN(), "Infinity": math.Inf(1), "-Infinity": math.Inf(-1), "-0.0": math.Copysign(0, -1)}
	found := make([]float64, len(values))
	for i, value := range values {
		switch v := value.(type) {
		case float64:
			found[i] = v
		case string:
			found[i] = words[v]
		default:
			return nil, fmt.Errorf("no number: %v", value)
		}
	}
	return found, nil
}
