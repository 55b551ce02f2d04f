package skc

import (
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

// Extra is how keys of a record that are not inputs are handled.
type Extra string

const (
	RefuseExtra Extra = "error"  // a misspelt key must not become a silent null
	IgnoreExtra Extra = "ignore" // for records that carry more than the pipeline reads
)

// CallOption is an option of one call.
type CallOption func(*callOptions)

type callOptions struct{ extra Extra }

// WithExtra sets how keys of a record, or of columns, that are not inputs are handled; by default they are refused.
func WithExtra(extra Extra) CallOption { return func(o *callOptions) { o.extra = extra } }

func callOptionsOf(options []CallOption) (callOptions, *Error) {
	usual := callOptions{extra: RefuseExtra}
	if len(options) == 0 {
		return usual, nil
	}
	chosen := usual // of its own, so that only a call with options allocates it
	for _, option := range options {
		option(&chosen)
	}
	if chosen.extra != RefuseExtra && chosen.extra != IgnoreExtra {
		return chosen, newError(CodeInvalidOption, "extra="+shown(string(chosen.extra)), `"error" or "ignore"`)
	}
	return chosen, nil
}

// Transformer serves one pipeline. Any number of goroutines may use it at once.
type Transformer struct {
	manifest   *manifest
	marshaller *marshaller
	names      []string   // of the tensors that are answered
	dtypes     []DType    // of each of them
	columns    [][]string // likewise
	single     chan *block
	watch      *watch // nil if nothing is counted and there is no observer

	mutex   sync.RWMutex // held for reading by every call, for writing by Close
	session *ort.DynamicAdvancedSession
}

func newTransformer(m *manifest, session *ort.DynamicAdvancedSession) *Transformer {
	t := &Transformer{
		manifest:   m,
		marshaller: newMarshaller(m),
		single:     make(chan *block, 2*runtime.GOMAXPROCS(0)),
		session:    session,
	}
	for _, output := range m.outputs {
		t.names, t.dtypes, t.columns = append(t.names, output.name), append(t.dtypes, output.dtype), append(t.columns, output.columns)
	}
	for _, output := range m.outputs {
		if output.valid != nil {
			t.names, t.dtypes, t.columns = append(t.names, *output.valid), append(t.dtypes, Bool), append(t.columns, output.columns)
		}
	}
	runtime.SetFinalizer(t, (*Transformer).Close) // for one that is forgotten: the memory of C is out of Go's sight
	return t
}

// Transform returns the features of one record: a map[string]any (or any map from strings), or a struct or a pointer
// to one, whose fields name their inputs by tags such as `skc:"age"`.
//
// Its error is an *Error of kind record, except for a bug or misuse.
func (t *Transformer) Transform(record any, options ...CallOption) (Features, error) {
	started := t.begin()
	features, err := t.transform(record, options)
	return t.answered(started, features, err)
}

// TransformRecord is Transform under its own name.
func (t *Transformer) TransformRecord(record any, options ...CallOption) (Features, error) {
	return t.Transform(record, options...)
}

func (t *Transformer) transform(record any, options []CallOption) (Features, *Error) {
	chosen, err := callOptionsOf(options)
	if err != nil {
		return Features{}, err
	}
	t.mutex.RLock()
	defer t.mutex.RUnlock()
	if t.session == nil {
		return Features{}, closed()
	}
	b, err := t.takeSingle()
	if err != nil {
		return Features{}, err
	}
	defer t.giveSingle(b)
	if err := t.marshaller.put(b, 0, record, chosen.extra); err != nil {
		return Features{}, err
	}
	if err := t.run(b, noRow); err != nil {
		return Features{}, err
	}
	if t.watch != nil && t.manifest.signals != nil {
		t.watch.row(t.signalsIn(b))
	}
	outputs := t.newOutputs(1)
	b.copyTo(outputs, 0)
	return Features{1, true, outputs}, nil
}

// TransformRecords returns the features of a batch: a slice of records as Transform takes them, of one type or of any.
func (t *Transformer) TransformRecords(records any, options ...CallOption) (Features, error) {
	started := t.begin()
	features, err := t.transformRecords(records, options)
	return t.answered(started, features, err)
}

func (t *Transformer) transformRecords(records any, options []CallOption) (Features, *Error) {
	chosen, err := callOptionsOf(options)
	if err != nil {
		return Features{}, err
	}
	slice := reflect.ValueOf(records)
	if slice.Kind() != reflect.Slice && slice.Kind() != reflect.Array {
		message := fmt.Sprintf("expected records, got %T %s", records, shown(records))
		return Features{}, newError(CodeUnsupportedData, message, "a slice of maps or structs")
	}
	return t.batch(slice.Len(), batchFill{
		put: func(b *block, start int) *Error { return t.putRecords(b, slice, start, chosen.extra) },
		check: func(b *block) *Error {
			for start := range slice.Len() {
				if err := t.putRecords(b, slice, start, chosen.extra); err != nil {
					return err
				}
			}
			return nil
		},
		checkRows: 1,
	})
}

// putRecords writes records from one on, as many as the block has rows.
func (t *Transformer) putRecords(b *block, records reflect.Value, start int, extra Extra) *Error {
	for row := range b.rows {
		if err := t.marshaller.put(b, row, element(records, start+row), extra); err != nil {
			return err.inRow(start + row)
		}
	}
	return nil
}

// element is a record of a batch; a struct is a pointer into the slice, to save a copy.
func element(records reflect.Value, row int) any {
	record := records.Index(row)
	if record.Kind() == reflect.Struct && record.CanAddr() {
		record = record.Addr()
	}
	return record.Interface()
}

// TransformColumns returns the features of a batch, by column: a []any, or a slice of one type such as []float64,
// []*float64 for a nullable input, []string or []time.Time.
func (t *Transformer) TransformColumns(columns map[string]any, options ...CallOption) (Features, error) {
	started := t.begin()
	features, err := t.transformColumns(columns, options)
	return t.answered(started, features, err)
}

func (t *Transformer) transformColumns(data map[string]any, options []CallOption) (Features, *Error) {
	chosen, err := callOptionsOf(options)
	if err != nil {
		return Features{}, err
	}
	if err := t.closedError(); err != nil {
		return Features{}, err
	}
	columns, rows, err := t.marshaller.columns(data, chosen.extra)
	if err != nil {
		return Features{}, err
	}
	return t.batch(rows, batchFill{
		put:       func(b *block, start int) *Error { return t.marshaller.putColumns(b, columns, start) },
		check:     func(b *block) *Error { return t.marshaller.checkColumns(b, columns, rows) },
		checkRows: chunkRows,
	})
}

// TransformJSON returns the features for a JSON body: {…} is a record, [{…}, …] are records, and an object whose only
// key is "columns", with an object of arrays, is a batch by columns. Features.IsSingle distinguishes a record from a batch.
//
// The same bytes get the same answer, or are refused with the same code, in every language: schemas/requests.v1.json.
func (t *Transformer) TransformJSON(body []byte, options ...CallOption) (Features, error) {
	started := t.begin()
	features, err := t.transformJSON(body, options)
	return t.answered(started, features, err)
}

func (t *Transformer) transformJSON(body []byte, options []CallOption) (Features, *Error) {
	if err := t.closedError(); err != nil {
		return Features{}, err
	}
	if _, err := callOptionsOf(options); err != nil {
		return Features{}, err
	}
	request, err := readRequest(body)
	if err != nil {
		return Features{}, err
	}
	switch data := request.(type) {
	case jsonRecords:
		return t.transformRecords([]any(data), options)
	case jsonColumns:
		return t.transformColumns(data, options)
	}
	return t.transform(request, options)
}

func (t *Transformer) closedError() *Error {
	t.mutex.RLock()
	defer t.mutex.RUnlock()
	if t.session == nil {
		return closed()
	}
	return nil
}

func closed() *Error {
	return newError(CodeClosed, "the transformer is closed", "load the artifact again")
}

// takeSingle returns a block for one row, a used one if there is one.
func (t *Transformer) takeSingle() (*block, *Error) {
	select {
	case b := <-t.single:
		return b, nil
	default:
		return newBlock(t.manifest, 1)
	}
}

func (t *Transformer) giveSingle(b *block) {
	select {
	case t.single <- b:
	default:
		b.destroy()
	}
}

// run runs a block, whose first row is that row of a batch, and checks its guards; the error of a single record has noRow.
func (t *Transformer) run(b *block, start int) *Error {
	if err := b.run(t.session); err != nil {
		return err
	}
	if t.manifest.guards == nil {
		return nil
	}
	hit := slices.Index(b.outputs[len(b.outputs)-1].flags, true) // the guards come last
	if hit < 0 {
		return nil
	}
	width := len(t.manifest.guards.columns)
	err := t.guarded(b, hit/width, t.manifest.guards.columns[hit%width])
	if start == noRow {
		return err
	}
	return err.inRow(start + hit/width)
}

// signalsIn are the signals of a block, which are the output behind those that are answered; there must be some.
func (t *Transformer) signalsIn(b *block) []bool { return b.outputs[len(t.names)].flags }

func (t *Transformer) guarded(b *block, row int, guard guardSpec) *Error {
	message := fmt.Sprintf("step `%s` refuses the value of `%s`", guard.step, guard.input)
	for i := range t.marshaller.plans {
		if plan := &t.marshaller.plans[i]; plan.spec.name == guard.input {
			message += "; the request has " + shown(plan.valueIn(b, row))
		}
	}
	hint := "the pipeline declares `error` for this; to change the policy, edit the pipeline and compile again"
	err := newError(guard.code, message, hint).about(guard.input)
	err.Step = guard.step
	return err
}

// Close releases the session, after the calls in progress have finished; later ones get the code closed. Closing twice
// does nothing.
func (t *Transformer) Close() error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.session == nil {
		return nil
	}
	session := t.session
	t.session = nil
	close(t.single)
	for b := range t.single {
		b.destroy()
	}
	return session.Destroy()
}
