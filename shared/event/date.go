package event

import (
	"fmt"
	"time"
)

// Date is a day of the shop's calendar without a time or zone, counted in days
// from 1 January of year 1 (day 1). Days are subtracted and compared as integers.
type Date int32

// NoDate is the absence of a date; in JSON null, and left out where it may be.
const NoDate Date = 0

// unixDays is the Date of 1970-01-01.
const unixDays = 719163

const secondsPerDay = 24 * 60 * 60

// DateOf returns the day that t falls on in its own location.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return NewDate(y, m, d)
}

// NewDate returns the date of a year, month and day, normalised as time.Date does.
func NewDate(y int, m time.Month, d int) Date {
	return Date(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()/secondsPerDay + unixDays)
}

// Time returns midnight UTC of the day.
func (d Date) Time() time.Time {
	return time.Unix((int64(d)-unixDays)*secondsPerDay, 0).UTC()
}

// ParseDate reads YYYY-MM-DD. A day that the calendar does not have, or one
// outside the years 1900 to 9999, is refused.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || len(s) != len(time.DateOnly) {
		return NoDate, fmt.Errorf("%q is not a date: write YYYY-MM-DD, with a day that the calendar has", s)
	}
	if t.Year() < 1900 {
		return NoDate, fmt.Errorf("%q is not a date of a shop's books: the year must be 1900 or later", s)
	}
	return DateOf(t), nil
}

// String writes YYYY-MM-DD, and nothing for NoDate.
func (d Date) String() string {
	if d == NoDate {
		return ""
	}
	return d.Time().Format(time.DateOnly)
}

// MarshalJSON writes "YYYY-MM-DD", or null for NoDate.
func (d Date) MarshalJSON() ([]byte, error) {
	if d == NoDate {
		return []byte("null"), nil
	}
	return []byte(`"` + d.String() + `"`), nil
}

// UnmarshalJSON reads "YYYY-MM-DD" or null.
func (d *Date) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*d = NoDate
		return nil
	}
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' {
		return fmt.Errorf("%s is not a date: write \"YYYY-MM-DD\"", b)
	}
	v, err := ParseDate(string(b[1 : len(b)-1]))
	if err != nil {
		return err
	}
	*d = v
	return nil
}
