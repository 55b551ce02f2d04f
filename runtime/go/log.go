package skc

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	ort "github.com/yalue/onnxruntime_go"
)

// Version is that of this module.
const Version = "0.1.0"

// LogFeatures is how features are logged.
type LogFeatures string

// OnFull is what becomes of a request for which there is no room.
type OnFull string

// SampleBy is what a sample is chosen by.
type SampleBy string

const (
	LogDigest LogFeatures = "digest" // a CRC-32 of each output
	LogFull   LogFeatures = "full"
	LogNone   LogFeatures = "none"

	DropOnFull OnFull = "drop" // it is dropped, and counted
	WaitOnFull OnFull = "wait" // Add waits for room

	SampleByID  SampleBy = "id"
	SampleByKey SampleBy = "key"
)

// LogOptions are the options of OpenLog; the zero value of each but Sample is its default.
type LogOptions struct {
	Sample        *float64      // the share of requests to log, by a hash; all if nil. A refused request is always logged
	SampleBy      SampleBy      // SampleByID
	Features      LogFeatures   // LogDigest
	FullEvery     int           // features in full for one request in so many, chosen by a hash of its id; 0 for none
	OnFull        OnFull        // DropOnFull
	Queue         int           // requests that may wait to be written; 8192
	Flush         time.Duration // between two writes; 0.2 s
	RotateBytes   int64         // after which a file is completed; 64 MiB
	RotateSeconds float64       // likewise; 3600
	Fsync         bool          // after each write
	Salt          string        // a secret, for inputs that the pipeline hashes
	OnError       func(error)   // is called by the goroutine that writes when something could not be logged
}

// LogEntry is a request, as Log.Add takes it.
type LogEntry struct {
	ID          string
	Record      any      // as Transform took it; nil if it was not a record
	Features    Features // that Transform returned
	Err         error    // or the error that it returned
	Key         *string  // to sample by; written as it is
	TimeUS      *int64   // microseconds since 1970 UTC; now if nil
	LatencyUS   *int64
	OwnFeatures map[string]any   // by output, those that the model really got, as slices: logged in full
	Prediction  any              // a float64, or several
	AsOf        map[string]int64 // by input, the time of a value that was looked up, in microseconds
	FetchedUS   map[string]int64 // by input, the microseconds that looking up its value took
	Hit         map[string]bool  // by input, whether looking it up found a value
}

// LogCounts is what became of the requests: Logged + Dropped = N, once nothing is Waiting.
type LogCounts struct{ N, Logged, Dropped, SampledOut, Waiting int64 }

// Log writes what is served to files, without ever failing or delaying a request, and without losing one unseen: every
// request of the sample has a number, so that a gap is a loss. Any number of goroutines may use it.
//
// Why the caller makes the line: it takes a few microseconds, and the record need not be copied. One goroutine writes
// what has been made, every 0.2 s.
type Log struct {
	folder  string
	options LogOptions
	sample  float64
	lines   *logLines
	header  func(part int, after, logged int64) []byte

	mutex    sync.Mutex // of what follows
	room     *sync.Cond
	pending  []byte // lines to write, of `waiting` requests
	waiting  int64
	n        int64
	dropped  int64
	sampled  int64 // that were left out
	isClosed bool
	err      error

	wake chan struct{}
	done chan struct{}
	rows sync.Pool // of *logScratch

	// Of the goroutine that writes; logged also of the mutex.
	logged   int64
	file     *logFile
	part     int
	covered  int64 // the last number that was written or dropped
	inFile   int64
	openedAt time.Time
}

type logScratch struct {
	row  *block
	line []byte
}

