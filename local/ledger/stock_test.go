package ledger

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// shelf writes the lots of a product: "A 5, B 2" in the order in which they go.
func shelf(t testing.TB, tx *Tx, product string) string {
	t.Helper()
	stock, err := tx.Stock(product)
	if err != nil {
		t.Fatal(err)
	}
	var lots []string
	for _, l := range stock.Lots {
		lots = append(lots, fmt.Sprintf("%s %s", l.Lot, l.OnHand))
	}
	return strings.Join(lots, ", ")
}

// Each step is one entry, and the shelf after it. A step is a verb and its
// words: days are of March 2026, documents are numbered by their kind.
func TestShelf(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps []string // "verb words => shelf"
	}{
		{"first expired, first out", []string{
			"receive 1 10 B 2026-06-01 => B 10",
			"receive 2 10 C - => B 10, C 10",
			"receive 3 10 A 2026-05-01 => A 10, B 10, C 10",
			"receive 3 1 D - => A 10, B 10, C 10, D 1",
			"sell 4 12 => B 8, C 10, D 1",
			"sell 4 9.5 => C 8.5, D 1",
		}},
		{"oversold, then the paper of the delivery comes", []string{
			"receive 1 3 A - => A 3",
			"sell 2 5 =>  -2",
			"sell 2 1 =>  -3",
			"receive 1 10 B - => B 7",
			"return 3 INV-000001 4 => A 2, B 9",
		}},
		{"a delivery smaller than what was oversold", []string{
			"sell 2 5 =>  -5",
			"receive 3 2 A - =>  -3",
			"return 4 INV-000001 4 => A 1",
			"void 4 CN-000001 =>  -3",
			"void 4 INV-000001 => A 2",
		}},
		{"a return goes to the lots it came from, the last taken first", []string{
			"receive 1 2 A 2026-05-01 => A 2",
			"receive 1 9 B - => A 2, B 9",
			"sell 2 5 => B 6",
			"return 3 INV-000001 1 => B 7",
			"return 3 INV-000001 4 => A 2, B 9",
			"void 4 CN-000002 => B 7",
			"void 4 CN-000001 => B 6",
		}},
		{"not put back on the shelf", []string{
			"receive 1 5 A - => A 5",
			"sell 2 2 => A 3",
			"discard 3 INV-000001 2 => A 3",
			"void 3 CN-000001 => A 3",
			"void 4 INV-000001 => A 5",
		}},
		{"void of a sale puts back where it took", []string{
			"receive 1 5 A 2026-05-01 => A 5",
			"receive 1 5 B - => A 5, B 5",
			"sell 2 5 => B 5",
			"sell 2 3 => B 2",
			"void 9 INV-000001 => A 5, B 2",
		}},
		{"void of a return whose goods were sold on", []string{
			"receive 1 2 A 2026-05-01 => A 2",
			"sell 2 2 => ",
			"return 3 INV-000001 2 => A 2",
			"receive 3 5 B - => A 2, B 5",
			"sell 4 2 => B 5",
			"void 5 CN-000001 => B 3",
			"void 5 INV-000001 => B 5",
		}},
		{"a count replaces the lots, older sales do not move it", []string{
			"receive 1 5 A - => A 5",
			"count 4 B 7 => B 7",
			"sell 3 2 => B 7",
			"sell 4 2 => B 7",
			"sell 5 2 => B 5",
			"receive 4 9 C - => B 5",
			"count 3 A 99 => B 5",
			"count 4 B 6 => B 4",
			"count 6 => ",
		}},
		{"a count entered late: what is dated after it is applied to it", []string{
			"receive 1 10 A - => A 10",
			"sell 2 3 => A 7",
			"sell 5 4 => A 3",
			"receive 6 2 B - => A 3, B 2",
			"count 4 A 5 C 1 => A 2, B 2",
			"return 7 INV-000002 1 => A 3, B 2",
			"return 7 INV-000001 1 => A 4, B 2",
			"void 8 CN-000002 => A 3, B 2",
		}},
		{"an old sale comes back after the count", []string{
			"sell 2 3 =>  -3",
			"count 4 A 5 => A 5",
			"return 5 INV-000001 2 => A 5, CN-000001 2",
			"void 6 CN-000001 => A 5",
			"return 4 INV-000001 2 => A 5",
			"void 9 INV-000001 ! has_credit_note",
			"void 9 CN-000002 => A 5",
			"void 9 INV-000001 => A 5",
		}},
		{"a free return has a lot of its own", []string{
			"free 5 2 => CN-000001 2",
			"sell 6 3 =>  -1",
			"void 7 CN-000001 =>  -3",
		}},
		{"the same lot again", []string{
			"receive 1 5 A 2026-05-01 => A 5",
			"receive 2 5 A 2026-05-01 => A 10",
			"receive 2 5 A 2026-06-01 ! lot_differs",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLedger(t, "GBP", "2026-03-10")
			goods(t, l)
			for i, step := range c.steps {
				do, want, ok := strings.Cut(step, " => ")
				do, code, _ := strings.Cut(do, " ! ")
				record(t, l, func(tx *Tx) error {
					before := shelf(t, tx, "jam")
					err := act(tx, strings.Fields(do))
					if !ok {
						refused(t, err, code)
						err, want = nil, before
					}
					if got := shelf(t, tx, "jam"); got != want {
						t.Errorf("after step %d, %s: the shelf is %q, want %q", i+1, do, got, want)
					}
					return err
				})
				replayed(t, l, "jam")
			}
		})
	}
}

