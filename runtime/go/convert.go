package skc

import (
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
)

// Converts one value to the value of its input, or refuses it: schemas/marshalling.v1.json, type by type. Nulls and
// NaN depend on the input's policies, and are handled before and after.

const (
	exactFloat = 1 << 53 // every integer up to here is a float64
	roundHint  = "round it first, the way you intend"
)

func wrongType(s scalar, wanted, hint string) *Error {
	if hint == "" && s.kind == kindOther && reflect.ValueOf(s.given).Kind() == reflect.Slice {
		hint = `a record has one value for each input; columns go to TransformColumns, in JSON as {"columns": …}`
	}
	return newError(CodeWrongType, fmt.Sprintf("expected %s, got %s", wanted, s), hint)
}

func notExact(s scalar, what string) *Error {
	return newError(CodeNotExact, fmt.Sprintf("%s is not exact as %s", s, what), roundHint)
}

func toFloat64(s scalar) (float64, *Error) {
	switch s.kind {
	case kindFloat:
		return s.float, nil
	case kindInteger:
		float := float64(s.integer)
		if isExact := float < 1<<63 && int64(float) == s.integer; isExact { // 2^63 itself is not an int64
			return float, nil
		}
		return 0, notExact(s, "float64")
	case kindBigInteger:
		float, accuracy := s.given.(*big.Int).Float64()
		if accuracy != big.Exact {
			return 0, notExact(s, "float64")
		}
		return float, nil
	}
	return 0, wrongType(s, "a number", numberHint(s))
}

func numberHint(s scalar) string {
	if s.kind == kindText {
		return "send a number, or declare the input with `text: number`"
	}
	return ""
}

// float32Overflow is the middle of the largest float32 and 2^128, which rounds to infinity, as everything beyond it.
const float32Overflow = 0x1.ffffffp+127

// toFloat32 is the nearest float32, ties to even, of the float64 that a value is.
func toFloat32(s scalar, float float64) (float32, *Error) {
	if math.Abs(float) >= float32Overflow && !math.IsInf(float, 0) {
		hint := "at most 3.4028234663852886e+38 in magnitude; declare the input float64 if it needs more"
		return 0, newError(CodeFloat32Overflow, fmt.Sprintf("%s is outside float32", s), hint)
	}
	return float32(float), nil
}

func toInt64(s scalar) (int64, *Error) {
	if s.kind != kindFloat {
		return toInteger(s, "an integer", numberHint(s))
	}
	if math.IsInf(s.float, 0) || s.float != math.Floor(s.float) { // NaN is not equal to anything
		return 0, newError(CodeNotIntegral, fmt.Sprintf("%s is not an integer", s), roundHint)
	}
	if math.Abs(s.float) > exactFloat {
		return 0, notExact(s, "int64: a float beyond 2^53 may represent several integers")
	}
	return int64(s.float), nil
}

func toInteger(s scalar, wanted, hint string) (int64, *Error) {
	switch s.kind {
	case kindInteger:
		return s.integer, nil
	case kindBigInteger:
		return 0, overflow(s)
	}
	return 0, wrongType(s, wanted, hint)
}

func overflow(s scalar) *Error {
	hint := "-9223372036854775808 to 9223372036854775807"
	return newError(CodeInt64Overflow, fmt.Sprintf("%s is outside int64", s), hint)
}

func toBool(s scalar) (bool, *Error) {
	if s.kind != kindBool {
		return false, wrongType(s, "a bool", "0 and 1 are integers: send true or false")
	}
	return s.flag, nil
}

func toText(s scalar) (string, *Error) {
	if s.kind != kindText {
		hint := ""
		if _, isBytes := s.given.([]byte); isBytes {
			hint = "make a string of the bytes first"
		}
		return "", wrongType(s, "a string", hint)
	}
	if strings.IndexByte(s.text, 0) >= 0 {
		hint := "ONNX Runtime would truncate the string there"
		return "", newError(CodeNULInString, shown(s.text)+" contains a NUL", hint)
	}
	if !utf8.ValidString(s.text) {
		return "", newError(CodeInvalidUTF8, shown(s.text)+" is not UTF-8", "decode it from its own encoding first")
	}
	return s.text, nil
}

// toTimestamp is int64 microseconds since the epoch.
func toTimestamp(s scalar) (int64, *Error) {
	if s.kind == kindText {
		return readInstant(s.text)
	}
	if s.kind != kindInstant {
		return toInteger(s, "a timestamp (time.Time, an integer of microseconds, or ISO 8601 text)", "")
	}
	instant := s.given.(time.Time)
	if instant.Nanosecond()%1000 != 0 {
		return 0, notExact(s, "microseconds")
	}
	const lastSecond = math.MaxInt64/1_000_000 - 1
	if seconds := instant.Unix(); seconds > lastSecond || seconds < -lastSecond {
		return 0, overflow(s)
	}
	return instant.UnixMicro(), nil
}

// toLocal is int64 microseconds since 1970-01-01T00:00:00 of a local time. Go has no type for one.
func toLocal(s scalar) (int64, *Error) {
	switch s.kind {
	case kindText:
		return readLocal(s.text)
	case kindInstant:
		message := fmt.Sprintf("%s is an instant, but the input is a local time", s)
		return 0, newError(CodeAwareDatetime, message, "send t.In(zone).Format(\"2006-01-02T15:04:05.999999\")")
	}
	return toInteger(s, "a local time (ISO 8601 text without an offset, or an integer of microseconds)", "")
}

// toDate is int64 days since the epoch.
func toDate(s scalar) (int64, *Error) {
	switch s.kind {
	case kindText:
		return readDay(s.text)
	case kindDay:
		return s.given.(Date).days()
	case kindInstant:
		hint := "which day an instant falls on depends on the zone: send skc.DateOf(t.In(zone))"
		return 0, wrongType(s, "a date", hint)
	}
	return toInteger(s, "a date (skc.Date, an integer of days, or ISO 8601 text)", "")
}

// toClock is int64 microseconds since midnight.
func toClock(s scalar) (int64, *Error) {
	if s.kind == kindText {
		return readClock(s.text)
	}
	return toInteger(s, "a time (an integer of microseconds since midnight, or ISO 8601 text)", "")
}
