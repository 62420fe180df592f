package productwinners

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

const shop = "/ledgers/shop"

// today is the leap day on which most tables here stand.
var today = date("2012-02-29")

func date(s string) event.Date {
	d, err := event.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func units(n int64) money.Quantity { return money.Quantity(n * money.PerUnit) }

// fact is one row of a table: what happened, when, how many pieces, for how much.
// A cost below zero stands for one that is not known.
type fact struct {
	what event.Type
	on   string
	n    int64
	net  money.Amount
	cost money.Amount
}

const unknown = money.Amount(-1)

var start = time.Date(2012, 2, 29, 9, 0, 0, 0, time.UTC)

func (f fact) event(revision int64) *event.Event {
	d := &event.ProductSale{DocumentID: fmt.Sprintf("INV-%06d", revision), Date: date(f.on), Name: "MUG", Quantity: units(f.n), Net: f.net, Currency: "GBP"}
	if f.cost != unknown {
		d.Cost = money.Some(f.cost)
	}
	return &event.Event{
		Attributes: event.Attributes{Source: shop, Type: f.what, Key: "22423", Time: start.Add(time.Duration(revision) * time.Second), Revision: revision},
		Data:       d,
	}
}

// fold applies the facts and reviews once.
func fold(t *testing.T, day event.Date, facts ...fact) (State, event.Date) {
	t.Helper()
	var s State
	for i, f := range facts {
		if _, err := Apply(&s, f.event(int64(i+1)), day); err != nil {
			t.Fatalf("row %d: %v", i+1, err)
		}
	}
	next, err := Review(&s, day)
	if err != nil {
		t.Fatal(err)
	}
	return s, next
}

// line writes a window so that a table can hold it.
func line(w Window) string {
	margin := "?"
	if w.Margin.Valid {
		margin = fmt.Sprint(w.Margin.BasisPoints)
	}
	return fmt.Sprintf("%s units %d of %d costed, cost %d, profit %d, margin %s, %d orders", w.Units, w.Revenue, w.CostedRevenue, w.Cost, w.Profit, margin, w.Orders)
}

const nothing = "0 units 0 of 0 costed, cost 0, profit 0, margin ?, 0 orders"

func TestWindows(t *testing.T) {
	sold := func(on string) fact { return fact{event.ProductSold, on, 1, 100, 60} }
	const one = "1 units 100 of 100 costed, cost 60, profit 40, margin 4000, 1 orders"
	tests := []struct {
		name                                  string
		facts                                 []fact
		week, weekBefore, month, before30, at string
		next                                  string
	}{
		{"sold today", []fact{sold("2012-02-29")}, one, nothing, one, nothing, one, "2012-03-07"},
		{"six days ago is the first day of a week that ends today", []fact{sold("2012-02-23")}, one, nothing, one, nothing, one, "2012-03-01"},
		{"seven days ago is the week before", []fact{sold("2012-02-22")}, nothing, one, one, nothing, one, "2012-03-07"},
		{"thirteen days ago still is", []fact{sold("2012-02-16")}, nothing, one, one, nothing, one, "2012-03-01"},
		{"fourteen days ago is the month alone", []fact{sold("2012-02-15")}, nothing, nothing, one, nothing, one, "2012-03-16"},
		{"29 days ago is the first day of 30", []fact{sold("2012-01-31")}, nothing, nothing, one, nothing, one, "2012-03-01"},
		{"30 days ago is the span before", []fact{sold("2012-01-30")}, nothing, nothing, nothing, one, one, "2012-03-30"},
		{"59 days ago still is", []fact{sold("2012-01-01")}, nothing, nothing, nothing, one, one, "2012-03-01"},
		{"60 days ago is in all alone", []fact{sold("2011-12-31")}, nothing, nothing, nothing, nothing, one, ""},
		{"64 days ago, the oldest bucket", []fact{sold("2011-12-27")}, nothing, nothing, nothing, nothing, one, ""},
		{"65 days ago has no bucket", []fact{sold("2011-12-26")}, nothing, nothing, nothing, nothing, one, ""},
		{"tomorrow waits", []fact{sold("2012-03-01")}, nothing, nothing, nothing, nothing, nothing, "2012-03-01"},
		{
			"a return counts on its own date",
			[]fact{sold("2012-01-10"), {event.ProductReturned, "2012-02-29", 1, 100, 60}},
			"-1 units -100 of -100 costed, cost -60, profit -40, margin ?, 0 orders", nothing,
			"-1 units -100 of -100 costed, cost -60, profit -40, margin ?, 0 orders", one,
			"0 units 0 of 0 costed, cost 0, profit 0, margin ?, 1 orders", "2012-03-07",
		},
		{
			"a void takes the sale out of its original date",
			[]fact{sold("2012-01-10"), sold("2012-02-29"), {event.ProductSaleVoided, "2012-01-10", 1, 100, 60}},
			one, nothing, one, nothing, one, "2012-03-07",
		},
		{
			"a void of a sale older than the buckets",
			[]fact{sold("2011-11-30"), sold("2011-11-30"), {event.ProductSaleVoided, "2011-11-30", 1, 100, 60}},
			nothing, nothing, nothing, nothing, one, "",
		},
		{
			"the void of a return",
			[]fact{sold("2012-02-29"), {event.ProductReturned, "2012-02-29", 1, 100, 60}, {event.ProductReturnVoided, "2012-02-29", 1, 100, 60}},
			one, nothing, one, nothing, one, "2012-03-07",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, next := fold(t, today, tt.facts...)
			for _, w := range []struct {
				name string
				got  Window
				want string
			}{
				{"7d", s.Windows.Week, tt.week},
				{"7d_before", s.Windows.WeekBefore, tt.weekBefore},
				{"30d", s.Windows.Month, tt.month},
				{"30d_before", s.Windows.MonthBefore, tt.before30},
				{"all", s.Windows.All, tt.at},
			} {
				if got := line(w.got); got != w.want {
					t.Errorf("%s:\n got %s\nwant %s", w.name, got, w.want)
				}
			}
			if next.String() != tt.next {
				t.Errorf("reviewed next on %q, want %q", next, tt.next)
			}
		})
	}
}

