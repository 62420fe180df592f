package ledger

import (
	"comptoir/shared/event"
	"comptoir/shared/money"
)

// SetCost gives a cost that was unknown when the sale was recorded: to every
// line of the product in the document that has none, and pro rata to the
// standing credit notes linked to them.
func (tx *Tx) SetCost(v CostSetting) (Entry, error) {
	if tx.broken != nil {
		return Entry{}, tx.broken
	}
	if v.Date == event.NoDate {
		v.Date = tx.today
	}
	d, p, err := tx.costable(v)
	if err != nil {
		return Entry{}, err
	}
	costs := make([]money.NullAmount, len(d.Lines))
	var sum money.Amount
	for i := range d.Lines {
		line := &d.Lines[i]
		if line.Product != p.ID || line.Cost.Valid {
			continue
		}
		cost, err := v.UnitCost.Times(line.Quantity)
		if err == nil {
			sum, err = money.Add(sum, cost)
		}
		if err != nil {
			return Entry{}, tooLarge("unit_cost", v.UnitCost.Format(tx.l.currency))
		}
		costs[i] = money.Some(cost)
	}
	notes, err := tx.notesOf(d)
	if err != nil {
		return Entry{}, err
	}
	entry, err := tx.write(EntryCost, v.Reference, v.Date, d.ID, p.ID)
	if err != nil {
		return Entry{}, err
	}
	kind := event.ProductSaleCosted
	if d.Kind == KindCreditNote {
		kind = event.ProductReturnCosted
	}
	if err := tx.costLines(&d, p, costs, entry.ID, kind); err != nil {
		return Entry{}, err
	}
	gone := make([]returned, len(d.Lines))
	for n := range notes {
		note := &notes[n]
		shares := make([]money.NullAmount, len(note.Lines))
		for i := range note.Lines {
			line := &note.Lines[i]
			whole, back := costs[line.InvoiceLine-1], &gone[line.InvoiceLine-1]
			if !whole.Valid {
				continue
			}
			cost, err := share(whole.Amount, back.cost, line.Quantity, d.Lines[line.InvoiceLine-1].Quantity, back.quantity)
			if err != nil {
				return Entry{}, tx.fail(err) // below the line's cost, which fits
			}
			back.quantity += line.Quantity
			back.cost += cost
			shares[i] = money.Some(cost)
		}
		if err := tx.costLines(note, p, shares, entry.ID, event.ProductReturnCosted); err != nil {
			return Entry{}, err
		}
	}
	return entry, nil
}

// costable returns the document and product of a cost setting.
func (tx *Tx) costable(v CostSetting) (Document, *product, error) {
	if err := tx.checkReference(v.Reference); err != nil {
		return Document{}, nil, err
	}
	if rule := tx.checkDate("date", v.Date); rule != nil {
		return Document{}, nil, rule
	}
	d, ok, err := tx.Document(v.Document)
	if err != nil {
		return Document{}, nil, err
	}
	switch {
	case !ok:
		return Document{}, nil, refuse("unknown_document", "document", shorten(v.Document), "there is no such document", "correct its id")
	case d.VoidedOn != event.NoDate:
		return Document{}, nil, refuse("voided", "document", d.ID, "it was voided on "+d.VoidedOn.String()+" already", "leave it")
	case d.Invoice != "":
		return Document{}, nil, refuse("linked", "document", d.ID, "a linked credit note has its invoice's cost", "set the cost of "+d.Invoice)
	case v.UnitCost < 0:
		return Document{}, nil, refuse("negative", "unit_cost", v.UnitCost.Format(tx.l.currency), "a cost is zero or above", "correct it")
	}
	p, err := tx.product(v.Product)
	if err != nil {
		return Document{}, nil, err
	}
	named, open := false, false
	for i := range d.Lines {
		if d.Lines[i].Product == v.Product {
			named, open = true, open || !d.Lines[i].Cost.Valid
		}
	}
	switch {
	case p == nil || !named:
		return Document{}, nil, refuse("unknown_product", "product", shorten(v.Product), d.ID+" has no line of it", "correct the product or the document")
	case !open:
		return Document{}, nil, refuse("cost_known", "product", p.ID, "its cost in "+d.ID+" is frozen", "leave it")
	}
	return d, p, nil
}

// notesOf returns the standing credit notes linked to an invoice, in the order of recording.
func (tx *Tx) notesOf(invoice Document) ([]Document, error) {
	if invoice.Kind != KindInvoice {
		return nil, nil
	}
	var ids []string
	if err := tx.each("SELECT id FROM documents WHERE invoice = ? AND entry NOT IN (SELECT document FROM voids) ORDER BY entry", func(r row) error {
		ids = append(ids, r.text(0))
		return nil
	}, invoice.Entry); err != nil {
		return nil, err
	}
	notes := make([]Document, 0, len(ids))
	for _, id := range ids {
		d, _, err := tx.Document(id)
		if err != nil {
			return nil, err
		}
		notes = append(notes, d)
	}
	return notes, nil
}

// costLines records the costs of a document's lines, where they are valid, and
// emits them as one event of the product.
func (tx *Tx) costLines(d *Document, p *product, costs []money.NullAmount, entry int64, kind event.Type) error {
	var lines []DocumentLine
	var products []*product
	for i, cost := range costs {
		if !cost.Valid {
			continue
		}
		if err := tx.exec("INSERT INTO line_costs (document, number, entry, cost) VALUES (?, ?, ?, ?)", d.Entry, int64(d.Lines[i].Number), entry, int64(cost.Amount)); err != nil {
			return err
		}
		line := d.Lines[i]
		line.Cost = cost
		lines, products = append(lines, line), append(products, p)
	}
	for _, one := range tx.partsOf(lines, products) {
		if err := tx.emitSums(kind, one.p, entry, d.Entry, &event.ProductSale{
			DocumentID: d.ID, Date: d.Date, Name: one.name, Quantity: one.quantity, Net: one.net, Cost: one.cost,
		}); err != nil {
			return err
		}
	}
	return nil
}