// OpenLog begins to log what a transformer serves. The folder is made if it is missing. Its errors have the codes
// invalid-option, and log-failed if no file can be written now. Close it when it is no longer needed.
func OpenLog(folder string, transformer *Transformer, options LogOptions) (*Log, error) {
	sample, err := options.complete(transformer.manifest)
	if err != nil {
		return nil, err
	}
	absolute, failure := filepath.Abs(folder)
	if failure == nil {
		failure = os.MkdirAll(absolute, 0o700)
	}
	if failure != nil {
		return nil, logFailed(failure)
	}
	l := &Log{
		folder: absolute, options: options, sample: sample, lines: newLogLines(transformer, &options),
		header: headerOf(transformer.manifest, &options, sample), wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	l.room = sync.NewCond(&l.mutex)
	l.rows.New = func() any { return &logScratch{row: l.lines.scratch()} }
	if err := l.open(); err != nil {
		return nil, logFailed(err)
	}
	go l.run()
	return l, nil
}

// complete fills in defaults, and refuses what is not allowed.
func (o *LogOptions) complete(m *manifest) (float64, *Error) {
	sample := 1.0
	if o.Sample != nil {
		sample = *o.Sample
	}
	o.SampleBy, o.Features, o.OnFull = or(o.SampleBy, SampleByID), or(o.Features, LogDigest), or(o.OnFull, DropOnFull)
	o.Queue, o.Flush = or(o.Queue, 8192), or(o.Flush, 200*time.Millisecond)
	o.RotateBytes, o.RotateSeconds = or(o.RotateBytes, 64<<20), or(o.RotateSeconds, 3600)
	for _, check := range []struct {
		isMet bool
		name  string
		value any
		hint  string
	}{
		{sample >= 0 && sample <= 1, "Sample", sample, "a share from 0 to 1"},
		{o.SampleBy == SampleByID || o.SampleBy == SampleByKey, "SampleBy", o.SampleBy, "id or key"},
		{o.Features == LogDigest || o.Features == LogFull || o.Features == LogNone, "Features", o.Features, "digest, full or none"},
		{o.OnFull == DropOnFull || o.OnFull == WaitOnFull, "OnFull", o.OnFull, "drop or wait"},
		{o.FullEvery >= 0, "FullEvery", o.FullEvery, "a whole number from 0"},
		{o.Queue > 0, "Queue", o.Queue, "a whole number from 1"},
		{o.Flush > 0, "Flush", o.Flush, "above 0"},
		{o.RotateBytes > 0, "RotateBytes", o.RotateBytes, "a whole number from 1"},
		{o.RotateSeconds > 0 && !math.IsInf(o.RotateSeconds, 0), "RotateSeconds", o.RotateSeconds, "seconds above 0"},
	} {
		if !check.isMet {
			return 0, newError(CodeInvalidOption, fmt.Sprintf("%s=%s", check.name, shown(check.value)), check.hint)
		}
	}
	if len(m.log.hash) > 0 && o.Salt == "" {
		hint := "a secret text, the same in every service whose logs are to be compared"
		return 0, newError(CodeInvalidOption, fmt.Sprintf("the pipeline hashes %s, which needs Salt", shown(m.log.hash)), hint)
	}
	return sample, nil
}

func or[T comparable](value, usual T) T {
	var zero T
	if value == zero {
		return usual
	}
	return value
}

// Add logs a request. It never fails; what cannot be logged is counted as dropped, and told to OnError.
func (l *Log) Add(entry LogEntry) {
	if l.sample < 1 && entry.Err == nil {
		text := entry.ID
		if l.options.SampleBy == SampleByKey {
			if entry.Key == nil {
				l.lose(misused("SampleByKey needs a Key: give every request its key"))
				return
			}
			text = *entry.Key
		}
		if float64(crcOf(text)) >= l.sample*(1<<32) {
			l.mutex.Lock()
			l.sampled++
			l.mutex.Unlock()
			return
		}
	}
	if l.options.OnFull == DropOnFull && l.isFull() {
		l.lose(nil)
		return
	}
	scratch := l.rows.Get().(*logScratch)
	defer l.rows.Put(scratch)
	line, err := l.lines.appendRecord(scratch.line[:0], &entry, timeOf(&entry), scratch.row)
	scratch.line = line
	if err != nil {
		l.lose(err)
		return
	}
	l.enqueue(line)
}

func timeOf(entry *LogEntry) int64 {
	if entry.TimeUS != nil {
		return *entry.TimeUS
	}
	return time.Now().UnixMicro()
}

func (l *Log) isFull() bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.isClosed || l.waiting >= int64(l.options.Queue)
}

func (l *Log) enqueue(line []byte) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	queue := int64(l.options.Queue)
	for l.options.OnFull == WaitOnFull && l.waiting >= queue && !l.isClosed {
		l.wakeUp()
		l.room.Wait()
	}
	l.n++
	if l.isClosed || l.waiting >= queue {
		l.dropped++
		return
	}
	l.pending = append(strconv.AppendInt(append(l.pending, `{"n":`...), l.n, 10), line...)
	if l.waiting++; 2*l.waiting > queue {
		l.wakeUp()
	}
}

func (l *Log) wakeUp() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// lose counts a request that is not logged, and reports the reason if there is one.
func (l *Log) lose(reason *Error) {
	l.mutex.Lock()
	l.n++
	l.dropped++
	l.mutex.Unlock()
	if reason != nil {
		l.tell(reason)
	}
}

// Counts are what became of the requests so far.
func (l *Log) Counts() LogCounts {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return LogCounts{l.n, l.logged, l.dropped, l.sampled, l.n - l.logged - l.dropped}
}

// LastError is why something could not be logged, most recently; nil if everything was.
func (l *Log) LastError() error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.err
}

