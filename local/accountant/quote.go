package accountant

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"comptoir/local/ledger"
	"comptoir/shared/money"
)

// Total is one row of a document's sum.
type Total struct{ Label, Amount string }

// quoteDocument works out what the form comes to by the ledger's own rules, and
// notes what the ledger would refuse; nil where it cannot be told yet.
func (r *request) quoteDocument(f *form, d *typedDocument) (*quote, error) {
	if !f.good() {
		return nil, nil
	}
	q := &quote{}
	err := r.app.ledger.Try(r.Context(), r.who, func(tx *ledger.Tx) (err error) {
		if q.Document, err = d.enter(tx); err != nil || d.credit {
			return err
		}
		warnings, err := tx.Warn(&q.Document)
		for _, w := range warnings {
			line := &d.lines[d.at[w.Line-1]]
			line.Warnings = append(line.Warnings, r.say.warning(w))
		}
		return err
	})
	if err != nil {
		return nil, d.refused(f, err)
	}
	for i := range q.Document.Lines {
		d.lines[d.at[i]].Net = r.say.Amount(q.Document.Lines[i].Net+q.Document.Lines[i].DocumentDiscount, r.app.ledger.Currency())
	}
	q.Totals, q.Total = r.totals(&q.Document), r.say.Money(q.Document.Total, r.app.ledger.Currency())
	return q, nil
}

// quoteSoFar is quoteDocument without the lines whose product is still being typed.
func (r *request) quoteSoFar(f *form, d *typedDocument) (*quote, error) {
	known := *f
	known.Faults, known.order = maps.Clone(f.Faults), slices.Clone(f.order)
	sold, at := d.head.Lines, d.at
	d.head.Lines, d.at = nil, nil
	for i, line := range sold {
		unnamed := d.lines[at[i]].Name == ""
		if !unnamed {
			d.head.Lines, d.at = append(d.head.Lines, line), append(d.at, at[i])
			continue
		}
		for _, name := range lineFields {
			delete(known.Faults, d.lines[at[i]].path(name))
		}
	}
	if len(d.head.Lines) == 0 {
		return nil, nil
	}
	q, err := r.quoteDocument(&known, d)
	for field, text := range known.Faults {
		f.fault(field, text)
	}
	return q, err
}

// quote is what a document would come to if it were recorded now.
type quote struct {
	Document ledger.Document
	Totals   []Total
	Total    string
}

// warning says what a shopkeeper would want to know of a line.
func (s *speaker) warning(w ledger.Warning) string {
	if w.Kind == ledger.WarningMargin {
		return s.T("Margin %s, below the minimum of %s.", s.Percent(w.Margin), s.Percent(w.Minimum))
	}
	return s.T("The stock goes to %s.", s.Quantity(w.Left))
}

// totals writes the sum of a document, its taxes by rate.
func (r *request) totals(d *ledger.Document) []Total {
	c := r.app.ledger.Currency()
	var before money.Amount
	for i := range d.Lines {
		before += d.Lines[i].Net + d.Lines[i].DocumentDiscount
	}
	var rows []Total
	if d.Discount > 0 {
		rows = append(rows, Total{r.say.T("Lines"), r.say.Amount(before, c)}, Total{r.say.T("Discount"), r.say.Amount(-d.Discount, c)})
	}
	rows = append(rows, Total{r.say.T("Net total"), r.say.Amount(d.Net, c)})
	for _, t := range d.Taxes {
		rows = append(rows, Total{r.say.T("Tax %s", r.say.Percent(t.Rate)), r.say.Amount(t.Tax, c)})
	}
	return rows
}

// preview is the answer to a form that is still being filled in.
type preview struct {
	Lines  []previewLine     `json:"lines"`
	Totals []Total           `json:"totals"`
	Total  string            `json:"total"`
	Faults map[string]string `json:"faults"`
	Future bool              `json:"future"`
}

type previewLine struct {
	Name     string   `json:"name"`
	Net      string   `json:"net"`
	Warnings []string `json:"warnings"`
}

func (r *request) answer(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	r.w.Header().Set("Content-Type", "application/json")
	r.w.WriteHeader(http.StatusOK)
	_, _ = r.w.Write(b) // who left needs no answer
	return nil
}

func (r *request) previewDocument(credit bool) error {
	f := r.form()
	d, err := r.readDocument(f, credit)
	if err != nil {
		return err
	}
	q, err := r.quoteSoFar(f, d)
	if err != nil {
		return err
	}
	v := preview{Faults: map[string]string{}, Lines: make([]previewLine, len(d.lines)), Future: d.ahead || f.Get("future") == "yes"}
	for field, text := range f.Faults {
		v.Faults[idOf(field)] = text
	}
	for i, l := range d.lines {
		v.Lines[i] = previewLine{Name: l.Name, Net: l.Net, Warnings: l.Warnings}
	}
	if q != nil {
		v.Totals, v.Total = q.Totals, q.Total
	}
	return r.answer(v)
}
