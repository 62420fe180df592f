package accountant

import (
	"context"

	"comptoir/local/ledger"
	"comptoir/shared/event"
)

// recorded is the entry that the form before this one became.
type recorded struct {
	Entry    ledger.Entry
	Title    string
	Total    string
	Again    bool
	Form     string // the key of the form that it was
	Warnings []string
	Delivery delivery
}

// redirectRecorded goes on to an empty form, but for what the pairs of field and value say.
func (r *request) redirectRecorded(path string, f *form, entry int64, again bool, pairs ...string) error {
	repeated := ""
	if again {
		repeated = "yes"
	}
	return r.redirect(with(path, append([]string{"recorded", plainInt(entry), "again", repeated, "form", f.Key}, pairs...)...))
}

// sentForm is the key of the form before this page, as the address says: the browser
// keeps no draft of what is recorded.
func (r *request) sentForm() string {
	key := r.URL.Query().Get("form")
	if event.CheckID(key) != nil {
		return ""
	}
	return key
}

// justRecorded is what the form before became, as the address says.
func (r *request) justRecorded() (*recorded, error) {
	e, ok, err := r.app.ledger.Entry(r.Context(), entryID(r.URL.Query().Get("recorded")))
	if err != nil || !ok {
		return nil, err
	}
	v := &recorded{Entry: e, Title: r.say.title(e), Again: r.URL.Query().Get("again") != "", Form: r.sentForm()}
	if e.Kind == ledger.EntryInvoice || e.Kind == ledger.EntryCreditNote {
		d, _, err := r.app.ledger.Document(r.Context(), e.Subject)
		if err != nil {
			return nil, err
		}
		v.Total = r.say.Money(d.Total, r.app.ledger.Currency())
		if v.Warnings, err = r.warningsOf(&d); err != nil {
			return nil, err
		}
	}
	v.Delivery, err = r.deliveryOf(r.Context(), e)
	return v, err
}

// warningsOf says what was warned of when a document was recorded, with the product of each.
func (r *request) warningsOf(d *ledger.Document) (said []string, err error) {
	all, err := r.app.ledger.Warnings(r.Context(), d.Entry)
	for _, w := range all {
		if w.Line <= len(d.Lines) {
			line := &d.Lines[w.Line-1]
			said = append(said, line.Product+" "+line.Description+" · "+r.say.warning(w))
		}
	}
	return said, err
}

func (r *request) deliveryOf(ctx context.Context, e ledger.Entry) (delivery, error) {
	w, err := r.app.delivery.look(ctx, e)
	if err != nil {
		return delivery{}, err
	}
	return r.say.delivery(w), nil
}
