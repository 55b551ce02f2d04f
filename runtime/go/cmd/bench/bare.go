package main

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	ort "github.com/yalue/onnxruntime_go"
	skc "skc.dev/runtime"
)

const chunk = 4096

type slot struct {
	Tensor string `json:"tensor"`
	Column int    `json:"column"`
}

type tensor struct {
	Name  string `json:"name"`
	DType string `json:"dtype"`
	Width int    `json:"width"`
}

type manifest struct {
	Inputs []struct {
		slot
		Name  string `json:"name"`
		Valid *slot  `json:"valid"`
	} `json:"inputs"`
	Tensors []tensor `json:"tensors"`
}

// bare is the binding as a plain user calls it: values in slices, tensors made for each call, results copied.
type bare struct {
	session *ort.DynamicAdvancedSession
	tensors []tensor
	rows    int
	floats  map[string][]float64
	texts   map[string][]string
	flags   map[string][]bool
}

type answer struct {
	x   []float32
	ids []int64
}

func numberOf(value any) float64 {
	if number, isNumber := value.(float64); isNumber {
		return number
	}
	return math.NaN()
}

func newBare(artifact string, cells map[string][]any, rows int) (*bare, error) {
	m, err := manifestOf(artifact)
	if err != nil {
		return nil, err
	}
	b := &bare{nil, m.Tensors, rows, map[string][]float64{}, map[string][]string{}, map[string][]bool{}}
	var names []string
	widths := map[string]int{}
	for _, tensor := range m.Tensors {
		names, widths[tensor.Name] = append(names, tensor.Name), tensor.Width
		switch tensor.DType {
		case "float64":
			b.floats[tensor.Name] = make([]float64, rows*tensor.Width)
		case "string":
			b.texts[tensor.Name] = make([]string, rows*tensor.Width)
		case "bool":
			b.flags[tensor.Name] = make([]bool, rows*tensor.Width)
		default:
			return nil, errors.New("the benchmark has float64 and string inputs")
		}
	}
	for _, input := range m.Inputs {
		for row, value := range cells[input.Name] {
			at := row*widths[input.Tensor] + input.Column
			if floats, isFloat := b.floats[input.Tensor]; isFloat {
				floats[at] = numberOf(value)
			} else if text, isText := value.(string); isText {
				b.texts[input.Tensor][at] = text
			}
			if input.Valid != nil {
				b.flags[input.Valid.Tensor][row*widths[input.Valid.Tensor]+input.Valid.Column] = value != nil
			}
		}
	}
	b.session, err = newSession(filepath.Join(artifact, "model.onnx"), names, []string{"x", "ids"})
	return b, err
}

// newSession has the options that the runtime uses.
func newSession(model string, inputs, outputs []string) (*ort.DynamicAdvancedSession, error) {
	data, err := os.ReadFile(model)
	if err != nil {
		return nil, err
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
	return ort.NewDynamicAdvancedSessionWithONNXData(data, inputs, outputs, options)
}

func (b *bare) feeds(start, rows int) ([]ort.Value, error) {
	var feeds []ort.Value
	for _, tensor := range b.tensors {
		value, err := b.feed(tensor, start*tensor.Width, ort.NewShape(int64(rows), int64(tensor.Width)))
		if err != nil {
			return nil, err
		}
		feeds = append(feeds, value)
	}
	return feeds, nil
}

func (b *bare) feed(from tensor, start int, shape ort.Shape) (ort.Value, error) {
	end := start + int(shape.FlattenedSize())
	switch from.DType {
	case "float64":
		return ort.NewTensor(shape, b.floats[from.Name][start:end])
	case "bool":
		return ort.NewTensor(shape, b.flags[from.Name][start:end])
	}
	value, err := ort.NewStringTensor(shape)
	if err != nil {
		return nil, err
	}
	return value, value.SetContents(b.texts[from.Name][start:end])
}

// readyCall runs with the tensors ready; the results are made, and not read.
func (b *bare) readyCall() (func() error, error) {
	feeds, err := b.feeds(0, b.rows)
	if err != nil {
		return nil, err
	}
	return func() error {
		results := make([]ort.Value, 2)
		err := b.session.Run(feeds, results)
		destroy(results)
		return err
	}, nil
}

func emptyCall(model string) (func() error, error) {
	session, err := newSession(model, []string{"x"}, []string{"y"})
	if err != nil {
		return nil, err
	}
	values := make([]float64, 13)
	return func() error {
		feed, err := ort.NewTensor(ort.NewShape(1, 13), values)
		if err != nil {
			return err
		}
		defer feed.Destroy()
		results := make([]ort.Value, 1)
		if err := session.Run([]ort.Value{feed}, results); err != nil {
			return err
		}
		defer destroy(results)
		_ = slices.Clone(results[0].(*ort.Tensor[float64]).GetData())
		return nil
	}, nil
}

func (b *bare) run(start, rows int) (answer, error) {
	feeds, err := b.feeds(start, rows)
	if err != nil {
		return answer{}, err
	}
	defer destroy(feeds)
	results := make([]ort.Value, 2)
	if err := b.session.Run(feeds, results); err != nil {
		return answer{}, err
	}
	defer destroy(results)
	x, ids := results[0].(*ort.Tensor[float32]), results[1].(*ort.Tensor[int64])
	return answer{slices.Clone(x.GetData()), slices.Clone(ids.GetData())}, nil
}

// runChunks is the same in chunks, on two goroutines, into one slice for each output.
func (b *bare) runChunks() (answer, error) {
	first, err := b.run(0, 1)
	if err != nil {
		return answer{}, err
	}
	width, idWidth := len(first.x), len(first.ids)
	all := answer{make([]float32, b.rows*width), make([]int64, b.rows*idWidth)}
	var next atomic.Int64
	var group sync.WaitGroup
	errs := make([]error, 2)
	for worker := range errs {
		group.Add(1)
		go func() {
			defer group.Done()
			for {
				start := int(next.Add(chunk)) - chunk
				if start >= b.rows {
					return
				}
				some, err := b.run(start, min(chunk, b.rows-start))
				if err != nil {
					errs[worker] = err
					return
				}
				copy(all.x[start*width:], some.x)
				copy(all.ids[start*idWidth:], some.ids)
			}
		}()
	}
	group.Wait()
	return all, errors.Join(errs...)
}

func destroy(values []ort.Value) {
	for _, value := range values {
		if value != nil {
			_ = value.Destroy()
		}
	}
}

// check compares the features of all rows with a bare call.
func (b *bare) check(features skc.Features) error {
	all, err := b.runChunks()
	if err != nil {
		return err
	}
	x, _ := features.Float32("x")
	ids, _ := features.Int64("ids")
	if !slices.Equal(x, all.x) || !slices.Equal(ids, all.ids) {
		return errors.New("the runtime and the bare call disagree")
	}
	return nil
}
