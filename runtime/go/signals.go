package skc

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Why shards: no call waits for another one, and a counter is rarely in the cache of two processors at once. Which shard
// a call takes is left to chance, and they are added up when somebody asks.
//
// A call counts when it has ended. If it is refused, it counts as one refusal, by its code and input; what is wrong in a
// batch is one row, and none of it is served. Names in labels are those of the pipeline, never something that a request
// contains.

// boundsNS are the upper bounds of the buckets of durations, in nanoseconds; boundLabels are the same in seconds.
var boundsNS = []int64{10e3, 25e3, 50e3, 100e3, 250e3, 500e3, 1e6, 2500e3, 5e6, 10e6, 25e6, 50e6, 100e6, 250e6, 500e6, 1e9}

var boundLabels = []string{"0.00001", "0.000025", "0.00005", "0.0001", "0.00025", "0.0005", "0.001", "0.0025", "0.005",
	"0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "+Inf"}

// Call is one call of a transformer, as an observer sees it. Rows is the number of rows served; Code is "" unless the
// call was refused.
type Call struct {
	Identity string
	Rows     int
	Code     Code
	Duration time.Duration
}

// WithObserver sets a function that is called after each call, by the goroutine that made it.
func WithObserver(observer func(Call)) Option { return func(o *loadOptions) { o.observer = observer } }

// Refusal is what a call was refused for; Input is "" where it is not about one.
type Refusal struct {
	Code  Code
	Input string
}

// StepCount has the rows served whose value in column Input of Step was of this kind; Training is their share in
// training, a decimal, or "" if it is not known.
type StepCount struct {
	Step, Input, Kind string
	Rows              int64
	Training          string
}

// Signals are the counts of one transformer since it was loaded. Durations[i] calls took at most as long as the i-th
// bucket of skc_transform_seconds, and longer than the one before it; Total is the sum.
type Signals struct {
	Rows      int64
	Refused   map[Refusal]int64
	Steps     []StepCount
	Durations []int64
	Total     time.Duration
}

// shard has counters of some of the calls.
type shard struct {
	rows        atomic.Int64
	nanoseconds atomic.Int64
	buckets     [17]atomic.Int64
	steps       []atomic.Int64
	_           [64]byte // keeps those of the next shard out of the cache line
}

// watch counts the calls of a transformer, if its artifact has signals, and tells its observer of each.
type watch struct {
	manifest *manifest
	observer func(Call)
	names    map[string]bool // that a label may have
	shards   []*shard        // their number is a power of two

	mutex   sync.Mutex // of what follows; refusals are rare
	refused map[Refusal]int64
}

// newWatch is nil where there is nothing to count and nobody to tell.
func newWatch(m *manifest, observer func(Call)) *watch {
	if m.signals == nil && observer == nil {
		return nil
	}
	w := &watch{manifest: m, observer: observer, names: map[string]bool{}, refused: map[Refusal]int64{}}
	for i := range m.inputs {
		w.names[m.inputs[i].name] = true
	}
	if m.guards != nil {
		for _, guard := range m.guards.columns {
			w.names[guard.input] = true
		}
	}
	if m.signals != nil {
		for range 1 << bits.Len(uint(runtime.GOMAXPROCS(0)-1)) {
			w.shards = append(w.shards, &shard{steps: make([]atomic.Int64, len(m.signals.columns))})
		}
	}
	return w
}

func (w *watch) shard() *shard { return w.shards[rand.Uint32()&uint32(len(w.shards)-1)] }

// row counts a served row by its signals.
func (w *watch) row(signals []bool) {
	s := w.shard()
	s.rows.Add(1)
	for i, is := range signals {
		if is {
			s.steps[i].Add(1)
		}
	}
}

// batch counts served rows; counts has how many of them have each signal.
func (w *watch) batch(rows int, counts []int64) {
	s := w.shard()
	s.rows.Add(int64(rows))
	for i, count := range counts {
		s.steps[i].Add(count)
	}
}

// addSignals adds the signals of some rows to counts, by column.
func addSignals(counts []int64, signals []bool) {
	for start := 0; start < len(signals); start += len(counts) {
		for i, is := range signals[start : start+len(counts)] {
			if is {
				counts[i]++
			}
		}
	}
}

// ended counts the end of a call: rows that are served, or the reason of a refusal. Misuse is not a call.
func (w *watch) ended(rows int, taken time.Duration, err *Error) {
	if err != nil && (err.Code == CodeClosed || err.Code == CodeInvalidOption) {
		return
	}
	if w.shards != nil {
		s := w.shard()
		s.nanoseconds.Add(int64(taken))
		s.buckets[sort.Search(len(boundsNS), func(i int) bool { return int64(taken) <= boundsNS[i] })].Add(1)
		if err != nil && err.Kind == KindRecord {
			w.refuse(err)
		}
	}
	if w.observer != nil {
		call := Call{Identity: w.manifest.identity, Rows: rows, Duration: taken}
		if err != nil {
			call.Code = err.Code
		}
		w.observer(call)
	}
}

func (w *watch) refuse(err *Error) {
	refusal := Refusal{Code: err.Code}
	if w.names[err.Input] {
		refusal.Input = err.Input
	}
	w.mutex.Lock()
	w.refused[refusal]++
	w.mutex.Unlock()
}

// answered is the answer of a call that began at some time, counted.
func (t *Transformer) answered(started time.Time, features Features, err *Error) (Features, error) {
	if t.watch != nil {
		t.watch.ended(features.Rows(), time.Since(started), err)
	}
	if err != nil {
		return Features{}, err
	}
	return features, nil
}

// begin is when a call begins, the zero time if nobody wants to know.
func (t *Transformer) begin() time.Time {
	if t.watch == nil {
		return time.Time{}
	}
	return time.Now()
}

// Signals are what was counted since the artifact was loaded. The error has the code invalid-option if the artifact was
// not compiled to count.
func (t *Transformer) Signals() (Signals, error) {
	if t.watch == nil || t.watch.shards == nil {
		return Signals{}, newError(CodeInvalidOption, "the artifact has no signals", "compile the pipeline with --signals")
	}
	return t.watch.signals(), nil
}

// SignalsText is what was counted in the text format of Prometheus, with what the log has dropped unless it is nil. Its
// errors are those of Signals.
func (t *Transformer) SignalsText(log *Log) (string, error) {
	counted, err := t.Signals()
	if err != nil {
		return "", err
	}
	return exposition(t.manifest, counted, log), nil
}

func (w *watch) signals() Signals {
	columns := w.manifest.signals.columns
	total := Signals{Durations: make([]int64, len(boundLabels)), Refused: map[Refusal]int64{}}
	steps := make([]int64, len(columns))
	for _, s := range w.shards {
		total.Rows += s.rows.Load()
		total.Total += time.Duration(s.nanoseconds.Load())
		for i := range s.buckets {
			total.Durations[i] += s.buckets[i].Load()
		}
		for i := range s.steps {
			steps[i] += s.steps[i].Load()
		}
	}
	w.mutex.Lock()
	for refusal, count := range w.refused {
		total.Refused[refusal] = count
	}
	w.mutex.Unlock()
	places := map[signalSpec]int{} // columns of the same name are one series
	for i, column := range columns {
		place := column
		place.training = ""
		k, isThere := places[place]
		if !isThere {
			k = len(total.Steps)
			places[place] = k
			total.Steps = append(total.Steps, StepCount{column.step, column.input, column.kind, 0, column.training})
		}
		total.Steps[k].Rows += steps[i]
	}
	return total
}

// exposition is the text format of Prometheus, version 0.0.4: the same bytes in every language.
func exposition(m *manifest, counted Signals, log *Log) string {
	var text strings.Builder
	of := fmt.Sprintf(`name="%s",plan="%s"`, escapedLabel(m.name), m.plan[:8])
	head := func(metric, kind, about string) {
		fmt.Fprintf(&text, "# HELP %s %s\n# TYPE %s %s\n", metric, about, metric, kind)
	}
	head("skc_rows_total", "counter", "Rows that were served.")
	fmt.Fprintf(&text, "skc_rows_total{%s} %d\n", of, counted.Rows)
	head("skc_refused_total", "counter", "Calls that were refused, by code and input.")
	for _, refusal := range sortedRefusals(counted.Refused) {
		input := escapedLabel(refusal.Input)
		fmt.Fprintf(&text, "skc_refused_total{%s,code=\"%s\",input=\"%s\"} %d\n", of, refusal.Code, input, counted.Refused[refusal])
	}
	head("skc_step_total", "counter", "Rows with a value of this kind in a column of a step.")
	hasTraining := false
	for _, step := range counted.Steps {
		fmt.Fprintf(&text, "skc_step_total{%s} %d\n", stepLabels(of, step), step.Rows)
		hasTraining = hasTraining || step.Training != ""
	}
	if hasTraining {
		head("skc_training_ratio", "gauge", "The share of such rows in the training data.")
	}
	for _, step := range counted.Steps {
		if step.Training != "" {
			fmt.Fprintf(&text, "skc_training_ratio{%s} %s\n", stepLabels(of, step), step.Training)
		}
	}
	if log != nil {
		head("skc_log_dropped_total", "counter", "Requests that the request log dropped.")
		fmt.Fprintf(&text, "skc_log_dropped_total{%s} %d\n", of, log.Counts().Dropped)
	}
	head("skc_transform_seconds", "histogram", "The duration of calls.")
	calls := int64(0)
	for i, label := range boundLabels {
		calls += counted.Durations[i]
		fmt.Fprintf(&text, "skc_transform_seconds_bucket{%s,le=\"%s\"} %d\n", of, label, calls)
	}
	fmt.Fprintf(&text, "skc_transform_seconds_sum{%s} %d.%09d\n", of, counted.Total/1e9, counted.Total%1e9)
	fmt.Fprintf(&text, "skc_transform_seconds_count{%s} %d\n", of, calls)
	return text.String()
}

func sortedRefusals(refused map[Refusal]int64) []Refusal {
	found := make([]Refusal, 0, len(refused))
	for refusal := range refused {
		found = append(found, refusal)
	}
	slices.SortFunc(found, func(a, b Refusal) int {
		if byCode := strings.Compare(string(a.Code), string(b.Code)); byCode != 0 {
			return byCode
		}
		return strings.Compare(a.Input, b.Input)
	})
	return found
}

func stepLabels(of string, step StepCount) string {
	return fmt.Sprintf(`%s,step="%s",input="%s",kind="%s"`, of, escapedLabel(step.Step), escapedLabel(step.Input), step.Kind)
}

var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// escapedLabel is a label's value between quotes.
func escapedLabel(text string) string { return labelEscapes.Replace(text) }