func TestCosts(t *testing.T) {
	sold := func(net, cost money.Amount) fact { return fact{event.ProductSold, "2012-02-29", 1, net, cost} }
	tests := []struct {
		name  string
		facts []fact
		want  string
	}{
		{"without a cost the revenue counts and the profit is not known", []fact{sold(100, unknown)}, "1 units 100 of 0 costed, cost 0, profit 0, margin ?, 1 orders"},
		{"known and unknown together", []fact{sold(100, 60), sold(50, unknown)}, "2 units 150 of 100 costed, cost 60, profit 40, margin 4000, 2 orders"},
		{"a cost that comes later", []fact{sold(100, unknown), {event.ProductSaleCosted, "2012-02-29", 1, 100, 60}}, "1 units 100 of 100 costed, cost 60, profit 40, margin 4000, 1 orders"},
		{
			"a sale and a return costed later",
			[]fact{sold(100, unknown), {event.ProductReturned, "2012-02-29", 1, 40, unknown}, {event.ProductSaleCosted, "2012-02-29", 1, 100, 60}, {event.ProductReturnCosted, "2012-02-29", 1, 40, 24}},
			"0 units 60 of 60 costed, cost 36, profit 24, margin 4000, 1 orders",
		},
		{
			"costed later, then void",
			[]fact{sold(100, unknown), {event.ProductSaleCosted, "2012-02-29", 1, 100, 60}, {event.ProductSaleVoided, "2012-02-29", 1, 100, 60}},
			nothing,
		},
		{"void without a cost", []fact{sold(100, unknown), {event.ProductSaleVoided, "2012-02-29", 1, 100, unknown}}, nothing},
		{"free of charge: a cost and no revenue", []fact{sold(0, 60)}, "1 units 0 of 0 costed, cost 60, profit -60, margin ?, 1 orders"},
		{"sold below cost", []fact{sold(100, 150)}, "1 units 100 of 100 costed, cost 150, profit -50, margin -5000, 1 orders"},
		// 1 ÷ 20,000 is half a basis point, 3 ÷ 20,000 one and a half: to the even one.
		{"margin of half a basis point", []fact{sold(20_000, 19_999)}, "1 units 20000 of 20000 costed, cost 19999, profit 1, margin 0, 1 orders"},
		{"margin of one and a half", []fact{sold(20_000, 19_997)}, "1 units 20000 of 20000 costed, cost 19997, profit 3, margin 2, 1 orders"},
		{"margin of minus one and a half", []fact{sold(20_000, 20_003)}, "1 units 20000 of 20000 costed, cost 20003, profit -3, margin -2, 1 orders"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := fold(t, today, tt.facts...)
			if got := line(s.Windows.Week); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestChangeAndVelocity(t *testing.T) {
	s, _ := fold(t, today,
		fact{event.ProductSold, "2012-02-29", 3, 300, 100}, fact{event.ProductSold, "2012-02-22", 1, 200, 100},
		fact{event.ProductSold, "2012-01-15", 1, 100, 150})
	w := s.Windows
	if got := w.Week.Velocity.String(); got != "0.429" { // 3 ÷ 7 = 0.428571…
		t.Errorf("velocity of 7 days: %s", got)
	}
	if got := w.Month.Velocity.String(); got != "0.133" {
		t.Errorf("velocity of 30 days: %s", got)
	}
	if got := w.WeekBefore.Velocity.String() + " " + w.MonthBefore.Velocity.String(); got != "0.143 0.033" {
		t.Errorf("velocities of the spans before: %s", got)
	}
	if w.All.Velocity != nil {
		t.Errorf("velocity of all time: %s, want none: it changes every day", w.All.Velocity)
	}
	tests := []struct {
		name string
		got  money.NullBasisPoints
		want money.NullBasisPoints
	}{
		{"profit of 7 days, 100 then 200", w.Week.ProfitChange, money.SomeBasisPoints(10_000)},
		{"revenue of 7 days, 200 then 300", w.Week.RevenueChange, money.SomeBasisPoints(5_000)},
		{"profit of 30 days, after a loss", w.Month.ProfitChange, money.NullBasisPoints{}},
		{"revenue of 30 days, 100 then 500", w.Month.RevenueChange, money.SomeBasisPoints(40_000)},
		{"before has none before it", w.WeekBefore.RevenueChange, money.NullBasisPoints{}},
		{"nor has all", w.All.RevenueChange, money.NullBasisPoints{}},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, tt.got, tt.want)
		}
	}
}

func TestVelocityRoundsHalfToEven(t *testing.T) {
	// 0.105 and 0.075 units in 30 days: 3.5 and 2.5 thousandths a day.
	for thousandths, want := range map[money.Quantity]string{105: "0.004", 75: "0.002"} {
		w := Window{Sums: Sums{Units: thousandths}}
		if err := w.derive(money.NullBasisPoints{}, 30); err != nil || w.Velocity.String() != want {
			t.Errorf("%s units in 30 days: %s a day, %v, want %s", thousandths, w.Velocity, err, want)
		}
	}
}

func TestBelowMinimum(t *testing.T) {
	for least, want := range map[money.NullBasisPoints]bool{
		{}: false, money.SomeBasisPoints(3_999): false, money.SomeBasisPoints(4_000): false, money.SomeBasisPoints(4_001): true,
	} {
		s, _ := fold(t, today, fact{event.ProductSold, "2012-02-29", 1, 100, 60})
		s.MinMargin = least
		if _, err := Review(&s, today); err != nil || s.Windows.Week.BelowMinimum != want {
			t.Errorf("margin 4000 with a least of %+v: below minimum %t, %v", least, s.Windows.Week.BelowMinimum, err)
		}
		if s.Windows.WeekBefore.BelowMinimum {
			t.Error("a window without a margin is below its minimum")
		}
	}
}

func TestMidnightMovesTheWindowsOn(t *testing.T) {
	var s State
	for _, step := range []struct {
		day, next              string
		week, before, all, add int64
	}{
		{"2012-02-29", "2012-03-02", 0, 0, 0, 1}, // sold on 2 March, entered on the leap day
		{"2012-03-01", "2012-03-02", 0, 0, 0, 0},
		{"2012-03-02", "2012-03-09", 1, 0, 1, 0},
		{"2012-03-09", "2012-03-16", 0, 1, 1, 0},
		{"2012-03-16", "2012-04-01", 0, 0, 1, 0},
		{"2012-04-01", "2012-05-01", 0, 0, 1, 0},
		{"2012-05-01", "", 0, 0, 1, 0},
		{"2012-05-06", "", 0, 0, 1, 0},
	} {
		if step.add > 0 {
			if _, err := Apply(&s, fact{event.ProductSold, "2012-03-02", step.add, 100, 60}.event(1), date(step.day)); err != nil {
				t.Fatal(err)
			}
		}
		next, err := Review(&s, date(step.day))
		if err != nil {
			t.Fatal(err)
		}
		w := s.Windows
		if w.Week.Units != units(step.week) || w.WeekBefore.Units != units(step.before) || w.All.Units != units(step.all) || next.String() != step.next {
			t.Errorf("%s: week %s, before %s, all %s, next on %s; want %+v", step.day, w.Week.Units, w.WeekBefore.Units, w.All.Units, next, step)
		}
	}
	if len(s.Days) != 0 {
		t.Errorf("on the 66th day the bucket is still there: %v", s.Days)
	}
}

func TestRefused(t *testing.T) {
	sold := func(net money.Amount) fact { return fact{event.ProductSold, "2012-02-29", 1, net, 1} }
	tests := []struct {
		name     string
		before   []fact
		fact     fact
		overflow bool
	}{
		{"one sale beyond what a sum may hold", nil, sold(limit + 1), true},
		{"a sum beyond it", []fact{sold(limit)}, sold(1), true},
		{"a sum below it", []fact{{event.ProductReturned, "2012-02-29", 1, limit, 1}}, fact{event.ProductReturned, "2012-02-29", 1, 1, 1}, true},
		{"a sum beyond 64 bits", []fact{sold(limit)}, sold(math.MaxInt64), true},
		{"a total beyond it, of days long ago", []fact{{event.ProductSold, "2011-01-01", 1, limit, 1}}, fact{event.ProductSold, "2011-01-02", 1, 1, 1}, true},
		{"a costing without a cost", nil, fact{event.ProductSaleCosted, "2012-02-29", 1, 100, unknown}, false},
		{"an amount below zero", nil, sold(-2), false},
		{"an event of another function", nil, fact{event.ClientInvoiced, "2012-02-29", 1, 100, 60}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := fold(t, today, tt.before...)
			_, err := Apply(&s, tt.fact.event(99), today)
			if err == nil || errors.Is(err, money.ErrOverflow) != tt.overflow {
				t.Errorf("error %v", err)
			}
		})
	}
	t.Run("days without end in the future", func(t *testing.T) {
		var s State
		var err error
		for i := 0; i <= maxDays && err == nil; i++ {
			ev := fact{event.ProductSold, "2012-02-29", 1, limit / maxDays, 1}.event(int64(i))
			ev.Data.(*event.ProductSale).Date = today + event.Date(i)
			_, err = Apply(&s, ev, today)
		}
		if err == nil || len(s.Days) != maxDays {
			t.Errorf("%d days, error %v", len(s.Days), err)
		}
	})
}

func TestDocumentIsReadableByHand(t *testing.T) {
	f := New()
	doc := f.Collection.New()
	doc.Head().ID = "22423"
	for i, x := range []fact{{event.ProductSold, "2012-02-29", 2, 300, 100}, {event.ProductSold, "2012-02-20", 1, 150, unknown}} {
		if _, err := f.Apply(doc, x.event(int64(i+1)), today); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Review(doc, today); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", b)
	for _, part := range []string{
		`"_id":"22423"`, `"name":"MUG"`, `"first_sold_on":"2012-02-20"`,
		`"days":[{"day":"2012-02-20","units":1,"revenue":150,"cost":0,"costed_revenue":0,"orders":1},{"day":"2012-02-29",`,
		`"7d":{"units":2,"revenue":300,"cost":100,"costed_revenue":300,"orders":1,"uncosted_revenue":0,"profit":200,"margin":6667,"below_minimum":false,"velocity":0.286,"profit_change":null,"revenue_change":10000}`,
	} {
		if !strings.Contains(string(b), part) {
			t.Errorf("the document lacks %s:\n%s", part, b)
		}
	}
}
