package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"comptoir/shared/event"
)

// What must never be is refused by the database itself, to whatever program.
func TestTheDatabaseRefuses(t *testing.T) {
	l := newLedger(t, "GBP", "2026-03-10")
	goods(t, l)
	record(t, l, func(tx *Tx) error {
		d, err := tx.Invoice(Invoice{Reference: "R1", Client: "c1", Date: day("2026-03-09"), Lines: []Line{{Product: "tea", Quantity: qty("2"), UnitPrice: price("100"), TaxRate: 2000}, {Product: "jam", Quantity: 1, UnitPrice: 1}}})
		if err != nil {
			return err
		}
		if _, err := tx.CreditNote(CreditNote{Invoice: d.ID, Date: day("2026-03-09"), Lines: []ReturnLine{{InvoiceLine: 1, Line: Line{Quantity: qty("1")}, Restock: true}}}); err != nil {
			return err
		}
		if d, err = tx.Invoice(Invoice{Date: day("2026-03-09"), Lines: []Line{{Product: "jam", Quantity: 1, UnitPrice: 1}}}); err != nil {
			return err
		}
		if _, err := tx.SetCost(CostSetting{Document: d.ID, Product: "jam"}); err != nil {
			return err
		}
		if _, err := tx.Void(Void{Document: d.ID, Reason: "wrong"}); err != nil {
			return err
		}
		if _, err := tx.Count(StockCount{Date: day("2026-03-01"), Products: []CountedProduct{{Product: "tea", Lots: []CountedLot{{OnHand: 5000}}}}}); err != nil {
			return err
		}
		return tx.CloseThrough(day("2026-02-28"))
	})
	var invoice, note int64
	ask(t, l, "SELECT entry FROM documents WHERE id = 'INV-000001'", &invoice)
	ask(t, l, "SELECT entry FROM documents WHERE id = 'CN-000001'", &note)
	const copied = "INSERT INTO lines SELECT document, number + 1, product, description, quantity, unit_price, discount_share, discount, document_discount, tax_rate, net, cost, restock FROM lines WHERE document = %d AND number = 1;"
	for _, c := range []struct{ rule, statement string }{
		{"never deleted", "DELETE FROM ledger"},
		{"never change", "UPDATE ledger SET currency = 'EUR'"},
		{"not opened again", "UPDATE ledger SET closed_through = '2026-01-01'"},
		{"not opened again", "UPDATE ledger SET closed_through = NULL"},
		{"never deleted", "DELETE FROM entries"},
		{"never changed", "UPDATE entries SET who = 'x'"},
		{"never deleted", "DELETE FROM products"},
		{"never deleted", "DELETE FROM clients"},
		{"never deleted", "DELETE FROM documents"},
		{"never changed", "UPDATE documents SET net = 0, total = tax"},
		{"never deleted", "DELETE FROM lines"},
		{"never changed", "UPDATE lines SET net = 1"},
		{"never changed", "UPDATE taxes SET tax = 1"},
		{"never deleted", "DELETE FROM returns"},
		{"set once", "UPDATE line_costs SET cost = 1"},
		{"frozen", fmt.Sprintf("INSERT INTO line_costs VALUES (%d, 1, 1, 5)", invoice)},
		{"never taken back", "DELETE FROM voids"},
		{"never changed", "UPDATE voids SET voided_on = '2026-01-01'"},
		{"standing credit note", fmt.Sprintf("INSERT INTO voids VALUES (%d, 1, '2026-03-10', 'x')", invoice)},
		{"never deleted", "DELETE FROM counts"},
		{"never changed", "UPDATE counted_lots SET on_hand = 9"},
		{"never deleted", "DELETE FROM movements"},
		{"never deleted", "DELETE FROM event_log"},
		{"never changed", "UPDATE event_log SET data = '{}'"},
		{"no holes", "INSERT INTO documents SELECT 1, kind, number + 5, 'INV-000006', NULL, client, date, 0, 0, 0, 0 FROM documents WHERE id = 'INV-000001'"},
		{"closed through", "INSERT INTO documents SELECT 1, kind, 3, 'INV-000003', NULL, client, '2026-02-28', 0, 0, 0, 0 FROM documents WHERE id = 'INV-000001'"},
		{"UNIQUE", "INSERT INTO entries SELECT id + 100, kind, reference, who, recorded_at, date, subject, reason FROM entries WHERE reference = 'R1'"},
		{"FOREIGN KEY", fmt.Sprintf("INSERT INTO lines VALUES (%d, 9, 'nothing', '', 1, 1, 0, 0, 0, 0, 0, NULL, 0)", invoice)},
		{"CHECK", fmt.Sprintf("INSERT INTO lines VALUES (%d, 9, 'tea', '', -1, 1, 0, 0, 0, 0, 0, NULL, 0)", invoice)},
		{"more is returned", fmt.Sprintf(copied+"INSERT INTO returns VALUES (%d, 2, %d, 1); INSERT INTO lines SELECT document, 3, product, description, 1, 0, 0, 0, 0, 0, 0, 0, 0 FROM lines WHERE document = %d AND number = 1; INSERT INTO returns VALUES (%d, 3, %d, 1)", note, note, invoice, note, note, invoice)},
		{"of the same product", fmt.Sprintf(copied+"INSERT INTO returns VALUES (%d, 2, %d, 2)", note, note, invoice)},
		{"CHECK", "UPDATE lots SET on_hand = -1 WHERE lot <> ''"},
		{"cannot store TEXT", "UPDATE product_state SET sums_revision = 'many'"},
	} {
		t.Run(c.statement, func(t *testing.T) {
			err := l.immediate(context.Background(), "breaking", func(w *writer) error { return w.script(c.statement) })
			if err == nil || !strings.Contains(err.Error(), c.rule) {
				t.Errorf("got %v, want %q", err, c.rule)
			}
		})
	}
}

