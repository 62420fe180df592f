package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// Whatever is recorded in whatever order: sequences and revisions are dense,
// the products of a document sum up to its client's net, registers are one per
// entity and transaction, the stock kept is the stock worked out anew, and what
// the events say is what the books say.
func TestHistories(t *testing.T) {
	dir := t
	rapid.Check(t, func(t *rapid.T) {
		l := newLedger(dir, "GBP", "2026-03-31")
		defer func() { _ = l.Close() }()
		goods(dir, l)
		for range rapid.IntRange(1, 6).Draw(t, "transactions") {
			run := l.Record
			if rapid.Bool().Draw(t, "bulk") {
				run = l.RecordBulk
			}
			if err := run(context.Background(), who, func(tx *Tx) error {
				for range rapid.IntRange(1, 5).Draw(t, "entries") {
					var rule *RuleError
					if err := drawEntry(t, tx); err != nil && !errors.As(err, &rule) {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			replayed(dir, l, "tea", "jam")
		}
		if rapid.Bool().Draw(t, "void all") {
			voidAll(t, l)
		}
		if _, err := l.Settle(context.Background(), who); err != nil {
			t.Fatal(err)
		}
		holds(t, l, all(dir, l))
		if dir.Failed() {
			t.FailNow()
		}
	})
}

func drawEntry(t *rapid.T, tx *Tx) (err error) {
	on := day("2026-03-01") + event.Date(rapid.IntRange(0, 30).Draw(t, "day"))
	product := rapid.SampledFrom([]string{"tea", "jam"}).Draw(t, "product")
	q := money.Quantity(rapid.IntRange(1, 9000).Draw(t, "quantity"))
	document := fmt.Sprintf("%s-%06d", rapid.SampledFrom([]string{"INV", "CN"}).Draw(t, "kind"), rapid.IntRange(1, 6).Draw(t, "number"))
	client := rapid.SampledFrom([]string{"", "c1"}).Draw(t, "client")
	switch rapid.SampledFrom([]string{"sale", "sale", "return", "return", "void", "void", "receipt", "count", "cost", "free"}).Draw(t, "entry") {
	case "sale":
		v := Invoice{Client: client, Date: on}
		for range rapid.IntRange(1, 3).Draw(t, "lines") {
			v.Lines = append(v.Lines, Line{Product: rapid.SampledFrom([]string{"tea", "jam", "post"}).Draw(t, "sold"), Quantity: q, UnitPrice: money.Price(rapid.IntRange(0, 5_000_000).Draw(t, "price")), TaxRate: 700})
		}
		v.Discount = money.Amount(rapid.IntRange(0, 50).Draw(t, "discount"))
		_, err = tx.Invoice(v)
	case "return":
		_, err = tx.CreditNote(CreditNote{Invoice: document, Date: on, Lines: []ReturnLine{{InvoiceLine: rapid.IntRange(1, 3).Draw(t, "line"), Line: Line{Quantity: q}, Restock: rapid.Bool().Draw(t, "restock")}}})
	case "free":
		_, err = tx.CreditNote(CreditNote{Client: client, Date: on, Lines: []ReturnLine{{Line: Line{Product: product, Quantity: q, UnitPrice: 10_000}, Restock: true}}})
	case "void":
		_, err = tx.Void(Void{Document: document, Reason: "drawn", Date: on})
	case "receipt":
		v := StockReceipt{Product: product, Date: on, Quantity: q, Lot: rapid.SampledFrom([]string{"", "A", "B"}).Draw(t, "lot")}
		if v.Lot == "A" {
			v.ExpiryDate = day("2026-05-01")
		}
		if rapid.Bool().Draw(t, "with cost") {
			v.UnitCost = money.Some(money.Amount(rapid.IntRange(0, 300).Draw(t, "cost")))
		}
		_, err = tx.Receive(v)
	case "count":
		_, err = tx.Count(StockCount{Date: on, Products: []CountedProduct{{Product: product, Lots: []CountedLot{{Lot: "A", OnHand: q, ExpiryDate: day("2026-05-01")}, {OnHand: 1000}}}}})
	case "cost":
		_, err = tx.SetCost(CostSetting{Document: document, Product: product, UnitCost: money.Price(rapid.IntRange(0, 900_000).Draw(t, "unit cost"))})
	}
	return err
}

// voidAll voids every document, credit notes first.
func voidAll(t *rapid.T, l *Ledger) {
	if err := l.Record(context.Background(), who, func(tx *Tx) error {
		for _, kind := range []string{"CN", "INV"} {
			for n := 1; ; n++ {
				_, err := tx.Void(Void{Document: fmt.Sprintf("%s-%06d", kind, n), Reason: "all of it"})
				var rule *RuleError
				if errors.As(err, &rule) && rule.Code == "unknown_document" {
					break
				}
				if err != nil && (!errors.As(err, &rule) || rule.Code != "voided") {
					return err
				}
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// figures are what the events of an entity sum up to.
type figures struct {
	units             money.Quantity
	net, cost, costed int64
}

// sign is what a type does to net and orders; a costing does neither.
var sign = map[event.Type]int64{
	event.ProductSold: 1, event.ProductReturned: -1, event.ProductSaleVoided: -1, event.ProductReturnVoided: 1, event.ProductSaleCosted: 1, event.ProductReturnCosted: -1,
	event.ClientInvoiced: 1, event.ClientCredited: -1, event.ClientInvoiceVoided: -1, event.ClientCreditVoided: 1,
}

func holds(t *rapid.T, l *Ledger, events []Logged) {
	type counter struct {
		family event.Family
		key    string
	}
	type act struct{ document, what string }
	revisions, nets, clients := map[counter]int64{}, map[act]int64{}, map[act]int64{}
	sums, ids := map[string]*figures{}, map[string]bool{}
	stocks := map[string]string{}
	decoder := event.NewDecoder()
	for _, e := range events {
		if _, err := decoder.Decode(event.Encode(e.Attributes, e.Data), func(event.Type) bool { return true }); err != nil {
			t.Fatalf("an event cannot be read: %v", err)
		}
		c := counter{e.Type.Family(), e.Key}
		if revisions[c]++; revisions[c] != e.Revision {
			t.Fatalf("%s %s: revision %d follows %d", e.Type, e.Key, e.Revision, revisions[c]-1)
		}
		if ids[e.ID] {
			t.Fatalf("the id %s is there twice", e.ID)
		}
		ids[e.ID] = true
		if e.Type == event.StockChanged {
			if stocks[e.Key] == string(e.Data) {
				t.Fatalf("the stock of %s was said twice: %s", e.Key, e.Data)
			}
			stocks[e.Key] = string(e.Data)
		}
		if e.Type.Family().IsRegister() {
			continue
		}
		var d struct {
			Document string         `json:"document_id"`
			Voided   string         `json:"voided_on"`
			Quantity money.Quantity `json:"quantity"`
			Net      int64          `json:"net"`
			Cost     *int64         `json:"cost"`
		}
		if err := json.Unmarshal(e.Data, &d); err != nil {
			t.Fatal(err)
		}
		s := sign[e.Type]
		if e.Type.Family() == event.ClientSums {
			clients[act{d.Document, d.Voided}] += s * d.Net
			continue
		}
		f := sums[e.Key]
		if f == nil {
			f = &figures{}
			sums[e.Key] = f
		}
		costing := e.Type == event.ProductSaleCosted || e.Type == event.ProductReturnCosted
		if !costing {
			f.units += money.Quantity(s) * d.Quantity
			f.net += s * d.Net
			nets[act{d.Document, d.Voided}] += s * d.Net
		}
		if d.Cost != nil {
			f.cost += s * *d.Cost
			f.costed += s * d.Net
		}
	}
	for a, net := range clients {
		if nets[a] != net {
			t.Fatalf("%v: its products sum up to %d, its client's net is %d", a, nets[a], net)
		}
	}
	booked(t, l, sums)
}

// booked compares what the events sum up to with the books, in SQL.
func booked(t *rapid.T, l *Ledger, sums map[string]*figures) {
	tx, err := l.ReadOnly(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	for product, f := range sums {
		var want figures
		if err := tx.QueryRow(`SELECT coalesce(sum(s * quantity), 0), coalesce(sum(s * net), 0), coalesce(sum(s * cost), 0), coalesce(sum(iif(cost IS NULL, 0, s * net)), 0)
			FROM (SELECT CASE d.kind WHEN 'invoice' THEN 1 ELSE -1 END AS s, l.quantity, l.net, coalesce(l.cost, c.cost) AS cost
				FROM lines l JOIN documents d ON d.entry = l.document LEFT JOIN line_costs c ON c.document = l.document AND c.number = l.number
				WHERE l.product = ? AND d.entry NOT IN (SELECT document FROM voids))`, product).Scan(&want.units, &want.net, &want.cost, &want.costed); err != nil {
			t.Fatal(err)
		}
		if *f != want {
			t.Fatalf("the events of %s sum up to %+v, the books say %+v", product, *f, want)
		}
		var first, last, soldFirst, soldLast any
		if err := tx.QueryRow(`SELECT first_sold_on, last_sold_on, (SELECT min(d.date) FROM lines l JOIN documents d ON d.entry = l.document WHERE l.product = ?1 AND d.kind = 'invoice' AND d.entry NOT IN (SELECT document FROM voids)),
			(SELECT max(d.date) FROM lines l JOIN documents d ON d.entry = l.document WHERE l.product = ?1 AND d.kind = 'invoice' AND d.entry NOT IN (SELECT document FROM voids))
			FROM product_state WHERE product = ?1`, product).Scan(&first, &last, &soldFirst, &soldLast); err != nil {
			t.Fatal(err)
		}
		if first != soldFirst || last != soldLast {
			t.Fatalf("%s was sold from %v to %v, the books say %v to %v", product, first, last, soldFirst, soldLast)
		}
	}
}
