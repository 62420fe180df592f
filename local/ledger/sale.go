package ledger

import (
	"fmt"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// Invoice records a sale: the document, its costs frozen as they are now, the
// goods out of their lots, and the events of its products and its client.
func (tx *Tx) Invoice(v Invoice) (Document, error) {
	c, err := tx.checkHead(v.Reference, v.Client, v.Date, v.AllowFuture)
	if err != nil {
		return Document{}, err
	}
	pr, err := tx.price(v.Lines, v.Discount)
	if err != nil {
		return Document{}, err
	}
	d := Document{Kind: KindInvoice, Reference: v.Reference, Client: v.Client, Date: v.Date, Discount: v.Discount}
	if err := tx.file(&d, 0, pr); err != nil {
		return Document{}, err
	}
	for i, p := range pr.products {
		if err := tx.sell(p, d.Entry, v.Date, i+1, pr.lines[i].Quantity); err != nil {
			return Document{}, err
		}
		if p.first == event.NoDate || v.Date < p.first {
			p.first = v.Date
		}
		if v.Date > p.last {
			p.last, p.resold = v.Date, true
		}
		p.standing = nil // it is counted again where a void asks
	}
	if c != nil {
		if c.first == event.NoDate || v.Date < c.first {
			c.first = v.Date
		}
		c.last = max(c.last, v.Date)
	}
	return d, tx.emitDocument(&d, pr.products, c, d.Entry, event.ProductSold, event.ClientInvoiced)
}

// checkHead checks what invoices and credit notes begin with, and returns the
// client, nil for none.
func (tx *Tx) checkHead(reference, clientID string, date event.Date, future bool) (*client, error) {
	if tx.broken != nil {
		return nil, tx.broken
	}
	if err := tx.checkReference(reference); err != nil {
		return nil, err
	}
	if rule := tx.checkDateOr("date", date, future); rule != nil {
		return nil, rule
	}
	if clientID == "" {
		return nil, nil
	}
	c, err := tx.client(clientID)
	if err == nil && c == nil {
		return nil, refuse("unknown_client", "client", shorten(clientID), "there is no such client", "add the client first, or correct the id")
	}
	return c, err
}

// file records a document with its entry, lines and taxes, and completes d.
// invoice is the entry of the invoice that a linked credit note belongs to.
func (tx *Tx) file(d *Document, invoice int64, pr *priced) error {
	d.Net, d.Tax, d.Total, d.Lines, d.Taxes = pr.net, pr.tax, pr.total, pr.lines, pr.taxes
	kind := EntryInvoice
	var number int64
	if d.Kind == KindInvoice {
		tx.b.invoices++
		number = tx.b.invoices
		d.ID = fmt.Sprintf("INV-%06d", number)
	} else {
		kind = EntryCreditNote
		tx.b.credits++
		number = tx.b.credits
		d.ID = fmt.Sprintf("CN-%06d", number)
	}
	entry, err := tx.write(kind, d.Reference, d.Date, d.ID, "")
	if err != nil {
		return err
	}
	d.Entry = entry.ID
	if err := tx.exec("INSERT INTO documents (entry, kind, number, id, invoice, client, date, discount, net, tax, total) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		d.Entry, string(d.Kind), number, d.ID, intOrNull(invoice), textOrNull(d.Client), d.Date.String(),
		int64(d.Discount), int64(d.Net), int64(d.Tax), int64(d.Total)); err != nil {
		return err
	}
	for i := range pr.lines {
		if err := tx.fileLine(d.Entry, &pr.lines[i]); err != nil {
			return err
		}
		if invoice == 0 {
			continue
		}
		if err := tx.exec("INSERT INTO returns (document, number, invoice, invoice_line) VALUES (?, ?, ?, ?)", d.Entry, int64(pr.lines[i].Number), invoice, int64(pr.lines[i].InvoiceLine)); err != nil {
			return err
		}
	}
	for _, t := range pr.taxes {
		if err := tx.exec("INSERT INTO taxes (document, rate, net, tax) VALUES (?, ?, ?, ?)", d.Entry, int64(t.Rate), int64(t.Net), int64(t.Tax)); err != nil {
			return err
		}
	}
	return nil
}

// fileLine records a line. Most lines have neither discount nor tax; those bind
// fewer values, which an import notices.
func (tx *Tx) fileLine(document int64, line *DocumentLine) error {
	if line.DiscountShare == 0 && line.Discount == 0 && line.DocumentDiscount == 0 && line.TaxRate == 0 && !line.Restock {
		return tx.exec(`INSERT INTO lines (document, number, product, description, quantity, unit_price, net, cost,
			discount_share, discount, document_discount, tax_rate, restock) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0)`,
			document, int64(line.Number), line.Product, line.Description, int64(line.Quantity), int64(line.UnitPrice), int64(line.Net), amountOrNull(line.Cost))
	}
	return tx.exec(`INSERT INTO lines (document, number, product, description, quantity, unit_price, net, cost,
		discount_share, discount, document_discount, tax_rate, restock) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		document, int64(line.Number), line.Product, line.Description, int64(line.Quantity), int64(line.UnitPrice), int64(line.Net), amountOrNull(line.Cost),
		int64(line.DiscountShare), int64(line.Discount), int64(line.DocumentDiscount), int64(line.TaxRate), truth(line.Restock))
}

// emitDocument emits an event per product of the document and one of its client.
func (tx *Tx) emitDocument(d *Document, products []*product, c *client, entry int64, sums, clientSums event.Type) error {
	for _, one := range tx.partsOf(d.Lines, products) {
		if err := tx.emitSums(sums, one.p, entry, d.Entry, &event.ProductSale{
			DocumentID: d.ID, Date: d.Date, VoidedOn: d.VoidedOn, Name: one.name, Quantity: one.quantity, Net: one.net, Cost: one.cost,
		}); err != nil {
			return err
		}
	}
	if c == nil {
		return nil
	}
	return tx.emitClientSums(clientSums, c, entry, d.Entry, &event.ClientDocument{DocumentID: d.ID, Date: d.Date, VoidedOn: d.VoidedOn, Net: d.Net})
}

// unitOf is the cost of one unit in minor units, half to even.
func unitOf(cost money.NullAmount, q money.Quantity) money.NullAmount {
	if !cost.Valid {
		return cost
	}
	unit, err := money.MulDiv(int64(cost.Amount), money.PerUnit, int64(q))
	return money.NullAmount{Amount: money.Amount(unit), Valid: err == nil}
}