// Close writes what is waiting, and completes the file. Requests added later are dropped, and counted.
func (l *Log) Close() error {
	l.mutex.Lock()
	l.isClosed = true
	l.room.Broadcast()
	l.mutex.Unlock()
	l.wakeUp()
	<-l.done
	return nil
}

// run is the goroutine that writes.
func (l *Log) run() {
	defer close(l.done)
	timer := time.NewTicker(l.options.Flush)
	defer timer.Stop()
	var spare []byte
	for {
		select {
		case <-timer.C:
		case <-l.wake:
		}
		l.mutex.Lock()
		lines, count, n, isClosed := l.pending, l.waiting, l.n, l.isClosed
		l.pending, l.waiting = spare[:0], 0
		l.room.Broadcast()
		l.mutex.Unlock()
		if count > 0 {
			l.write(lines, count)
		}
		l.covered = n
		spare = lines
		if isClosed {
			l.finish()
			return
		}
		if l.file != nil && l.inFile > 0 && (l.file.size >= l.options.RotateBytes ||
			time.Since(l.openedAt).Seconds() >= l.options.RotateSeconds) {
			l.finish()
		}
	}
}

// write writes lines; what cannot be written is dropped.
func (l *Log) write(lines []byte, count int64) {
	err := l.writable()
	if err == nil {
		err = l.file.write(lines)
	}
	l.mutex.Lock()
	if err == nil {
		l.logged += count
		l.inFile += count
	} else {
		l.dropped += count
	}
	l.mutex.Unlock()
	if err != nil {
		l.tell(logFailed(err))
	}
}

// writable opens a file if there is none, or if it was deleted.
func (l *Log) writable() error {
	if l.file != nil && !l.file.isThere() {
		lost := l.inFile
		message := fmt.Sprintf("%s was deleted while it was written, with %d requests", l.file.path, lost)
		l.file.abandon()
		l.file = nil
		l.mutex.Lock()
		l.logged -= lost
		l.dropped += lost
		l.mutex.Unlock()
		l.tell(newError(CodeLogFailed, message, logHint))
	}
	if l.file != nil && l.file.isTorn {
		l.file.abandon()
		l.file = nil
	}
	if l.file != nil {
		return nil
	}
	return l.open()
}

func (l *Log) open() error {
	file, err := newLogFile(l.folder, l.header(l.part, l.covered, l.logged), l.options.Fsync)
	if err != nil {
		return err
	}
	l.file, l.inFile, l.openedAt = file, 0, time.Now()
	l.part++
	return nil
}

// finish writes the totals, and completes the file.
func (l *Log) finish() {
	if l.file == nil {
		return
	}
	l.mutex.Lock()
	trailer := fmt.Appendf(nil, `{"end":true,"n":%d,"logged":%d,"dropped":%d,"sampled_out":%d}`+"\n",
		l.covered, l.logged, l.covered-l.logged, l.sampled)
	l.mutex.Unlock()
	if err := l.file.complete(trailer); err != nil {
		l.tell(logFailed(err))
	}
	l.file = nil
}

func (l *Log) tell(err *Error) {
	l.mutex.Lock()
	l.err = err
	l.mutex.Unlock()
	if l.options.OnError != nil {
		l.options.OnError(err)
	}
}

const logHint = "requests are served, and count as dropped; check the folder, its space and its permissions"

func logFailed(err error) *Error { return newError(CodeLogFailed, err.Error(), logHint) }

// headerOf returns what makes the first line of a file.
func headerOf(m *manifest, o *LogOptions, sample float64) func(int, int64, int64) []byte {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	writer := hex.EncodeToString(random[:])
	host, _ := os.Hostname()
	return func(part int, after, logged int64) []byte {
		line := append([]byte(nil), `{"skc":"log","format":1,"name":`...)
		line = appendQuoted(line, m.name)
		line = appendQuoted(append(line, `,"plan":`...), m.plan)
		line = appendQuoted(append(line, `,"identity":`...), m.identity)
		line = fmt.Appendf(line, `,"writer":"%s","part":%d,"after":%d,"logged":%d`, writer, part, after, logged)
		line = fmt.Appendf(line, `,"runtime":"go %s","onnxruntime":"%s","host":`, Version, ort.GetVersion())
		line = fmt.Appendf(appendQuoted(line, sound(host)), `,"opened_us":%d,"sample":`, time.Now().UnixMicro())
		line = appendFloat(line, sample)
		line = fmt.Appendf(line, `,"sample_by":"%s","features":"%s","full_every":%d`, o.SampleBy, o.Features, o.FullEvery)
		line = appendNames(append(line, `,"omit":`...), m.log.omit)
		line = appendNames(append(line, `,"hash":`...), m.log.hash)
		return append(line, "}\n"...)
	}
}

func appendNames(to []byte, names []string) []byte {
	output := Output{DType: String, String: names}
	return appendOutput(to, &output)
}
