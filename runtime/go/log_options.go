package skc

import (
	"fmt"
	"math"
	"time"
)

// LogFeatures is how features are logged.
type LogFeatures string

// OnFull says what happens to a request when the queue is full.
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
	return sample, o.checkSalt(m)
}

func (o *LogOptions) checkSalt(m *manifest) *Error {
	if len(m.log.hash) > 0 && o.Salt == "" {
		hint := "a secret text, the same in every service whose logs are to be compared"
		return newError(CodeInvalidOption, fmt.Sprintf("the pipeline hashes %s, which needs Salt", shown(m.log.hash)), hint)
	}
	return nil
}

func or[T comparable](value, usual T) T {
	var zero T
	if value == zero {
		return usual
	}
	return value
}
