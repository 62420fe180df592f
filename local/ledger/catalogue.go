package ledger

import (
	"strings"
	"unicode/utf8"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// PutProduct creates a catalogue entry or changes it; changed is false where it
// was so already. The kind of a product that was sold or stocked stays. An
// archived product is only hidden from lists: documents may name it.
func (tx *Tx) PutProduct(v Product) (changed bool, err error) {
	if err := checkProduct(v); err != nil {
		return false, err
	}
	p, err := tx.product(v.ID)
	if err != nil {
		return false, err
	}
	if p != nil {
		if p.Product == v {
			return false, nil
		}
		if p.Kind != v.Kind && (p.sums > 0 || p.lastStock > 0 || p.countEntry > 0 || p.averaged) {
			return false, refuse("kind_fixed", "kind", string(v.Kind), "the kind of a product that was sold or stocked does not change", "make another product of that kind")
		}
	}
	entry, err := tx.write(EntryProduct, "", tx.today, v.ID, "")
	if err != nil {
		return false, err
	}
	query := "INSERT INTO products (name, category, kind, buy_price, sell_price, min_margin, archived, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
	if p != nil {
		query = "UPDATE products SET name = ?, category = ?, kind = ?, buy_price = ?, sell_price = ?, min_margin = ?, archived = ? WHERE id = ?"
	}
	if err := tx.exec(query, v.Name, v.Category, string(v.Kind), amountOrNull(v.BuyPrice), amountOrNull(v.SellPrice), ratioOrNull(v.MinMargin), truth(v.Archived), v.ID); err != nil {
		return false, err
	}
	said := v // what the event says, which knows no archive
	if p == nil {
		p = &product{partition: event.Partition(v.ID, tx.l.partitions), lotsKnown: true}
		tx.b.products[v.ID] = p
		p.renamed = true
	} else {
		said.Archived = p.Archived
		p.renamed = p.renamed || p.Product != said
	}
	p.Product = v
	tx.touch(p, entry.ID)
	return true, nil
}

func checkProduct(v Product) *RuleError {
	switch {
	case event.CheckID(v.ID) != nil:
		return badID("id", v.ID)
	case badText(v.Name):
		return tooLong("name", v.Name)
	case badText(v.Category):
		return tooLong("category", v.Category)
	case v.Kind != event.KindStock && v.Kind != event.KindService:
		return refuse("kind", "kind", string(v.Kind), "a product is of the kind stock or service", "choose one of them")
	case v.BuyPrice.Valid && v.BuyPrice.Amount < 0:
		return refuse("negative", "buy_price", "below zero", "a price is zero or above", "correct it, or leave it out where it is unknown")
	case v.SellPrice.Valid && v.SellPrice.Amount < 0:
		return refuse("negative", "sell_price", "below zero", "a price is zero or above", "correct it, or leave it out where it is unknown")
	case v.MinMargin.Valid && (v.MinMargin.BasisPoints < 0 || v.MinMargin.BasisPoints > money.Whole):
		return refuse("margin", "min_margin", v.MinMargin.BasisPoints.Percent(), "a minimum margin is between 0 and 100 %", "correct it, or leave it out")
	}
	if v.BuyPrice.Valid {
		if _, err := v.BuyPrice.Amount.Price(); err != nil {
			return tooLarge("buy_price", v.ID)
		}
	}
	return nil
}

// PutClient creates a client or changes it; changed is false where it was so already.
func (tx *Tx) PutClient(v Client) (changed bool, err error) {
	switch {
	case event.CheckID(v.ID) != nil:
		return false, badID("id", v.ID)
	case badText(v.Name):
		return false, tooLong("name", v.Name)
	}
	c, err := tx.client(v.ID)
	if err != nil || (c != nil && c.Client == v) {
		return false, err
	}
	entry, err := tx.write(EntryClient, "", tx.today, v.ID, "")
	if err != nil {
		return false, err
	}
	query := "INSERT INTO clients (name, archived, id) VALUES (?, ?, ?)"
	if c != nil {
		query = "UPDATE clients SET name = ?, archived = ? WHERE id = ?"
	}
	if err := tx.exec(query, v.Name, truth(v.Archived), v.ID); err != nil {
		return false, err
	}
	if c == nil {
		c = &client{partition: event.Partition(v.ID, tx.l.partitions)}
		tx.b.clients[v.ID] = c
		c.renamed = true
	}
	c.renamed = c.renamed || c.Name != v.Name
	c.Client = v
	tx.touchClient(c, entry.ID)
	return true, nil
}

// Product returns a catalogue entry; ok is false where there is none.
func (tx *Tx) Product(id string) (p Product, ok bool, err error) {
	found, err := tx.product(id)
	if err != nil || found == nil {
		return Product{}, false, err
	}
	return found.Product, true, nil
}

// Client returns a client; ok is false where there is none.
func (tx *Tx) Client(id string) (c Client, ok bool, err error) {
	found, err := tx.client(id)
	if err != nil || found == nil {
		return Client{}, false, err
	}
	return found.Client, true, nil
}

// CloseThrough closes the books: nothing dated on or before d is recorded or
// voided from then on. It never goes back; closing again through the same day
// records nothing.
func (tx *Tx) CloseThrough(d event.Date) error {
	switch {
	case d == event.NoDate:
		return refuse("date", "date", "", "it takes a day to close the books", "give the last day to be closed")
	case d == tx.b.closed:
		return nil
	case d < tx.b.closed:
		return refuse("closed_period", "date", d.String(), "the books are closed through "+tx.b.closed.String()+" and are not opened again", "give a later day")
	case d > tx.today:
		return refuse("future", "date", d.String(), "a day that has not come is not closed; today is "+tx.today.String(), "give a day up to today")
	}
	if _, err := tx.write(EntryClose, "", d, "", ""); err != nil {
		return err
	}
	tx.b.closed = d
	return tx.exec("UPDATE ledger SET closed_through = ?", d.String())
}

// ClosedThrough returns the last closed day, or NoDate.
func (tx *Tx) ClosedThrough() event.Date { return tx.b.closed }

// checkDate refuses dates that the books do not take.
func (tx *Tx) checkDate(field string, d event.Date) *RuleError {
	switch {
	case d == event.NoDate:
		return refuse("date", field, "", "an entry has a date", "give its date")
	case d <= tx.b.closed:
		return refuse("closed_period", field, d.String(), "the books are closed through "+tx.b.closed.String(), "give a later date")
	case d > tx.today:
		return refuse("future", field, d.String(), "it lies in the future; today is "+tx.today.String(), "give a date up to today")
	}
	return nil
}

// checkDateOr is checkDate of what may lie in the future on purpose.
func (tx *Tx) checkDateOr(field string, d event.Date, future bool) *RuleError {
	rule := tx.checkDate(field, d)
	if rule == nil || rule.Code != "future" {
		return rule
	}
	if future {
		return nil
	}
	return refuse("future", field, d.String(), rule.Rule, "correct the date, or say that it lies in the future on purpose")
}

// checkReference refuses a number of other books that is there already.
func (tx *Tx) checkReference(reference string) error {
	if reference == "" {
		return nil
	}
	if event.CheckID(reference) != nil {
		return badID("reference", reference)
	}
	e, ok, err := tx.EntryByReference(reference)
	if err != nil || !ok {
		return err
	}
	return refuse("recorded_already", "reference", reference, "it is recorded already ("+strings.ReplaceAll(string(e.Kind), "_", " ")+": "+e.Subject+")", "leave it out, or give this one its own reference")
}

func badID(field, value string) *RuleError {
	return refuse("id", field, shorten(value), "it has 1 to 256 bytes of UTF-8, no control characters and no spaces at its ends", "correct it")
}

func badText(s string) bool { return len(s) > event.MaxText || !utf8.ValidString(s) }

func tooLong(field, value string) *RuleError {
	return refuse("text", field, shorten(value), "a text has at most 1024 bytes of UTF-8", "shorten it")
}

func shorten(s string) string {
	s = strings.ToValidUTF8(s, "?")
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
