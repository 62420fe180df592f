package scenarios

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

// books enters tables into a ledger, as an accountant would: each document or
// act in a transaction of its own.
type books struct {
	ledger   *ledger.Ledger
	currency money.Currency
}

// cells reads typed values out of a row and keeps the first fault.
type cells struct {
	Row
	currency money.Currency
	err      error
}

func parse[T any](c *cells, column string, f func(string) (T, error)) (v T) {
	s := c.Get(column)
	if s == "" || c.err != nil {
		return v
	}
	v, err := f(s)
	if err != nil {
		c.err = fmt.Errorf("line %d, %s: %w", c.Line, column, err)
	}
	return v
}

func (c *cells) amount(column string) money.Amount {
	return parse(c, column, func(s string) (money.Amount, error) { return money.ParseAmount(s, c.currency) })
}

func (c *cells) nullAmount(column string) money.NullAmount {
	if c.Get(column) == "" {
		return money.NullAmount{}
	}
	return money.Some(c.amount(column))
}

func (c *cells) price(column string) money.Price {
	return parse(c, column, func(s string) (money.Price, error) { return money.ParsePrice(s, c.currency) })
}

func (c *cells) quantity(column string) money.Quantity { return parse(c, column, money.ParseQuantity) }
func (c *cells) date(column string) event.Date         { return parse(c, column, event.ParseDate) }
func (c *cells) percent(column string) money.BasisPoints {
	return parse(c, column, money.ParsePercent)
}
func (c *cells) number(column string) int { return parse(c, column, strconv.Atoi) }

// enter records a table of entries; known is false for a table that is none.
func (b *books) enter(ctx context.Context, t Table) (known bool, err error) {
	one, ok := map[string]func(*ledger.Tx, []*cells) error{
		"product": b.product, "client": b.client, "receipt": b.receipt, "count": b.count,
		"invoice": b.invoice, "credit note": b.creditNote, "void": b.void, "cost of": b.cost, "close through": b.closeThrough,
	}[t.Kind()]
	if !ok {
		return false, nil
	}
	for _, rows := range b.acts(t) {
		refused := rows[0].Get("refused")
		err := b.ledger.Record(ctx, "accountant", func(tx *ledger.Tx) error {
			err := one(tx, rows)
			for _, r := range rows {
				if r.err != nil {
					return r.err
				}
			}
			return err
		})
		var rule *ledger.RuleError
		switch {
		case refused == "" && err != nil:
			return true, fmt.Errorf("line %d: %w", rows[0].Line, err)
		case refused != "" && !errors.As(err, &rule):
			return true, fmt.Errorf("line %d: was to be refused with %q, and was not: %w", rows[0].Line, refused, err)
		case refused != "" && !strings.Contains(strings.ToLower(rule.Error()+" "+rule.Code), refused):
			return true, fmt.Errorf("line %d: was to be refused with %q, and was with %q", rows[0].Line, refused, rule.Error())
		}
	}
	return true, nil
}

// acts groups the rows that make one document: the same number one after the
// other, unless a row is to be refused by itself.
func (b *books) acts(t Table) [][]*cells {
	var acts [][]*cells
	grouped := slices.Contains([]string{"invoice", "credit note", "count"}, t.Kind())
	for _, r := range t.Rows {
		c := &cells{Row: r, currency: b.currency}
		if n := len(acts); grouped && n > 0 {
			if last := acts[n-1][0]; last.Get(t.Kind()) == c.Get(t.Kind()) && last.Get("refused") == "" && c.Get("refused") == "" {
				acts[n-1] = append(acts[n-1], c)
				continue
			}
		}
		acts = append(acts, []*cells{c})
	}
	return acts
}

func (b *books) product(tx *ledger.Tx, rows []*cells) error {
	r := rows[0]
	p := ledger.Product{
		ID: r.Get("product"), Name: r.Get("name"), Kind: event.Kind(r.Get("kind")),
		BuyPrice: r.nullAmount("buy"), SellPrice: r.nullAmount("sell"),
	}
	if r.Get("min margin") != "" {
		p.MinMargin = money.SomeBasisPoints(r.percent("min margin"))
	}
	_, err := tx.PutProduct(p)
	return err
}

