package skc

import (
	"fmt"
	"os"
	"sync"
	"time"

	ort "github.com/yalue/onnxruntime_go"
)

// logArtifact writes the requests of an artifact. A file holds those of one, and its first line says of which.
type logArtifact struct {
	identity string
	lines    *logLines
	header   func(part int, after, logged int64) []byte
	rows     sync.Pool // of *logScratch
}

// logPortion is lines of one artifact, which are those of the requests from `first` on, or gaps.
type logPortion struct {
	artifact *logArtifact
	lines    []byte
	count    int64
	first    int64
}

type logScratch struct {
	row  *block
	line []byte
}

const recentArtifacts = 8 // that are remembered

// newArtifact makes what writes the requests of an artifact.
func (l *Log) newArtifact(t *Transformer) *logArtifact {
	a := &logArtifact{
		identity: t.manifest.identity, lines: newLogLines(t, &l.options),
		header: headerOf(t.manifest, &l.options, l.sample, l.writer),
	}
	a.rows.New = func() any { return &logScratch{row: a.lines.scratch()} }
	return a
}

// artifactOf is what writes a request, made once for each artifact. Its error has the code invalid-option: no salt.
func (l *Log) artifactOf(t *Transformer) (*logArtifact, *Error) {
	if t == nil {
		return l.first, nil
	}
	l.artifacts.Lock()
	defer l.artifacts.Unlock()
	if known := l.recent[t.manifest.identity]; known != nil {
		return known, nil
	}
	if err := l.options.checkSalt(t.manifest); err != nil {
		return nil, err
	}
	if len(l.recent) >= recentArtifacts {
		clear(l.recent)
	}
	made := l.newArtifact(t)
	l.recent[made.identity] = made
	return made, nil
}

// headerOf returns what makes the first line of a file.
func headerOf(m *manifest, o *LogOptions, sample float64, writer string) func(int, int64, int64) []byte {
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
