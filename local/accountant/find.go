package accountant

import (
	"comptoir/local/ledger"
)

// proposals is how many a field proposes at once.
const proposals = 8

// Proposal is what a field proposes while something is typed in it.
type Proposal struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Note  string `json:"note"`
	Price string `json:"price,omitempty"`
	Tax   string `json:"tax,omitempty"`
}

func (r *request) findProducts() error {
	found, err := r.app.products.search(r.Context(), r.URL.Query().Get("q"), proposals, func(p ledger.Listed) bool { return !p.Archived })
	if err != nil {
		return err
	}
	c := r.app.ledger.Currency()
	list := make([]Proposal, len(found))
	for i, p := range found {
		list[i] = Proposal{ID: p.ID, Name: p.Name, Tax: r.say.typed(r.app.taxOf(p).Percent())}
		if p.SellPrice.Valid {
			list[i].Note, list[i].Price = r.say.Money(p.SellPrice.Amount, c), r.say.typed(p.SellPrice.Amount.Format(c))
		}
	}
	return r.answer(list)
}

func (r *request) findClients() error {
	found, err := r.app.clients.search(r.Context(), r.URL.Query().Get("q"), proposals, func(c ledger.Client) bool { return !c.Archived })
	if err != nil {
		return err
	}
	list := make([]Proposal, len(found))
	for i, c := range found {
		list[i] = Proposal{ID: c.ID, Name: c.Name}
	}
	return r.answer(list)
}