func (b *books) client(tx *ledger.Tx, rows []*cells) error {
	_, err := tx.PutClient(ledger.Client{ID: rows[0].Get("client"), Name: rows[0].Get("name")})
	return err
}

func (b *books) receipt(tx *ledger.Tx, rows []*cells) error {
	r := rows[0]
	_, err := tx.Receive(ledger.StockReceipt{
		Reference: r.Get("receipt"), Product: r.Get("product"), Date: b.dated(r), Lot: r.Get("lot"),
		Quantity: r.quantity("quantity"), UnitCost: r.nullAmount("unit cost"), ExpiryDate: r.date("expiry"),
	})
	return err
}

func (b *books) count(tx *ledger.Tx, rows []*cells) error {
	v := ledger.StockCount{Reference: rows[0].Get("count"), Date: b.dated(rows[0])}
	for _, r := range rows {
		if n := len(v.Products); n == 0 || v.Products[n-1].Product != r.Get("product") {
			v.Products = append(v.Products, ledger.CountedProduct{Product: r.Get("product")})
		}
		p := &v.Products[len(v.Products)-1]
		p.Lots = append(p.Lots, ledger.CountedLot{
			Lot: r.Get("lot"), OnHand: r.quantity("on hand"), UnitCost: r.nullAmount("unit cost"),
			ReceivedOn: r.date("received"), ExpiryDate: r.date("expiry"),
		})
	}
	_, err := tx.Count(v)
	return err
}

func (b *books) dated(r *cells) event.Date {
	if d := r.date("date"); d != event.NoDate {
		return d
	}
	return b.ledger.Today()
}

func (b *books) line(r *cells) ledger.Line {
	l := ledger.Line{Product: r.Get("product"), Quantity: r.quantity("quantity"), UnitPrice: r.price("unit price"), TaxRate: r.percent("tax")}
	if share, ok := strings.CutSuffix(r.Get("discount"), "%"); ok {
		l.DiscountShare, r.err = money.ParsePercent(share)
	} else {
		l.Discount = r.amount("discount")
	}
	return l
}

func (b *books) invoice(tx *ledger.Tx, rows []*cells) error {
	r := rows[0]
	v := ledger.Invoice{
		Reference: r.Get("invoice"), Client: r.Get("client"), Date: b.dated(r),
		Discount: r.amount("document discount"), AllowFuture: r.Get("future") == "yes",
	}
	for _, r := range rows {
		v.Lines = append(v.Lines, b.line(r))
	}
	_, err := tx.Invoice(v)
	return err
}

func (b *books) creditNote(tx *ledger.Tx, rows []*cells) error {
	r := rows[0]
	v := ledger.CreditNote{Reference: r.Get("credit note"), Client: r.Get("client"), Date: b.dated(r)}
	if reference := r.Get("invoice"); reference != "" {
		id, err := documentID(tx, reference)
		if err != nil {
			return err
		}
		v.Invoice = id
	}
	for _, r := range rows {
		v.Lines = append(v.Lines, ledger.ReturnLine{InvoiceLine: r.number("line"), Line: b.line(r), Restock: r.Get("restock") == "yes"})
	}
	_, err := tx.CreditNote(v)
	return err
}

func documentID(tx *ledger.Tx, reference string) (string, error) {
	d, ok, err := tx.ByReference(reference)
	if err == nil && !ok {
		err = fmt.Errorf("there is no document %s", reference)
	}
	return d.ID, err
}

func (b *books) void(tx *ledger.Tx, rows []*cells) error {
	id, err := documentID(tx, rows[0].Get("void"))
	if err != nil {
		return err
	}
	_, err = tx.Void(ledger.Void{Document: id, Reason: rows[0].Get("reason"), Date: rows[0].date("date")})
	return err
}

func (b *books) cost(tx *ledger.Tx, rows []*cells) error {
	id, err := documentID(tx, rows[0].Get("cost of"))
	if err != nil {
		return err
	}
	_, err = tx.SetCost(ledger.CostSetting{Document: id, Product: rows[0].Get("product"), UnitCost: rows[0].price("unit cost")})
	return err
}

func (b *books) closeThrough(tx *ledger.Tx, rows []*cells) error {
	return tx.CloseThrough(rows[0].date("close through"))
}
