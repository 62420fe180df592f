// Package tables writes tables that people open in a spreadsheet: as CSV, and as
// Excel workbooks. A text that somebody typed is never taken for a formula there.
package tables

import (
	"strconv"
	"strings"
)

// Kind is what the cells of a column hold.
type Kind uint8

const (
	// Text is anything.
	Text Kind = iota
	// Number is a decimal with a point and without grouping: -1234.50.
	Number
	// Date is YYYY-MM-DD.
	Date
	// Mixed is what stands in somebody else's file, a text or a number: it is written as
	// it stands there, -5 too.
	Mixed
)

// Column is one column of a table.
type Column struct {
	Name string
	Kind Kind
}

// Writer takes the rows of a table: a text for each column as its kind wants it, ""
// where there is none. Close writes what is left; the caller closes what is below.
type Writer interface {
	Row(cells []string) error
	Close() error
}

// harmlessMixed is Harmless, but for numbers, which are no formulas.
func harmlessMixed(s string) string {
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return s
	}
	return Harmless(s)
}

// Harmless keeps a spreadsheet from taking a text for a formula: one that begins as
// formulas do gets an apostrophe before it, and so does one that has some already.
func Harmless(s string) string {
	if formula(strings.TrimLeft(s, "'")) {
		return "'" + s
	}
	return s
}

// Typed takes Harmless back: it is the text that was made harmless.
func Typed(s string) string {
	if rest, marked := strings.CutPrefix(s, "'"); marked && formula(strings.TrimLeft(rest, "'")) {
		return rest
	}
	return s
}

func formula(s string) bool { return s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) }
