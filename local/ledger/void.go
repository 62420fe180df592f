package ledger

import (
	"slices"

	"comptoir/shared/event"
)

// Void takes a document back. It returns the document as it stands then.
func (tx *Tx) Void(v Void) (Document, error) {
	if tx.broken != nil {
		return Document{}, tx.broken
	}
	if v.Date == event.NoDate {
		v.Date = tx.today
	}
	d, err := tx.voidable(v)
	if err != nil {
		return Document{}, err
	}
	entry, err := tx.write(EntryVoid, v.Reference, v.Date, d.ID, v.Reason)
	if err != nil {
		return Document{}, err
	}
	if err := tx.exec("INSERT INTO voids (document, entry, voided_on, reason) VALUES (?, ?, ?, ?)", d.Entry, entry.ID, v.Date.String(), v.Reason); err != nil {
		return Document{}, err
	}
	d.VoidedOn, d.VoidReason = v.Date, v.Reason
	products := make([]*product, len(d.Lines))
	for i := range d.Lines {
		if products[i], err = tx.product(d.Lines[i].Product); err != nil {
			return Document{}, err
		}
	}
	if err := tx.unmove(&d, products, entry.ID); err != nil {
		return Document{}, err
	}
	var c *client
	if d.Client != "" {
		if c, err = tx.client(d.Client); err != nil {
			return Document{}, err
		}
	}
	if d.Kind == KindCreditNote {
		return d, tx.emitDocument(&d, products, c, entry.ID, event.ProductReturnVoided, event.ClientCreditVoided)
	}
	for i, p := range products {
		if slices.Contains(products[:i], p) {
			continue // of the same document
		}
		if err := tx.resell(p, d.Date); err != nil {
			return Document{}, err
		}
	}
	if c != nil {
		if err := tx.repurchase(c); err != nil {
			return Document{}, err
		}
	}
	return d, tx.emitDocument(&d, products, c, entry.ID, event.ProductSaleVoided, event.ClientInvoiceVoided)
}

// voidable returns the document to be voided.
func (tx *Tx) voidable(v Void) (Document, error) {
	if err := tx.checkReference(v.Reference); err != nil {
		return Document{}, err
	}
	d, ok, err := tx.Document(v.Document)
	if err != nil {
		return Document{}, err
	}
	switch {
	case !ok:
		return Document{}, refuse("unknown_document", "document", shorten(v.Document), "there is no such document", "correct its id")
	case d.VoidedOn != event.NoDate:
		return Document{}, refuse("voided", "document", d.ID, "it was voided on "+d.VoidedOn.String()+" already", "leave it")
	case v.Reason == "":
		return Document{}, refuse("reason", "reason", "", "a void says why", "give the reason")
	case badText(v.Reason):
		return Document{}, tooLong("reason", v.Reason)
	case d.Date <= tx.b.closed:
		return Document{}, refuse("closed_period", "document", d.ID, "it is of "+d.Date.String()+" and the books are closed through "+tx.b.closed.String(), correction(d.Kind))
	}
	if rule := tx.checkDate("date", v.Date); rule != nil {
		return Document{}, rule
	}
	if v.Date < d.Date && d.Date <= tx.today {
		return Document{}, refuse("date", "date", v.Date.String(), "a document is not voided before its own date, "+d.Date.String(), "correct the date")
	}
	if d.Kind == KindInvoice {
		r, ok, err := tx.row("SELECT id FROM documents WHERE invoice = ? AND entry NOT IN (SELECT document FROM voids) LIMIT 1", d.Entry)
		if err != nil {
			return Document{}, err
		}
		if ok {
			return Document{}, refuse("has_credit_note", "document", d.ID, "its credit note "+r.text(0)+" stands", "void the credit note first")
		}
	}
	return d, nil
}

// correction is what takes a document of a closed period back.
func correction(kind DocumentKind) string {
	if kind == KindCreditNote {
		return "record an invoice of a later date instead"
	}
	return "record a return of a later date instead"
}

// resell finds the first and last sale of a product again after an invoice of
// date was voided. It follows the product's chain of events, once a transaction that
// voids many: the lines have no index by product, which would double the cost of an import.
func (tx *Tx) resell(p *product, date event.Date) error {
	switch {
	case p.standing == nil && date != p.first && date != p.last:
		return nil
	case p.standing == nil:
		if err := tx.countStanding(p); err != nil {
			return err
		}
	default:
		if p.standing[date]--; p.standing[date] <= 0 {
			delete(p.standing, date)
		}
	}
	first, last := event.NoDate, event.NoDate
	for on := range p.standing {
		if first == event.NoDate || on < first {
			first = on
		}
		last = max(last, on)
	}
	p.first = first
	if last != p.last {
		p.last, p.resold = last, true
	}
	return nil
}

// countStanding counts the standing invoices of a product by their dates.
func (tx *Tx) countStanding(p *product) error {
	p.standing = map[event.Date]int{}
	return tx.each(`WITH RECURSIVE sold (previous, document, type) AS (
			SELECT previous, document, type FROM event_log WHERE id = ?
			UNION ALL SELECT e.previous, e.document, e.type FROM sold JOIN event_log e ON e.id = sold.previous)
		SELECT d.date, count(DISTINCT d.entry) FROM sold JOIN documents d ON d.entry = sold.document
		WHERE sold.type = 'product.sold' AND d.entry NOT IN (SELECT document FROM voids) GROUP BY d.date`, func(r row) error {
		p.standing[r.date(0)] = int(r.int(1))
		return nil
	}, p.lastSums)
}

// repurchase finds the first and last purchase of a client again.
func (tx *Tx) repurchase(c *client) error {
	r, _, err := tx.row("SELECT min(date), max(date) FROM documents WHERE client = ? AND kind = 'invoice' AND entry NOT IN (SELECT document FROM voids)", c.ID)
	if err != nil {
		return err
	}
	c.first, c.last = r.date(0), r.date(1)
	return nil
}
