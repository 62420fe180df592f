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
	// Voiding is the entry that voided the document; 0 where it stands.
	Voiding int64
	// AskFuture: the date lies ahead, and is to be confirmed.
	AskFuture bool
}

// ReturnLine is a line of an invoice of which something may come back.
type ReturnLine struct {
	ledger.DocumentLine
	Left  money.Quantity
	Input Line
}

// about does something with a form about the document that the address names.
func (r *request) about(f *form, do func(*changePage) error) error {
	e, ok, err := r.entryInPath()
	if err != nil {
		return err
	}
	if !ok || (e.Kind != ledger.EntryInvoice && e.Kind != ledger.EntryCreditNote) {
		return r.missing()
	}
	p := &changePage{form: f, Entry: e, Currency: r.app.ledger.Currency()}
	if p.Document, err = r.documentView(r.Context(), e.Subject); err != nil {
		return err
	}
	if p.Document.VoidedOn != event.NoDate {
		if p.Voiding, err = r.voidingOf(e); err != nil {
			return err
		}
	}
	return do(p)
}

// voidingOf finds the entry that voided the document of an entry.
func (r *request) voidingOf(e ledger.Entry) (int64, error) {
	all, err := r.app.ledger.EntriesOn(r.Context(), e.Subject)
	for _, one := range all {
		if one.Kind == ledger.EntryVoid {
			return one.ID, err
		}
	}
	return 0, err
}

func (r *request) askVoid() error {
	return r.about(r.blank(url.Values{}), func(p *changePage) error { return r.showVoid(http.StatusOK, p) })
}

func (r *request) showVoid(status int, p *changePage) error {
	return r.show(status, "void", r.say.T("Void %s", p.Entry.Subject), p)
}

func (r *request) sendVoid() error { return r.about(r.form(), r.recordVoid) }

func (r *request) recordVoid(p *changePage) error {
	entry, again, err := r.record(p.form, func(tx *ledger.Tx) (int64, error) {
		if _, err := tx.Void(ledger.Void{Document: p.Entry.Subject, Reason: p.text("reason")}); err != nil {
			return 0, err
		}
		return tx.LastEntry(), nil
	})
	if err == nil {
		return r.redirectRecorded("/entries/"+plainInt(entry), p.form, entry, again)
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
	return r.about(r.blank(url.Values{}), func(p *changePage) error { return r.showCost(http.StatusOK, p) })
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

func (r *request) sendCost() error { return r.about(r.form(), r.recordCost) }

func (r *request) recordCost(p *changePage) error {
	cost, given := p.price("unit_cost", p.Get("unit_cost"))
	if !given {
		p.fault("unit_cost", r.say.T("Fill this in."))
	}
	if p.good() {
		entry, again, err := r.record(p.form, func(tx *ledger.Tx) (int64, error) {
			e, err := tx.SetCost(ledger.CostSetting{Document: p.Entry.Subject, Product: p.Get("product"), UnitCost: cost})
			return e.ID, err
		})
		if err == nil {
			return r.redirectRecorded("/entries/"+plainInt(entry), p.form, entry, again)
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
	return r.about(r.blank(url.Values{"date": {r.app.ledger.Today().String()}}), func(p *changePage) error { return r.showReturn(http.StatusOK, p) })
}

// showReturn shows the lines of an invoice, with a field for what comes back of each.
func (r *request) showReturn(status int, p *changePage) error {
	if p.Entry.Kind != ledger.EntryInvoice {
		return r.missing() // of a return nothing comes back
	}
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

func (r *request) sendReturn() error { return r.about(r.form(), r.recordReturn) }

func (r *request) recordReturn(p *changePage) error {
	note := ledger.CreditNote{Invoice: p.Entry.Subject, Date: p.date("date"), AllowFuture: p.Get("future") == "yes"}
	p.AskFuture = note.AllowFuture
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
		entry, again, err := r.record(p.form, func(tx *ledger.Tx) (int64, error) {
			d, err := tx.CreditNote(note)
			return d.Entry, err
		})
		if err == nil {
			return r.redirectRecorded("/entries/"+plainInt(entry), p.form, entry, again)
		}
		p.AskFuture = p.AskFuture || isRule(err, "future")
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
