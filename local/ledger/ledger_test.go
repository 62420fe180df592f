package ledger

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

const who = "anna"

// newLedger makes a ledger whose today is fixed.
func newLedger(t testing.TB, currency money.Currency, today string) *Ledger {
	t.Helper()
	l, err := Create(context.Background(), filepath.Join(t.TempDir(), "ledger.db"), Setup{Currency: currency, Partitions: 8}, Options{
		Now:          func() time.Time { return time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC) },
		BusinessDate: day(today),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func day(s string) event.Date {
	if s == "" {
		return event.NoDate
	}
	d, err := event.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func qty(s string) money.Quantity {
	q, err := money.ParseQuantity(s)
	if err != nil {
		panic(err)
	}
	return q
}

// price is a unit price in minor units with decimals: "333.3333".
func price(s string) money.Price {
	p, err := money.ParsePrice(s, "JPY")
	if err != nil {
		panic(err)
	}
	return p
}

func record(t testing.TB, l *Ledger, f func(*Tx) error) {
	t.Helper()
	if err := l.Record(context.Background(), who, f); err != nil {
		t.Fatal(err)
	}
}

// refused asserts the code of a refusal.
func refused(t testing.TB, err error, code string) {
	t.Helper()
	var rule *RuleError
	if !errors.As(err, &rule) || rule.Code != code {
		t.Errorf("got %v, want a refusal %q", err, code)
	}
}

// goods puts a product of stock without a price, and one with a buy price, and a service.
func goods(t testing.TB, l *Ledger) {
	t.Helper()
	record(t, l, func(tx *Tx) error {
		for _, p := range []Product{
			{ID: "tea", Name: "Tea", Kind: event.KindStock, BuyPrice: money.Some(200)},
			{ID: "jam", Name: "Jam", Kind: event.KindStock},
			{ID: "post", Name: "Postage", Kind: event.KindService},
		} {
			if _, err := tx.PutProduct(p); err != nil {
				return err
			}
		}
		_, err := tx.PutClient(Client{ID: "c1", Name: "Client one"})
		return err
	})
}

// all returns every event of the ledger, stream by stream.
func all(t testing.TB, l *Ledger) []Logged {
	t.Helper()
	heads, _, err := l.Heads(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var events []Logged
	for _, topic := range event.LedgerTopics {
		for p := range l.Partitions() {
			name := string(topic) + "/" + string(rune('0'+p))
			part, err := l.Events(context.Background(), name, 1, 1<<30)
			if err != nil {
				t.Fatal(err)
			}
			if int64(len(part)) != heads[name] {
				t.Fatalf("stream %s has %d events and its head is %d", name, len(part), heads[name])
			}
			events = append(events, part...)
		}
	}
	return events
}

// A delivery note serves for each product and lot that it lists, once.
func TestADeliveryNoteOfManyProducts(t *testing.T) {
	l := newLedger(t, "GBP", "2026-03-10")
	goods(t, l)
	for _, c := range []struct{ product, lot, want string }{
		{"tea", "", "BL-77"},
		{"jam", "", "BL-77 · jam"},
		{"jam", "", ""},
		{"tea", "", ""},
		{"tea", "L9", "BL-77 · tea · L9"},
		{"tea", "L9", ""},
		{"jam", "L1", "BL-77 · jam · L1"},
	} {
		var e Entry
		err := l.Record(t.Context(), who, func(tx *Tx) (err error) {
			e, err = tx.Receive(StockReceipt{Reference: "BL-77", Product: c.product, Lot: c.lot, Date: day("2026-03-09"), Quantity: qty("1")})
			return err
		})
		if c.want == "" {
			refused(t, err, "recorded_already")
		} else if err != nil || e.Reference != c.want {
			t.Errorf("%s %s: %q, %v; want %q", c.product, c.lot, e.Reference, err, c.want)
		}
	}
	record(t, l, func(tx *Tx) error {
		_, err := tx.Invoice(Invoice{Reference: "F-1", Date: day("2026-03-09"), Lines: []Line{{Product: "tea", Quantity: qty("1"), UnitPrice: 1}}})
		return err
	})
	refused(t, l.Record(t.Context(), who, func(tx *Tx) error {
		_, err := tx.Receive(StockReceipt{Reference: "F-1", Product: "tea", Date: day("2026-03-09"), Quantity: qty("1")})
		return err
	}), "recorded_already")
}
