package money

import (
	"errors"
	"fmt"
	"strings"
)

// ErrAmbiguous says that a number can be read in two ways: 1,234 is a thousand
// and more, or one and a bit.
var ErrAmbiguous = errors.New("the number can be read in two ways")

// Plain turns a number as people write it into the form that the Parse functions
// read: "1 234,56", "1,234.56", "1'234.56" and "1234.56" are all 1234.56. Spaces of any
// kind and apostrophes group digits; of comma and point, the one that comes last is the decimal
// mark. decimal is '.' or ',' and decides where only one of them stands, once,
// before exactly three digits; with 0 that is ErrAmbiguous. What is no number is ErrSyntax.
func Plain(s string, decimal byte) (string, error) {
	text := strings.TrimSpace(s)
	sign := ""
	for _, minus := range []string{"-", "−"} {
		if rest, ok := strings.CutPrefix(text, minus); ok {
			sign, text = "-", strings.TrimSpace(rest)
			break
		}
	}
	mark, err := decimalMark(text, decimal)
	if err != nil {
		return "", fmt.Errorf("%.40q: %w", s, err)
	}
	whole, fraction := text, ""
	if mark != 0 {
		at := strings.LastIndexByte(text, mark)
		whole, fraction = text[:at], text[at+1:]
	}
	whole, ok := ungroup(whole)
	if whole == "" && fraction != "" {
		whole = "0" // .50
	}
	if !ok || !allDigits(whole) || whole == "" || (mark != 0 && !allDigits(fraction)) {
		return "", fmt.Errorf("%.40q: %w", s, ErrSyntax)
	}
	if fraction == "" {
		return sign + whole, nil
	}
	return sign + whole + "." + fraction, nil
}

// decimalMark tells which mark of a number begins its decimals; 0 for none.
func decimalMark(text string, decimal byte) (byte, error) {
	comma, point := strings.LastIndexByte(text, ','), strings.LastIndexByte(text, '.')
	switch {
	case comma < 0 && point < 0:
		return 0, nil
	case comma >= 0 && point >= 0:
		mark := byte('.')
		if comma > point {
			mark = ','
		}
		if strings.Count(text, string(mark)) > 1 {
			return 0, ErrSyntax
		}
		return mark, nil
	}
	at := max(comma, point)
	mark := text[at]
	if strings.Count(text, string(mark)) > 1 {
		return 0, nil // it groups: no number has two decimal marks
	}
	whole := text[:at]
	grouped := strings.ContainsAny(whole, " '’\u00a0\u202f\u2009")
	if len(text)-at-1 != 3 || len(whole) > 3 || whole == "" || whole == "0" || grouped {
		return mark, nil
	}
	switch decimal {
	case 0:
		return 0, ErrAmbiguous
	case mark:
		return mark, nil
	}
	return 0, nil
}

// ungroup takes out what groups the digits of a whole number; ok is false where
// the groups are not of three digits each, or of different marks.
func ungroup(s string) (digits string, ok bool) {
	const marks = " '’\u00a0\u202f\u2009,."
	if !strings.ContainsAny(s, marks) {
		return s, true
	}
	var mark rune
	groups := strings.FieldsFunc(s, func(r rune) bool {
		if !strings.ContainsRune(marks, r) {
			return false
		}
		if mark == 0 {
			mark = r
		}
		return r == mark
	})
	joined := strings.Join(groups, string(mark))
	if joined != s || len(groups[0]) > 3 {
		return "", false
	}
	for _, g := range groups[1:] {
		if len(g) != 3 {
			return "", false
		}
	}
	return strings.Join(groups, ""), true
}

func allDigits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}
