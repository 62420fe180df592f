package ledger

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// A linked return is pro rata of the line; the last one takes what is left.
func TestReturnsToTheLastPenny(t *testing.T) {
	for _, c := range []struct {
		name     string
		currency money.Currency
		quantity string
		price    string // in minor units
		discount money.Amount
		tax      money.BasisPoints
		returns  []string
		nets     string
		costs    string
		taxes    string
	}{
		{"three for ten pounds", "GBP", "3", "333.3333", 0, 2000, []string{"1", "1", "1"}, "333 333 334", "200 200 200", "67 67 66"},
		{"all at once", "GBP", "3", "333.3333", 0, 2000, []string{"3"}, "1000", "600", "200"},
		{"a net that is smaller than its units", "GBP", "4", "0.75", 0, 0, []string{"1", "1", "1", "1"}, "1 1 1 0", "200 200 200 200", "0 0 0 0"},
		{"by weight, after a discount", "GBP", "1.125", "800", 101, 500, []string{"0.5", "0.125", "0.5"}, "355 89 355", "100 25 100", "18 4 18"},
		{"yen", "JPY", "3", "100", 50, 1000, []string{"1", "1", "1"}, "83 83 84", "200 200 200", "8 8 9"},
		{"millimes of Tunis", "TND", "2", "1000.5", 0, 1900, []string{"1", "1"}, "1000 1001", "200 200", "190 190"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLedger(t, c.currency, "2026-03-10")
			goods(t, l)
			var nets, costs, taxes []string
			record(t, l, func(tx *Tx) error {
				d, err := tx.Invoice(Invoice{
					Client: "c1", Date: day("2026-03-01"), Discount: c.discount,
					Lines: []Line{{Product: "tea", Quantity: qty(c.quantity), UnitPrice: price(c.price), TaxRate: c.tax}},
				})
				if err != nil {
					return err
				}
				for _, q := range c.returns {
					n, err := tx.CreditNote(CreditNote{Invoice: d.ID, Date: day("2026-03-02"), Lines: []ReturnLine{{InvoiceLine: 1, Line: Line{Quantity: qty(q)}}}})
					if err != nil {
						return err
					}
					nets, costs, taxes = append(nets, fmt.Sprint(n.Net)), append(costs, fmt.Sprint(n.Lines[0].Cost.Amount)), append(taxes, fmt.Sprint(n.Tax))
					d.Net, d.Tax, d.Lines[0].Cost.Amount = d.Net-n.Net, d.Tax-n.Tax, d.Lines[0].Cost.Amount-n.Lines[0].Cost.Amount
				}
				if d.Net != 0 || d.Tax != 0 || d.Lines[0].Cost.Amount != 0 {
					t.Errorf("when all is returned %d net, %d tax and %d cost are left, want nothing", d.Net, d.Tax, d.Lines[0].Cost.Amount)
				}
				_, err = tx.CreditNote(CreditNote{Invoice: d.ID, Date: day("2026-03-02"), Lines: []ReturnLine{{InvoiceLine: 1, Line: Line{Quantity: 1}}}})
				refused(t, err, "returned_too_much")
				return nil
			})
			for _, got := range []struct{ what, got, want string }{{"nets", strings.Join(nets, " "), c.nets}, {"costs", strings.Join(costs, " "), c.costs}, {"taxes", strings.Join(taxes, " "), c.taxes}} {
				if got.got != got.want {
					t.Errorf("%s are %s, want %s", got.what, got.got, got.want)
				}
			}
		})
	}
}