func act(tx *Tx, w []string) (err error) {
	on := day(fmt.Sprintf("2026-03-%02s", w[1]))
	switch w[0] {
	case "receive":
		expiry := event.NoDate
		if w[4] != "-" {
			expiry = day(w[4])
		}
		_, err = tx.Receive(StockReceipt{Product: "jam", Date: on, Quantity: qty(w[2]), Lot: w[3], ExpiryDate: expiry})
	case "count":
		var lots []CountedLot
		for i := 2; i < len(w); i += 2 {
			lots = append(lots, CountedLot{Lot: w[i], OnHand: qty(w[i+1]), ReceivedOn: day(fmt.Sprintf("2026-02-%02d", 28-i))})
		}
		_, err = tx.Count(StockCount{Date: on, Products: []CountedProduct{{Product: "jam", Lots: lots}}})
	case "sell":
		_, err = tx.Invoice(Invoice{Client: "c1", Date: on, Lines: []Line{{Product: "jam", Quantity: qty(w[2]), UnitPrice: price("100")}}})
	case "return", "discard":
		_, err = tx.CreditNote(CreditNote{Invoice: w[2], Date: on, Lines: []ReturnLine{{InvoiceLine: 1, Line: Line{Quantity: qty(w[3])}, Restock: w[0] == "return"}}})
	case "free":
		_, err = tx.CreditNote(CreditNote{Date: on, Lines: []ReturnLine{{Line: Line{Product: "jam", Quantity: qty(w[2])}, Restock: true}}})
	case "void":
		_, err = tx.Void(Void{Document: w[2], Reason: "a mistake", Date: on})
	}
	return err
}

// replayed checks that the stock that was kept step by step is the stock worked
// out anew, and that its sum is the formula over the books.
func replayed(t testing.TB, l *Ledger, products ...string) {
	t.Helper()
	undo := fmt.Errorf("undo")
	err := l.Record(context.Background(), who, func(tx *Tx) error {
		for _, id := range products {
			kept := shelf(t, tx, id)
			p, err := tx.product(id)
			if err != nil {
				return err
			}
			var sum money.Quantity
			if err := tx.each(`SELECT coalesce((SELECT sum(on_hand) FROM counted_lots c WHERE c.product = ?1 AND entry = (SELECT k.entry FROM counts k WHERE k.product = ?1 ORDER BY k.date DESC, k.entry DESC LIMIT 1)), 0)
				+ coalesce((SELECT sum(CASE WHEN kind IN ('sale', 'return_void') THEN -quantity ELSE quantity END) FROM movements
				WHERE product = ?1 AND date > coalesce((SELECT max(date) FROM counts WHERE product = ?1), '')), 0)`, func(r row) error {
				sum = money.Quantity(r.int(0))
				return nil
			}, id); err != nil {
				return err
			}
			if got := p.onHand(); got != sum {
				t.Errorf("%s: %s are on hand, and by the books %s", id, got, sum)
			}
			if err := tx.replay(p); err != nil {
				return err
			}
			if anew := shelf(t, tx, id); anew != kept {
				t.Errorf("%s: the shelf is %q, worked out anew %q", id, kept, anew)
			}
		}
		return undo
	})
	if err == nil || !strings.Contains(err.Error(), "undo") {
		t.Fatal(err)
	}
}
