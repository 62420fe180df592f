package ledger

import (
	"slices"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// apply does to the lots what a movement says.
func (tx *Tx) apply(p *product, m movement) error {
	switch m.kind {
	case moveReceipt:
		return tx.putIn(p, m)
	case moveSale:
		return tx.takeOut(p, m.id, m.quantity)
	case moveReturn, moveSaleVoid:
		return tx.putBack(p, m)
	case moveReturnVoid:
		return tx.takeAgain(p, m)
	}
	return nil
}

// shift moves q into a lot (below zero: out of it) on account of a movement.
func (tx *Tx) shift(l *lot, movement int64, q money.Quantity) error {
	if q == 0 {
		return nil
	}
	l.onHand += q
	l.dirty = true
	return tx.exec("INSERT INTO allocations (movement, lot, quantity) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET quantity = quantity + excluded.quantity",
		movement, l.name, int64(q))
}

// putIn receives goods. They first cover what had been sold beyond all lots:
// that was these goods, delivered before their paper was entered.
func (tx *Tx) putIn(p *product, m movement) error {
	l := p.lot(m.lot)
	if l.onHand == 0 {
		l.unitCost, l.received, l.expiry = m.unitCost, m.date, m.expiry
	} else {
		if m.unitCost.Valid {
			l.unitCost = m.unitCost
		}
		l.received = max(l.received, m.date)
		if l.expiry == event.NoDate || (m.expiry != event.NoDate && m.expiry < l.expiry) {
			l.expiry = m.expiry
		}
	}
	if err := tx.shift(l, m.id, m.quantity); err != nil {
		return err
	}
	beyond := p.lot("")
	if beyond.onHand >= 0 {
		return nil
	}
	type debt struct {
		movement int64
		owed     money.Quantity
	}
	var debts []debt
	if err := tx.each(`SELECT max(CASE WHEN a.quantity < 0 THEN m.id END), -sum(a.quantity) AS owed
		FROM movements m JOIN allocations a ON a.movement = m.id AND a.lot = ''
		WHERE m.product = ? AND m.date > ? GROUP BY m.root HAVING owed > 0 ORDER BY m.root`, func(r row) error {
		debts = append(debts, debt{r.int(0), money.Quantity(r.int(1))})
		return nil
	}, p.ID, p.countedOn.String()); err != nil {
		return err
	}
	left := m.quantity
	for _, d := range debts {
		q := min(left, d.owed)
		if err := tx.shift(beyond, d.movement, q); err != nil {
			return err
		}
		if err := tx.shift(l, d.movement, -q); err != nil {
			return err
		}
		left -= q
	}
	return nil
}

// takeOut takes goods first expired first out; what is beyond all lots stands
// in the lot without a name, below zero.
func (tx *Tx) takeOut(p *product, movement int64, left money.Quantity) error {
	slices.SortFunc(p.lots, byExpiry)
	for _, l := range p.lots {
		if l.name == "" || l.onHand <= 0 || left == 0 {
			continue
		}
		q := min(left, l.onHand)
		if err := tx.shift(l, movement, -q); err != nil {
			return err
		}
		left -= q
	}
	return tx.shift(p.lot(""), movement, -left)
}

// putBack puts goods back into the lots that they came from, the last taken
// first. Where those are not known the goods get a lot named after the credit note.
func (tx *Tx) putBack(p *product, m movement) error {
	left := m.quantity
	if m.root != m.id {
		taken, date, err := tx.takenBy(m.root)
		if err != nil {
			return err
		}
		slices.SortFunc(p.lots, byExpiry)
		for _, l := range slices.Backward(slices.Clone(p.lots)) {
			// What an older sale took beyond all lots was settled by the count.
			if l.name == "" && date <= p.countedOn {
				continue
			}
			q := min(left, taken[l.name])
			if err := tx.shift(l, m.id, q); err != nil {
				return err
			}
			left -= q
		}
	}
	if left == 0 {
		return nil
	}
	l := p.lot(m.lot)
	if l.onHand == 0 {
		l.unitCost, l.received, l.expiry = m.unitCost, m.date, event.NoDate
	}
	return tx.shift(l, m.id, left)
}

// takenBy returns what a sale has still taken from each lot, after its returns
// and their voids; and the sale's date.
func (tx *Tx) takenBy(root int64) (map[string]money.Quantity, event.Date, error) {
	r, _, err := tx.row("SELECT date FROM movements WHERE id = ?", root)
	if err != nil {
		return nil, event.NoDate, err
	}
	taken := map[string]money.Quantity{}
	err = tx.each(`SELECT lot, quantity FROM allocations WHERE movement = ?1
		UNION ALL SELECT a.lot, a.quantity FROM movements m JOIN allocations a ON a.movement = m.id WHERE m.root = ?1 AND m.root <> m.id`, func(r row) error {
		taken[r.text(0)] -= money.Quantity(r.int(1))
		return nil
	}, root)
	for name := range taken {
		taken[name] = max(0, taken[name])
	}
	return taken, r.date(0), err
}

// takeAgain takes out the goods of a voided return: from where they were put,
// as far as they are still there.
func (tx *Tx) takeAgain(p *product, m movement) error {
	put := map[string]money.Quantity{}
	if err := tx.each("SELECT lot, quantity FROM allocations WHERE movement = ?", func(r row) error {
		put[r.text(0)] = money.Quantity(r.int(1))
		return nil
	}, m.of); err != nil {
		return err
	}
	left := m.quantity
	slices.SortFunc(p.lots, byExpiry)
	for _, l := range slices.Clone(p.lots) {
		q := min(left, put[l.name])
		if l.name != "" {
			q = min(q, l.onHand)
		}
		if q <= 0 {
			continue
		}
		if err := tx.shift(l, m.id, -q); err != nil {
			return err
		}
		left -= q
	}
	return tx.takeOut(p, m.id, left)
}

// replay works out the product's lots again: those of its latest count, and
// every movement dated after it in the order of recording.
func (tx *Tx) replay(p *product) error {
	if err := tx.loadLots(p); err != nil {
		return err
	}
	for _, l := range p.lots {
		l.dirty = l.dirty || l.onHand != 0
		l.onHand = 0
	}
	if err := tx.each("SELECT lot, on_hand, unit_cost, received_on, expiry_date FROM counted_lots WHERE entry = ? AND product = ?", func(r row) error {
		l := p.lot(r.text(0))
		l.onHand, l.unitCost, l.received, l.expiry, l.dirty = money.Quantity(r.int(1)), r.amount(2), r.date(3), r.date(4), true
		return nil
	}, p.countEntry, p.ID); err != nil {
		return err
	}
	var moved []movement
	if err := tx.each(`SELECT id, kind, date, quantity, of, root, lot, unit_cost, expiry_date
		FROM movements WHERE product = ? AND date > ? ORDER BY id`, func(r row) error {
		moved = append(moved, movement{
			id: r.int(0), kind: movementKind(r.text(1)), date: r.date(2), quantity: money.Quantity(r.int(3)),
			of: r.int(4), root: r.int(5), lot: r.text(6), unitCost: r.amount(7), expiry: r.date(8),
		})
		return nil
	}, p.ID, p.countedOn.String()); err != nil || len(moved) == 0 {
		return err
	}
	for _, m := range moved {
		if err := tx.exec("DELETE FROM allocations WHERE movement = ?", m.id); err != nil {
			return err
		}
	}
	for _, m := range moved {
		if err := tx.apply(p, m); err != nil {
			return err
		}
	}
	return nil
}