func TestDiscountsAndTaxes(t *testing.T) {
	l := newLedger(t, "GBP", "2026-03-10")
	goods(t, l)
	record(t, l, func(tx *Tx) error {
		d, err := tx.Invoice(Invoice{Date: day("2026-03-10"), Discount: 100, Lines: []Line{
			{Product: "tea", Quantity: qty("1"), UnitPrice: price("333"), TaxRate: 2000},
			{Product: "jam", Quantity: qty("1"), UnitPrice: price("333"), TaxRate: 500},
			{Product: "tea", Quantity: qty("2"), UnitPrice: price("185"), DiscountShare: 1000, TaxRate: 2000},
			{Product: "post", Quantity: qty("1"), UnitPrice: price("11"), Discount: 11},
		}})
		if err != nil {
			return err
		}
		// The nets before it are 333, 333, 333 and 0: 100 is 33.3 each, the first takes the penny over.
		for i, want := range []money.Amount{299, 300, 300, 0} {
			if d.Lines[i].Net != want {
				t.Errorf("net of line %d is %d, want %d", i+1, d.Lines[i].Net, want)
			}
		}
		// 20 % of 599 is 119.8, 5 % of 300 is 15: once per rate.
		if d.Net != 899 || d.Tax != 120+15 || d.Total != 1034 {
			t.Errorf("net %d, tax %d, total %d; want 899, 135, 1034", d.Net, d.Tax, d.Total)
		}
		return nil
	})
	// Half to even, once per rate and document: 2 × 0.5 is 1, not 0 + 0.
	record(t, l, func(tx *Tx) error {
		line := Line{Product: "tea", Quantity: qty("1"), UnitPrice: price("10"), TaxRate: 500}
		d, err := tx.Invoice(Invoice{Date: day("2026-03-10"), Lines: []Line{line, line}})
		if err == nil && d.Tax != 1 {
			t.Errorf("tax is %d, want 1", d.Tax)
		}
		return err
	})
}

func TestRefusals(t *testing.T) {
	l := newLedger(t, "GBP", "2026-03-10")
	goods(t, l)
	line := Line{Product: "tea", Quantity: qty("2"), UnitPrice: price("100")}
	var sale, note Document
	record(t, l, func(tx *Tx) (err error) {
		if sale, err = tx.Invoice(Invoice{Reference: "A-1", Client: "c1", Date: day("2026-03-05"), Lines: []Line{line}}); err != nil {
			return err
		}
		note, err = tx.CreditNote(CreditNote{Invoice: sale.ID, Date: day("2026-03-06"), Lines: []ReturnLine{{InvoiceLine: 1, Line: Line{Quantity: qty("1")}}}})
		return err
	})
	invoice := func(change func(*Invoice)) func(tx *Tx) error {
		return func(tx *Tx) error {
			v := Invoice{Date: day("2026-03-10"), Lines: []Line{line}}
			change(&v)
			_, err := tx.Invoice(v)
			return err
		}
	}
	void := func(v Void) func(tx *Tx) error { return func(tx *Tx) error { _, err := tx.Void(v); return err } }
	for _, c := range []struct {
		code string
		f    func(tx *Tx) error
	}{
		{"future", invoice(func(v *Invoice) { v.Date = day("2026-03-11") })},
		{"closed_period", invoice(func(v *Invoice) { v.Date = day("2026-02-28") })},
		{"recorded_already", invoice(func(v *Invoice) { v.Reference = "A-1" })},
		{"unknown_client", invoice(func(v *Invoice) { v.Client = "nobody" })},
		{"no_lines", invoice(func(v *Invoice) { v.Lines = nil })},
		{"unknown_product", invoice(func(v *Invoice) { v.Lines = []Line{{Product: "x", Quantity: 1}} })},
		{"quantity", invoice(func(v *Invoice) { v.Lines = []Line{{Product: "tea"}} })},
		{"discount", invoice(func(v *Invoice) { v.Discount = 201 })},
		{"too_large", invoice(func(v *Invoice) {
			v.Lines = []Line{{Product: "jam", Quantity: mostQuantity, UnitPrice: 1 << 62}}
		})},
		{"has_credit_note", void(Void{Document: sale.ID, Reason: "wrong"})},
		{"reason", void(Void{Document: note.ID})},
		{"unknown_document", void(Void{Document: "INV-000009", Reason: "wrong"})},
		{"date", void(Void{Document: note.ID, Reason: "wrong", Date: day("2026-03-05")})},
		{"cost_known", func(tx *Tx) error {
			_, err := tx.SetCost(CostSetting{Document: sale.ID, Product: "tea", UnitCost: 1})
			return err
		}},
		{"service", func(tx *Tx) error {
			_, err := tx.Receive(StockReceipt{Product: "post", Date: day("2026-03-10"), Quantity: 1})
			return err
		}},
		{"kind_fixed", func(tx *Tx) error {
			_, err := tx.PutProduct(Product{ID: "tea", Kind: event.KindService})
			return err
		}},
		{"closed_period", func(tx *Tx) error { return tx.CloseThrough(day("2026-02-27")) }},
	} {
		t.Run(c.code, func(t *testing.T) {
			before := len(all(t, l))
			record(t, l, func(tx *Tx) error {
				if tx.ClosedThrough() == event.NoDate {
					if err := tx.CloseThrough(day("2026-02-28")); err != nil {
						return err
					}
				}
				refused(t, c.f(tx), c.code)
				return nil // the transaction may go on
			})
			if after := len(all(t, l)); after != before {
				t.Errorf("a refusal left %d events", after-before)
			}
		})
	}
	// An explicit future date is taken, and numbers have no holes after all these refusals.
	record(t, l, func(tx *Tx) error {
		d, err := tx.Invoice(Invoice{Date: day("2026-04-01"), AllowFuture: true, Lines: []Line{line}})
		if err == nil && d.ID != "INV-000002" {
			t.Errorf("the next invoice is %s, want INV-000002", d.ID)
		}
		if err == nil {
			_, err = tx.Void(Void{Document: d.ID, Reason: "will not be"})
		}
		return err
	})
	decoder := event.NewDecoder()
	for _, e := range all(t, l) {
		if _, err := decoder.Decode(event.Encode(e.Attributes, e.Data), func(event.Type) bool { return true }); err != nil {
			t.Error(err)
		}
	}
}

