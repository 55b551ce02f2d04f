package skc

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Kind says who must act on an error.
type Kind string

const (
	KindArtifact Kind = "artifact" // the artifact cannot be served: damaged, too new, or it does not reproduce here
	KindRecord   Kind = "record"   // the request breaks the contract, or a policy of `error` of the pipeline
	KindRuntime  Kind = "runtime"  // the runtime was used in a way it does not allow
)

// Code is stable and the same in every language: branch on it, never on the text. Codes are only ever added.
type Code string

const (
	CodeArtifactNotFound     Code = "artifact-not-found"
	CodeArtifactFileMissing  Code = "artifact-file-missing"
	CodeArtifactMalformed    Code = "artifact-malformed"
	CodeArtifactTooNew       Code = "artifact-too-new"
	CodeArtifactUnsafe       Code = "artifact-unsafe"
	CodeArtifactTooLarge     Code = "artifact-too-large"
	CodeArtifactHashMismatch Code = "artifact-hash-mismatch"
	CodeArtifactInconsistent Code = "artifact-inconsistent"
	CodeModelRefused         Code = "model-refused"
	CodeONNXRuntimeTooOld    Code = "onnxruntime-too-old"
	CodeIdentityMismatch     Code = "identity-mismatch"
	CodeSignatureMissing     Code = "signature-missing"
	CodeSignatureInvalid     Code = "signature-invalid"
	CodeGoldenMismatch       Code = "golden-mismatch"
	CodeHostArithmetic       Code = "host-arithmetic"
	CodeMissingKey           Code = "missing-key"
	CodeUnknownKey           Code = "unknown-key"
	CodeDuplicateColumn      Code = "duplicate-column"
	CodeNull                 Code = "null"
	CodeNaN                  Code = "nan"
	CodeWrongType            Code = "wrong-type"
	CodeNotExact             Code = "not-exact"
	CodeNotIntegral          Code = "not-integral"
	CodeInt64Overflow        Code = "int64-overflow"
	CodeFloat32Overflow      Code = "float32-overflow"
	CodeNaiveDatetime        Code = "naive-datetime"
	CodeAwareDatetime        Code = "aware-datetime"
	CodeNULInString          Code = "nul-in-string"
	CodeInvalidUTF8          Code = "invalid-utf8"
	CodeUnsupportedType      Code = "unsupported-type"
	CodeUnsupportedData      Code = "unsupported-data"
	CodeWrongShape           Code = "wrong-shape"
	CodeUnequalLengths       Code = "unequal-lengths"
	CodeMalformedJSON        Code = "malformed-json"
	CodeRequestTooLarge      Code = "request-too-large"
	CodeUnknownCategory      Code = "unknown-category"
	CodeInvalidValue         Code = "invalid-value"
	CodeOutOfRange           Code = "out-of-range"
	CodeAmbiguousTime        Code = "ambiguous-time"
	CodeNonexistentTime      Code = "nonexistent-time"
	CodeNotFinite            Code = "not-finite"
	CodeRoundingNoise        Code = "rounding-noise"
	CodeTie                  Code = "tie"
	CodeClosed               Code = "closed"
	CodeInvalidOption        Code = "invalid-option"
	CodeRunFailed            Code = "run-failed"
	CodeLogFailed            Code = "log-failed"
)

