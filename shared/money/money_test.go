package money_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"comptoir/shared/money"
)

// genInt draws small numbers, any numbers, and those at the ends of 64 bits.
var genInt = rapid.OneOf(rapid.Int64Range(-1000, 1000), rapid.Int64(), rapid.Int64Range(math.MaxInt64-3, math.MaxInt64),
	rapid.Int64Range(math.MinInt64, math.MinInt64+3), rapid.Int64Range(1<<31, 1<<33), rapid.SampledFrom([]int64{0, 1, -1}))

func TestAddAndSubAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := genInt.Draw(t, "a"), genInt.Draw(t, "b")
		sum, err := money.Add(a, b)
		holds(t, "a + b", new(big.Int).Add(big.NewInt(a), big.NewInt(b)), sum, err)
		difference, err := money.Sub(a, b)
		holds(t, "a - b", new(big.Int).Sub(big.NewInt(a), big.NewInt(b)), difference, err)
	})
}

// holds compares a result with the exact one; what does not fit must be refused.
func holds(t *rapid.T, what string, want *big.Int, got int64, err error) {
	switch {
	case !want.IsInt64() && !errors.Is(err, money.ErrOverflow):
		t.Fatalf("%s is %v, but gives %d, %v", what, want, got, err)
	case want.IsInt64() && (err != nil || got != want.Int64()):
		t.Fatalf("%s is %v, but gives %d, %v", what, want, got, err)
	}
}

// halfToEven is n ÷ d (d > 0) by the definition: the nearest whole number, of two equally near the even one.
func halfToEven(n, d *big.Int) *big.Int {
	floor, rest := new(big.Int).DivMod(n, d, new(big.Int))
	switch twice := rest.Lsh(rest, 1); twice.Cmp(d) {
	case 1:
		floor.Add(floor, big.NewInt(1))
	case 0:
		floor.Add(floor, big.NewInt(int64(floor.Bit(0))))
	}
	return floor
}

func TestMulDivRoundsHalfToEven(t *testing.T) {
	divisor := rapid.OneOf(rapid.Int64Range(1, 12), rapid.Int64Min(1), rapid.SampledFrom([]int64{1000, 10_000, 10_000_000, math.MaxInt64}))
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := genInt.Draw(t, "a"), genInt.Draw(t, "b"), divisor.Draw(t, "c")
		want := halfToEven(new(big.Int).Mul(big.NewInt(a), big.NewInt(b)), big.NewInt(c))
		if want.IsInt64() && want.Int64() == math.MinInt64 {
			return // refused, as its magnitude is
		}
		got, err := money.MulDiv(a, b, c)
		holds(t, "a × b ÷ c", want, got, err)
	})
}

func TestMulDivTable(t *testing.T) {
	for _, c := range []struct{ a, b, c, want int64 }{
		{1, 1, 2, 0},
		{3, 1, 2, 2},
		{5, 1, 2, 2},
		{-1, 1, 2, 0},
		{-3, 1, 2, -2},
		{-5, 1, 2, -2},
		{7, -1, 3, -2},
		{8, 1, 3, 3},
		{math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64},
		{math.MinInt64, 1, 2, math.MinInt64 / 2},
		{255, 6_125, 1000, 1562},
	} {
		if got, err := money.MulDiv(c.a, c.b, c.c); got != c.want || err != nil {
			t.Errorf("%d × %d ÷ %d = %d, %v; expected %d", c.a, c.b, c.c, got, err, c.want)
		}
	}
	// The quotient of the first is the greatest of 64 bits before it is rounded up.
	for _, c := range [][3]int64{{9, 8_198_552_921_648_689_607, 4}, {math.MinInt64, math.MinInt64, 1 << 62}, {4_294_967_297, 4_294_967_295, 1}, {1, 1, 0}, {1, 1, -1}} {
		if got, err := money.MulDiv(c[0], c[1], c[2]); err == nil {
			t.Errorf("%v gives %d", c, got)
		}
	}
}

