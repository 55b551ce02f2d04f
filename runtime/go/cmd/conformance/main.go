// Command conformance is the Go executor: the protocol of tests/conformance over the public API of this module.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing/fstest"

	skc "skc.dev/runtime"
)

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve responds to each line with a line, until the input ends.
func serve(in io.Reader, out io.Writer) error {
	lines, answers := bufio.NewReaderSize(in, 1<<20), bufio.NewWriter(out)
	var held executor
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			answer, err := held.answerLine(line)
			if err != nil {
				return err
			}
			if err := write(answers, answer); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func write(to *bufio.Writer, answer any) error {
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(answer); err != nil {
		return err
	}
	return to.Flush()
}

type object = map[string]any

// request is a line of the input; each kind of request uses some of the fields.
type request struct {
	Do          string
	Artifact    string
	From        string
	Replay      string
	Expect      *string
	Key         *string
	Rows        []map[string]json.RawMessage
	Form        string
	Take        []int
	Columns     map[string][]json.RawMessage
	Body        []bodyPart
	Extra       string
	Threads     int
	Interval    float64
	Rounds      int
	FlushToZero bool `json:"flush_to_zero"`
	Rounding    string
	Folder      string
	Observe     bool
	Options     logOptions
	Others      map[string]string
	Add         []logEntry
}

// bodyPart is [data in base64, how often it is repeated].
type bodyPart struct {
	data  []byte
	count int
}

func (p *bodyPart) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&p.data, &p.count})
}

// executor holds what was loaded, and the rows that were sent.
type executor struct {
	transformer *skc.Transformer
	rows        []object
	watch       *watch
	calls       [][2]any // rows and code, as an observer got them
}

func (e *executor) answerLine(line []byte) (any, error) {
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		return nil, fmt.Errorf("no request: %w", err)
	}
	answer, err := e.answer(&r)
	var refusal *skc.Error
	if errors.As(err, &refusal) {
		return object{"error": encodeError(refusal)}, nil
	}
	return answer, err
}

func encodeError(e *skc.Error) object {
	found := object{"code": e.Code, "input": nil, "row": nil, "step": nil}
	if e.HasInput() {
		found["input"] = e.Input
	}
	if e.Row >= 0 {
		found["row"] = e.Row
	}
	if e.Step != "" {
		found["step"] = e.Step
	}
	return found
}

func (e *executor) answer(r *request) (any, error) {
	switch r.Do {
	case "hello":
		return hello()
	case "load":
		return e.load(r)
	case "rows":
		return e.keep(r)
	case "arithmetic":
		return object{"set": setArithmetic(r.FlushToZero, r.Rounding)}, nil
	}
	switch r.Do {
	case "watch", "watched", "unwatch":
		return e.watched(r)
	}
	if e.transformer == nil {
		return nil, fmt.Errorf("%s: nothing was loaded", r.Do)
	}
	switch r.Do {
	case "transform":
		return e.transform(r)
	case "threads":
		return e.threads(r.Threads, r.Rounds)
	case "log":
		return e.log(r)
	case "signals":
		return e.signals(r)
	case "describe":
		return object{"describe": e.transformer.Describe()}, nil
	case "close":
		return object{"closed": true}, e.transformer.Close()
	}
	return nil, fmt.Errorf("no request: %s", r.Do)
}

func hello() (any, error) {
	version, err := skc.ONNXRuntimeVersion()
	if err != nil {
		return nil, err
	}
	return object{"language": "go", "onnxruntime": version, "cannot": []string{"utf16", "naive", "clock"}}, nil
}

func (e *executor) load(r *request) (any, error) {
	if e.transformer != nil {
		if err := e.transformer.Close(); err != nil {
			return nil, err
		}
	}
	options := []skc.Option{skc.WithReplay(skc.Replay(r.Replay))}
	if r.Expect != nil {
		options = append(options, skc.WithIdentity(*r.Expect))
	}
	if r.Key != nil {
		options = append(options, skc.WithKey([]byte(*r.Key)))
	}
	e.calls = [][2]any{}
	if r.Observe {
		var mutex sync.Mutex
		options = append(options, skc.WithObserver(func(call skc.Call) {
			mutex.Lock()
			defer mutex.Unlock()
			var code any
			if call.Code != "" {
				code = call.Code
			}
			e.calls = append(e.calls, [2]any{call.Rows, code})
		}))
	}
	transformer, err := loadFrom(r.From, r.Artifact, options)
	if err != nil {
		return nil, err
	}
	e.transformer = transformer
	return object{"loaded": true}, nil
}

// signals are what was counted, with an empty log if there is a folder for one.
func (e *executor) signals(r *request) (any, error) {
	var log *skc.Log
	if r.Folder != "" {
		var err error
		if log, err = skc.OpenLog(r.Folder, e.transformer, skc.LogOptions{}); err != nil {
			return nil, err
		}
		defer log.Close()
	}
	text, err := e.transformer.SignalsText(log)
	return object{"signals": text, "calls": e.calls}, err
}

// loadFrom loads a folder, its files as bytes, or an archive.
func loadFrom(kind, path string, options []skc.Option) (*skc.Transformer, error) {
	switch kind {
	case "files":
		files, err := filesOf(path)
		if err != nil {
			return nil, err
		}
		return skc.LoadFS(files, options...)
	case "zip":
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		return skc.LoadZip(data, options...)
	}
	return skc.Load(path, options...)
}

func filesOf(folder string) (fstest.MapFS, error) {
	entries, err := os.ReadDir(folder)
	files := fstest.MapFS{}
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		files[entry.Name()] = &fstest.MapFile{Data: data}
	}
	return files, err
}

func (e *executor) keep(r *request) (any, error) {
	rows := make([]object, len(r.Rows))
	for i, cells := range r.Rows {
		var err error
		if rows[i], err = decodeRecord(cells); err != nil {
			return nil, err
		}
	}
	e.rows = rows
	return object{"rows": len(rows)}, nil
}
