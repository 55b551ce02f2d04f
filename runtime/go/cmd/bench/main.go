// Command bench measures one row: p50 and p99 in microseconds of a bare call of the binding with the tensors ready,
// of Transform, of TransformJSON, and of encoding/json followed by Transform, as JSON.
//
//	bench ARTIFACT RECORD.json CALLS
//
// The artifact has signature packed, and float64 and string inputs. The variants alternate, so that load on the
// machine affects them alike; quote ratios.
package main

import (
	"encoding/json"
	"errors"
	"log"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	ort "github.com/yalue/onnxruntime_go"
	skc "skc.dev/runtime"
)

const rounds = 20

type slot struct {
	Tensor string `json:"tensor"`
	Column int    `json:"column"`
}

type manifest struct {
	Inputs []struct {
		slot
		Name  string `json:"name"`
		Valid *slot  `json:"valid"`
	} `json:"inputs"`
	Tensors []struct {
		Name  string `json:"name"`
		DType string `json:"dtype"`
		Width int    `json:"width"`
	} `json:"tensors"`
	Outputs []struct {
		Name    string   `json:"name"`
		DType   string   `json:"dtype"`
		Columns []string `json:"columns"`
	} `json:"outputs"`
}

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: bench ARTIFACT RECORD.json CALLS")
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Fatal(err)
	}
}

func run(artifact, path, count string) error {
	calls, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	var record map[string]any
	if err := read(path, &record); err != nil {
		return err
	}
	transformer, err := skc.Load(artifact)
	if err != nil {
		return err
	}
	defer transformer.Close()
	bare, err := bareCall(artifact, record)
	if err != nil {
		return err
	}
	whole := func() error {
		_, err := transformer.Transform(record)
		return err
	}
	body, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	strict := func() error {
		_, err := transformer.TransformJSON(body)
		return err
	}
	parsed := func() error {
		var record map[string]any
		if err := json.Unmarshal(body, &record); err != nil {
			return err
		}
		_, err := transformer.Transform(record)
		return err
	}
	times, err := measure(calls, bare, whole, strict, parsed)
	if err != nil {
		return err
	}
	report := map[string]any{}
	for k, name := range []string{"bare", "transform", "transform_json", "parse_and_transform"} {
		report[name] = percentiles(times[k])
	}
	return json.NewEncoder(os.Stdout).Encode(report)
}

func read(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// bareCall is a run of a separate session, with the options of the runtime and all tensors ready.
func bareCall(artifact string, record map[string]any) (func() error, error) {
	var m manifest
	if err := read(filepath.Join(artifact, "manifest.json"), &m); err != nil {
		return nil, err
	}
	feeds, err := feedsOf(m, record)
	if err != nil {
		return nil, err
	}
	var inputs, outputs []string
	for _, tensor := range m.Tensors {
		inputs = append(inputs, tensor.Name)
	}
	var results []ort.Value
	for _, output := range m.Outputs {
		outputs = append(outputs, output.Name)
		shape := ort.NewShape(1, int64(len(output.Columns)))
		value, err := resultOf(output.DType, shape)
		if err != nil {
			return nil, err
		}
		results = append(results, value)
	}
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer options.Destroy()
	settings := errors.Join(options.SetIntraOpNumThreads(1), options.SetInterOpNumThreads(1),
		options.SetGraphOptimizationLevel(ort.GraphOptimizationLevelEnableBasic),
		options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"))
	if settings != nil {
		return nil, settings
	}
	session, err := ort.NewDynamicAdvancedSession(filepath.Join(artifact, "model.onnx"), inputs, outputs, options)
	if err != nil {
		return nil, err
	}
	return func() error { return session.Run(feeds, results) }, nil
}

func resultOf(dtype string, shape ort.Shape) (ort.Value, error) {
	switch dtype {
	case "float32":
		return ort.NewEmptyTensor[float32](shape)
	case "int64":
		return ort.NewEmptyTensor[int64](shape)
	}
	return nil, errors.New("the benchmark has float32 and int64 outputs")
}

func feedsOf(m manifest, record map[string]any) ([]ort.Value, error) {
	floats, texts, flags := map[string][]float64{}, map[string][]string{}, map[string][]bool{}
	for _, tensor := range m.Tensors {
		floats[tensor.Name] = make([]float64, tensor.Width)
		texts[tensor.Name] = make([]string, tensor.Width)
		flags[tensor.Name] = make([]bool, tensor.Width)
	}
	for _, input := range m.Inputs {
		switch value := record[input.Name].(type) {
		case float64:
			floats[input.Tensor][input.Column] = value
		case string:
			texts[input.Tensor][input.Column] = value
		case nil:
			floats[input.Tensor][input.Column] = math.NaN()
		}
		if input.Valid != nil {
			flags[input.Valid.Tensor][input.Valid.Column] = record[input.Name] != nil
		}
	}
	var feeds []ort.Value
	for _, tensor := range m.Tensors {
		shape := ort.NewShape(1, int64(tensor.Width))
		var value ort.Value
		var err error
		switch tensor.DType {
		case "float64":
			value, err = ort.NewTensor(shape, floats[tensor.Name])
		case "bool":
			value, err = ort.NewTensor(shape, flags[tensor.Name])
		case "string":
			var made *ort.StringTensor
			if made, err = ort.NewStringTensor(shape); err == nil {
				value, err = made, made.SetContents(texts[tensor.Name])
			}
		default:
			err = errors.New("the benchmark has float64 and string inputs")
		}
		if err != nil {
			return nil, err
		}
		feeds = append(feeds, value)
	}
	return feeds, nil
}

func measure(calls int, subjects ...func() error) ([][]time.Duration, error) {
	times := make([][]time.Duration, len(subjects))
	for round := range rounds + 1 {
		for s, subject := range subjects {
			for range calls / rounds {
				start := time.Now()
				if err := subject(); err != nil {
					return nil, err
				}
				taken := time.Since(start)
				if round > 0 { // the first round warms up
					times[s] = append(times[s], taken)
				}
			}
		}
	}
	return times, nil
}

func percentiles(times []time.Duration) map[string]float64 {
	slices.Sort(times)
	micro := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
	return map[string]float64{"p50_us": micro(times[len(times)/2]), "p99_us": micro(times[len(times)*99/100])}
}
