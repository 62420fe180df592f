package productwinners

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// history draws what several producers recorded of one product: a ledger that
// knows its first and last sale, tills that do not, and the catalogue. Revisions
// are dense per source and family; times never go back within one.
func history(t *rapid.T) []*event.Event {
	var events []*event.Event
	for _, source := range []string{shop, "/tills/1", "/tills/2"} {
		at := start
		var revision, entries int64
		var first, last event.Date
		for range rapid.IntRange(0, 12).Draw(t, "entries of "+source) {
			at = at.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "seconds")) * time.Second)
			if source == shop && rapid.IntRange(0, 5).Draw(t, "catalogue") == 0 {
				entries++
				events = append(events, &event.Event{
					Attributes: event.Attributes{Source: source, Type: event.ProductChanged, Time: at, Revision: entries},
					Data: &event.Product{
						Name: rapid.SampledFrom([]string{"", "MUG", "CUP"}).Draw(t, "name"),
						Kind: rapid.SampledFrom([]event.Kind{event.KindStock, event.KindService}).Draw(t, "kind"),
						MinMargin: money.NullBasisPoints{
							BasisPoints: money.BasisPoints(rapid.IntRange(0, 5_000).Draw(t, "least margin")), Valid: rapid.Bool().Draw(t, "has one"),
						},
					},
				})
				continue
			}
			revision++
			typ := rapid.SampledFrom([]event.Type{
				event.ProductSold, event.ProductSold, event.ProductSold, event.ProductReturned, event.ProductSaleVoided,
				event.ProductReturnVoided, event.ProductSaleCosted, event.ProductReturnCosted,
			}).Draw(t, "type")
			d := &event.ProductSale{
				Date:     today + event.Date(rapid.IntRange(-80, 40).Draw(t, "date")),
				Name:     rapid.SampledFrom([]string{"", "mug", "cup", "bowl"}).Draw(t, "sold as"),
				Quantity: money.Quantity(rapid.IntRange(1, 3).Draw(t, "quantity") * 500),
				Net:      money.Amount(rapid.IntRange(0, 9).Draw(t, "net")),
			}
			if typ == event.ProductSaleCosted || typ == event.ProductReturnCosted || rapid.Bool().Draw(t, "costed") {
				d.Cost = money.Some(money.Amount(rapid.IntRange(0, 9).Draw(t, "cost")))
			}
			if source == shop {
				switch {
				case typ == event.ProductSold:
					first, last = earlier(first, d.Date), max(last, d.Date)
				case typ == event.ProductSaleVoided && rapid.Bool().Draw(t, "the only sale"):
					first, last = event.NoDate, event.NoDate
				}
				d.FirstSoldOn, d.LastSoldOn = first, last
			}
			events = append(events, &event.Event{Attributes: event.Attributes{Source: source, Type: typ, Time: at, Revision: revision}, Data: d})
		}
	}
	return events
}

// model recomputes what the state must show on a day from all events at once, by
// plain loops over them.
func model(events []*event.Event, day event.Date) map[string]any {
	between := func(from, to event.Date) Sums {
		var s Sums
		for _, ev := range events {
			d, ok := ev.Data.(*event.ProductSale)
			if !ok || d.Date < from || d.Date > to {
				continue
			}
			sign := int64(1)
			orders := map[event.Type]int64{event.ProductSold: 1, event.ProductSaleVoided: -1}[ev.Type]
			if ev.Type == event.ProductSaleVoided || ev.Type == event.ProductReturned || ev.Type == event.ProductReturnCosted {
				sign = -1
			}
			if ev.Type != event.ProductSaleCosted && ev.Type != event.ProductReturnCosted {
				s.Units += money.Quantity(sign) * d.Quantity
				s.Revenue += money.Amount(sign) * d.Net
			}
			if d.Cost.Valid {
				s.Cost += money.Amount(sign) * d.Cost.Amount
				s.CostedRevenue += money.Amount(sign) * d.Net
			}
			s.Orders += orders
		}
		return s
	}
	days := []Bucket{}
	next := event.NoDate
	for on := day - 64; on <= day+200; on++ {
		s := between(on, on)
		if s == (Sums{}) {
			continue
		}
		days = append(days, Bucket{Day: on, Sums: s})
		for _, move := range []event.Date{on, on + 7, on + 14, on + 30, on + 60} {
			if move > day && (next == event.NoDate || move < next) && (on <= day || move == on) {
				next = move
			}
		}
	}
	catalogue := latest(events, func(ev *event.Event) bool { return ev.Type == event.ProductChanged })
	named := latest(events, func(ev *event.Event) bool {
		d, ok := ev.Data.(*event.ProductSale)
		return ok && d.Name != ""
	})
	name, kind := "", event.KindStock
	if named != nil {
		name = named.Data.(*event.ProductSale).Name
	}
	var least money.NullBasisPoints
	if catalogue != nil {
		entry := catalogue.Data.(*event.Product)
		kind, least = entry.Kind, entry.MinMargin
		if entry.Name != "" {
			name = entry.Name
		}
	}
	var first, last event.Date
	for _, ev := range events {
		if d, ok := ev.Data.(*event.ProductSale); ok && ev.Source != shop && ev.Type == event.ProductSold {
			first, last = earlier(first, d.Date), max(last, d.Date)
		}
	}
	if l := latest(events, func(ev *event.Event) bool {
		d, ok := ev.Data.(*event.ProductSale)
		return ok && ev.Source == shop && (d.FirstSoldOn != event.NoDate || ev.Type == event.ProductSaleVoided)
	}); l != nil {
		d := l.Data.(*event.ProductSale)
		first, last = earlier(first, d.FirstSoldOn), max(last, d.LastSoldOn)
	}
	below := func(s Sums) bool {
		profit := s.CostedRevenue - s.Cost
		margin, ok := money.Ratio(profit, s.CostedRevenue)
		return ok && least.Valid && margin < least.BasisPoints
	}
	week, month, all := between(day-6, day), between(day-29, day), between(0, day)
	return map[string]any{
		"7d": week, "7d_before": between(day-13, day-7), "30d": month, "30d_before": between(day-59, day-30), "all": all,
		"total": between(0, day+10_000), "days": days, "next": next,
		"name": name, "kind": kind, "first": first, "last": last,
		"below": []bool{below(week), below(month), below(all)},
	}
}

