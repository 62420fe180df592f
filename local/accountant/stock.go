package accountant

import (
	"net/http"
	"net/url"
	"strings"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

// stockPage is the form of a receipt or of a count.
type stockPage struct {
	*form
	Currency money.Currency
	// Product is the one that is named, with what lies on its shelf.
	Product  *ledger.Listed
	Lots     []event.Lot
	Sum      money.Quantity
	Counted  []CountedLot
	Recorded *recorded
}

// CountedLot is a row of a count: a lot, and how much of it was found.
type CountedLot struct {
	N                               int
	Lot, OnHand, UnitCost, Received string
	Expiry                          string
	Fault                           string
}

func (a *App) stockRoutes(page func(string, func(*request) error)) {
	page("GET /receipts/new", func(r *request) error { return r.newStock("receipt") })
	page("POST /receipts/new", (*request).sendReceipt)
	page("GET /counts/new", func(r *request) error { return r.newStock("count") })
	page("POST /counts/new", (*request).sendCount)
}

func (r *request) newStock(page string) error {
	asked := r.URL.Query()
	date := asked.Get("date")
	if _, err := event.ParseDate(date); err != nil {
		date = r.app.ledger.Today().String()
	}
	f := r.blank(url.Values{"date": {date}, "product": {asked.Get("product")}, "reference": {asked.Get("reference")}})
	p, err := r.stockPage(f)
	if err != nil {
		return err
	}
	if p.Recorded, err = r.justRecorded(); err != nil {
		return err
	}
	for i, lot := range p.Lots {
		if lot.Lot == "" {
			continue // what was sold beyond all lots is on no shelf
		}
		v := CountedLot{N: i + 1, Lot: lot.Lot, OnHand: r.say.typed(lot.OnHand.String()), Received: lot.ReceivedOn.String(), Expiry: lot.ExpiryDate.String()}
		if lot.UnitCost.Valid {
			v.UnitCost = r.say.typed(lot.UnitCost.Amount.Format(p.Currency))
		}
		p.Counted = append(p.Counted, v)
	}
	return r.showStock(http.StatusOK, page, p)
}

func (r *request) stockPage(f *form) (*stockPage, error) {
	p := &stockPage{form: f, Currency: r.app.ledger.Currency()}
	v, ok, err := r.app.products.resolve(r.Context(), f.text("product"))
	if err != nil || !ok {
		return p, err
	}
	p.Product = &v
	p.Lots, p.Sum, err = r.app.ledger.Shelf(r.Context(), v.ID)
	return p, err
}

func (r *request) showStock(status int, page string, p *stockPage) error {
	title := r.say.T("New receipt")
	if page == "count" {
		title = r.say.T("New stock count")
		for n := len(p.Counted); n < 3 || (len(p.Counted) > 0 && p.Counted[len(p.Counted)-1].OnHand != ""); n++ {
			p.Counted = append(p.Counted, CountedLot{N: n + 1})
		}
		for i := range p.Counted {
			p.Counted[i].N = i + 1
		}
	}
	return r.show(status, page, title, p)
}

// namedProduct reads the product of a form by code, barcode or name.
func (r *request) namedProduct(f *form) (string, error) {
	text := f.needed("product")
	p, ok, err := r.app.products.resolve(r.Context(), text)
	if err == nil && !ok && text != "" {
		f.fault("product", r.say.T("There is no product “%s”: choose one of the list, or add it under Products.", text))
	}
	return p.ID, err
}

func (r *request) sendReceipt() error {
	f := r.form()
	v := ledger.StockReceipt{Reference: f.text("reference"), Lot: f.text("lot")}
	var err error
	if v.Product, err = r.namedProduct(f); err != nil {
		return err
	}
	f.needed("quantity")
	v.Quantity, v.UnitCost = f.quantity("quantity", f.Get("quantity")), f.unitCost("unit_cost")
	v.Date, v.ExpiryDate = r.dated(f), f.date("expiry_date")
	if f.good() {
		entry, again, err := r.record(f, func(tx *ledger.Tx) (int64, error) {
			e, err := tx.Receive(v)
			return e.ID, err
		})
		if err == nil {
			// A delivery has more than one product as a rule.
			kept := []string{"reference", v.Reference}
			if v.Reference != "" {
				kept = append(kept, "date", v.Date.String())
			}
			return r.redirectRecorded("/receipts/new", f, entry, again, kept...)
		}
		if err := f.refused(err, nil); err != nil {
			return err
		}
	}
	p, err := r.stockPage(f)
	if err != nil {
		return err
	}
	return r.showStock(http.StatusUnprocessableEntity, "receipt", p)
}

func (r *request) sendCount() error {
	f := r.form()
	product, err := r.namedProduct(f)
	if err != nil {
		return err
	}
	counted := ledger.CountedProduct{Product: product}
	rows := f.typedLots()
	var at []int
	for i := range rows {
		row := &rows[i]
		if row.OnHand == "" {
			continue
		}
		id := "on_hand-" + plainInt(int64(row.N))
		one := ledger.CountedLot{Lot: row.Lot, OnHand: f.quantity(id, row.OnHand), UnitCost: f.amount(id, row.UnitCost)}
		one.ReceivedOn, one.ExpiryDate = f.dateOf(id, row.Received), f.dateOf(id, row.Expiry)
		counted.Lots = append(counted.Lots, one)
		at = append(at, i)
	}
	if len(counted.Lots) == 0 && f.Get("nothing") != "yes" {
		f.fault("on_hand-1", r.say.T("Write what was counted, or confirm that nothing is there."))
	}
	v := ledger.StockCount{Date: r.dated(f), Products: []ledger.CountedProduct{counted}}
	if f.good() {
		entry, again, err := r.record(f, func(tx *ledger.Tx) (int64, error) {
			e, err := tx.Count(v)
			return e.ID, err
		})
		if err == nil {
			return r.redirectRecorded("/counts/new", f, entry, again)
		}
		if err := f.refused(err, func(field string) string { return countField(field, at) }); err != nil {
			return err
		}
	}
	p, err := r.stockPage(f)
	if err != nil {
		return err
	}
	for i := range rows {
		rows[i].Fault = f.Faults["on_hand-"+plainInt(int64(rows[i].N))]
	}
	p.Counted = rows
	return r.showStock(http.StatusUnprocessableEntity, "count", p)
}

// countField turns products[1].lots[2].unit_cost into the row of the form.
func countField(field string, at []int) string {
	_, rest, ok := strings.Cut(field, ".lots[")
	if !ok {
		return strings.TrimPrefix(field, "products[1].")
	}
	number, _, _ := strings.Cut(rest, "]")
	for i, row := range at {
		if plainInt(int64(i+1)) == number {
			return "on_hand-" + plainInt(int64(row+1))
		}
	}
	return ""
}

func (f *form) typedLots() []CountedLot {
	rows := make([]CountedLot, len(f.Values["on_hand"]))
	for i := range rows {
		at := func(field string) string {
			if all := f.Values[field]; i < len(all) {
				return strings.TrimSpace(all[i])
			}
			return ""
		}
		rows[i] = CountedLot{N: i + 1, Lot: at("lot"), OnHand: at("on_hand"), UnitCost: at("unit_cost"), Received: at("received_on"), Expiry: at("expiry_date")}
	}
	return rows
}