// kinds is the table of schemas/errors.v1.json; a test keeps the two equal.
var kinds = map[Code]Kind{
	CodeArtifactNotFound:     KindArtifact,
	CodeArtifactFileMissing:  KindArtifact,
	CodeArtifactMalformed:    KindArtifact,
	CodeArtifactTooNew:       KindArtifact,
	CodeArtifactUnsafe:       KindArtifact,
	CodeArtifactTooLarge:     KindArtifact,
	CodeArtifactHashMismatch: KindArtifact,
	CodeArtifactInconsistent: KindArtifact,
	CodeModelRefused:         KindArtifact,
	CodeONNXRuntimeTooOld:    KindArtifact,
	CodeIdentityMismatch:     KindArtifact,
	CodeSignatureMissing:     KindArtifact,
	CodeSignatureInvalid:     KindArtifact,
	CodeGoldenMismatch:       KindArtifact,
	CodeHostArithmetic:       KindArtifact,
	CodeMissingKey:           KindRecord,
	CodeUnknownKey:           KindRecord,
	CodeDuplicateColumn:      KindRecord,
	CodeNull:                 KindRecord,
	CodeNaN:                  KindRecord,
	CodeWrongType:            KindRecord,
	CodeNotExact:             KindRecord,
	CodeNotIntegral:          KindRecord,
	CodeInt64Overflow:        KindRecord,
	CodeFloat32Overflow:      KindRecord,
	CodeNaiveDatetime:        KindRecord,
	CodeAwareDatetime:        KindRecord,
	CodeNULInString:          KindRecord,
	CodeInvalidUTF8:          KindRecord,
	CodeUnsupportedType:      KindRecord,
	CodeUnsupportedData:      KindRecord,
	CodeWrongShape:           KindRecord,
	CodeUnequalLengths:       KindRecord,
	CodeMalformedJSON:        KindRecord,
	CodeRequestTooLarge:      KindRecord,
	CodeUnknownCategory:      KindRecord,
	CodeInvalidValue:         KindRecord,
	CodeOutOfRange:           KindRecord,
	CodeAmbiguousTime:        KindRecord,
	CodeNonexistentTime:      KindRecord,
	CodeNotFinite:            KindRecord,
	CodeRoundingNoise:        KindRecord,
	CodeTie:                  KindRecord,
	CodeClosed:               KindRuntime,
	CodeInvalidOption:        KindRuntime,
	CodeRunFailed:            KindRuntime,
	CodeLogFailed:            KindRuntime,
}

// noRow is the row of an error that is not about a row of a batch.
const noRow = -1

// Error is what every function of this package returns; errors.As finds it.
type Error struct {
	Code    Code
	Kind    Kind
	Message string // for people; may change
	Input   string // the input or, where a step refused, the column that step saw; see HasInput
	Row     int    // 0-based row of a batch; -1 for a single record, and where no row is to blame
	Step    string // the step whose policy is `error`; empty for others
	Hint    string // a suggested fix; may be empty

	hasInput bool
}

// HasInput reports whether the error is about one input, whose name may be empty.
func (e *Error) HasInput() bool { return e.hasInput }

// Error returns the code, the message, the location and the hint.
func (e *Error) Error() string {
	var places []string
	if e.hasInput {
		places = append(places, fmt.Sprintf("input `%s`", e.Input))
	}
	if e.Row != noRow {
		places = append(places, fmt.Sprintf("row %d", e.Row))
	}
	text := fmt.Sprintf("error[%s]: %s", e.Code, e.Message)
	if len(places) > 0 {
		text += " (" + strings.Join(places, ", ") + ")"
	}
	if e.Hint != "" {
		text += "\n\nhint: " + e.Hint
	}
	return text
}

func newError(code Code, message, hint string) *Error {
	kind, isKnown := kinds[code]
	if !isKnown { // a guard code of a newer compiler
		kind = KindRecord
	}
	return &Error{Code: code, Kind: kind, Message: message, Hint: hint, Row: noRow}
}

func (e *Error) about(input string) *Error {
	e.Input, e.hasInput = input, true
	return e
}

func (e *Error) inRow(row int) *Error {
	e.Row = row
	return e
}

const shownLimit = 60

// shown formats a value for a message, cut to a reasonable length.
func shown(value any) string { return shownUpTo(value, shownLimit) }

func shownUpTo(value any, limit int) string {
	var text string
	switch v := value.(type) {
	case string:
		text = fmt.Sprintf("%q", clipped(v, 4*limit))
	case time.Time:
		text = v.Format(time.RFC3339Nano)
	default:
		text = fmt.Sprintf("%v", v)
	}
	return clipped(text, limit)
}

func clipped(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit-1]) + "…"
}
