package notation

import (
	"strings"

	"comptoir/shared/event"
)

// Order is the order of day and month where the year comes last.
type Order uint8

// The orders.
const (
	EitherOrder Order = iota // nothing tells
	DayFirst
	MonthFirst
)

// Date reads a day: 2026-04-03 or 2026/04/03; or 03/04/2026, 03.04.2026 and
// 03-04-2026 with the day or the month first. A time of day may follow. The year
// has four digits. decided is the order that this date shows to be in use, EitherOrder
// where it shows none. A date whose day and month may both be the month is read
// by order, and with EitherOrder it is ErrAmbiguous.
func Date(text string, order Order) (d event.Date, decided Order, err error) {
	text = strings.TrimSpace(text)
	day, clock, timed := strings.Cut(text, " ")
	if !timed {
		day, clock, timed = strings.Cut(text, "T")
	}
	if timed && !isClock(strings.TrimSpace(clock)) {
		return event.NoDate, EitherOrder, ErrNone
	}
	parts, ok := split(day)
	if !ok {
		return event.NoDate, EitherOrder, ErrNone
	}
	if len(parts[0]) == 4 {
		d, err = civil(parts[0], parts[1], parts[2])
		return d, EitherOrder, err
	}
	first, second, year := parts[0], parts[1], parts[2]
	if len(year) != 4 {
		return event.NoDate, EitherOrder, ErrNone
	}
	dayFirst, errDay := civil(year, second, first)
	monthFirst, errMonth := civil(year, first, second)
	switch {
	case errDay == nil && errMonth == nil && dayFirst == monthFirst:
		return dayFirst, EitherOrder, nil
	case errDay == nil && errMonth == nil && order == EitherOrder:
		return event.NoDate, EitherOrder, ErrAmbiguous
	case errDay == nil && errMonth == nil && order == DayFirst:
		return dayFirst, EitherOrder, nil
	case errDay == nil && errMonth == nil:
		return monthFirst, EitherOrder, nil
	case errDay == nil:
		return dayFirst, DayFirst, nil
	case errMonth == nil:
		return monthFirst, MonthFirst, nil
	}
	return event.NoDate, EitherOrder, ErrNone
}

// split takes a date apart at one and the same mark.
func split(s string) (parts [3]string, ok bool) {
	for _, mark := range []string{"-", "/", "."} {
		fields := strings.Split(s, mark)
		if len(fields) != 3 {
			continue
		}
		for i, f := range fields {
			if f == "" || len(f) > 4 || strings.Trim(f, "0123456789") != "" {
				return parts, false
			}
			parts[i] = f
		}
		return parts, true
	}
	return parts, false
}

// civil reads year, month and day; month and day have one or two digits.
func civil(year, month, day string) (event.Date, error) {
	if len(month) > 2 || len(day) > 2 {
		return event.NoDate, ErrNone
	}
	two := func(s string) string { return strings.Repeat("0", 2-len(s)) + s }
	d, err := event.ParseDate(year + "-" + two(month) + "-" + two(day))
	if err != nil {
		return event.NoDate, ErrNone
	}
	return d, nil
}

// isClock tells whether s is a time of day: 8:05, 08:05 or 08:05:30.
func isClock(s string) bool {
	parts := strings.Split(s, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return false
	}
	for i, p := range parts {
		highest := "59"
		if i == 0 {
			highest = "23"
			if len(p) == 1 {
				p = "0" + p
			}
		}
		if len(p) != 2 || strings.Trim(p, "0123456789") != "" || p > highest {
			return false
		}
	}
	return true
}
