package skc

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Writes the lines of a request log. Their form is defined in runtime/python/skc_runtime/log_lines.py; the bytes that
// every language must give are in schemas/request_log.v1.json.

const (
	logFormat            = 1
	longestLoggedInteger = 40 // characters of a refused one
	hashDigits           = 16
	otherCell            = `{"other":true}`
)

// logLines writes the records of one artifact. Nothing in it changes, so goroutines can share it.
type logLines struct {
	marshaller *marshaller
	tensors    []tensorSpec
	results    []tensorSpec // the outputs and their companions
	omitted    []bool       // by input
	hashed     []bool
	features   LogFeatures
	fullEvery  int
	salt       string
}

func newLogLines(t *Transformer, options *LogOptions) *logLines {
	m := t.manifest
	lines := &logLines{
		marshaller: t.marshaller, tensors: m.tensors, results: m.outputTensors()[:len(t.names)],
		features: options.Features, fullEvery: options.FullEvery, salt: options.Salt,
		omitted: make([]bool, len(m.inputs)), hashed: make([]bool, len(m.inputs)),
	}
	for i := range m.inputs {
		for _, name := range m.log.omit {
			lines.omitted[i] = lines.omitted[i] || name == m.inputs[i].name
		}
		for _, name := range m.log.hash {
			lines.hashed[i] = lines.hashed[i] || name == m.inputs[i].name
		}
	}
	return lines
}

// scratch is a row of inputs without tensors: a value is read as it reaches the graph.
func (l *logLines) scratch() *block {
	b := &block{rows: 1}
	for _, spec := range l.tensors {
		b.inputs = append(b.inputs, newBuffer(spec, 1))
	}
	return b
}

// appendRecord appends a record without its number, from `,"id":` on. Its error has the code invalid-option.
func (l *logLines) appendRecord(to []byte, e *LogEntry, timeUS int64, b *block) ([]byte, *Error) {
	if !utf8.ValidString(e.ID) {
		return to, misused("the id %s is not UTF-8", shown(e.ID))
	}
	to = appendQuoted(append(to, `,"id":`...), e.ID)
	if e.Key != nil {
		if !utf8.ValidString(*e.Key) {
			return to, misused("the key %s is not UTF-8", shown(*e.Key))
		}
		to = appendQuoted(append(to, `,"key":`...), *e.Key)
	}
	if timeUS < 0 || (e.LatencyUS != nil && *e.LatencyUS < 0) {
		return to, misused("a time is negative")
	}
	to = strconv.AppendInt(append(to, `,"time_us":`...), timeUS, 10)
	if e.LatencyUS != nil {
		to = strconv.AppendInt(append(to, `,"latency_us":`...), *e.LatencyUS, 10)
	}
	record := e.Record
	if e.JSON != nil {
		record = jsonRecordOf(e.JSON)
	}
	to = l.appendRequest(append(to, `,"request":`...), record, b)
	to, err := l.appendAnswer(to, e)
	if err != nil {
		return to, err
	}
	if to, err = appendPrediction(to, e.Prediction); err != nil {
		return to, err
	}
	if to, err = appendByInput(to, l, "as_of", e.AsOf, appendInt); err != nil {
		return to, err
	}
	for _, time := range e.FetchedUS {
		if time < 0 {
			return to, misused("a time is negative")
		}
	}
	if to, err = appendByInput(to, l, "fetched_us", e.FetchedUS, appendInt); err != nil {
		return to, err
	}
	if to, err = appendByInput(to, l, "hit", e.Hit, strconv.AppendBool); err != nil {
		return to, err
	}
	return append(to, "}\n"...), nil
}

// jsonRecordOf is the record of a JSON text, nil for any other request.
func jsonRecordOf(body []byte) any {
	request, err := readRequest(body)
	if err != nil {
		return nil
	}
	switch request.(type) {
	case jsonRecords, jsonColumns:
		return nil
	}
	return request
}