// A transaction that fails leaves nothing, numbers included.
func TestRollback(t *testing.T) {
	l := newLedger(t, "GBP", "2026-03-10")
	goods(t, l)
	before := len(all(t, l))
	sell := func(tx *Tx) (string, error) {
		d, err := tx.Invoice(Invoice{Client: "c1", Date: day("2026-03-10"), Lines: []Line{{Product: "tea", Quantity: 1000, UnitPrice: 1}}})
		return d.ID, err
	}
	err := l.Record(context.Background(), who, func(tx *Tx) error {
		if _, err := sell(tx); err != nil {
			return err
		}
		_, err := tx.Invoice(Invoice{})
		return err
	})
	refused(t, err, "date")
	func() {
		defer func() { _ = recover() }()
		_ = l.Record(context.Background(), who, func(tx *Tx) error { _, _ = sell(tx); panic("lost") })
	}()
	if after := len(all(t, l)); after != before {
		t.Errorf("what was rolled back left %d events", after-before)
	}
	record(t, l, func(tx *Tx) error {
		id, err := sell(tx)
		if id != "INV-000001" {
			t.Errorf("the first invoice that was kept is %s", id)
		}
		return err
	})
}

// A cost that was unknown is set once, for the sale and its standing returns.
func TestSetCost(t *testing.T) {
	l := newLedger(t, "GBP", "2026-03-10")
	goods(t, l)
	var sale Document
	record(t, l, func(tx *Tx) (err error) {
		if sale, err = tx.Invoice(Invoice{Date: day("2026-03-05"), Lines: []Line{{Product: "jam", Quantity: qty("3"), UnitPrice: price("500")}, {Product: "tea", Quantity: qty("1"), UnitPrice: price("500")}}}); err != nil {
			return err
		}
		_, err = tx.CreditNote(CreditNote{Invoice: sale.ID, Date: day("2026-03-06"), Lines: []ReturnLine{{InvoiceLine: 1, Line: Line{Quantity: qty("1")}}}})
		return err
	})
	record(t, l, func(tx *Tx) error {
		_, err := tx.SetCost(CostSetting{Document: sale.ID, Product: "jam", UnitCost: price("33.3333")})
		return err
	})
	record(t, l, func(tx *Tx) error {
		_, err := tx.SetCost(CostSetting{Document: sale.ID, Product: "jam", UnitCost: 1})
		refused(t, err, "cost_known")
		// 100 for three, 33 for the first that came back, so 67 for the others.
		d, err := tx.CreditNote(CreditNote{Invoice: sale.ID, Date: day("2026-03-07"), Lines: []ReturnLine{{InvoiceLine: 1, Line: Line{Quantity: qty("2")}}}})
		if err == nil && d.Lines[0].Cost != money.Some(67) {
			t.Errorf("the cost of the last return is %v, want 67", d.Lines[0].Cost)
		}
		return err
	})
	var costs []string
	for _, e := range all(t, l) {
		if e.Key == "jam" && e.Type.Family() == event.ProductSums {
			s := string(e.Data)
			from := strings.Index(s, `"cost":`) + 7
			costs = append(costs, strings.TrimPrefix(e.Type.String(), "comptoir.product.")+" "+s[from:from+strings.IndexByte(s[from:], ',')])
		}
	}
	if got, want := strings.Join(costs, "; "), "sold null; returned null; sale_costed 100; return_costed 33; returned 67"; got != want {
		t.Errorf("events are %s, want %s", got, want)
	}
}

