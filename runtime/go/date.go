package skc

import (
	"fmt"
	"time"
)

// Date is a calendar date, for which Go has no type: the value of an input of type date.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the date of t in its location.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{year, month, day}
}

// String is the date in ISO 8601, 2024-02-29.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// maxYear keeps the seconds since 1970 well inside int64.
const maxYear = 10_000_000

// days is the number of days since 1970-01-01.
func (d Date) days() (int64, *Error) {
	if d.Year > maxYear || d.Year < -maxYear {
		return 0, newError(CodeInt64Overflow, fmt.Sprintf("the year of %s is too far away", d), "")
	}
	midnight := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
	if DateOf(midnight) != d { // time.Date turns 30 February into 1 March
		return 0, newError(CodeWrongType, fmt.Sprintf("%s is not a date in the calendar", d), "")
	}
	return midnight.Unix() / (24 * 60 * 60), nil // whole days, so the division is exact before 1970 too
}
