package accountant

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

func isRule(err error, code string) bool {
	var rule *ledger.RuleError
	return errors.As(err, &rule) && rule.Code == code
}

// changePage is a form about a document that is there already.
type changePage struct {
	*form
	Entry    ledger.Entry
	Document *DocumentView
	Currency money.Currency
	Lines    []ReturnLine
	Products []Option
}

// ReturnLine is a line of an invoice of which something may come back.
type ReturnLine struct {
	ledger.DocumentLine
	Left  money.Quantity
	Input Line
}

// changed reads which document a form is about.
func (r *request) changed(f *form) (*changePage, error) {
	e, ok, err := r.entryInPath()
	if err != nil || !ok || (e.Kind != ledger.EntryInvoice && e.Kind != ledger.EntryCreditNote) {
		return nil, err
	}
	p := &changePage{form: f, Entry: e, Currency: r.app.ledger.Currency()}
	p.Document, err = r.documentView(r.Context(), e.Subject)
	return p, err
}

func (r *request) askVoid() error {
	p, err := r.changed(r.blank(url.Values{}))
	if err != nil || p == nil {
		return errors.Join(err, r.unlessFailed(err))
	}
	return r.showVoid(http.StatusOK, p)
}

// unlessFailed says that there is no such page, where nothing else is wrong.
func (r *request) unlessFailed(err error) error {
	if err != nil {
		return nil
	}
	return r.missing()
}

func (r *request) showVoid(status int, p *changePage) error {
	return r.show(status, "void", r.say.T("Void %s", p.Entry.Subject), p)
}

func (r *request) sendVoid() error {
	p, err := r.changed(r.form())
	if err != nil || p == nil {
		return errors.Join(err, r.unlessFailed(err))
	}
	entry, again, err := r.record(p.Key, func(tx *ledger.Tx) (int64, error) {
		if _, err := tx.Void(ledger.Void{Document: p.Entry.Subject, Reason: p.text("reason")}); err != nil {
			return 0, err
		}
		return tx.LastEntry(), nil
	})
	if err == nil {
		return r.redirectRecorded("/entries/"+plainInt(entry), entry, again)
	}
	if err := p.refused(err, func(field string) string {
		if field == "reason" {
			return field
		}
		return ""
	}); err != nil {
		return err
	}
	return r.showVoid(http.StatusUnprocessableEntity, p)
}

func (r *request) askCost() error {
	p, err := r.changed(r.blank(url.Values{}))
	if err != nil || p == nil {
		return errors.Join(err, r.unlessFailed(err))
	}
	return r.showCost(http.StatusOK, p)
}

func (r *request) showCost(status int, p *changePage) error {
	seen := map[string]bool{}
	for i := range p.Document.Lines {
		if line := &p.Document.Lines[i]; !line.Cost.Valid && !seen[line.Product] {
			seen[line.Product] = true
			p.Products = append(p.Products, Option{line.Product, line.Product + " · " + line.Description})
		}
	}
	return r.show(status, "cost", r.say.T("Set a cost in %s", p.Entry.Subject), p)
}

func (r *request) sendCost() error {
	p, err := r.changed(r.form())
	if err != nil || p == nil {
		return errors.Join(err, r.unlessFailed(err))
	}
	cost, given := p.price("unit_cost", p.Get("unit_cost"))
	if !given {
		p.fault("unit_cost", r.say.T("Fill this in."))
	}
	if p.good() {
		entry, again, err := r.record(p.Key, func(tx *ledger.Tx) (int64, error) {
			e, err := tx.SetCost(ledger.CostSetting{Document: p.Entry.Subject, Product: p.Get("product"), UnitCost: cost})
			return e.ID, err
		})
		if err == nil {
			return r.redirectRecorded("/entries/"+plainInt(entry), entry, again)
		}
		if err := p.refused(err, nil); err != nil {
			return err
		}
	}
	return r.showCost(http.StatusUnprocessableEntity, p)
}

func (a *App) returnRoutes(page func(string, func(*request) error)) {
	page("GET /returns/new", func(r *request) error { return r.newDocument(true) })
	page("POST /returns/new", func(r *request) error { return r.sendDocument(true) })
	page("POST /returns/preview", func(r *request) error { return r.previewDocument(true) })
	page("GET /entries/{id}/return", (*request).askReturn)
	page("POST /entries/{id}/return", (*request).sendReturn)
}

func (r *request) askReturn() error {
	p, err := r.changed(r.blank(url.Values{"date": {r.app.ledger.Today().String()}}))
	if err != nil || p == nil {
		return errors.Join(err, r.unlessFailed(err))
	}
	return r.showReturn(http.StatusOK, p)
}

// showReturn shows the lines of an invoice, with a field for what comes back of each.
func (r *request) showReturn(status int, p *changePage) error {
	quantities, stocked := p.Values["quantity"], p.Values["restock"]
	for i := range p.Document.Lines {
		one := ReturnLine{DocumentLine: p.Document.Lines[i], Input: Line{N: i + 1, Restock: true, Faults: map[string]string{}, form: p.form}}
		one.Left = one.Quantity - one.Returned
		if i < len(quantities) {
			one.Input.Quantity = quantities[i]
		}
		if i < len(stocked) {
			one.Input.Restock = stocked[i] != "no"
		}
		one.Input.Faults["quantity"] = p.Faults[one.Input.path("quantity")]
		p.Lines = append(p.Lines, one)
	}
	return r.show(status, "return", r.say.T("Return of %s", p.Entry.Subject), p)
}

func (r *request) sendReturn() error {
	p, err := r.changed(r.form())
	if err != nil || p == nil {
		return errors.Join(err, r.unlessFailed(err))
	}
	note := ledger.CreditNote{Invoice: p.Entry.Subject, Date: p.date("date")}
	var at []int
	quantities, stocked := p.Values["quantity"], p.Values["restock"]
	for i := range min(len(quantities), len(p.Document.Lines)) {
		if strings.TrimSpace(quantities[i]) == "" {
			continue
		}
		q := p.quantity(fmt.Sprintf("lines[%d].quantity", i+1), quantities[i])
		if q == 0 {
			continue
		}
		at = append(at, i)
		note.Lines = append(note.Lines, ledger.ReturnLine{InvoiceLine: i + 1, Line: ledger.Line{Quantity: q}, Restock: i >= len(stocked) || stocked[i] != "no"})
	}
	if p.good() && len(note.Lines) == 0 {
		p.fault("lines[1].quantity", r.say.T("Say of at least one line how much came back."))
	}
	if p.good() {
		entry, again, err := r.record(p.Key, func(tx *ledger.Tx) (int64, error) {
			d, err := tx.CreditNote(note)
			return d.Entry, err
		})
		if err == nil {
			return r.redirectRecorded("/entries/"+plainInt(entry), entry, again)
		}
		place := inForm(at)
		if err := p.refused(err, func(field string) string {
			if field == "date" || strings.HasPrefix(field, "lines[") {
				return place(field)
			}
			return ""
		}); err != nil {
			return err
		}
	}
	return r.showReturn(http.StatusUnprocessableEntity, p)
}

// unitCost reads a cost that may be left out, in whole minor units.
func (f *form) unitCost(field string) money.NullAmount { return f.amount(field, f.Get(field)) }

// dated is the day of a form, today where it is left out.
func (r *request) dated(f *form) event.Date {
	if d := f.date("date"); d != event.NoDate {
		return d
	}
	return r.app.ledger.Today()
}
