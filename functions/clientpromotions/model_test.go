package clientpromotions

import (
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

var kinds = []event.Type{event.ClientInvoiced, event.ClientInvoiced, event.ClientCredited, event.ClientInvoiceVoided, event.ClientCreditVoided}

// history draws what two producers recorded of one client. With late 0 nothing is
// dated in the future.
func history(t *rapid.T, late int) []*event.Event {
	var events []*event.Event
	for _, source := range []string{shop, "/tills/1"} {
		for i := range rapid.IntRange(0, 12).Draw(t, "documents") {
			ev := fact{rapid.SampledFrom(kinds).Draw(t, "type"), "2012-02-29", "2012-02-29", money.Amount(rapid.IntRange(0, 90_000).Draw(t, "net"))}.event(int64(i + 1))
			d := ev.Data.(*event.ClientDocument)
			d.Date = today + event.Date(rapid.IntRange(-300, late).Draw(t, "date"))
			d.VoidedOn = today + event.Date(rapid.IntRange(-300, 0).Draw(t, "void on"))
			ev.Source = source
			if source == shop && ev.Type == event.ClientInvoiced {
				d.FirstPurchase, d.LastPurchase = d.Date-1, d.Date
			}
			events = append(events, ev)
		}
	}
	if rapid.Bool().Draw(t, "has a name") {
		events = append(events, &event.Event{Attributes: event.Attributes{Source: shop, Type: event.ClientChanged, Time: start, Revision: 1}, Data: &event.Client{Name: "Ann"}})
	}
	return events
}

func encode(t *rapid.T, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func review(t *rapid.T, s *State, day event.Date) event.Date {
	next, err := Review(s, gbp, day)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func apply(t *rapid.T, s *State, ev *event.Event, day event.Date) {
	if _, err := Apply(s, gbp, ev, day); err != nil {
		t.Fatal(err)
	}
}

// stored is what the state is after it was written and read again.
func stored(t *rapid.T, s State) State {
	var again State
	if err := json.Unmarshal([]byte(encode(t, s)), &again); err != nil {
		t.Fatal(err)
	}
	return again
}

// TestAnyOrderAnyBatchAnyDay: whatever the order, the batches and the days, the
// revenue, the orders and all that follows from them are those of a plain loop, and
// the document is that of all events folded at once. Only which entry took the
// revenue over the threshold depends on the order in which they came.
func TestAnyOrderAnyBatchAnyDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := history(t, 40)
		final := today + event.Date(rapid.IntRange(0, 50).Draw(t, "final day"))

		var once, s State
		var revenue money.Amount
		var orders int64
		for _, ev := range events {
			apply(t, &once, ev, final)
			d, ok := ev.Data.(*event.ClientDocument)
			if !ok || d.Date > final {
				continue
			}
			switch ev.Type {
			case event.ClientInvoiced:
				revenue, orders = revenue+d.Net, orders+1
			case event.ClientInvoiceVoided:
				revenue, orders = revenue-d.Net, orders-1
			case event.ClientCredited:
				revenue -= d.Net
			default:
				revenue += d.Net
			}
		}
		next := review(t, &once, final)
		if once.Revenue != revenue || once.Orders != orders || once.Eligible != (revenue > 100_000) {
			t.Fatalf("revenue %d of %d orders, eligible %t; want %d of %d", once.Revenue, once.Orders, once.Eligible, revenue, orders)
		}

		day := today - 20
		for _, ev := range rapid.Permutation(slices.Clone(events)).Draw(t, "order") {
			day = min(final, day+event.Date(rapid.IntRange(0, 9).Draw(t, "days pass")))
			apply(t, &s, ev, day)
			if rapid.Bool().Draw(t, "a batch ends") {
				review(t, &s, day)
				s = stored(t, s)
			}
		}
		if again := review(t, &s, final); again != next {
			t.Fatalf("next on %s, want %s", again, next)
		}
		s.EligibleSince, once.EligibleSince, s.LostAt, once.LostAt = 0, 0, 0, 0
		if got, want := encode(t, s), encode(t, once); got != want {
			t.Fatalf("\n got %s\nwant %s", got, want)
		}
	})
}

// TestEligibleSinceDependsOnOrderAlone: in one order, batches make no difference to
// any field; nor do days, where nothing is dated in the future.
func TestEligibleSinceDependsOnOrderAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		anyDay := rapid.Bool().Draw(t, "on other days")
		late := 30
		if anyDay {
			late = 0
		}
		events := history(t, late)
		final := today + 20
		var batches, single State
		day := today
		for _, ev := range events {
			day = min(final, day+event.Date(rapid.IntRange(0, 5).Draw(t, "days pass")))
			apply(t, &single, ev, day)
			review(t, &single, day)
			single = stored(t, single)
			if anyDay {
				apply(t, &batches, ev, final)
			} else {
				apply(t, &batches, ev, day)
			}
			if rapid.IntRange(0, 3).Draw(t, "a batch ends") == 0 && !anyDay {
				review(t, &batches, day)
			}
		}
		review(t, &single, final)
		review(t, &batches, final)
		if got, want := encode(t, batches), encode(t, single); got != want {
			t.Fatalf("\nin batches    %s\none by one %s", got, want)
		}
	})
}
