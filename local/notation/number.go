// Package notation reads numbers and dates as people write them: 1 234,56,
// 1,234.56 or 1234.56; 2026-04-03 or 03/04/2026. What can be read in two ways
// is never guessed: it is said to be ambiguous, and whoever asks decides by the
// other values of its column, or asks the person.
package notation

import (
	"errors"
	"strings"
)

// Mark is what stands before the decimals of a number.
type Mark uint8

// The decimal marks.
const (
	Either Mark = iota // nothing tells
	Point
	Comma
)

// ErrNone says that a text is not a number, or not a date.
var ErrNone = errors.New("not of a form that is known")

// ErrAmbiguous says that a text can be read in two ways.
var ErrAmbiguous = errors.New("it can be read in two ways")

// most bounds the length of a number's text.
const most = 64

// Number reads a number and returns it as plain text: -1234.56, without
// grouping and with a point. decided is the mark that this number shows to be
// in use, Either where it shows none (1234). A number such as 1,234, which is 1.234 or 1234, is
// read by mark, and with Either it is ErrAmbiguous.
//
// Groups of three digits are set apart by spaces (U+0020, U+00A0, U+2009, U+202F),
// by apostrophes (' and U+2019), or by the mark that is not the decimal one.
func Number(text string, mark Mark) (plain string, decided Mark, err error) {
	sign, body := cutSign(strings.TrimSpace(text))
	if body == "" || len(body) > most {
		return "", Either, ErrNone
	}
	groups, marks, ok := pieces(body)
	if !ok {
		return "", Either, ErrNone
	}
	decided, ambiguous, ok := decide(groups, marks)
	switch {
	case !ok:
		return "", Either, ErrNone
	case ambiguous && mark == Either:
		return "", Either, ErrAmbiguous
	case ambiguous:
		decided = Either // it shows nothing by itself
	default:
		mark = decided
	}
	whole, fraction := strings.Join(groups, ""), ""
	if last := len(marks) - 1; last >= 0 && marks[last] == mark.char() && mark != Either {
		whole, fraction = strings.Join(groups[:last+1], ""), groups[last+1]
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return sign + whole, decided, nil
}

func (m Mark) char() byte {
	if m == Comma {
		return ','
	}
	return '.'
}

// cutSign takes a sign away: -, U+2212 (the minus of typography), or +.
func cutSign(s string) (sign, rest string) {
	for _, minus := range []string{"-", "−"} {
		if after, ok := strings.CutPrefix(s, minus); ok {
			return "-", strings.TrimLeft(after, spaces)
		}
	}
	return "", strings.TrimPrefix(s, "+")
}

const spaces = " \u00a0\u2009\u202f"

// pieces takes a number apart into its digits and what stands between them:
// '.' and ',' as they are, a space for any space, an apostrophe for either.
func pieces(s string) (groups []string, marks []byte, ok bool) {
	begin := 0
	for i, c := range s {
		var mark byte
		switch {
		case c >= '0' && c <= '9':
			continue
		case c == '.' || c == ',':
			mark = byte(c)
		case strings.ContainsRune(spaces, c):
			mark = ' '
		case c == '\'' || c == '’':
			mark = '\''
		default:
			return nil, nil, false
		}
		groups, marks = append(groups, s[begin:i]), append(marks, mark)
		begin = i + len(string(c))
	}
	groups = append(groups, s[begin:])
	for _, g := range groups {
		if g == "" {
			return nil, nil, false
		}
	}
	return groups, marks, true
}

// decide tells which mark is the decimal one, or that both readings are right.
func decide(groups []string, marks []byte) (decided Mark, ambiguous, ok bool) {
	if len(marks) == 0 {
		return Either, false, true
	}
	last := marks[len(marks)-1]
	grouped := func(n int, by byte) bool { // the first n groups are set apart by one mark
		if n > 1 && (len(groups[0]) > 3 || groups[0][0] == '0') {
			return false
		}
		for i := 1; i < n; i++ {
			if len(groups[i]) != 3 || marks[i-1] != by {
				return false
			}
		}
		return true
	}
	own, other := Point, Comma
	if last == ',' {
		own, other = Comma, Point
	}
	asDecimal := (last == '.' || last == ',') && grouped(len(groups)-1, marks[0]) && (len(marks) == 1 || marks[0] != last)
	asGroups := grouped(len(groups), last)
	switch {
	case asDecimal && asGroups:
		return Either, true, true
	case asDecimal:
		return own, false, true
	case asGroups && (last == '.' || last == ','):
		return other, false, true
	}
	return Either, false, asGroups
}
