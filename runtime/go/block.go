package skc

import (
	"fmt"
	"math"
	"runtime"

	ort "github.com/yalue/onnxruntime_go"
)

// Why blocks are kept: creating and destroying a tensor costs two calls into C. A block for one row is reused by the
// next record, so that a record costs little more than the run itself.

// buffer is the memory of one tensor [N, width], row by row; the slice of its dtype holds it.
type buffer struct {
	spec  tensorSpec
	f64   []float64
	f32   []float32
	i64   []int64
	flags []bool
	texts []string
	arena *textArena // of a tensor of texts, nil if the binding must fill it
}

func newBuffer(spec tensorSpec, rows int) buffer {
	b, size := buffer{spec: spec}, rows*spec.width
	switch spec.dtype {
	case Float64:
		b.f64 = make([]float64, size)
	case Float32:
		b.f32 = make([]float32, size)
	case Int64:
		b.i64 = make([]int64, size)
	case Bool:
		b.flags = make([]bool, size)
	case String:
		b.texts = make([]string, size)
	}
	return b
}

// block is a request of N rows and its response: tensors over the memory of buffers.
type block struct {
	rows    int
	inputs  []buffer
	outputs []buffer

	feeds   []ort.Value
	results []ort.Value
	pins    runtime.Pinner // ONNX Runtime keeps pointers into the buffers between calls
}

func newBlock(m *manifest, rows int) (*block, *Error) {
	b := &block{rows: rows}
	for _, spec := range m.tensors {
		b.inputs = append(b.inputs, newBuffer(spec, rows))
	}
	for _, spec := range m.outputTensors() {
		b.outputs = append(b.outputs, newBuffer(spec, rows))
	}
	var err error
	if b.feeds, err = b.tensors(b.inputs); err == nil {
		b.results, err = b.tensors(b.outputs)
	}
	if err != nil {
		b.destroy()
		return nil, runFailed(err)
	}
	return b, nil
}

func (b *block) tensors(buffers []buffer) ([]ort.Value, error) {
	values := make([]ort.Value, 0, len(buffers))
	for i := range buffers {
		value, err := b.tensor(&buffers[i])
		if err != nil {
			destroyAll(values)
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

func (b *block) tensor(from *buffer) (ort.Value, error) {
	shape := ort.NewShape(int64(b.rows), int64(from.spec.width))
	switch from.spec.dtype {
	case Float64:
		return pinned(&b.pins, shape, from.f64)
	case Float32:
		return pinned(&b.pins, shape, from.f32)
	case Int64:
		return pinned(&b.pins, shape, from.i64)
	case Bool:
		return pinned(&b.pins, shape, from.flags)
	}
	value, err := ort.NewStringTensor(shape)
	if err != nil {
		return nil, err
	}
	from.arena = newTextArena(value)
	return value, nil
}

func pinned[T ort.TensorData](pins *runtime.Pinner, shape ort.Shape, data []T) (ort.Value, error) {
	if len(data) > 0 {
		pins.Pin(&data[0])
	}
	return asValue(ort.NewTensor(shape, data))
}

// asValue keeps a nil pointer from becoming a non-nil interface value.
func asValue[T ort.Value](value T, err error) (ort.Value, error) {
	if err != nil {
		return nil, err
	}
	return value, nil
}

// run computes the outputs of the rows in the inputs.
func (b *block) run(session *ort.DynamicAdvancedSession) *Error {
	for i := range b.inputs {
		if err := setTexts(b.feeds[i], &b.inputs[i]); err != nil {
			return runFailed(err)
		}
	}
	for i := range b.outputs {
		if err := clearTexts(b.results[i], b.rows*b.outputs[i].spec.width, b.outputs[i].arena); err != nil {
			return runFailed(err)
		}
	}
	if err := session.Run(b.feeds, b.results); err != nil {
		return runFailed(err)
	}
	for i := range b.outputs {
		if err := getTexts(b.results[i], &b.outputs[i]); err != nil {
			return runFailed(err)
		}
	}
	return nil
}

func setTexts(value ort.Value, from *buffer) error {
	tensor, isText := value.(*ort.StringTensor)
	if !isText || (from.arena != nil && from.arena.fill(from.texts)) {
		return nil
	}
	return tensor.SetContents(from.texts)
}

// clearTexts empties the texts of the run before: StringConcat appends to what the tensor of its output has.
func clearTexts(value ort.Value, count int, arena *textArena) error {
	tensor, isText := value.(*ort.StringTensor)
	if !isText || (arena != nil && arena.clear(count)) {
		return nil
	}
	return tensor.SetContents(make([]string, count))
}

func getTexts(value ort.Value, to *buffer) (err error) {
	tensor, isText := value.(*ort.StringTensor)
	if isText {
		to.texts, err = tensor.GetContents()
	}
	return err
}

// longestIn is the length of the longest text in a row of the inputs.
func (b *block) longestIn(row int) int {
	longest := 0
	for i := range b.inputs {
		if from := &b.inputs[i]; from.spec.dtype == String {
			for _, text := range from.texts[row*from.spec.width : (row+1)*from.spec.width] {
				longest = max(longest, len(text))
			}
		}
	}
	return longest
}

func (b *block) destroy() {
	destroyAll(b.feeds)
	destroyAll(b.results)
	b.pins.Unpin()
}

func destroyAll(values []ort.Value) {
	for _, value := range values {
		_ = value.Destroy() // releases memory, and cannot fail
	}
}

func runFailed(err error) *Error {
	message := fmt.Sprintf("ONNX Runtime failed: %s", shownUpTo(err, 500))
	return newError(CodeRunFailed, message, "this is a bug in skc; please report it with the request")
}

var nan = math.NaN()
