package skc

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// Version is that of this module.
const Version = "0.1.0"

// LogEntry is a request, as Log.Add takes it.
type LogEntry struct {
	ID          string
	Record      any      // as Transform took it; nil if it was not a record
	JSON        []byte   // or the text of it, as TransformJSON took it
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

	// ServedBy is the transformer that served it, if it may be another one than the log was opened with: what
	// Reloadable.Use gives, once for the request and its log.
	ServedBy *Transformer
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
	writer  string
	first   *logArtifact

	artifacts sync.Mutex // of what follows
	recent    map[string]*logArtifact

	mutex    sync.Mutex // of what follows
	room     *sync.Cond
	pending  []logPortion // lines to write, of `waiting` requests
	buffer   []byte       // for lines, while nobody uses it
	waiting  int64
	n        int64
	dropped  int64
	sampled  int64 // that were left out
	isClosed bool
	err      error

	wake chan struct{}
	done chan struct{}

	// Of the goroutine that writes; logged also of the mutex.
	serving  *logArtifact // whose requests are written
	logged   int64
	file     *logFile
	part     int
	covered  int64 // the last number that was written or dropped
	inFile   int64
	openedAt time.Time
}

// OpenLog begins to log what a transformer serves. The folder is made if it is missing. Its errors have the codes
// invalid-option, and log-failed if no file can be written now. Close it when it is no longer needed.
func OpenLog(folder string, transformer *Transformer, options LogOptions) (*Log, error) {
	sample, err := options.complete(transformer.manifest)
	if err != nil {
		return nil, err
	}
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	absolute, failure := filepath.Abs(folder)
	if failure == nil {
		failure = os.MkdirAll(absolute, 0o700)
	}
	if failure != nil {
		return nil, logFailed(failure)
	}
	l := &Log{
		folder: absolute, options: options, sample: sample, writer: hex.EncodeToString(random[:]),
		recent: map[string]*logArtifact{}, wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	l.room = sync.NewCond(&l.mutex)
	l.first = l.newArtifact(transformer)
	l.recent[l.first.identity], l.serving = l.first, l.first
	if err := l.open(); err != nil {
		return nil, logFailed(err)
	}
	go l.run()
	return l, nil
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
	artifact, err := l.artifactOf(entry.ServedBy)
	if err != nil {
		l.lose(err)
		return
	}
	scratch := artifact.rows.Get().(*logScratch)
	defer artifact.rows.Put(scratch)
	line, err := artifact.lines.appendRecord(scratch.line[:0], &entry, timeOf(&entry), scratch.row)
	scratch.line = line
	if err != nil {
		l.lose(err)
		return
	}
	l.enqueue(artifact, line)
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

func (l *Log) enqueue(artifact *logArtifact, line []byte) {
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
	last := len(l.pending) - 1
	if last < 0 || l.pending[last].artifact.identity != artifact.identity {
		l.pending = append(l.pending, logPortion{artifact: artifact, lines: l.spare(), first: l.n})
		last++
	}
	to := &l.pending[last]
	to.lines = append(strconv.AppendInt(append(to.lines, `{"n":`...), l.n, 10), line...)
	to.count++
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
	for {
		select {
		case <-timer.C:
		case <-l.wake:
		}
		l.mutex.Lock()
		portions, n, isClosed := l.pending, l.n, l.isClosed
		l.pending, l.waiting = nil, 0
		l.room.Broadcast()
		l.mutex.Unlock()
		for i := range portions {
			l.writePortion(&portions[i])
		}
		l.covered = n
		if len(portions) > 0 {
			l.keep(portions[0].lines[:0])
		}
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

// writePortion completes the file before requests that another artifact served.
func (l *Log) writePortion(portion *logPortion) {
	if portion.artifact.identity != l.serving.identity {
		l.covered = portion.first - 1
		l.finish()
		l.serving = portion.artifact
	}
	l.write(portion.lines, portion.count)
}

// keep keeps a buffer for the lines to come; spare takes it, under the mutex.
func (l *Log) keep(buffer []byte) {
	l.mutex.Lock()
	l.buffer = buffer
	l.mutex.Unlock()
}

func (l *Log) spare() []byte {
	buffer := l.buffer
	l.buffer = nil
	return buffer
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
	file, err := newLogFile(l.folder, l.serving.header(l.part, l.covered, l.logged), l.options.Fsync)
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
