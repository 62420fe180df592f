package accountant

import (
	"errors"
	"testing"

	"comptoir/local/notation"
)

func TestNumbersAsTheyAreTyped(t *testing.T) {
	no, either := notation.ErrNone, notation.ErrAmbiguous
	for _, c := range []struct {
		typed           string
		english, french string
		wrong, faux     error
	}{
		{"1234.56", "1234.56", "1234.56", nil, nil},
		{"1 234,56", "1234.56", "1234.56", nil, nil},
		{"1\u202f234,56", "1234.56", "1234.56", nil, nil},
		{"1,234.56", "1234.56", "1234.56", nil, nil},
		{"1.234,56", "1234.56", "1234.56", nil, nil},
		{"1,234", "1234", "1.234", nil, nil},
		{"1.234", "1.234", "", nil, either},
		{"1,234,567", "1234567", "1234567", nil, nil},
		{"0,125", "0.125", "0.125", nil, nil},
		{" -2,5 ", "-2.5", "-2.5", nil, nil},
		{"−2.5", "-2.5", "-2.5", nil, nil},
		{",5", "0.5", "0.5", nil, nil},
		{"-.50", "-0.50", "-0.50", nil, nil},
		{"12,", "12", "12", nil, nil},
		{"12.", "12", "12", nil, nil},
		{"", "", "", no, no},
		{"-", "", "", no, no},
		{".", "", "", no, no},
		{",5,", "", "", no, no},
		{"1 23,4", "", "", no, no},
		{"1,23,456", "", "", no, no},
		{"1,234 567", "", "", no, no},
		{"1.2.3,4", "", "", no, no},
		{"12 apples", "", "", no, no},
		{"1e3", "", "", no, no},
		{"٣", "", "", no, no},
	} {
		for _, in := range []struct {
			language Language
			want     string
			err      error
		}{{English, c.english, c.wrong}, {French, c.french, c.faux}} {
			if got, err := speakerOf(in.language).plain(c.typed); got != in.want || !errors.Is(err, in.err) {
				t.Errorf("%q in %s is %q (%v), want %q (%v)", c.typed, in.language, got, err, in.want, in.err)
			}
		}
	}
}
