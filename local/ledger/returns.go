package ledger

import (
	"fmt"
	"strconv"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// CreditNote records a return. A linked one takes its prices, nets, costs and
// taxes from the invoice; a free one says its own, and costs as of now.
func (tx *Tx) CreditNote(v CreditNote) (Document, error) {
	d := Document{Kind: KindCreditNote, Reference: v.Reference, Invoice: v.Invoice, Client: v.Client, Date: v.Date, Discount: v.Discount}
	var pr *priced
	var invoice Document
	var err error
	if v.Invoice != "" {
		if invoice, err = tx.linkable(v); err != nil {
			return Document{}, err
		}
		d.Client = invoice.Client
	}
	c, err := tx.checkHead(v.Reference, d.Client, v.Date, v.AllowFuture)
	if err != nil {
		return Document{}, err
	}
	if v.Invoice != "" {
		pr, err = tx.priceLinked(invoice, v.Lines)
	} else {
		lines := make([]Line, len(v.Lines))
		for i := range v.Lines {
			lines[i] = v.Lines[i].Line
		}
		if pr, err = tx.price(lines, v.Discount); err == nil {
			for i := range v.Lines {
				pr.lines[i].Restock = v.Lines[i].Restock
			}
		}
	}
	if err != nil {
		return Document{}, err
	}
	if err := tx.file(&d, invoice.Entry, pr); err != nil {
		return Document{}, err
	}
	for i, p := range pr.products {
		line := &pr.lines[i]
		if !line.Restock {
			continue
		}
		if err := tx.restock(p, &d, line, invoice.Entry); err != nil {
			return Document{}, err
		}
	}
	return d, tx.emitDocument(&d, pr.products, c, d.Entry, event.ProductReturned, event.ClientCredited)
}

// linkable returns the invoice that a credit note can be linked to.
func (tx *Tx) linkable(v CreditNote) (Document, error) {
	invoice, ok, err := tx.Document(v.Invoice)
	if err != nil {
		return Document{}, err
	}
	switch {
	case !ok || invoice.Kind != KindInvoice:
		return Document{}, refuse("unknown_document", "invoice", shorten(v.Invoice), "there is no such invoice", "correct its id, or make a free credit note")
	case invoice.VoidedOn != event.NoDate:
		return Document{}, refuse("voided", "invoice", v.Invoice, "it was voided on "+invoice.VoidedOn.String()+" already", "leave it: nothing is left to be returned")
	case v.Client != "" && v.Client != invoice.Client:
		return Document{}, refuse("client", "client", shorten(v.Client), "a linked credit note is its invoice's client's", "leave the client out")
	case v.Date != event.NoDate && v.Date < invoice.Date:
		return Document{}, refuse("date", "date", v.Date.String(), "goods do not come back before they were sold, on "+invoice.Date.String(), "correct the date")
	case v.Discount != 0:
		return Document{}, refuse("discount", "discount", v.Discount.Format(tx.l.currency), "a linked credit note has the invoice's prices", "leave the discount out")
	case len(v.Lines) == 0:
		return Document{}, refuse("no_lines", "lines", "", "a document has at least one line", "add the lines")
	}
	return invoice, nil
}

// returned is what standing credit notes have taken back of an invoice's line.
type returned struct {
	quantity money.Quantity
	net      money.Amount
	cost     money.Amount
}

// share takes the part of quantity q out of a whole: pro rata, half to even,
// never more than is left; what completes the line takes all that is left.
func share(whole, gone money.Amount, q, all, before money.Quantity) (money.Amount, error) {
	left := whole - gone
	if before+q == all {
		return left, nil
	}
	v, err := money.MulDiv(int64(whole), int64(q), int64(all))
	return min(money.Amount(v), left), err
}

// priceLinked works out a linked credit note.
func (tx *Tx) priceLinked(invoice Document, lines []ReturnLine) (*priced, error) {
	back, err := tx.returnedOf(invoice)
	if err != nil {
		return nil, err
	}
	pr := &priced{lines: make([]DocumentLine, len(lines)), products: make([]*product, len(lines))}
	for i, line := range lines {
		if line.InvoiceLine < 1 || line.InvoiceLine > len(invoice.Lines) {
			return nil, refuse("unknown_line", lineField(i, "invoice_line"), strconv.Itoa(line.InvoiceLine), fmt.Sprintf("the lines of %s go from 1 to %d", invoice.ID, len(invoice.Lines)), "name one of them")
		}
		sold, gone, q := &invoice.Lines[line.InvoiceLine-1], &back[line.InvoiceLine-1], line.Line.Quantity
		if q <= 0 {
			return nil, refuse("quantity", lineField(i, "quantity"), q.String(), "a returned quantity is above zero", "correct it")
		}
		if q > sold.Quantity-gone.quantity {
			advice := "return at most what is left, " + (sold.Quantity - gone.quantity).String()
			if gone.quantity == sold.Quantity {
				advice = "leave it empty: all of it has come back"
			}
			return nil, refuse("returned_too_much", lineField(i, "quantity"), q.String(),
				fmt.Sprintf("line %d of %s: sold %s, come back %s", line.InvoiceLine, invoice.ID, sold.Quantity, gone.quantity), advice)
		}
		p, err := tx.product(sold.Product)
		if err != nil {
			return nil, err
		}
		one := DocumentLine{Number: i + 1, Line: sold.Line, InvoiceLine: line.InvoiceLine, Restock: line.Restock}
		one.Quantity, one.Discount = q, 0
		if one.Net, err = share(sold.Net, gone.net, q, sold.Quantity, gone.quantity); err != nil {
			return nil, tooLarge(lineField(i, "quantity"), q.String())
		}
		if sold.Cost.Valid {
			cost, err := share(sold.Cost.Amount, gone.cost, q, sold.Quantity, gone.quantity)
			if err != nil {
				return nil, tooLarge(lineField(i, "quantity"), q.String())
			}
			one.Cost = money.Some(cost)
			gone.cost += cost
		}
		gone.quantity += q
		gone.net += one.Net
		pr.lines[i], pr.products[i] = one, p
	}
	left, err := tx.taxLeft(invoice, back)
	if err != nil {
		return nil, err
	}
	if rule := pr.addUp(left); rule != nil {
		return nil, rule
	}
	return pr, nil
}

// taxLeft returns the rule of a linked credit note's tax: rounded once per
// rate like any other, never more than is left of the invoice's; what
// completes the lines of a rate takes all that is left.
func (tx *Tx) taxLeft(invoice Document, back []returned) (func(money.BasisPoints, money.Amount) money.Amount, error) {
	left := map[money.BasisPoints]money.Amount{}
	if err := tx.each(`SELECT rate, tax FROM taxes WHERE document = ?1
		UNION ALL SELECT t.rate, -t.tax FROM documents d JOIN taxes t ON t.document = d.entry
		WHERE d.invoice = ?1 AND d.entry NOT IN (SELECT document FROM voids)`, func(r row) error {
		left[money.BasisPoints(r.int(0))] += money.Amount(r.int(1))
		return nil
	}, invoice.Entry); err != nil {
		return nil, err
	}
	open := map[money.BasisPoints]bool{}
	for i, line := range invoice.Lines {
		if back[i].quantity < line.Quantity {
			open[line.TaxRate] = true
		}
	}
	return func(rate money.BasisPoints, rounded money.Amount) money.Amount {
		if open[rate] {
			return min(rounded, left[rate])
		}
		return left[rate]
	}, nil
}

// returnedOf gives for each line of an invoice what has come back of it.
func (tx *Tx) returnedOf(invoice Document) ([]returned, error) {
	back := make([]returned, len(invoice.Lines))
	err := tx.each(returnedQuery, func(r row) error {
		back[r.int(0)-1] = returned{money.Quantity(r.int(1)), money.Amount(r.int(2)), money.Amount(r.int(3))}
		return nil
	}, invoice.Entry)
	return back, err
}

const returnedQuery = `SELECT x.invoice_line, sum(r.quantity), sum(r.net), sum(coalesce(r.cost, s.cost, 0))
	FROM returns x JOIN lines r ON r.document = x.document AND r.number = x.number
	LEFT JOIN line_costs s ON s.document = x.document AND s.number = x.number
	WHERE x.invoice = ? AND x.document NOT IN (SELECT document FROM voids) GROUP BY x.invoice_line`