func (l *logLines) appendRequest(to []byte, given any, b *block) []byte {
	r, err := l.marshaller.asRecord(given)
	if err != nil || (r.layout == nil && r.values == nil) {
		return append(to, "null"...)
	}
	to = append(to, '{')
	isFirst := true
	for i := range l.marshaller.plans {
		plan := &l.marshaller.plans[i]
		value, isThere := r.scalarOf(plan, i)
		if l.omitted[i] || !isThere {
			continue
		}
		if !isFirst {
			to = append(to, ',')
		}
		isFirst = false
		to = append(appendQuoted(to, plan.spec.name), ':')
		if plan.putScalar(b, 0, value) != nil {
			to = appendRefused(to, value, l.hashed[i])
			continue
		}
		start := len(to)
		to = plan.appendValue(to, b)
		if l.hashed[i] && string(to[start:]) != "null" {
			to = l.appendHash(to[:start], plan, to[start:], b)
		}
	}
	return append(to, '}')
}

// scalarOf is the value of an input in a record, false if it has no such key.
func (r *record) scalarOf(plan *inputPlan, i int) (scalar, bool) {
	if r.layout == nil {
		value, isThere := r.values[plan.spec.name]
		return recognise(value), isThere
	}
	if r.layout.fields[i] == nil {
		return scalar{}, false
	}
	field, err := r.fields.FieldByIndexErr(r.layout.fields[i])
	if err != nil { // it belongs to an embedded struct behind a nil pointer
		field = reflect.Value{}
	}
	return recogniseReflected(field), true
}

// appendValue appends the value of an input as it stands in a row, in the form of golden.jsonl.
func (p *inputPlan) appendValue(to []byte, b *block) []byte {
	if p.valid.width > 0 && !b.inputs[p.valid.tensor].flags[p.valid.at(0)] {
		return append(to, "null"...)
	}
	switch value := p.valueIn(b, 0).(type) {
	case float64:
		if value != value {
			return append(to, "null"...)
		}
		return appendFloat(to, value)
	case int64:
		return append(strconv.AppendInt(append(to, '"'), value, 10), '"')
	case bool:
		return strconv.AppendBool(to, value)
	case string:
		return appendQuoted(to, value)
	}
	return to
}

// appendHash appends the hash of a value: of a text that is itself, of any other its JSON without quotes.
func (l *logLines) appendHash(to []byte, p *inputPlan, written []byte, b *block) []byte {
	text := string(written)
	if value, isText := p.valueIn(b, 0).(string); isText {
		text = value
	} else if text[0] == '"' {
		text = text[1 : len(text)-1]
	}
	sum := sha256.Sum256([]byte(l.salt + text))
	return append(append(append(to, '"'), hex.EncodeToString(sum[:])[:hashDigits]...), '"')
}

// appendRefused appends a value that its input refuses, as far as every language can say it.
func appendRefused(to []byte, s scalar, isHashed bool) []byte {
	if isHashed {
		return append(to, otherCell...)
	}
	switch s.kind {
	case kindNull:
		return append(to, `{"null":true}`...)
	case kindBool:
		return append(strconv.AppendBool(append(to, `{"bool":`...), s.flag), '}')
	case kindInteger:
		return append(strconv.AppendInt(append(to, `{"int":"`...), s.integer, 10), `"}`...)
	case kindBigInteger:
		text := s.text
		if integer, isBig := s.given.(*big.Int); text == "" && isBig && integer.BitLen() < 4*longestLoggedInteger {
			text = integer.String()
		}
		if text != "" && len(text) <= longestLoggedInteger && !strings.ContainsAny(text, ".eE") {
			return append(append(append(to, `{"int":"`...), text...), `"}`...)
		}
	case kindFloat:
		return append(appendFloat(append(to, `{"float":`...), s.float), '}')
	case kindText:
		if utf8.ValidString(s.text) {
			return append(appendQuoted(append(to, `{"string":`...), s.text), '}')
		}
	}
	return append(to, otherCell...)
}