func TestTimesShareAndRatio(t *testing.T) {
	for _, c := range []struct {
		what string
		got  func() (int64, error)
		want int64
	}{
		{"2.55 × 6", func() (int64, error) { v, err := money.Price(2_550_000).Times(6_000); return int64(v), err }, 1530},
		{"0.001 × 5 (half a penny to even)", func() (int64, error) { v, err := money.Price(1_000).Times(5_000); return int64(v), err }, 0},
		{"0.003 × 5 (one penny and a half to even)", func() (int64, error) { v, err := money.Price(3_000).Times(5_000); return int64(v), err }, 2},
		{"12.49 a kilogram × 0.125", func() (int64, error) { v, err := money.Amount(1249).Times(125); return int64(v), err }, 156},
		{"20 % of 0.13", func() (int64, error) { v, err := money.Amount(13).Share(2000); return int64(v), err }, 3},
		{"the price of 2.55", func() (int64, error) { v, err := money.Amount(255).Price(); return int64(v), err }, 2_550_000},
	} {
		if got, err := c.got(); got != c.want || err != nil {
			t.Errorf("%s = %d, %v; expected %d", c.what, got, err, c.want)
		}
	}
	if _, err := money.Amount(math.MaxInt64).Price(); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("the price of the greatest amount gives %v", err)
	}
	for _, c := range []struct {
		part, whole money.Amount
		want        money.BasisPoints
		ok          bool
	}{{1, 3, 3333, true}, {2, 3, 6667, true}, {-1, 3, -3333, true}, {1, 0, 0, false}, {1, -3, 0, false}, {math.MaxInt64, 1, 0, false}, {math.MaxInt64, math.MaxInt64, 10_000, true}} {
		if got, ok := money.Ratio(c.part, c.whole); got != c.want || ok != c.ok {
			t.Errorf("%d of %d is %d, %v", c.part, c.whole, got, ok)
		}
	}
}

func TestSpread(t *testing.T) {
	share := rapid.OneOf(rapid.Int64Range(0, 20), rapid.Int64Range(0, 1<<52))
	rapid.Check(t, func(t *rapid.T) {
		total := money.Amount(rapid.OneOf(rapid.Int64Range(0, 50), rapid.Int64Min(0)).Draw(t, "total"))
		var weights []money.Amount
		sum := new(big.Int)
		for _, w := range rapid.SliceOfN(share, 1, 12).Draw(t, "weights") {
			weights = append(weights, money.Amount(w))
			sum.Add(sum, big.NewInt(w))
		}
		shares, err := money.Spread(total, weights)
		if err != nil {
			t.Fatal(err)
		}
		added := new(big.Int)
		for _, s := range shares {
			added.Add(added, big.NewInt(int64(s)))
		}
		if added.Cmp(big.NewInt(int64(total))) != 0 {
			t.Fatalf("%v adds up to %v, not %d", shares, added, total)
		}
		if sum.Sign() == 0 {
			return
		}
		// Each share is its exact part rounded down, or one more; and no one got
		// one more before another with a larger remainder, or an equal one that is earlier.
		remainders := make([]*big.Int, len(weights))
		more := make([]bool, len(weights))
		for i, w := range weights {
			floor, rest := new(big.Int).DivMod(new(big.Int).Mul(big.NewInt(int64(total)), big.NewInt(int64(w))), sum, new(big.Int))
			d := int64(shares[i]) - floor.Int64()
			if remainders[i], more[i] = rest, d == 1; d != 0 && d != 1 {
				t.Fatalf("share %d of %d over %v is %d", i, total, weights, shares[i])
			}
		}
		for i := range weights {
			for j := range weights {
				if c := remainders[i].Cmp(remainders[j]); more[j] && !more[i] && (c > 0 || c == 0 && i < j) {
					t.Fatalf("%d over %v: share %d got the unit of share %d: %v", total, weights, j, i, shares)
				}
			}
		}
	})
}

func TestSpreadTable(t *testing.T) {
	for _, c := range []struct {
		total   money.Amount
		weights []money.Amount
		want    []money.Amount // nil: refused
	}{
		{100, []money.Amount{1, 1, 1}, []money.Amount{34, 33, 33}},
		{2, []money.Amount{1, 1, 1}, []money.Amount{1, 1, 0}},
		{10, []money.Amount{0, 0}, []money.Amount{10, 0}},
		{5, []money.Amount{0, 3, 1}, []money.Amount{0, 4, 1}},
		{0, nil, []money.Amount{}},
		{1, nil, nil},
		{-1, []money.Amount{1}, nil},
		{1, []money.Amount{-1}, nil},
		{1, []money.Amount{math.MaxInt64, 1}, nil},
	} {
		got, err := money.Spread(c.total, c.weights)
		if (err != nil) != (c.want == nil) {
			t.Errorf("%d over %v: %v, %v", c.total, c.weights, got, err)
		}
		for i := range c.want {
			if got[i] != c.want[i] {
				t.Errorf("%d over %v: %v, expected %v", c.total, c.weights, got, c.want)
			}
		}
	}
}
