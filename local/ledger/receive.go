package ledger

import (
	"fmt"
	"math/big"
	"strconv"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// Receive records a delivery. Where it has a cost, the moving average of the
// product follows, also for a delivery that a later count has in it already.
func (tx *Tx) Receive(v StockReceipt) (Entry, error) {
	if tx.broken != nil {
		return Entry{}, tx.broken
	}
	var err error
	if v.Reference, err = tx.deliveryReference(v); err != nil {
		return Entry{}, err
	}
	p, err := tx.receivable(v)
	if err != nil {
		return Entry{}, err
	}
	before := p.onHand()
	average, rule := p.averageWith(before, v)
	if rule != nil {
		return Entry{}, rule
	}
	entry, err := tx.write(EntryReceipt, v.Reference, v.Date, v.Product, "")
	if err != nil {
		return Entry{}, err
	}
	if v.UnitCost.Valid {
		p.average, p.averaged, p.restated = average, true, true
	}
	tx.touch(p, entry.ID)
	if !p.moves(v.Date) {
		return entry, nil
	}
	if v.Lot == "" {
		v.Lot = unnamed(entry.ID)
	}
	return entry, tx.move(p, entry.ID, movement{kind: moveReceipt, date: v.Date, quantity: v.Quantity, lot: v.Lot, unitCost: v.UnitCost, expiry: v.ExpiryDate})
}

// unnamed is the lot of goods whose batch nobody gave: the number of their entry.
func unnamed(entry int64) string { return "#" + strconv.FormatInt(entry, 10) }

// deliveryReference is the reference of a receipt: its delivery note, or where another
// product or lot of that delivery has it already, the note with this product and lot.
// So a note serves for all that it lists, and each of that once.
func (tx *Tx) deliveryReference(v StockReceipt) (string, error) {
	e, ok, err := tx.EntryByReference(v.Reference)
	if err != nil || !ok || e.Kind != EntryReceipt {
		return v.Reference, err
	}
	if e.Subject == v.Product {
		r, ok, err := tx.row("SELECT lot FROM movements WHERE product = ? AND entry = ?", v.Product, e.ID)
		if err != nil || !ok || v.Lot == "" || v.Lot == r.text(0) {
			return v.Reference, err // once more: it is refused
		}
	}
	reference := v.Reference + " · " + v.Product
	if v.Lot != "" {
		reference += " · " + v.Lot
	}
	return reference, nil
}

// receivable checks a delivery and returns its product with its lots.
func (tx *Tx) receivable(v StockReceipt) (*product, error) {
	if err := tx.checkReference(v.Reference); err != nil {
		return nil, err
	}
	if rule := tx.checkDate("date", v.Date); rule != nil {
		return nil, rule
	}
	p, err := tx.stocked("product", v.Product)
	if err != nil {
		return nil, err
	}
	if rule := checkLot(v.Lot, v.Quantity, v.UnitCost); rule != nil {
		return nil, rule
	}
	if v.Quantity == 0 {
		return nil, refuse("quantity", "quantity", "0", "a receipt is of more than nothing", "correct it")
	}
	if err := tx.loadLots(p); err != nil {
		return nil, err
	}
	for _, l := range p.lots {
		if l.name == v.Lot && v.Lot != "" && l.onHand != 0 && l.expiry != v.ExpiryDate && p.moves(v.Date) {
			rule := fmt.Sprintf("there is some left of lot %s of %s, which expires on %s", l.name, p.ID, l.expiry)
			if l.expiry == event.NoDate {
				rule = fmt.Sprintf("there is some left of lot %s of %s, which has no expiry date", l.name, p.ID)
			}
			return nil, refuse("lot_differs", "expiry_date", v.ExpiryDate.String(), rule, "give these goods another lot, or the same date")
		}
	}
	return p, nil
}

// stocked returns a product that can be received and counted.
func (tx *Tx) stocked(field, id string) (*product, error) {
	p, err := tx.product(id)
	if err != nil {
		return nil, err
	}
	switch {
	case p == nil:
		return nil, refuse("unknown_product", field, shorten(id), "it is not in the catalogue", "add the product first, or correct its id")
	case p.Kind != event.KindStock:
		return nil, refuse("service", field, id, "a service has no stock", "name a product of the kind stock")
	}
	return p, nil
}

func checkLot(name string, q money.Quantity, cost money.NullAmount) *RuleError {
	switch {
	case name != "" && event.CheckID(name) != nil:
		return badID("lot", name)
	case q < 0 || q > mostQuantity:
		return refuse("quantity", "quantity", q.String(), "a quantity is not below zero and at most a thousand million", "correct it")
	case cost.Valid && cost.Amount < 0:
		return refuse("negative", "unit_cost", "below zero", "a cost is zero or above", "correct it, or leave it out where it is unknown")
	}
	return nil
}

// averageWith is the moving average after a receipt: (on hand × average +
// quantity × cost) ÷ (on hand + quantity), in ten-thousandths of a minor unit,
// half to even. With nothing on hand, or no average yet, it is the receipt's cost.
func (p *product) averageWith(onHand money.Quantity, v StockReceipt) (money.Price, *RuleError) {
	if !v.UnitCost.Valid {
		return p.average, nil
	}
	cost, err := v.UnitCost.Amount.Price()
	if err != nil {
		return 0, tooLarge("unit_cost", strconv.FormatInt(int64(v.UnitCost.Amount), 10))
	}
	if onHand <= 0 || !p.averaged {
		return cost, nil
	}
	product := func(price money.Price, q money.Quantity) *big.Int {
		return new(big.Int).Mul(big.NewInt(int64(price)), big.NewInt(int64(q)))
	}
	value := product(p.average, onHand)
	value.Add(value, product(cost, v.Quantity))
	all := big.NewInt(int64(onHand + v.Quantity))
	quotient, rest := new(big.Int).QuoRem(value, all, new(big.Int))
	// An average lies between what it is made of, so it fits.
	if c := rest.Lsh(rest, 1).Cmp(all); c > 0 || (c == 0 && quotient.Bit(0) == 1) {
		quotient.Add(quotient, big.NewInt(1))
	}
	return money.Price(quotient.Int64()), nil
}

// Count records a stock count: what was on the shelf at the end of its date.
// It replaces all lots of the products that it names, unless a count of a
// later date stands; what is dated after it is applied to it again.
func (tx *Tx) Count(v StockCount) (Entry, error) {
	if tx.broken != nil {
		return Entry{}, tx.broken
	}
	if err := tx.checkReference(v.Reference); err != nil {
		return Entry{}, err
	}
	if rule := tx.checkDate("date", v.Date); rule != nil {
		return Entry{}, rule
	}
	if len(v.Products) == 0 {
		return Entry{}, refuse("no_lines", "products", "", "a count names at least one product", "add what was counted")
	}
	products := make([]*product, len(v.Products))
	seen := make(map[string]bool, len(v.Products))
	for i, counted := range v.Products {
		field := fmt.Sprintf("products[%d]", i+1)
		p, err := tx.stocked(field+".product", counted.Product)
		if err != nil {
			return Entry{}, err
		}
		if seen[p.ID] {
			return Entry{}, refuse("twice", field+".product", p.ID, "a count names a product once", "put its lots together")
		}
		if rule := checkCounted(v.Date, field, counted.Lots); rule != nil {
			return Entry{}, rule
		}
		products[i], seen[p.ID] = p, true
	}
	entry, err := tx.write(EntryCount, v.Reference, v.Date, "", "")
	if err != nil {
		return Entry{}, err
	}
	for i, p := range products {
		if err := tx.countProduct(p, entry, v.Products[i].Lots); err != nil {
			return Entry{}, err
		}
	}
	return entry, nil
}

func checkCounted(date event.Date, field string, lots []CountedLot) *RuleError {
	names := make(map[string]bool, len(lots))
	for i, l := range lots {
		rule := checkLot(l.Lot, l.OnHand, l.UnitCost)
		switch {
		case rule != nil:
		case names[l.Lot]:
			rule = refuse("twice", "lot", l.Lot, "a count names a lot of a product once", "put its quantities together, or give each its lot")
		case l.ReceivedOn > date:
			rule = refuse("date", "received_on", l.ReceivedOn.String(), "goods counted on "+date.String()+" were received by then", "correct the date")
		}
		if rule != nil {
			rule.Field = fmt.Sprintf("%s.lots[%d].%s", field, i+1, rule.Field)
			return rule
		}
		names[l.Lot] = true
	}
	return nil
}

func (tx *Tx) countProduct(p *product, entry Entry, lots []CountedLot) error {
	if err := tx.exec("INSERT INTO counts (entry, product, date) VALUES (?, ?, ?)", entry.ID, p.ID, entry.Date.String()); err != nil {
		return err
	}
	for _, l := range lots {
		if l.Lot == "" {
			l.Lot = unnamed(entry.ID)
		}
		if l.ReceivedOn == event.NoDate {
			l.ReceivedOn = entry.Date
		}
		if err := tx.exec("INSERT INTO counted_lots (entry, product, lot, on_hand, unit_cost, received_on, expiry_date) VALUES (?, ?, ?, ?, ?, ?, ?)",
			entry.ID, p.ID, l.Lot, int64(l.OnHand), amountOrNull(l.UnitCost), l.ReceivedOn.String(), dateOrNull(l.ExpiryDate)); err != nil {
			return err
		}
	}
	if entry.Date < p.countedOn {
		return nil
	}
	p.countEntry, p.countedOn = entry.ID, entry.Date
	tx.touch(p, entry.ID)
	p.restocked = true
	return tx.replay(p)
}