// When all came back before the cost was known, it comes back to the last penny.
func TestSetCostOfWhatCameBack(t *testing.T) {
	l := newLedger(t, "GBP", "2026-03-10")
	goods(t, l)
	record(t, l, func(tx *Tx) error {
		line := Line{Product: "jam", Quantity: qty("3"), UnitPrice: price("500")}
		sale, err := tx.Invoice(Invoice{Date: day("2026-03-05"), Lines: []Line{line, line}})
		if err != nil {
			return err
		}
		for range 3 {
			one := ReturnLine{InvoiceLine: 1, Line: Line{Quantity: qty("1")}}
			two := ReturnLine{InvoiceLine: 2, Line: Line{Quantity: qty("1")}}
			if _, err := tx.CreditNote(CreditNote{Invoice: sale.ID, Date: day("2026-03-06"), Lines: []ReturnLine{one, two}}); err != nil {
				return err
			}
		}
		if _, err := tx.SetCost(CostSetting{Document: sale.ID, Product: "jam", UnitCost: price("33.3333")}); err != nil {
			return err
		}
		for n, want := range []money.Amount{33, 33, 34} {
			d, _, err := tx.Document(fmt.Sprintf("CN-%06d", n+1))
			if err != nil {
				return err
			}
			if d.Lines[0].Cost != money.Some(want) || d.Lines[1].Cost != money.Some(want) {
				t.Errorf("%s cost %v and %v, want %d each", d.ID, d.Lines[0].Cost, d.Lines[1].Cost, want)
			}
		}
		return nil
	})
}

func TestMovingAverage(t *testing.T) {
	l := newLedger(t, "GBP", "2026-03-10")
	goods(t, l)
	receive := func(q string, cost money.NullAmount) func(*Tx) error {
		return func(tx *Tx) error {
			_, err := tx.Receive(StockReceipt{Product: "tea", Date: day("2026-03-10"), Quantity: qty(q), UnitCost: cost})
			return err
		}
	}
	sell := func(q string) func(*Tx) error {
		return func(tx *Tx) error {
			_, err := tx.Invoice(Invoice{Date: day("2026-03-10"), Lines: []Line{{Product: "tea", Quantity: qty(q), UnitPrice: 1}}})
			return err
		}
	}
	for _, step := range []struct {
		name string
		do   func(*Tx) error
		cost money.Amount // of 1000 units, after it
	}{
		{"the catalogue's price", func(*Tx) error { return nil }, 200_000},
		{"a receipt without a cost", receive("5", money.NullAmount{}), 200_000},
		{"the first cost", receive("10", money.Some(300)), 300_000},
		{"weighted: (15 × 300 + 6 × 100) / 21", receive("6", money.Some(100)), 242_857},
		{"a count changes nothing", func(tx *Tx) error {
			_, err := tx.Count(StockCount{Date: day("2026-03-09"), Products: []CountedProduct{{Product: "tea", Lots: []CountedLot{{OnHand: qty("1"), UnitCost: money.Some(9)}}}}})
			return err
		}, 242_857},
		{"sold beyond all lots", sell("22"), 242_857},
		{"with nothing on hand, the receipt's", receive("6", money.Some(150)), 150_000},
	} {
		record(t, l, step.do)
		record(t, l, func(tx *Tx) error {
			p, err := tx.product("tea")
			if err != nil {
				return err
			}
			cost, _ := p.cost(0, qty("1000"))
			if cost != money.Some(step.cost) {
				t.Errorf("%s: 1000 cost %v, want %d", step.name, cost.Amount, step.cost)
			}
			return nil
		})
	}
}
