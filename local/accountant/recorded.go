package accountant

import (
	"context"

	"comptoir/local/ledger"
)

// recorded is the entry that the form before this one became.
type recorded struct {
	Entry    ledger.Entry
	Title    string
	Total    string
	Again    bool
	Delivery delivery
}

// redirectRecorded goes on to an empty form, but for what the pairs of field and value say.
func (r *request) redirectRecorded(path string, entry int64, again bool, pairs ...string) error {
	repeated := ""
	if again {
		repeated = "yes"
	}
	return r.redirect(with(path, append([]string{"recorded", plainInt(entry), "again", repeated}, pairs...)...))
}

// justRecorded is what the form before became, as the address says.
func (r *request) justRecorded() (*recorded, error) {
	e, ok, err := r.app.ledger.Entry(r.Context(), entryID(r.URL.Query().Get("recorded")))
	if err != nil || !ok {
		return nil, err
	}
	v := &recorded{Entry: e, Title: r.say.title(e), Again: r.URL.Query().Get("again") != ""}
	if e.Kind == ledger.EntryInvoice || e.Kind == ledger.EntryCreditNote {
		d, _, err := r.app.ledger.Document(r.Context(), e.Subject)
		if err != nil {
			return nil, err
		}
		v.Total = r.say.Money(d.Total, r.app.ledger.Currency())
	}
	v.Delivery, err = r.deliveryOf(r.Context(), e)
	return v, err
}

func (r *request) deliveryOf(ctx context.Context, e ledger.Entry) (delivery, error) {
	w, err := r.app.delivery.look(ctx, e)
	if err != nil {
		return delivery{}, err
	}
	return r.say.delivery(w), nil
}
