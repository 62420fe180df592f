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

const (
	secondsPerDay = 24 * 60 * 60
	// firstYear is the earliest year of a date in a shop's books.
	firstYear = 1900
)

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
	y, m, d, ok := scanYMD([]byte(s))
	if !ok {
		return NoDate, fmt.Errorf("%s is not a date: write YYYY-MM-DD, with a day that the calendar has", quote(s))
	}
	if y < firstYear {
		return NoDate, fmt.Errorf("%s is not a date of a shop's books: the year must be 1900 or later", quote(s))
	}
	return fromCivil(y, m, d), nil
}

// scanYMD reads exactly YYYY-MM-DD, a day of the Gregorian calendar.
func scanYMD(b []byte) (y, m, d int, ok bool) {
	if len(b) != len(time.DateOnly) || b[4] != '-' || b[7] != '-' {
		return 0, 0, 0, false
	}
	for _, i := range [...]int{0, 1, 2, 3, 5, 6, 8, 9} {
		if b[i]-'0' > 9 {
			return 0, 0, 0, false
		}
	}
	y = int(b[0]-'0')*1000 + int(b[1]-'0')*100 + int(b[2]-'0')*10 + int(b[3]-'0')
	m = int(b[5]-'0')*10 + int(b[6]-'0')
	d = int(b[8]-'0')*10 + int(b[9]-'0')
	if m < 1 || m > 12 || d < 1 || d > 28 && d > daysIn(y, m) {
		return 0, 0, 0, false
	}
	return y, m, d, true
}

func daysIn(y, m int) int {
	switch m {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// marchDays is the Date of 0000-02-29.
const marchDays = -306

// fromCivil counts years from 1 March, so that the leap day comes last (Howard
// Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2013). y is 1 to 9999.
func fromCivil(y, m, d int) Date {
	if m <= 2 {
		y--
	}
	century := y / 100
	dayOfYear := (153*((m+9)%12) + 2) / 5
	return Date(century*146097/4 + (y-century*100)*1461/4 + dayOfYear + d + marchDays)
}

// String writes YYYY-MM-DD, and nothing for NoDate.
func (d Date) String() string { return string(d.Append(nil)) }

// Append appends the text of String to b.
func (d Date) Append(b []byte) []byte {
	if d == NoDate {
		return b
	}
	y, month, day := d.Time().Date()
	if y < 0 || y > 9999 {
		return d.Time().AppendFormat(b, time.DateOnly)
	}
	m := int(month)
	return append(b, byte('0'+y/1000), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10), '-',
		byte('0'+m/10), byte('0'+m%10), '-', byte('0'+day/10), byte('0'+day%10))
}

// MarshalJSON writes "YYYY-MM-DD", or null for NoDate.
func (d Date) MarshalJSON() ([]byte, error) { return appendDate(nil, d), nil }

// UnmarshalJSON reads "YYYY-MM-DD" or null.
func (d *Date) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*d = NoDate
		return nil
	}
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' {
		return fmt.Errorf("%s is not a date: write \"YYYY-MM-DD\"", quote(b))
	}
	v, err := ParseDate(string(b[1 : len(b)-1]))
	if err != nil {
		return err
	}
	*d = v
	return nil
}
