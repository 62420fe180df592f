package ledger

import (
	"context"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

const documentQuery = `SELECT d.entry, d.id, d.kind, e.reference, i.id, d.client, d.date, d.discount, d.net, d.tax, d.total, v.voided_on, v.reason
	FROM documents d JOIN entries e ON e.id = d.entry LEFT JOIN documents i ON i.entry = d.invoice LEFT JOIN voids v ON v.document = d.entry WHERE `

const linesQuery = `SELECT l.number, l.product, l.description, l.quantity, l.unit_price, l.discount_share, l.discount, l.tax_rate,
	l.document_discount, l.net, coalesce(l.cost, c.cost), x.invoice_line, l.restock
	FROM lines l LEFT JOIN returns x ON x.document = l.document AND x.number = l.number LEFT JOIN line_costs c ON c.document = l.document AND c.number = l.number WHERE l.document = ? ORDER BY l.number`

// asker asks in a transaction, or outside of one.
type asker interface {
	row(query string, args ...any) (row, bool, error)
	each(query string, f func(row) error, args ...any) error
}

func readDocument(q asker, where string, value any) (Document, bool, error) {
	r, ok, err := q.row(documentQuery+where, value)
	if err != nil || !ok {
		return Document{}, false, err
	}
	d := Document{
		Entry: r.int(0), ID: r.text(1), Kind: DocumentKind(r.text(2)), Reference: r.text(3), Invoice: r.text(4), Client: r.text(5), Date: r.date(6),
		Discount: money.Amount(r.int(7)), Net: money.Amount(r.int(8)), Tax: money.Amount(r.int(9)), Total: money.Amount(r.int(10)),
		VoidedOn: r.date(11), VoidReason: r.text(12),
	}
	if err := q.each(linesQuery, func(r row) error {
		d.Lines = append(d.Lines, DocumentLine{
			Number: int(r.int(0)),
			Line: Line{
				Product: r.text(1), Description: r.text(2), Quantity: money.Quantity(r.int(3)), UnitPrice: money.Price(r.int(4)),
				DiscountShare: money.BasisPoints(r.int(5)), Discount: money.Amount(r.int(6)), TaxRate: money.BasisPoints(r.int(7)),
			},
			DocumentDiscount: money.Amount(r.int(8)), Net: money.Amount(r.int(9)), Cost: r.amount(10), InvoiceLine: int(r.int(11)), Restock: r.truth(12),
		})
		return nil
	}, d.Entry); err != nil {
		return Document{}, false, err
	}
	if err := q.each("SELECT rate, net, tax FROM taxes WHERE document = ? ORDER BY rate", func(r row) error {
		d.Taxes = append(d.Taxes, DocumentTax{money.BasisPoints(r.int(0)), money.Amount(r.int(1)), money.Amount(r.int(2))})
		return nil
	}, d.Entry); err != nil {
		return Document{}, false, err
	}
	if d.Kind != KindInvoice {
		return d, true, nil
	}
	return d, true, q.each(returnedQuery, func(r row) error {
		d.Lines[r.int(0)-1].Returned = money.Quantity(r.int(1))
		return nil
	}, d.Entry)
}

// Document returns a document with its lines by its id.
func (tx *Tx) Document(id string) (d Document, ok bool, err error) {
	return readDocument(tx, "d.id = ?", id)
}

// ByReference returns the document with a reference, with its lines.
func (tx *Tx) ByReference(reference string) (d Document, ok bool, err error) {
	e, ok, err := tx.EntryByReference(reference)
	if err != nil || !ok || (e.Kind != EntryInvoice && e.Kind != EntryCreditNote) {
		return Document{}, false, err
	}
	return readDocument(tx, "d.entry = ?", e.ID)
}

// EntryByReference returns the entry of any kind with a reference.
func (tx *Tx) EntryByReference(reference string) (e Entry, ok bool, err error) {
	if reference == "" {
		return Entry{}, false, nil
	}
	r, ok, err := tx.row("SELECT id, kind, who, recorded_at, date, subject, reason FROM entries WHERE reference = ?", reference)
	if err != nil || !ok {
		return Entry{}, false, err
	}
	return Entry{ID: r.int(0), Kind: EntryKind(r.text(1)), Reference: reference, Who: r.text(2), At: timeOf(r.int(3)), Date: r.date(4), Subject: r.text(5), Reason: r.text(6)}, true, nil
}

// Document returns a recorded document with its lines; ok is false where there is none.
func (l *Ledger) Document(ctx context.Context, id string) (d Document, ok bool, err error) {
	err = l.asking(ctx, func(q asker) error {
		d, ok, err = readDocument(q, "d.id = ?", id)
		return err
	})
	return d, ok, l.explain("reading", err)
}

// Product returns a catalogue entry; ok is false where there is none.
func (l *Ledger) Product(ctx context.Context, id string) (p Product, ok bool, err error) {
	err = l.asking(ctx, func(q asker) error {
		var r row
		r, ok, err = q.row("SELECT name, category, kind, buy_price, sell_price, min_margin, archived FROM products WHERE id = ?", id)
		if ok {
			p = Product{
				ID: id, Name: r.text(0), Category: r.text(1), Kind: event.Kind(r.text(2)), BuyPrice: r.amount(3), SellPrice: r.amount(4),
				MinMargin: money.NullBasisPoints{BasisPoints: money.BasisPoints(r.int(5)), Valid: r.known(5)}, Archived: r.truth(6),
			}
		}
		return err
	})
	return p, ok, l.explain("reading", err)
}

// Counts says how much there is in the ledger.
type Counts struct {
	Products, Clients, Invoices, CreditNotes, Voids, Entries, Events int64
	ClosedThrough                                                    event.Date
}

// Counts reads how much there is in the ledger.
func (l *Ledger) Counts(ctx context.Context) (c Counts, err error) {
	err = l.asking(ctx, func(q asker) error {
		r, _, err := q.row(`SELECT (SELECT count(*) FROM products), (SELECT count(*) FROM clients),
			(SELECT coalesce(max(number), 0) FROM documents WHERE kind = 'invoice'), (SELECT coalesce(max(number), 0) FROM documents WHERE kind = 'credit_note'),
			(SELECT count(*) FROM voids), (SELECT coalesce(max(id), 0) FROM entries), (SELECT sum(last_sequence) FROM streams), closed_through FROM ledger`)
		if err == nil {
			c = Counts{r.int(0), r.int(1), r.int(2), r.int(3), r.int(4), r.int(5), r.int(6), r.date(7)}
		}
		return err
	})
	return c, l.explain("reading", err)
}