func ask(t testing.TB, l *Ledger, query string, into ...any) {
	t.Helper()
	if err := l.read.QueryRow(query).Scan(into...); err != nil {
		t.Fatal(err)
	}
}

func TestOpen(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	path := filepath.Join(dir, "a ?#%41 ledger.db")
	setup := Setup{Currency: "EUR", Partitions: 3}
	l, err := Create(ctx, path, setup, Options{})
	if err != nil {
		t.Fatal(err)
	}
	id := l.ID()
	if _, err := Create(ctx, path, setup, Options{}); !errors.Is(err, os.ErrExist) {
		t.Errorf("making it twice: %v", err)
	}
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Fatal(err)
	}
	if err := l.Record(ctx, who, func(*Tx) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("recording in a closed ledger: %v", err)
	}
	if l, err = Open(ctx, path, Options{}); err != nil {
		t.Fatal(err)
	}
	if l.ID() != id || l.Currency() != "EUR" || l.Partitions() != 3 || l.Source() != "/ledgers/"+id {
		t.Errorf("opened again it is %s, %s, %d", l.ID(), l.Currency(), l.Partitions())
	}
	if err := l.writing(ctx, func(w *writer) error { return w.exec("PRAGMA user_version = 99") }); err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if _, err := Open(ctx, path, Options{}); !errors.Is(err, ErrNewer) {
		t.Errorf("opening a newer one: %v", err)
	}
	if _, err := Open(ctx, filepath.Join(dir, "none.db"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("opening none: %v", err)
	}
	for name, content := range map[string]string{"text.db": strings.Repeat("not a database ", 500), "empty.db": ""} {
		other := filepath.Join(dir, name)
		if err := os.WriteFile(other, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(ctx, other, Options{}); !errors.Is(err, ErrNotLedger) {
			t.Errorf("opening %s: %v", name, err)
		}
		if after, _ := os.ReadFile(other); string(after) != content {
			t.Errorf("opening %s changed it", name)
		}
	}
}

// The clock may step back; the ledger's time does not, and heads tell up to
// when they are complete.
func TestTimeNeverGoesBack(t *testing.T) {
	at := time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)
	path := filepath.Join(t.TempDir(), "ledger.db")
	options := Options{Now: func() time.Time { return at }, Zone: time.FixedZone("east", 16*3600)}
	l, err := Create(context.Background(), path, Setup{Currency: "EUR", Partitions: 2}, options)
	if err != nil {
		t.Fatal(err)
	}
	if l.Today() != day("2026-03-11") {
		t.Errorf("today is %s", l.Today())
	}
	put := func(name string) {
		record(t, l, func(tx *Tx) error { _, err := tx.PutClient(Client{ID: "c", Name: name}); return err })
	}
	put("one")
	_, before, err := l.Heads(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	at = at.Add(-time.Hour)
	put("two")
	at = at.Add(3 * time.Hour)
	_, pulse, err := l.Pulse(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	at = at.Add(-2 * time.Hour)
	_ = l.Close()
	if l, err = Open(context.Background(), path, options); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	// Neither a program that was started again nor another one beside it goes back
	// before what a heartbeat said.
	other, err := Open(context.Background(), path, options)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	record(t, other, func(tx *Tx) error {
		_, err := tx.PutClient(Client{ID: "d", Name: "beside"})
		return err
	})
	put("three")
	if _, next, err := l.Pulse(context.Background()); err != nil || next.Before(pulse) {
		t.Errorf("a pulse of %s after one of %s, %v", next, pulse, err)
	}
	var times []time.Time
	for _, e := range all(t, l) {
		times = append(times, e.Time)
	}
	if len(times) != 4 || times[1].Before(before) || times[2].Before(pulse) || times[3].Before(times[2]) {
		t.Errorf("times are %v, heads were read at %s, a pulse was given at %s", times, before, pulse)
	}
}

func TestMarks(t *testing.T) {
	ctx := context.Background()
	l := newLedger(t, "GBP", "2026-03-10")
	other, err := Open(ctx, l.Path(), Options{BusinessDate: l.Today()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	before, err := other.DataVersion(ctx)
	if err != nil {
		t.Fatal(err)
	}
	goods(t, l)
	after, err := other.DataVersion(ctx)
	if err != nil || after == before {
		t.Errorf("the data version stayed %d: %v", after, err)
	}
	if again, _ := other.DataVersion(ctx); again != after {
		t.Errorf("the data version moved to %d while nothing happened", again)
	}
	// Two processes take turns: what one knows is what the other wrote.
	for i := range 6 {
		who := []*Ledger{l, other}[i%2]
		record(t, who, func(tx *Tx) error {
			d, err := tx.Invoice(Invoice{Client: "c1", Date: day("2026-03-10"), Lines: []Line{{Product: "tea", Quantity: 1000, UnitPrice: 1}}})
			if err == nil && d.ID != fmt.Sprintf("INV-%06d", i+1) {
				t.Errorf("invoice %d is %s", i+1, d.ID)
			}
			return err
		})
	}
	if err := l.MarkPublished(ctx, map[string]int64{"sales/3": 5}); err != nil {
		t.Fatal(err)
	}
	if err := l.MarkPublished(ctx, map[string]int64{"sales/3": 4, "clients/0": 2}); err != nil {
		t.Fatal(err)
	}
	if marks, err := l.Published(ctx); err != nil || marks["sales/3"] != 5 || marks["clients/0"] != 2 || len(marks) != 24 {
		t.Errorf("marks are %v, %v", marks, err)
	}
	if err := l.MarkPublished(ctx, map[string]int64{"sales/8": 5}); err == nil {
		t.Error("a stream that is not there was marked")
	}
	if err := l.SetNote(ctx, "k", "v"); err != nil {
		t.Fatal(err)
	}
	if v, err := other.Note(ctx, "k"); err != nil || v != "v" {
		t.Errorf("the note is %q, %v", v, err)
	}
}

// A bulk owes the stock of what it only sold; a kill between it and Settle
// loses nothing, and the next entry settles first.
func TestBulkOwes(t *testing.T) {
	ctx := context.Background()
	l := newLedger(t, "GBP", "2026-03-10")
	goods(t, l)
	record(t, l, func(tx *Tx) error {
		_, err := tx.Count(StockCount{Date: day("2026-03-10"), Products: []CountedProduct{{Product: "tea", Lots: []CountedLot{{Lot: "A", OnHand: 5000}}}}})
		return err
	})
	stocks := func() (n int) {
		for _, e := range all(t, l) {
			if e.Type == event.StockChanged {
				n++
			}
		}
		return n
	}
	for i := range 2 {
		if err := l.RecordBulk(ctx, who, func(tx *Tx) error {
			_, err := tx.Invoice(Invoice{Date: day("2026-03-08") + event.Date(i), Lines: []Line{{Product: "tea", Quantity: 1000, UnitPrice: 1}}})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if stocks() != 1 {
			t.Errorf("after bulk %d there are %d stock events, want 1", i+1, stocks())
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(ctx, l.Path(), Options{BusinessDate: day("2026-03-10")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	l = again
	record(t, l, func(*Tx) error { return nil })
	if stocks() != 2 {
		t.Errorf("after settling there are %d stock events, want 2", stocks())
	}
	if n, err := l.Settle(ctx, who); n != 0 || err != nil {
		t.Errorf("settled %d more, %v", n, err)
	}
}

// Voided documents leave first and last dates as they then stand.
func TestVoidMovesFirstAndLast(t *testing.T) {
	l := newLedger(t, "TND", "2026-03-10")
	goods(t, l)
	record(t, l, func(tx *Tx) error {
		for _, on := range []string{"2026-03-04", "2024-02-29", "2026-03-09", "2026-03-09"} {
			if _, err := tx.Invoice(Invoice{Client: "c1", Date: day(on), Lines: []Line{{Product: "tea", Quantity: 1000, UnitPrice: 1}}}); err != nil {
				return err
			}
		}
		return nil
	})
	for _, c := range []struct{ void, first, last string }{
		{"INV-000003", "2024-02-29", "2026-03-09"},
		{"INV-000004", "2024-02-29", "2026-03-04"},
		{"INV-000002", "2026-03-04", "2026-03-04"},
		{"INV-000001", "", ""},
	} {
		record(t, l, func(tx *Tx) error { _, err := tx.Void(Void{Document: c.void, Reason: "wrong"}); return err })
		var first, last, purchase, latest sql.NullString
		ask(t, l, "SELECT first_sold_on, last_sold_on FROM product_state WHERE product = 'tea'", &first, &last)
		ask(t, l, "SELECT first_purchase, last_purchase FROM client_state", &purchase, &latest)
		if first.String != c.first || last.String != c.last || purchase.String != c.first || latest.String != c.last {
			t.Errorf("after %s: product %s to %s, client %s to %s; want %s to %s", c.void, first.String, last.String, purchase.String, latest.String, c.first, c.last)
		}
	}
}

// As many at once as an import has: the dates after each of them are in its event, too.
func TestVoidsOfOneTransactionMoveFirstAndLast(t *testing.T) {
	l := newLedger(t, "TND", "2026-03-10")
	goods(t, l)
	line := Line{Product: "tea", Quantity: 1000, UnitPrice: 1}
	sell := func(tx *Tx, on string, lines ...Line) error {
		_, err := tx.Invoice(Invoice{Date: day(on), Lines: lines})
		return err
	}
	record(t, l, func(tx *Tx) error {
		return errors.Join(sell(tx, "2026-03-04", line), sell(tx, "2024-02-29", line), sell(tx, "2026-03-09", line, line), sell(tx, "2026-03-09", line))
	})
	record(t, l, func(tx *Tx) error {
		for _, id := range []string{"INV-000003", "INV-000004", "", "INV-000002", "INV-000001"} {
			var err error
			if id == "" {
				err = sell(tx, "2026-03-05", line, line)
			} else {
				_, err = tx.Void(Void{Document: id, Reason: "wrong"})
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	var told string
	ask(t, l, `SELECT group_concat(json_extract(data, '$.first_sold_on') || ' ' || json_extract(data, '$.last_sold_on') || '; ', '')
		FROM (SELECT data FROM event_log WHERE type = 'product.sale_voided' ORDER BY id)`, &told)
	want := "2024-02-29 2026-03-09; 2024-02-29 2026-03-04; 2026-03-04 2026-03-05; 2026-03-05 2026-03-05; "
	if told != want {
		t.Errorf("the events say %s, want %s", told, want)
	}
	var first, last string
	ask(t, l, "SELECT first_sold_on, last_sold_on FROM product_state WHERE product = 'tea'", &first, &last)
	if first != "2026-03-05" || last != "2026-03-05" {
		t.Errorf("sold from %s to %s", first, last)
	}
}