// latest returns the event of the greatest (time, revision, source) among some.
func latest(events []*event.Event, of func(*event.Event) bool) *event.Event {
	var found *event.Event
	for _, ev := range events {
		if of(ev) && (found == nil || stampOf(ev).holdsOver(stampOf(found))) {
			found = ev
		}
	}
	return found
}

func shown(s State, next event.Date) map[string]any {
	w := s.Windows
	return map[string]any{
		"7d": w.Week.Sums, "7d_before": w.WeekBefore.Sums, "30d": w.Month.Sums, "30d_before": w.MonthBefore.Sums, "all": w.All.Sums,
		"total": s.Total, "days": s.Days, "next": next,
		"name": s.Name, "kind": s.Kind, "first": s.FirstSoldOn, "last": s.LastSoldOn,
		"below": []bool{w.Week.BelowMinimum, w.Month.BelowMinimum, w.All.BelowMinimum},
	}
}

func encode(t interface{ Fatal(...any) }, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestAnyOrderAnyBatchAnyDay folds a history in any order, on any days up to the
// last, reviewed and stored in between or not: the figures are those of the model
// and the document is that of all events folded at once.
func TestAnyOrderAnyBatchAnyDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := history(t)
		final := today + event.Date(rapid.IntRange(0, 70).Draw(t, "final day"))

		var once State
		for _, ev := range events {
			if _, err := Apply(&once, ev, final); err != nil {
				t.Fatal(err)
			}
		}
		next, err := Review(&once, final)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := encode(t, shown(once, next)), encode(t, model(events, final)); got != want {
			t.Fatalf("folded at once:\n got %s\nwant %s", got, want)
		}

		var s State
		day := today - 20
		for _, ev := range rapid.Permutation(slices.Clone(events)).Draw(t, "order") {
			day = min(final, day+event.Date(rapid.IntRange(0, 9).Draw(t, "days pass")))
			if _, err := Apply(&s, ev, day); err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(t, "a batch ends") {
				if _, err := Review(&s, day); err != nil {
					t.Fatal(err)
				}
				stored := encode(t, s)
				s = State{}
				if err := json.Unmarshal([]byte(stored), &s); err != nil {
					t.Fatal(err)
				}
			}
		}
		again, err := Review(&s, final)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := encode(t, s), encode(t, once); got != want || again != next {
			t.Fatalf("folded bit by bit, next on %s:\n got %s\nwant %s, next on %s", again, got, want, next)
		}
	})
}

// TestReviewOnIsTheNextChange: up to the day that Review names, reviewing again
// changes no window; on that day it does, unless what comes equals what goes.
func TestReviewOnIsTheNextChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := history(t)
		var s State
		for _, ev := range events {
			if _, err := Apply(&s, ev, today); err != nil {
				t.Fatal(err)
			}
		}
		next, err := Review(&s, today)
		if err != nil {
			t.Fatal(err)
		}
		before := encode(t, s.Windows)
		quiet := next
		if next == event.NoDate {
			quiet = today + 100
		}
		for day := today + 1; day < quiet; day++ {
			n, err := Review(&s, day)
			if err != nil || n != next || encode(t, s.Windows) != before {
				t.Fatalf("%s: %v, next on %s instead of %s, or a window changed before its day", day, err, n, next)
			}
		}
	})
}