func (l *logLines) appendAnswer(to []byte, e *LogEntry) ([]byte, *Error) {
	if e.Err != nil {
		return appendError(to, e.Err)
	}
	if e.OwnFeatures != nil {
		return l.appendOwn(to, e.OwnFeatures)
	}
	outputs := e.Features.Outputs()
	if len(outputs) == 0 || l.features == LogNone {
		return to, nil
	}
	isFull := l.features == LogFull || (l.fullEvery > 0 && int64(crcOf(e.ID))%int64(l.fullEvery) == 0)
	if len(outputs) != len(l.results) {
		return to, misused("the features are not those of this transformer")
	}
	to = append(to, `,"features":{`...)
	for i := range outputs {
		output, spec := &outputs[i], &l.results[i]
		if output.Name != spec.name || output.DType != spec.dtype || output.Rows != 1 {
			return to, misused("the features are not one row of this transformer's, see %s", shown(output.Name))
		}
		if i > 0 {
			to = append(to, ',')
		}
		to = append(appendQuoted(to, output.Name), ':')
		if isFull {
			to = appendOutput(to, output)
		} else {
			to = strconv.AppendUint(to, uint64(output.digest()), 10)
		}
	}
	return append(to, '}'), nil
}

func appendError(to []byte, given error) ([]byte, *Error) {
	err, isOurs := given.(*Error)
	if !isOurs {
		return to, misused("the error %s is not one of this package", shown(given.Error()))
	}
	to = appendQuoted(append(to, `,"error":{"code":`...), string(err.Code))
	if err.HasInput() {
		to = appendQuoted(append(to, `,"input":`...), sound(err.Input))
	}
	if err.Step != "" {
		to = appendQuoted(append(to, `,"step":`...), err.Step)
	}
	return append(to, '}'), nil
}

func (l *logLines) appendOwn(to []byte, own map[string]any) ([]byte, *Error) {
	to = append(to, `,"features":{`...)
	written := 0
	for i := range l.results {
		spec := &l.results[i]
		given, isThere := own[spec.name]
		if !isThere {
			continue
		}
		if written++; written > 1 {
			to = append(to, ',')
		}
		output := Output{Name: spec.name, DType: spec.dtype, Rows: 1}
		if !output.take(given) || output.length() != spec.width {
			return to, misused("the own features %s are not %d values of %s", shown(spec.name), spec.width, spec.dtype)
		}
		to = appendOutput(append(appendQuoted(to, spec.name), ':'), &output)
	}
	if written != len(own) {
		return to, misused("the own features have a name that is not an output")
	}
	return append(to, '}'), nil
}

func appendPrediction(to []byte, prediction any) ([]byte, *Error) {
	switch p := prediction.(type) {
	case nil:
		return to, nil
	case float64:
		return appendFloat(append(to, `,"prediction":`...), p), nil
	case float32:
		return appendFloat(append(to, `,"prediction":`...), float64(p)), nil
	case []float64:
		output := Output{DType: Float64, Float64: p}
		return appendOutput(append(to, `,"prediction":`...), &output), nil
	case []float32:
		output := Output{DType: Float32, Float32: p}
		return appendOutput(append(to, `,"prediction":`...), &output), nil
	}
	return to, misused("the prediction %s is neither a float64 nor several", shown(prediction))
}

// appendByInput appends what is known of the inputs that were looked up.
func appendByInput[V any](to []byte, l *logLines, key string, given map[string]V, write func([]byte, V) []byte) ([]byte, *Error) {
	if given == nil {
		return to, nil
	}
	to = append(append(append(to, `,"`...), key...), `":{`...)
	written := 0
	for i := range l.marshaller.plans {
		name := l.marshaller.plans[i].spec.name
		if value, isThere := given[name]; isThere {
			if written++; written > 1 {
				to = append(to, ',')
			}
			to = write(append(appendQuoted(to, name), ':'), value)
		}
	}
	if written != len(given) {
		return to, misused("%s has a name that is not an input", key)
	}
	return append(to, '}'), nil
}

func appendInt(to []byte, value int64) []byte { return strconv.AppendInt(to, value, 10) }

func misused(format string, values ...any) *Error {
	hint := "the request was not logged, and counts as dropped"
	return newError(CodeInvalidOption, fmt.Sprintf(format, values...), hint)
}

// crcOf is what decides, where some requests are to be chosen.
func crcOf(text string) uint32 { return crc32.ChecksumIEEE([]byte(text)) }
