package ledger

import (
	"cmp"
	"slices"
	"strings"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// What moves goods is recorded once, in the order of recording (movements).
// Which lots it took from or went to is derived (allocations, lots): a count
// that is entered late becomes the product's latest and everything dated after
// it is played again from the counted lots.

type movementKind string

const (
	moveReceipt    movementKind = "receipt"
	moveSale       movementKind = "sale"
	moveReturn     movementKind = "return"
	moveSaleVoid   movementKind = "sale_void"
	moveReturnVoid movementKind = "return_void"
)

type movement struct {
	id       int64
	kind     movementKind
	date     event.Date
	quantity money.Quantity
	document int64
	line     int
	of       int64  // of a void: the movement that it takes back
	root     int64  // the sale (or the free return) that it goes back to; itself otherwise
	lot      string // of a receipt, and of returned goods whose lot is unknown
	unitCost money.NullAmount
	expiry   event.Date
}

// moves tells whether something dated d moves the product's stock: what is
// dated on or before the latest count is in that count already.
func (p *product) moves(d event.Date) bool {
	return p.Kind == event.KindStock && (p.countedOn == event.NoDate || d > p.countedOn)
}

// loadLots reads the product's lots, once.
func (tx *Tx) loadLots(p *product) error {
	if p.lotsKnown {
		return nil
	}
	p.lots = nil
	if err := tx.each("SELECT lot, on_hand, unit_cost, received_on, expiry_date FROM lots WHERE product = ?", func(r row) error {
		p.lots = append(p.lots, &lot{name: r.text(0), onHand: money.Quantity(r.int(1)), unitCost: r.amount(2), received: r.date(3), expiry: r.date(4), stored: true})
		return nil
	}, p.ID); err != nil {
		return err
	}
	slices.SortFunc(p.lots, byExpiry)
	p.lotsKnown = true
	return nil
}

// byExpiry is first expired, first out: by expiry, none last; then by receipt;
// then by name. What was sold beyond all lots comes last of all.
func byExpiry(a, b *lot) int {
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.expiry, b.expiry), cmp.Compare(a.received, b.received), strings.Compare(a.name, b.name))
}

func rank(l *lot) int {
	switch {
	case l.name == "":
		return 2
	case l.expiry == event.NoDate:
		return 1
	}
	return 0
}

func (p *product) lot(name string) *lot {
	for _, l := range p.lots {
		if l.name == name {
			return l
		}
	}
	l := &lot{name: name}
	p.lots = append(p.lots, l)
	return l
}

func (p *product) onHand() money.Quantity {
	var sum money.Quantity
	for _, l := range p.lots {
		sum += l.onHand
	}
	return sum
}

// stockOf is the product's stock as it is said to the world: sold-out lots are left out.
func (tx *Tx) stockOf(p *product) (event.Stock, error) {
	stock := event.Stock{LastSoldOn: p.last}
	if err := tx.loadLots(p); err != nil {
		return stock, err
	}
	slices.SortFunc(p.lots, byExpiry)
	for _, l := range p.lots {
		if l.onHand != 0 {
			stock.Lots = append(stock.Lots, event.Lot{Lot: l.name, OnHand: l.onHand, UnitCost: l.unitCost, ReceivedOn: l.received, ExpiryDate: l.expiry})
		}
	}
	return stock, nil
}

// Stock returns a product's stock as the transaction has it so far, sold-out lots left out.
func (tx *Tx) Stock(id string) (event.Stock, error) {
	p, err := tx.product(id)
	if err != nil {
		return event.Stock{}, err
	}
	if p == nil {
		return event.Stock{}, refuse("unknown_product", "product", shorten(id), "it is not in the catalogue", "add the product first, or correct its id")
	}
	return tx.stockOf(p)
}

// storeLots writes back the lots that changed.
func (tx *Tx) storeLots(p *product) error {
	for _, l := range p.lots {
		if !l.dirty {
			continue
		}
		query := "INSERT INTO lots (on_hand, unit_cost, received_on, expiry_date, product, lot) VALUES (?, ?, ?, ?, ?, ?)"
		if l.stored {
			query = "UPDATE lots SET on_hand = ?, unit_cost = ?, received_on = ?, expiry_date = ? WHERE product = ? AND lot = ?"
		}
		if err := tx.exec(query, int64(l.onHand), amountOrNull(l.unitCost), dateOrNull(l.received), dateOrNull(l.expiry), p.ID, l.name); err != nil {
			return err
		}
		l.dirty, l.stored = false, true
	}
	return nil
}

// move records a movement and applies it.
func (tx *Tx) move(p *product, entry int64, m movement) error {
	tx.b.movement++
	m.id = tx.b.movement
	if m.root == 0 {
		m.root = m.id
	}
	var document, line any
	if m.document != 0 {
		document, line = m.document, int64(m.line)
	}
	if err := tx.exec(`INSERT INTO movements (id, entry, product, date, kind, quantity, document, line, of, root, lot, unit_cost, expiry_date)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, m.id, entry, p.ID, m.date.String(), string(m.kind), int64(m.quantity),
		document, line, intOrNull(m.of), m.root, m.lot, amountOrNull(m.unitCost), dateOrNull(m.expiry)); err != nil {
		return err
	}
	if err := tx.loadLots(p); err != nil {
		return err
	}
	tx.touch(p, entry)
	p.restocked = true
	return tx.apply(p, m)
}

// sell takes the goods of an invoice's line out of the lots.
func (tx *Tx) sell(p *product, document int64, date event.Date, line int, q money.Quantity) error {
	if !p.moves(date) {
		return nil
	}
	return tx.move(p, document, movement{kind: moveSale, date: date, quantity: q, document: document, line: line})
}

// restock puts the goods of a credit note's line back. invoice is the entry of
// its invoice, 0 for a free one.
func (tx *Tx) restock(p *product, d *Document, line *DocumentLine, invoice int64) error {
	if !p.moves(d.Date) {
		return nil
	}
	m := movement{kind: moveReturn, date: d.Date, quantity: line.Quantity, document: d.Entry, line: line.Number, lot: d.ID, unitCost: unitOf(line.Cost, line.Quantity)}
	if invoice != 0 {
		r, ok, err := tx.row("SELECT id FROM movements WHERE document = ? AND line = ? AND kind = 'sale'", invoice, int64(line.InvoiceLine))
		if err != nil {
			return err
		}
		if ok {
			m.root = r.int(0)
		}
	}
	return tx.move(p, d.Entry, m)
}

// unmove takes back what a document's lines moved, where that still counts.
func (tx *Tx) unmove(d *Document, products []*product, entry int64) error {
	done, undo := moveSale, moveSaleVoid
	if d.Kind == KindCreditNote {
		done, undo = moveReturn, moveReturnVoid
	}
	for i, p := range products {
		if !p.moves(d.Date) {
			continue
		}
		r, ok, err := tx.row("SELECT id, root, quantity FROM movements WHERE document = ? AND line = ? AND kind = ?", d.Entry, int64(d.Lines[i].Number), string(done))
		if err != nil {
			return err
		}
		if !ok {
			continue // not put back on the shelf
		}
		if err := tx.move(p, entry, movement{kind: undo, date: d.Date, quantity: money.Quantity(r.int(2)), document: d.Entry, line: d.Lines[i].Number, of: r.int(0), root: r.int(1)}); err != nil {
			return err
		}
	}
	return nil
}
