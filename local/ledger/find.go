package ledger

import (
	"context"
	"strings"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// Listed is a product with all that is known of how it is sold.
type Listed struct {
	Product
	Selling
}

// ProductsSince returns the products that entries after the one given have
// created or changed, by id, and the last entry that this takes in. From 0 it is the
// whole catalogue, those that are archived included.
func (l *Ledger) ProductsSince(ctx context.Context, after int64) (products []Listed, last int64, err error) {
	err = l.snapshot(ctx, func(q asker) error {
		products = nil
		changed := map[string]int{}
		where := "id IN (SELECT subject FROM entries WHERE id > ? AND kind = 'product')"
		if last, err = lastEntry(q); err != nil || last == after {
			return err
		}
		if err := q.each("SELECT id, name, category, kind, buy_price, sell_price, min_margin, archived FROM products WHERE "+where+" ORDER BY id", func(r row) error {
			changed[r.text(0)] = len(products)
			products = append(products, Listed{Product: Product{
				ID: r.text(0), Name: r.text(1), Category: r.text(2), Kind: event.Kind(r.text(3)), BuyPrice: r.amount(4), SellPrice: r.amount(5),
				MinMargin: money.NullBasisPoints{BasisPoints: money.BasisPoints(r.int(6)), Valid: r.known(6)}, Archived: r.truth(7),
			}})
			return nil
		}, after); err != nil {
			return err
		}
		if err := q.each("SELECT product, barcode FROM barcodes WHERE "+strings.Replace(where, "id IN", "product IN", 1)+" ORDER BY product, barcode", func(r row) error {
			p := &products[changed[r.text(0)]]
			p.Barcodes = append(p.Barcodes, r.text(1))
			return nil
		}, after); err != nil {
			return err
		}
		return q.each("SELECT product, rate FROM product_taxes WHERE "+strings.Replace(where, "id IN", "product IN", 1), func(r row) error {
			products[changed[r.text(0)]].TaxRate = money.SomeBasisPoints(money.BasisPoints(r.int(1)))
			return nil
		}, after)
	})
	return products, last, l.explain("reading the products of", err)
}

// ClientsSince is ProductsSince of clients.
func (l *Ledger) ClientsSince(ctx context.Context, after int64) (clients []Client, last int64, err error) {
	err = l.snapshot(ctx, func(q asker) error {
		clients = nil
		if last, err = lastEntry(q); err != nil || last == after {
			return err
		}
		return q.each("SELECT id, name, archived FROM clients WHERE id IN (SELECT subject FROM entries WHERE id > ? AND kind = 'client') ORDER BY id", func(r row) error {
			clients = append(clients, Client{ID: r.text(0), Name: r.text(1), Archived: r.truth(2)})
			return nil
		}, after)
	})
	return clients, last, l.explain("reading the clients of", err)
}

func lastEntry(q asker) (int64, error) {
	r, _, err := q.row("SELECT coalesce(max(id), 0) FROM entries")
	if err != nil {
		return 0, err
	}
	return r.int(0), nil
}

// snapshot runs queries on one unchanging state of the file.
func (l *Ledger) snapshot(ctx context.Context, f func(asker) error) error {
	return l.asking(ctx, func(q asker) error {
		w, ok := q.(*writer)
		if !ok {
			return f(q)
		}
		if err := w.exec("BEGIN"); err != nil {
			return err
		}
		defer func() { _ = w.exec("ROLLBACK") }() // it only read
		return f(w)
	})
}

// Shelf returns the lots of a product that are not sold out, and its sum.
func (l *Ledger) Shelf(ctx context.Context, product string) (lots []event.Lot, sum money.Quantity, err error) {
	err = l.asking(ctx, func(q asker) error {
		return q.each("SELECT lot, on_hand, unit_cost, received_on, expiry_date FROM lots WHERE product = ? AND on_hand <> 0 ORDER BY lot = '', expiry_date IS NULL, expiry_date, received_on, lot", func(r row) error {
			lots = append(lots, event.Lot{Lot: r.text(0), OnHand: money.Quantity(r.int(1)), UnitCost: r.amount(2), ReceivedOn: r.date(3), ExpiryDate: r.date(4)})
			sum += money.Quantity(r.int(1))
			return nil
		}, product)
	})
	return lots, sum, l.explain("reading the stock of", err)
}
