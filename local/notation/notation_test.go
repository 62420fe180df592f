package notation_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"comptoir/local/notation"
)

func TestNumbers(t *testing.T) {
	const none, point, comma = notation.Either, notation.Point, notation.Comma
	for _, c := range []struct {
		text    string
		mark    notation.Mark
		want    string // "": not a number; "?": ambiguous
		decided notation.Mark
	}{
		{"1234", none, "1234", none},
		{"-1234.56", none, "-1234.56", point},
		{"1 234,56", none, "1234.56", comma},
		{"1\u202f234,56", none, "1234.56", comma},
		{"1\u00a0234\u00a0567", none, "1234567", none},
		{"1,234.56", none, "1234.56", point},
		{"1.234,56", none, "1234.56", comma},
		{"1'234.50", none, "1234.50", point},
		{"1’234’567", none, "1234567", none},
		{"1,234", none, "?", none},
		{"1.234", none, "?", none},
		{"1,234", comma, "1.234", none},
		{"1,234", point, "1234", none},
		{"1.234", point, "1.234", none},
		{"1.234", comma, "1234", none},
		{"1,5", point, "1.5", comma}, // shows by itself
		{"0,125", none, "0.125", comma},
		{"1,234,567", none, "1234567", point},
		{"1.234.567", none, "1234567", comma},
		{"12,34,567", none, "", none},
		{"1234,567", none, "1234.567", comma},
		{"1 234,567", none, "1234.567", comma},
		{"12 34", none, "", none},
		{"1 234 56", none, "", none},
		{"1.2.3", none, "", none},
		{"1,234.567,8", none, "", none},
		{"− 5", none, "-5", none},
		{"+5", none, "5", none},
		{"  7 ", none, "7", none},
		{"0017", none, "17", none},
		{"1e3", none, "", none},
		{"12,50 €", none, "", none},
		{"", none, "", none},
		{"-", none, "", none},
		{".5", none, "", none},
		{"5,", none, "", none},
		{"٥", none, "", none},
		{"0.000", none, "0.000", point},
	} {
		got, decided, err := notation.Number(c.text, c.mark)
		switch {
		case c.want == "" && !errors.Is(err, notation.ErrNone), c.want == "?" && !errors.Is(err, notation.ErrAmbiguous):
			t.Errorf("%q: %q, %v", c.text, got, err)
		case c.want != "" && c.want != "?" && (got != c.want || err != nil || decided != c.decided):
			t.Errorf("%q by %d: %q, decided %d, %v; expected %q, %d", c.text, c.mark, got, decided, err, c.want, c.decided)
		}
	}
}

func TestDates(t *testing.T) {
	const none, day, month = notation.EitherOrder, notation.DayFirst, notation.MonthFirst
	for _, c := range []struct {
		text    string
		order   notation.Order
		want    string // "": no date; "?": ambiguous
		decided notation.Order
	}{
		{"2026-04-03", none, "2026-04-03", none},
		{"2026/4/3", none, "2026-04-03", none},
		{"2026-04-03T12:30:00", none, "2026-04-03", none},
		{"2026-04-03 8:05", none, "2026-04-03", none},
		{"2026-04-03 25:05", none, "", none},
		{"03/04/2026", none, "?", none},
		{"03/04/2026", day, "2026-04-03", none},
		{"03/04/2026", month, "2026-03-04", none},
		{"3.4.2026", day, "2026-04-03", none},
		{"31/01/2026", none, "2026-01-31", day},
		{"31/01/2026", month, "2026-01-31", day},
		{"01/31/2026", none, "2026-01-31", month},
		{"04/04/2026", none, "2026-04-04", none},
		{"29/02/2026", none, "", none},
		{"03/04/26", none, "", none},
		{"03-04/2026", none, "", none},
		{"2026-13-01", none, "", none},
		{"0001-01-01", none, "", none},
		{"45678", none, "", none},
		{"", none, "", none},
	} {
		got, decided, err := notation.Date(c.text, c.order)
		switch {
		case c.want == "" && !errors.Is(err, notation.ErrNone), c.want == "?" && !errors.Is(err, notation.ErrAmbiguous):
			t.Errorf("%q: %s, %v", c.text, got, err)
		case c.want != "" && c.want != "?" && (got.String() != c.want || err != nil || decided != c.decided):
			t.Errorf("%q by %d: %s, decided %d, %v; expected %s, %d", c.text, c.order, got, decided, err, c.want, c.decided)
		}
	}
}

// Whatever is taken for a number has the digits of its text and no others, and
// what is read is read to the same number again.
func FuzzNumber(f *testing.F) {
	for _, s := range []string{"1 234,56", "1,234.56", "-0,125", "1.234", "1’234.5", "9,999,999", "0.000", "١٢", "1,23,4"} {
		f.Add(s, uint8(0))
		f.Add(s, uint8(2))
	}
	f.Fuzz(func(t *testing.T, text string, mark uint8) {
		by := notation.Mark(mark % 3)
		plain, decided, err := notation.Number(text, by)
		if err != nil {
			if plain != "" || by != notation.Either && errors.Is(err, notation.ErrAmbiguous) {
				t.Fatalf("%q by %d: %q, %v", text, by, plain, err)
			}
			return
		}
		digits := func(s string) string {
			return strings.TrimLeft(strings.Map(func(r rune) rune {
				if r >= '0' && r <= '9' {
					return r
				}
				return -1
			}, s), "0")
		}
		if digits(plain) != digits(text) {
			t.Fatalf("%q is read as %q", text, plain)
		}
		value, ok := new(big.Rat).SetString(plain)
		again, _, err := notation.Number(plain, notation.Point)
		if !ok || err != nil || again != plain {
			t.Fatalf("%q is read as %q, and that as %q, %v", text, plain, again, err)
		}
		if decided != notation.Either {
			// What shows its mark by itself does not depend on the others.
			other, _, err := notation.Number(text, 3-decided)
			if got, ok := new(big.Rat).SetString(other); err != nil || !ok || got.Cmp(value) != 0 {
				t.Fatalf("%q is %q, and by the other mark %q, %v", text, plain, other, err)
			}
		}
	})
}

// A date that is read is a day of the calendar whose numbers stand in the text.
func FuzzDate(f *testing.F) {
	for _, s := range []string{"2026-04-03", "03/04/2026", "31.1.2026 8:05", "1/31/2026", "29/02/2028", "2026-04-03T23:59:59"} {
		f.Add(s, uint8(0))
		f.Add(s, uint8(1))
	}
	f.Fuzz(func(t *testing.T, text string, order uint8) {
		by := notation.Order(order % 3)
		d, decided, err := notation.Date(text, by)
		if err != nil {
			if d != 0 || by != notation.EitherOrder && errors.Is(err, notation.ErrAmbiguous) {
				t.Fatalf("%q: %s, %v", text, d, err)
			}
			return
		}
		if again, _, err := notation.Date(d.String(), notation.EitherOrder); err != nil || again != d {
			t.Fatalf("%q is read as %s, and that as %s, %v", text, d, again, err)
		}
		if decided == notation.EitherOrder && by != notation.EitherOrder {
			return
		}
		for other := range notation.Order(3) {
			if same, _, err := notation.Date(text, other); err != nil || same != d {
				t.Fatalf("%q is read as %s, and by %d as %s, %v", text, d, other, same, err)
			}
		}
	})
}
