// Package money holds the exact numbers of the shop: amounts in minor units,
// unit prices, quantities and basis points, all of them integers. No
// floating-point number ever touches one of them.
package money

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// Amount is a sum of money in minor units of its currency (pence for GBP, yen
// for JPY, millimes for TND). The currency stands beside it, never inside.
type Amount int64

// Price is the price of one unit in ten-thousandths of a minor unit, so that a
// price of 0.001 GBP (0.1 pence) and a moving average stay exact to that step.
type Price int64

// Quantity is a number of units in thousandths: 6 pieces are 6000, 125 g of a
// good that is sold by the kilogram are 125.
type Quantity int64

// BasisPoints is a ratio in hundredths of a percent: 20 % is 2000.
type BasisPoints int64

const (
	// PricePerMinor is how many steps of a Price make one minor unit.
	PricePerMinor = 10_000
	// PerUnit is how many steps of a Quantity make one unit.
	PerUnit = 1_000
	// Whole is 100 % in basis points.
	Whole BasisPoints = 10_000
)

// ErrOverflow says that a result does not fit in 64 bits. What was to be added
// or multiplied is refused as a whole; nothing wraps around.
var ErrOverflow = errors.New("the number is too large")

// Add returns a + b, or ErrOverflow.
func Add[T ~int64](a, b T) (T, error) {
	s := a + b
	if (s > a) != (b > 0) && b != 0 {
		return 0, fmt.Errorf("adding %d and %d: %w", int64(a), int64(b), ErrOverflow)
	}
	return s, nil
}

// Sub returns a - b, or ErrOverflow.
func Sub[T ~int64](a, b T) (T, error) {
	d := a - b
	if (d < a) != (b > 0) && b != 0 {
		return 0, fmt.Errorf("subtracting %d from %d: %w", int64(b), int64(a), ErrOverflow)
	}
	return d, nil
}

// MulDiv returns a × b ÷ c rounded half to even, computed in 128 bits. It
// returns ErrOverflow where the result is beyond ±MaxInt64; c must be above zero.
func MulDiv(a, b, c int64) (int64, error) {
	if c <= 0 {
		return 0, fmt.Errorf("dividing by %d: the divisor must be above zero", c)
	}
	negative := (a < 0) != (b < 0)
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi >= uint64(c) {
		return 0, fmt.Errorf("multiplying %d by %d: %w", a, b, ErrOverflow)
	}
	q, r := bits.Div64(hi, lo, uint64(c))
	if q > math.MaxInt64 { // before rounding, which could wrap around
		return 0, fmt.Errorf("multiplying %d by %d: %w", a, b, ErrOverflow)
	}
	// r < c <= MaxInt64, so r doubled fits in 64 bits.
	if twice := r * 2; twice > uint64(c) || (twice == uint64(c) && q&1 == 1) {
		q++
	}
	if q > math.MaxInt64 {
		return 0, fmt.Errorf("multiplying %d by %d: %w", a, b, ErrOverflow)
	}
	if negative {
		return -int64(q), nil
	}
	return int64(q), nil
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return uint64(-(v + 1)) + 1
	}
	return uint64(v)
}

// Times returns price × quantity in minor units, rounded half to even.
func (p Price) Times(q Quantity) (Amount, error) {
	v, err := MulDiv(int64(p), int64(q), PricePerMinor*PerUnit)
	return Amount(v), err
}

// Times returns amount-per-unit × quantity in minor units, rounded half to even.
func (a Amount) Times(q Quantity) (Amount, error) {
	v, err := MulDiv(int64(a), int64(q), PerUnit)
	return Amount(v), err
}

// Price returns the amount as a unit price, or ErrOverflow.
func (a Amount) Price() (Price, error) {
	v, err := MulDiv(int64(a), PricePerMinor, 1)
	return Price(v), err
}

// Share returns the basis points of the amount, rounded half to even.
func (a Amount) Share(bp BasisPoints) (Amount, error) {
	v, err := MulDiv(int64(a), int64(bp), int64(Whole))
	return Amount(v), err
}

// Ratio returns part ÷ whole in basis points, rounded half to even; ok is
// false where whole is not above zero (there is no such ratio then) or the
// result does not fit.
func Ratio(part, whole Amount) (bp BasisPoints, ok bool) {
	if whole <= 0 {
		return 0, false
	}
	v, err := MulDiv(int64(part), int64(Whole), int64(whole))
	if err != nil {
		return 0, false
	}
	return BasisPoints(v), true
}

// Spread divides total over weights in proportion, by largest remainder: each
// share is rounded down, and the units that are left go to the largest
// remainders, the earlier one first where they are equal. The shares add up to
// total. total must be ≥ 0, weights ≥ 0; with no weight above zero everything
// goes to the first.
func Spread(total Amount, weights []Amount) ([]Amount, error) {
	if total < 0 {
		return nil, fmt.Errorf("spreading %d: the total is below zero", total)
	}
	var sum Amount
	for _, w := range weights {
		if w < 0 {
			return nil, fmt.Errorf("spreading over %d: a weight is below zero", w)
		}
		var err error
		if sum, err = Add(sum, w); err != nil {
			return nil, err
		}
	}
	shares := make([]Amount, len(weights))
	if len(weights) == 0 {
		if total != 0 {
			return nil, errors.New("spreading an amount over nothing")
		}
		return shares, nil
	}
	if sum == 0 {
		shares[0] = total
		return shares, nil
	}
	rest := total
	remainders := make([]uint64, len(weights))
	for i, w := range weights {
		hi, lo := bits.Mul64(uint64(total), uint64(w))
		if hi >= uint64(sum) {
			return nil, fmt.Errorf("spreading %d: %w", total, ErrOverflow)
		}
		q, r := bits.Div64(hi, lo, uint64(sum))
		shares[i], remainders[i] = Amount(q), r
		rest -= Amount(q)
	}
	for ; rest > 0; rest-- {
		best := -1
		for i, r := range remainders {
			if r > 0 && (best < 0 || r > remainders[best]) {
				best = i
			}
		}
		shares[best]++
		remainders[best] = 0
	}
	return shares, nil
}
