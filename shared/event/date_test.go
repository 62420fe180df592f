package event

import (
	"testing"
	"time"
)

// The calendar repeats after 400 years.
func TestEveryDayOfTheCalendar(t *testing.T) {
	for day := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() <= 9999; day = day.AddDate(0, 0, 1) {
		if day.Year() == 2301 {
			day = day.AddDate(7600, 0, 0)
		}
		text := day.Format(time.DateOnly)
		d, err := ParseDate(text)
		if err != nil || d != DateOf(day) || d.String() != text || !d.Time().Equal(day) {
			t.Fatalf("%s is read as %d %v (%v), expected %d", text, d, d, err, DateOf(day))
		}
	}
	if d := NewDate(1, time.January, 1); d != 1 {
		t.Errorf("the first day is %d", d)
	}
}

func TestDaysThatAreNone(t *testing.T) {
	for _, text := range []string{
		"", "2011-02-29", "1900-02-29", "2011-13-01", "2011-00-10", "2011-04-31", "2011-01-00", "1899-12-31", "2011-1-1",
		"2011-01-01 ", "+011-01-01", "2011/01/01", "２011-01", "20110101", "2011-01-0a",
	} {
		if d, err := ParseDate(text); err == nil {
			t.Errorf("%q is read as %v", text, d)
		}
	}
}
