package ledger

import (
	"context"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// WarningKind says what a warning is about.
type WarningKind string

// The kinds of warnings.
const (
	WarningMargin WarningKind = "margin" // below the product's minimum margin
	WarningStock  WarningKind = "stock"  // more was sold than the books have
)

// Warning is what a shopkeeper would want to know of a line of a sale. It keeps
// nobody from recording it.
type Warning struct {
	Line int // of the document, from 1
	Kind WarningKind
	// Margin is that of the line and Minimum that of its product; of WarningMargin.
	Margin, Minimum money.BasisPoints
	// Left is what the sale leaves of the product: below zero; of WarningStock.
	Left money.Quantity
}

// Warn works out what there is to warn of in an invoice, in the transaction that
// records or tries it. Stock warns at the first line of its product.
func (tx *Tx) Warn(d *Document) ([]Warning, error) {
	var all []Warning
	looked := map[string]bool{}
	for i := range d.Lines {
		line := &d.Lines[i]
		p, ok, err := tx.Product(line.Product)
		if err != nil || !ok {
			return nil, err
		}
		if margin, known := marginOf(line); known && p.MinMargin.Valid && margin < p.MinMargin.BasisPoints {
			all = append(all, Warning{Line: line.Number, Kind: WarningMargin, Margin: margin, Minimum: p.MinMargin.BasisPoints})
		}
		if p.Kind != event.KindStock || looked[p.ID] {
			continue
		}
		looked[p.ID] = true
		stock, err := tx.Stock(p.ID)
		if err != nil {
			return nil, err
		}
		var left money.Quantity
		for _, lot := range stock.Lots {
			left += lot.OnHand
		}
		if left < 0 {
			all = append(all, Warning{Line: line.Number, Kind: WarningStock, Left: left})
		}
	}
	return all, nil
}

func marginOf(line *DocumentLine) (money.BasisPoints, bool) {
	if !line.Cost.Valid {
		return 0, false
	}
	return money.Ratio(line.Net-line.Cost.Amount, line.Net)
}

// Warned keeps warnings with the document of an entry, in its transaction.
func (tx *Tx) Warned(entry int64, all []Warning) error {
	for _, w := range all {
		value, minimum := int64(w.Left), any(nil)
		if w.Kind == WarningMargin {
			value, minimum = int64(w.Margin), int64(w.Minimum)
		}
		if err := tx.exec("INSERT INTO warnings (document, line, kind, value, minimum) VALUES (?, ?, ?, ?, ?)", entry, int64(w.Line), string(w.Kind), value, minimum); err != nil {
			return err
		}
	}
	return nil
}

// Warnings returns what was warned of when the document of an entry was recorded, by
// line. What was imported was not looked at.
func (l *Ledger) Warnings(ctx context.Context, entry int64) (all []Warning, err error) {
	err = l.asking(ctx, func(q asker) error {
		return q.each("SELECT line, kind, value, minimum FROM warnings WHERE document = ? ORDER BY line, kind", func(r row) error {
			w := Warning{Line: int(r.int(0)), Kind: WarningKind(r.text(1))}
			if w.Kind == WarningMargin {
				w.Margin, w.Minimum = money.BasisPoints(r.int(2)), money.BasisPoints(r.int(3))
			} else {
				w.Left = money.Quantity(r.int(2))
			}
			all = append(all, w)
			return nil
		}, entry)
	})
	return all, l.explain("reading", err)
}
