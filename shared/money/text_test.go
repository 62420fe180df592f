package money_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"comptoir/shared/money"
)

func TestTextRoundTrips(t *testing.T) {
	currencies := rapid.SampledFrom([]money.Currency{"GBP", "JPY", "TND"})
	rapid.Check(t, func(t *rapid.T) {
		v, c := genInt.Draw(t, "v"), currencies.Draw(t, "currency")
		amount, err := money.ParseAmount(money.Amount(v).Format(c), c)
		check(t, v, int64(amount), money.Amount(v).Format(c), c.Digits(), err)
		price, err := money.ParsePrice(money.Price(v).Format(c), c)
		check(t, v, int64(price), money.Price(v).Format(c), c.Digits()+4, err)
		quantity, err := money.ParseQuantity(money.Quantity(v).String())
		check(t, v, int64(quantity), money.Quantity(v).String(), 3, err)
		percent, err := money.ParsePercent(money.BasisPoints(v).Percent())
		check(t, v, int64(percent), money.BasisPoints(v).Percent(), 2, err)
		var fromJSON money.Quantity
		b, _ := json.Marshal(money.Quantity(v))
		check(t, v, int64(fromJSON), string(b), 3, json.Unmarshal(b, &fromJSON), fromJSON)
	})
}

// check holds a text to the exact number that it stands for, and what was read from it to v.
func check(t *rapid.T, v, got int64, text string, places int, err error, read ...money.Quantity) {
	for _, q := range read {
		got = int64(q)
	}
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil)
	exact, ok := new(big.Rat).SetString(text)
	if !ok || exact.Cmp(new(big.Rat).SetFrac(big.NewInt(v), scale)) != 0 {
		t.Fatalf("%d is written %q", v, text)
	}
	if err != nil || got != v {
		t.Fatalf("%q is read as %d, %v; expected %d", text, got, err, v)
	}
}

// TestParseIsExact holds ParseQuantity to math/big on texts that almost are numbers.
func TestParseIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?[0-9]{0,20}(\.[0-9]{0,5})?[ eE,+]?`).Draw(t, "text")
		got, err := money.ParseQuantity(text)
		whole, fraction, dotted := strings.Cut(strings.TrimPrefix(text, "-"), ".")
		form := whole != "" && (!dotted || fraction != "") && strings.Trim(whole+fraction, "0123456789") == "" && len(strings.TrimRight(fraction, "0")) <= 3
		exact, ok := new(big.Rat).SetString(text)
		if ok {
			exact.Mul(exact, big.NewRat(1000, 1))
		}
		switch fits := form && ok && exact.IsInt() && exact.Num().IsInt64(); {
		case fits && (err != nil || int64(got) != exact.Num().Int64()):
			t.Fatalf("%q is read as %d, %v", text, got, err)
		case !fits && err == nil:
			t.Fatalf("%q is read as %d", text, got)
		case form && !fits && !errors.Is(err, money.ErrOverflow), !form && !errors.Is(err, money.ErrSyntax) && !errors.Is(err, money.ErrOverflow):
			t.Fatalf("%q: %v", text, err)
		}
	})
}

func TestNumbersThatAreNone(t *testing.T) {
	for _, text := range []string{"", "-", ".", "5.", ".5", "+5", " 5", "5 ", "1,000", "1e3", "1E3", "0x10", "1_000", "NaN", "Inf", "٥", "--5", "1.2.3", "1:", "1/", "1.0005", "9223372036854775.808"} {
		if q, err := money.ParseQuantity(text); err == nil {
			t.Errorf("ParseQuantity(%q) = %d", text, q)
		}
	}
	for _, text := range []string{`01`, `-01`, `00`, `1e3`, `1E3`, `1.0005`, `"1"`, `null`, `+1`, `1.`, `.5`, `true`, `[1]`, `9223372036854775.808`} {
		q := money.Quantity(7)
		if err := q.UnmarshalJSON([]byte(text)); err == nil || q != 7 {
			t.Errorf("quantity %s in JSON = %d, %v", text, q, err)
		}
	}
	for _, text := range []string{`1.0`, `1e3`, `1.5`, `"1"`, `true`, `9223372036854775808`, `01`} {
		var n money.NullAmount
		var bp money.NullBasisPoints
		if n.UnmarshalJSON([]byte(text)) == nil || bp.UnmarshalJSON([]byte(text)) == nil || n.Valid || bp.Valid {
			t.Errorf("amount %s in JSON = %+v, %+v", text, n, bp)
		}
	}
	for _, c := range []struct {
		text     string
		currency money.Currency
		want     money.Amount
		fails    bool
	}{
		{"2.55", "GBP", 255, false},
		{"2.555", "GBP", 0, true},
		{"2.550", "GBP", 255, false},
		{"-30", "GBP", -3000, false},
		{"0030", "GBP", 3000, false},
		{"30", "JPY", 30, false},
		{"30.5", "JPY", 0, true},
		{"30.0", "JPY", 30, false},
		{"1.234", "TND", 1234, false},
		{"-0", "EUR", 0, false},
		{"-92233720368547758.08", "GBP", math.MinInt64, false},
		{"92233720368547758.08", "GBP", 0, true},
	} {
		if got, err := money.ParseAmount(c.text, c.currency); got != c.want || (err != nil) != c.fails {
			t.Errorf("%s %s = %d, %v", c.text, c.currency, got, err)
		}
	}
}

func TestNullRoundTrips(t *testing.T) {
	for _, c := range []struct {
		n    money.NullAmount
		json string
	}{{money.NullAmount{}, "null"}, {money.Some(0), "0"}, {money.Some(-5), "-5"}, {money.Some(math.MinInt64), "-9223372036854775808"}} {
		b, err := json.Marshal(c.n)
		var back money.NullAmount
		if string(b) != c.json || err != nil || json.Unmarshal(b, &back) != nil || back != c.n {
			t.Errorf("%+v is written %s, %v, and read as %+v", c.n, b, err, back)
		}
	}
}

func TestCurrencies(t *testing.T) {
	digits := map[money.Currency]int{"GBP": 2, "EUR": 2, "JPY": 0, "TND": 3, "KWD": 3, "ISK": 0, "HUF": 2, "MGA": 2, "UGX": 0, "XOF": 0, "XCG": 2, "ZWG": 2, "SLE": 2, "IQD": 3}
	all := money.Currencies()
	if len(all) != 157 {
		t.Errorf("there are %d currencies", len(all))
	}
	for i, c := range all {
		if got, err := money.ParseCurrency(string(c)); got != c || err != nil || i > 0 && all[i-1] >= c {
			t.Errorf("%s: %v, %v", c, got, err)
		}
		if want, ok := digits[c]; ok && c.Digits() != want {
			t.Errorf("%s has %d decimals", c, c.Digits())
		}
		delete(digits, c)
	}
	if len(digits) > 0 {
		t.Errorf("missing: %v", digits)
	}
	// Withdrawn, funds, metals, testing, no currency, and what only looks like a code.
	for _, code := range []string{"HRK", "DEM", "CUC", "ZWL", "SLL", "VEF", "CHE", "CLF", "XDR", "XAU", "XTS", "XXX", "gbp", "GB", "GBPP", "", " AE", "ED ", "D A", "É12"} {
		if c, err := money.ParseCurrency(code); err == nil {
			t.Errorf("%q is taken for %v", code, c)
		}
	}
}
