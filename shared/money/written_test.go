package money

import (
	"errors"
	"strings"
	"testing"
)

func TestPlain(t *testing.T) {
	for _, c := range []struct {
		written string
		decimal byte
		plain   string
		err     error
	}{
		{"1234.56", 0, "1234.56", nil},
		{"1 234,56", 0, "1234.56", nil},
		{"1\u202f234,56", 0, "1234.56", nil},
		{"1\u00a0234\u00a0567,5", 0, "1234567.5", nil},
		{"1,234.56", 0, "1234.56", nil},
		{"1.234,56", 0, "1234.56", nil},
		{"1’234.50", 0, "1234.50", nil},
		{"1,234,567", 0, "1234567", nil},
		{" -2,5 ", 0, "-2.5", nil},
		{"−2.5", 0, "-2.5", nil},
		{"0,125", 0, "0.125", nil},
		{",5", 0, "0.5", nil},
		{"12,", 0, "12", nil},
		{"1 234,567", 0, "1234.567", nil},
		{"1234,567", 0, "1234.567", nil},
		{"1,234", 0, "", ErrAmbiguous},
		{"1.234", 0, "", ErrAmbiguous},
		{"1,234", ',', "1.234", nil},
		{"1,234", '.', "1234", nil},
		{"1.234", ',', "1234", nil},
		{"1.234", '.', "1.234", nil},
		{"", 0, "", ErrSyntax},
		{"-", 0, "", ErrSyntax},
		{".", 0, "", ErrSyntax},
		{"1 23,4", 0, "", ErrSyntax},
		{"1,23,456", 0, "", ErrSyntax},
		{"1,234 567", 0, "", ErrSyntax},
		{"1.2.3,4", 0, "", ErrSyntax},
		{"12 apples", 0, "", ErrSyntax},
		{"1e3", 0, "", ErrSyntax},
		{"٣", 0, "", ErrSyntax},
		{"1,234.5.6", 0, "", ErrSyntax},
	} {
		got, err := Plain(c.written, c.decimal)
		if got != c.plain || !errors.Is(err, c.err) {
			t.Errorf("%q with %q is %q (%v), want %q (%v)", c.written, c.decimal, got, err, c.plain, c.err)
		}
	}
}

// Whatever is written, the result is a plain number of the same digits, or an error.
func FuzzPlain(f *testing.F) {
	for _, s := range []string{"1 234,56", "1,234.56", "-1'234", ",5", "1.2.3", "\u202f", "1,234"} {
		f.Add(s, byte(0))
		f.Add(s, byte(','))
	}
	f.Fuzz(func(t *testing.T, s string, decimal byte) {
		plain, err := Plain(s, decimal)
		if err != nil {
			return
		}
		digits := func(s string) string {
			return strings.TrimLeft(strings.Map(func(r rune) rune {
				if r < '0' || r > '9' {
					return -1
				}
				return r
			}, s), "0")
		}
		if digits(plain) != digits(s) {
			t.Fatalf("%q became %q", s, plain)
		}
		if again, err := Plain(plain, '.'); err != nil || again != plain {
			t.Fatalf("%q became %q, which is not plain: %q, %v", s, plain, again, err)
		}
	})
}
