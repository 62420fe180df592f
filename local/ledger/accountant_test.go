package ledger

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

func TestSelling(t *testing.T) {
	l := newLedger(t, "GBP", "2026-03-10")
	goods(t, l)
	terms := Selling{Barcodes: []string{"5012345678900", "4006381333931"}, TaxRate: money.SomeBasisPoints(2000)}
	record(t, l, func(tx *Tx) error {
		for i, want := range []bool{true, false} {
			if changed, err := tx.PutSelling("tea", terms); err != nil || changed != want {
				t.Errorf("time %d: changed is %v (%v), want %v", i+1, changed, err, want)
			}
		}
		_, err := tx.PutSelling("jam", Selling{Barcodes: []string{"4006381333931"}})
		refused(t, err, "barcode_taken")
		_, err = tx.PutSelling("jam", Selling{TaxRate: money.SomeBasisPoints(-1)})
		refused(t, err, "tax")
		_, err = tx.PutSelling("nothing", Selling{})
		refused(t, err, "unknown_product")
		// A catalogue that knows no barcodes does not take them away.
		_, err = tx.PutProduct(Product{ID: "tea", Name: "Green tea", Kind: event.KindStock})
		return err
	})
	products, last, err := l.ProductsSince(context.Background(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range products {
		want := ""
		if p.ID == "tea" {
			want = "Green tea [4006381333931 5012345678900] 20"
		} else if len(p.Barcodes) > 0 || p.TaxRate.Valid {
			t.Errorf("%s has %v", p.ID, p.Selling)
		}
		if got := fmt.Sprintf("%s %v %s", p.Name, p.Barcodes, p.TaxRate.BasisPoints.Percent()); want != "" && got != want {
			t.Errorf("tea is %s, want %s", got, want)
		}
	}
	record(t, l, func(tx *Tx) error { _, err := tx.PutSelling("jam", Selling{Barcodes: []string{"1"}}); return err })
	changed, _, err := l.ProductsSince(context.Background(), last)
	if err != nil || len(changed) != 1 || changed[0].ID != "jam" {
		t.Errorf("what changed since is %v (%v), want jam alone", changed, err)
	}
}

func TestTryRecordsNothing(t *testing.T) {
	l := newLedger(t, "GBP", "2026-03-10")
	goods(t, l)
	sale := Invoice{Client: "c1", Date: day("2026-03-10"), Lines: []Line{{Product: "tea", Quantity: qty("2"), UnitPrice: price("500"), TaxRate: 2000}}}
	before, err := l.Counts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		var d Document
		if err := l.Try(context.Background(), who, func(tx *Tx) (err error) {
			d, err = tx.Invoice(sale)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if d.ID != "INV-000001" || d.Total != 1200 || len(d.Taxes) != 1 || d.Taxes[0].Tax != 200 {
			t.Errorf("it would be %s of %d with %v", d.ID, d.Total, d.Taxes)
		}
	}
	refused(t, l.Try(context.Background(), who, func(tx *Tx) error { _, err := tx.Invoice(Invoice{Date: day("2026-03-10")}); return err }), "no_lines")
	after, err := l.Counts(context.Background())
	if err != nil || after != before {
		t.Errorf("after trying there is %+v (%v), before there was %+v", after, err, before)
	}
	record(t, l, func(tx *Tx) error {
		d, err := tx.Invoice(sale)
		if d.ID != "INV-000001" {
			t.Errorf("then the first is %s", d.ID)
		}
		return err
	})
}

func TestAFormIsRecordedOnce(t *testing.T) {
	l := newLedger(t, "GBP", "2026-03-10")
	goods(t, l)
	send := func(content string) (s Submission, again bool) {
		record(t, l, func(tx *Tx) (err error) {
			if s, again, err = tx.Submitted("form-1"); err != nil || again {
				return err
			}
			d, err := tx.Invoice(Invoice{Date: day("2026-03-10"), Lines: []Line{{Product: "tea", Quantity: qty("1"), UnitPrice: price("500")}}})
			if err != nil {
				return err
			}
			s = Submission{Entry: d.Entry, Content: content}
			if s.Entry != tx.LastEntry() {
				t.Errorf("the last entry is %d, want %d", tx.LastEntry(), s.Entry)
			}
			return tx.Submit("form-1", s)
		})
		return s, again
	}
	first, again := send("one tea")
	if again {
		t.Error("the first time counts as a repetition")
	}
	if second, again := send("two teas"); !again || second != first || second.Content != "one tea" {
		t.Errorf("the second time gives %v (again %v), want %v", second, again, first)
	}
	// Of a form from before digests were kept nothing is known but its entry.
	record(t, l, func(tx *Tx) error { return tx.Submit("form-0", Submission{Entry: first.Entry}) })
	record(t, l, func(tx *Tx) error {
		old, ok, err := tx.Submitted("form-0")
		if !ok || old.Content != "" {
			t.Errorf("an old form is %v (%v)", old, ok)
		}
		return err
	})
}

func TestJournal(t *testing.T) {
	l := newLedger(t, "GBP", "2026-03-10")
	goods(t, l)
	line := func(product string) []Line {
		return []Line{{Product: product, Quantity: qty("2"), UnitPrice: price("500")}}
	}
	record(t, l, func(tx *Tx) error {
		tea, err := tx.Invoice(Invoice{Reference: "OLD-7", Client: "c1", Date: day("2026-03-05"), Lines: line("tea")})
		if err != nil {
			return err
		}
		if _, err := tx.Invoice(Invoice{Date: day("2026-03-06"), Lines: line("jam")}); err != nil {
			return err
		}
		if _, err := tx.Receive(StockReceipt{Product: "jam", Date: day("2026-03-07"), Quantity: qty("9")}); err != nil {
			return err
		}
		if _, err := tx.Count(StockCount{Date: day("2026-03-08"), Products: []CountedProduct{{Product: "jam", Lots: []CountedLot{{OnHand: qty("3")}}}}}); err != nil {
			return err
		}
		_, err = tx.Void(Void{Document: tea.ID, Reason: "typed twice"})
		return err
	})
	for _, c := range []struct {
		name   string
		search Search
		want   string
	}{
		{"everything of these days", Search{From: day("2026-03-05"), To: day("2026-03-08")}, "count, receipt jam, invoice INV-000002, invoice INV-000001"},
		{"a number", Search{Text: "000002"}, "invoice INV-000002"},
		{"a reference", Search{Text: "old-7"}, "invoice INV-000001"},
		{"what looks like a pattern", Search{Text: "%"}, ""},
		{"a client", Search{Client: "c1", Kind: EntryInvoice}, "invoice INV-000001"},
		{"a product", Search{Product: "jam"}, "count, receipt jam, invoice INV-000002, product jam"},
		{"a product that was voided", Search{Product: "tea"}, "void INV-000001, invoice INV-000001, product tea"},
		{"an amount", Search{Amount: money.Some(1000), Kind: EntryInvoice}, "invoice INV-000002, invoice INV-000001"},
		{"no such amount", Search{Amount: money.Some(1001)}, ""},
		{"the newest two", Search{Limit: 2}, "void INV-000001, count"},
	} {
		if c.search.Limit == 0 {
			c.search.Limit = 50
		}
		lines, err := l.Journal(context.Background(), c.search)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var got []string
		for _, e := range lines {
			got = append(got, strings.TrimSpace(string(e.Kind)+" "+e.Subject))
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: got %s, want %s", c.name, strings.Join(got, ", "), c.want)
		}
	}
	all, err := l.Journal(context.Background(), Search{Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	older, err := l.Journal(context.Background(), Search{Before: all[2].ID, Limit: 2})
	if err != nil || len(older) != 2 || older[0].ID != all[3].ID {
		t.Errorf("older than %d: %v (%v)", all[2].ID, older, err)
	}
	newer, err := l.Journal(context.Background(), Search{After: all[4].ID, Limit: 2})
	if err != nil || len(newer) != 2 || newer[1].ID != all[3].ID {
		t.Errorf("newer than %d: %v (%v)", all[4].ID, newer, err)
	}
	others, err := l.EntriesOn(context.Background(), "INV-000001")
	if err != nil || len(others) != 2 || others[1].Reason != "typed twice" {
		t.Errorf("about the first invoice: %v (%v)", others, err)
	}
}

// What an entry caused is found among many others, each time whole and nothing else.
func TestEventsOfAnEntry(t *testing.T) {
	l := newLedger(t, "GBP", "2026-03-10")
	goods(t, l)
	want := map[int64]int{}
	for i := range 40 {
		record(t, l, func(tx *Tx) error {
			d, err := tx.Invoice(Invoice{Client: "c1", Date: day("2026-03-09"), Lines: []Line{
				{Product: "tea", Quantity: qty("1"), UnitPrice: price("500")}, {Product: "jam", Quantity: qty("1"), UnitPrice: price("300")},
			}})
			if err != nil || i%2 > 0 {
				want[d.Entry] = 5 // two products sold, their stocks, the client
				return err
			}
			want[d.Entry] = 3 // the stocks are said once, by the entry that touched them last
			d, err = tx.Invoice(Invoice{Date: day("2026-03-09"), Lines: []Line{{Product: "tea", Quantity: qty("1"), UnitPrice: price("500")}, {Product: "jam", Quantity: qty("1"), UnitPrice: price("300")}}})
			want[d.Entry] = 4
			return err
		})
	}
	heads, _, err := l.Heads(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.MarkPublished(context.Background(), heads); err != nil {
		t.Fatal(err)
	}
	for entry, n := range want {
		sent, err := l.EventsOf(context.Background(), entry)
		if err != nil || len(sent) != n {
			t.Fatalf("entry %d caused %d events (%v), want %d", entry, len(sent), err, n)
		}
		for _, e := range sent {
			if !e.Published || e.Offset != -1 {
				t.Errorf("%s/%d is published %v at %d, want at an unknown offset", e.Stream, e.Sequence, e.Published, e.Offset)
			}
		}
	}
}

func TestOffsets(t *testing.T) {
	l := newLedger(t, "GBP", "2026-03-10")
	note := func(runs ...Run) {
		t.Helper()
		if err := l.MarkPublished(context.Background(), nil, runs...); err != nil {
			t.Fatal(err)
		}
	}
	check := func(want string) {
		t.Helper()
		got := ""
		if err := l.snapshot(context.Background(), func(q asker) error {
			number, err := l.streamNumber("sales/3")
			for n := int64(1); n <= 8 && err == nil; n++ {
				var at int64
				at, err = offsetOf(q, number, n)
				got += fmt.Sprint(at, " ")
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if got != want+" " {
			t.Errorf("the offsets of 1 to 8 are %s, want %s", got, want)
		}
	}
	check("-1 -1 -1 -1 -1 -1 -1 -1")
	note(Run{"sales/3", 1, 2, -1}, Run{"sales/3", 3, 4, -1}, Run{"sales/4", 1, 8, 70})
	check("0 1 2 3 -1 -1 -1 -1")
	note(Run{"sales/3", 6, 7, 4}) // another producer wrote in between, and 5 was never noted
	check("0 1 2 3 -1 10 11 -1")
	note(Run{"sales/3", 1, 5, 99}) // Kafka's log was made anew
	check("100 101 102 103 104 -1 -1 -1")
}
