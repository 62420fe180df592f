package money

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ErrSyntax says that a text is not a plain decimal number, or has more
// decimals than its unit can hold.
var ErrSyntax = errors.New("not a number of that form")

// parseDecimal reads an optional minus sign, digits and at most places decimals, and
// returns the number times 10^places. No exponent, no grouping, no spaces.
func parseDecimal(s string, places int) (int64, error) {
	text, negative := s, false
	if strings.HasPrefix(text, "-") {
		text, negative = text[1:], true
	}
	whole, fraction, dotted := strings.Cut(text, ".")
	if whole == "" || (dotted && fraction == "") {
		return 0, fmt.Errorf("%.40q: %w", s, ErrSyntax)
	}
	// Zeros beyond the places say nothing; other digits would be lost.
	for len(fraction) > places && fraction[len(fraction)-1] == '0' {
		fraction = fraction[:len(fraction)-1]
	}
	if len(fraction) > places {
		return 0, fmt.Errorf("%.40q has more than %d decimals: %w", s, places, ErrSyntax)
	}
	limit := uint64(math.MaxInt64)
	if negative {
		limit++
	}
	var v uint64
	for _, digits := range [2]string{whole, fraction} {
		for i := range len(digits) {
			c := digits[i] - '0'
			if c > 9 {
				return 0, fmt.Errorf("%.40q: %w", s, ErrSyntax)
			}
			if v > (limit-uint64(c))/10 {
				return 0, fmt.Errorf("%.40q: %w", s, ErrOverflow)
			}
			v = v*10 + uint64(c)
		}
	}
	for range places - len(fraction) {
		if v > limit/10 {
			return 0, fmt.Errorf("%.40q: %w", s, ErrOverflow)
		}
		v *= 10
	}
	if negative {
		return int64(-v), nil // the least number has no positive of its own
	}
	return int64(v), nil
}

func appendDecimal(b []byte, v int64, places int, trim bool) []byte {
	u := magnitude(v)
	if v < 0 {
		b = append(b, '-')
	}
	scale := uint64(1)
	for range places {
		scale *= 10
	}
	b = strconv.AppendUint(b, u/scale, 10)
	rest := u % scale
	if places == 0 || (trim && rest == 0) {
		return b
	}
	b = append(b, '.')
	for scale /= 10; scale > 0 && (!trim || rest > 0); scale /= 10 {
		b = append(b, byte('0'+rest/scale))
		rest %= scale
	}
	return b
}

// ParseQuantity reads a decimal of at most three places: "6", "-0.125".
func ParseQuantity(s string) (Quantity, error) {
	v, err := parseDecimal(s, 3)
	return Quantity(v), err
}

// String writes the quantity as a decimal without needless zeros: 6, 0.125.
func (q Quantity) String() string { return string(q.Append(nil)) }

// Append appends the text of String to b.
func (q Quantity) Append(b []byte) []byte { return appendDecimal(b, int64(q), 3, true) }

// MarshalJSON writes a JSON number of at most three decimals.
func (q Quantity) MarshalJSON() ([]byte, error) { return q.Append(nil), nil }

// UnmarshalJSON reads a JSON number exactly. Exponents are refused: what is
// written must be what is counted.
func (q *Quantity) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		return fmt.Errorf("a quantity is null: %w", ErrSyntax)
	}
	v, err := parseJSONNumber(string(b), 3)
	if err != nil {
		return fmt.Errorf("reading a quantity: %w", err)
	}
	*q = Quantity(v)
	return nil
}

// parseJSONNumber is parseDecimal for what JSON calls a number: no leading zeros.
func parseJSONNumber(s string, places int) (int64, error) {
	digits := strings.TrimPrefix(s, "-")
	if len(digits) > 1 && digits[0] == '0' && digits[1] != '.' {
		return 0, fmt.Errorf("%.40q: %w", s, ErrSyntax)
	}
	return parseDecimal(s, places)
}

// ParseAmount reads a decimal in major units ("2.55", "-30") of the currency.
// More decimals than the currency has are refused, not rounded.
func ParseAmount(s string, c Currency) (Amount, error) {
	v, err := parseDecimal(s, c.Digits())
	return Amount(v), err
}

// ParsePrice reads a unit price in major units of the currency, with up to four
// decimals more than the currency has.
func ParsePrice(s string, c Currency) (Price, error) {
	v, err := parseDecimal(s, c.Digits()+4)
	return Price(v), err
}

// Format writes the amount in major units with all the decimals of the
// currency and without its name: 1234.50.
func (a Amount) Format(c Currency) string {
	return string(appendDecimal(nil, int64(a), c.Digits(), false))
}

// Format writes the unit price in major units of the currency, without needless zeros.
func (p Price) Format(c Currency) string {
	return string(appendDecimal(nil, int64(p), c.Digits()+4, true))
}

// ParsePercent reads a percentage of at most two decimals ("26", "12.5") as basis points.
func ParsePercent(s string) (BasisPoints, error) {
	v, err := parseDecimal(s, 2)
	return BasisPoints(v), err
}

// Percent writes the ratio as a percentage without needless zeros: 26, 12.5.
func (bp BasisPoints) Percent() string { return string(appendDecimal(nil, int64(bp), 2, true)) }
