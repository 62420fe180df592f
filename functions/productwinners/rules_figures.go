package productwinners

import (
	"cmp"
	"fmt"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// Keep is for how many days, today included, a product keeps its figures by day:
// 30 days, the 30 before them, and 5 to look back on.
const Keep = 65

const (
	// maxDays bounds the buckets of a product: Keep of them, the rest in the future.
	maxDays = 500
	// limit is the greatest sum of a day or of all time, either way: 2^53, up to
	// which every reader of JSON holds a whole number exactly. As a document has at
	// most maxDays buckets, no window of them can leave 64 bits.
	limit = 1 << 53
)

// Sums are the figures that are added up. Net of returns and voids they may be
// below zero.
type Sums struct {
	Units   money.Quantity `json:"units"`
	Revenue money.Amount   `json:"revenue"`
	// Cost is the cost of what has one; CostedRevenue is the revenue of the same.
	Cost          money.Amount `json:"cost"`
	CostedRevenue money.Amount `json:"costed_revenue"`
	// Orders counts the documents that sold the product.
	Orders int64 `json:"orders"`
}

// Bucket holds the sums of one day: those of the entries dated on it.
type Bucket struct {
	Day event.Date `json:"day"`
	Sums
}

// Window holds the figures of a span of days that ends on the document's day, of
// the span of the same length just before, or of all time up to that day.
type Window struct {
	Sums
	// UncostedRevenue is the revenue whose cost, and so whose profit, is unknown.
	UncostedRevenue money.Amount `json:"uncosted_revenue"`
	// Profit is CostedRevenue − Cost.
	Profit money.Amount `json:"profit"`
	// Margin is Profit ÷ CostedRevenue, half to even; null where that is not above zero.
	Margin money.NullBasisPoints `json:"margin"`
	// BelowMinimum tells that the margin and the least margin wanted are known and
	// the first is lower.
	BelowMinimum bool `json:"below_minimum"`
	// Velocity is the units a day, to the thousandth, half to even. It is null in
	// all, where it changes every day: a reader divides units by the days from
	// first_sold_on to the business date, both included.
	Velocity *money.Quantity `json:"velocity"`
	// ProfitChange and RevenueChange compare with the span just before, half to
	// even; null where that was not above zero, and where there is none before.
	ProfitChange  money.NullBasisPoints `json:"profit_change"`
	RevenueChange money.NullBasisPoints `json:"revenue_change"`
}

// Windows are the spans that a product is judged by.
type Windows struct {
	Week        Window `json:"7d"`
	Month       Window `json:"30d"`
	WeekBefore  Window `json:"7d_before"`
	MonthBefore Window `json:"30d_before"`
	All         Window `json:"all"`
}

const (
	week  = 7
	month = 30
)

// edges are the ages in days at which a bucket goes from one window to the next.
var edges = [...]event.Date{week, 2 * week, month, 2 * month}

// windows adds up the buckets for a day. What is dated after it counts nowhere,
// not even in all.
func windows(total Sums, days []Bucket, least money.NullBasisPoints, day event.Date) (Windows, error) {
	var w Windows
	w.All.Sums = total
	for _, b := range days {
		var err error
		switch age := day - b.Day; {
		case age < 0:
			err = w.All.sum(b.negated())
		case age < week:
			err = cmp.Or(w.Week.sum(b.Sums), w.Month.sum(b.Sums))
		case age < 2*week:
			err = cmp.Or(w.WeekBefore.sum(b.Sums), w.Month.sum(b.Sums))
		case age < month:
			err = w.Month.sum(b.Sums)
		case age < 2*month:
			err = w.MonthBefore.sum(b.Sums)
		}
		if err != nil {
			return Windows{}, err
		}
	}
	err := cmp.Or(
		w.Week.derive(least, week), w.WeekBefore.derive(least, week),
		w.Month.derive(least, month), w.MonthBefore.derive(least, month),
		w.All.derive(least, 0),
		w.Week.compare(&w.WeekBefore), w.Month.compare(&w.MonthBefore),
	)
	return w, err
}

// derive computes what follows from the sums. days is the length of the window,
// 0 for all time.
func (w *Window) derive(least money.NullBasisPoints, days int64) error {
	var err error
	if w.UncostedRevenue, err = money.Sub(w.Revenue, w.CostedRevenue); err != nil {
		return err
	}
	if w.Profit, err = money.Sub(w.CostedRevenue, w.Cost); err != nil {
		return err
	}
	w.Margin = ratio(w.Profit, w.CostedRevenue)
	w.BelowMinimum = w.Margin.Valid && least.Valid && w.Margin.BasisPoints < least.BasisPoints
	if days > 0 {
		perDay, err := money.MulDiv(int64(w.Units), 1, days)
		if err != nil {
			return err
		}
		velocity := money.Quantity(perDay)
		w.Velocity = &velocity
	}
	return nil
}

// compare sets the changes against the window before.
func (w *Window) compare(before *Window) error {
	profit, err := money.Sub(w.Profit, before.Profit)
	if err != nil {
		return err
	}
	revenue, err := money.Sub(w.Revenue, before.Revenue)
	if err != nil {
		return err
	}
	w.ProfitChange = ratio(profit, before.Profit)
	w.RevenueChange = ratio(revenue, before.Revenue)
	return nil
}

func ratio(part, whole money.Amount) money.NullBasisPoints {
	bp, ok := money.Ratio(part, whole)
	return money.NullBasisPoints{BasisPoints: bp, Valid: ok}
}

// nextChange returns the first day after day on which a bucket goes from one
// window to another; NoDate where none ever does.
func nextChange(days []Bucket, day event.Date) event.Date {
	next := event.NoDate
	sooner := func(d event.Date) {
		if next == event.NoDate || d < next {
			next = d
		}
	}
	for _, b := range days {
		if b.Day > day {
			sooner(b.Day)
			continue
		}
		for _, e := range edges {
			if b.Day+e > day {
				sooner(b.Day + e)
				break
			}
		}
	}
	return next
}

func (s Sums) negated() Sums {
	return Sums{Units: -s.Units, Revenue: -s.Revenue, Cost: -s.Cost, CostedRevenue: -s.CostedRevenue, Orders: -s.Orders}
}

// sum adds m; a result beyond 64 bits is an error.
func (s *Sums) sum(m Sums) error {
	return cmp.Or(
		plus(&s.Units, m.Units), plus(&s.Revenue, m.Revenue), plus(&s.Cost, m.Cost),
		plus(&s.CostedRevenue, m.CostedRevenue), plus(&s.Orders, m.Orders),
	)
}

// add is sum for what is kept: a result beyond limit is an error as well.
func (s *Sums) add(m Sums) error {
	if err := s.sum(m); err != nil {
		return err
	}
	for _, v := range [...]int64{int64(s.Units), int64(s.Revenue), int64(s.Cost), int64(s.CostedRevenue), s.Orders} {
		if v > limit || v < -limit {
			return fmt.Errorf("%d is beyond what a sum may hold: %w", v, money.ErrOverflow)
		}
	}
	return nil
}

func plus[T ~int64](sum *T, more T) error {
	v, err := money.Add(*sum, more)
	if err != nil {
		return err
	}
	*sum = v
	return nil
}
