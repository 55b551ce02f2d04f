package skc

import (
	"regexp"
	"strconv"
	"time"
)

// Dates and instants as ISO 8601 text, in the one form that schemas/marshalling.v1.json describes. Why not time.Parse:
// RFC3339 accepts a comma for the point and hours of one digit, and has neither a blank for the T nor offsets of hours.

const (
	dayPattern   = `([0-9]{4})-([0-9]{2})-([0-9]{2})`
	clockPattern = `([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{1,9}))?)?`
	timePattern  = dayPattern + `[T ]` + clockPattern +
		`(Z|([+-])([01][0-9]|2[0-3])(?::?([0-5][0-9]))?)?`
	dayMicros    = 24 * 60 * minuteMicros
	minuteMicros = 60_000_000
)

var (
	isoDay   = regexp.MustCompile(`\A` + dayPattern + `\z`)
	isoClock = regexp.MustCompile(`\A` + clockPattern + `\z`)
	isoTime  = regexp.MustCompile(`\A` + timePattern + `\z`)
)

// readDay is the number of days since 1970.
func readDay(text string) (int64, *Error) {
	if day, exists := dayNumber(isoDay.FindStringSubmatch(text)); exists {
		return day, nil
	}
	return 0, newError(CodeInvalidValue, shown(text)+" is not a date", "ISO 8601, such as 2024-05-01")
}

// readInstant is the number of microseconds since 1970 UTC.
func readInstant(text string) (int64, *Error) {
	hint := "ISO 8601 with an offset, such as 2024-05-01T12:00:00Z or 2024-05-01T14:00:00.5+02:00"
	match, wall, err := readWallClock(text, "a timestamp", hint)
	if err != nil {
		return 0, err
	}
	if match[8] == "" {
		message := shown(text) + " has no offset, so it does not identify an instant"
		return 0, newError(CodeNaiveDatetime, message, "append Z for UTC, or the offset that is meant")
	}
	offset := 60*digits(match[10]) + digits(match[11])
	if match[9] == "-" {
		offset = -offset
	}
	return wall - offset*minuteMicros, nil
}

const awareHint = "send the time that the clock shows in the time zone of the input, without zone or offset"

// readLocal is the number of microseconds since 1970-01-01T00:00:00 of the local time.
func readLocal(text string) (int64, *Error) {
	match, wall, err := readWallClock(text, "a local time", "ISO 8601 without an offset, such as 2024-05-01T12:00:00")
	if err == nil && match[8] != "" {
		err = newError(CodeAwareDatetime, shown(text)+" has an offset, but the input is a local time", awareHint)
	}
	return wall, err
}

// readWallClock is the parts of a text, and its microseconds without the offset.
func readWallClock(text, wanted, hint string) ([]string, int64, *Error) {
	match := isoTime.FindStringSubmatch(text)
	day, exists := dayNumber(match)
	if !exists {
		return nil, 0, newError(CodeInvalidValue, shown(text)+" is not "+wanted, hint)
	}
	ofDay, err := clockMicros(match[4:8], text)
	return match, day*dayMicros + ofDay, err
}

// readClock is the number of microseconds since midnight.
func readClock(text string) (int64, *Error) {
	match := isoClock.FindStringSubmatch(text)
	if match == nil {
		hint := "ISO 8601 without an offset, such as 17:30 or 17:30:00.5"
		return 0, newError(CodeInvalidValue, shown(text)+" is not a time", hint)
	}
	return clockMicros(match[1:], text)
}

// clockMicros is the microseconds of hours, minutes, seconds and a fraction of a second.
func clockMicros(parts []string, text string) (int64, *Error) {
	nanoseconds := digits((parts[3] + "000000000")[:9])
	if nanoseconds%1000 != 0 {
		return 0, newError(CodeNotExact, shown(text)+" is not exact as microseconds", roundHint)
	}
	minutes := 60*digits(parts[0]) + digits(parts[1])
	return minutes*minuteMicros + digits(parts[2])*1_000_000 + nanoseconds/1000, nil
}

// dayNumber is the day in the first three groups; false if there is none in the years 1 to 9999.
func dayNumber(match []string) (int64, bool) {
	if match == nil || match[1] == "0000" {
		return 0, false
	}
	day, err := Date{int(digits(match[1])), time.Month(digits(match[2])), int(digits(match[3]))}.days()
	return day, err == nil
}

// digits is the number of a group of digits, 0 of an empty one.
func digits(group string) int64 {
	number, _ := strconv.ParseInt(group, 10, 64)
	return number
}
