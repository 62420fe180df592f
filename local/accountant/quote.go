package accountant

import (
	"encoding/json"
	"net/http"

	"comptoir/local/ledger"
	"comptoir/shared/money"
)

// Total is one row of a document's sum.
type Total struct{ Label, Amount string }

// quote is what a document would come to if it were recorded now.
type quote struct {
	Document ledger.Document
	Totals   []Total
	Total    string
	// Warnings keep nobody from recording.
	Warnings []string
}

// warn says, in the transaction that tries a sale, what a shopkeeper would want to
// know before: lines below their product's minimum margin, stock below zero.
func (r *request) warn(tx *ledger.Tx, d *ledger.Document, lines []Line, at []int) error {
	short := map[string]bool{}
	for i := range d.Lines {
		line := &d.Lines[i]
		p, ok, err := tx.Product(line.Product)
		if err != nil || !ok {
			return err
		}
		if margin, known := marginOf(line); known && p.MinMargin.Valid && margin < p.MinMargin.BasisPoints {
			lines[at[i]].Warnings = append(lines[at[i]].Warnings, r.say.T("Margin %s, below the minimum of %s.", r.say.Percent(margin), r.say.Percent(p.MinMargin.BasisPoints)))
		}
		if p.Kind != "stock" || short[p.ID] {
			continue
		}
		stock, err := tx.Stock(p.ID)
		if err != nil {
			return err
		}
		var left money.Quantity
		for _, lot := range stock.Lots {
			left += lot.OnHand
		}
		if left < 0 {
			short[p.ID] = true
			lines[at[i]].Warnings = append(lines[at[i]].Warnings, r.say.T("The stock goes to %s.", r.say.Quantity(left)))
		}
	}
	return nil
}

func marginOf(line *ledger.DocumentLine) (money.BasisPoints, bool) {
	if !line.Cost.Valid {
		return 0, false
	}
	return money.Ratio(line.Net-line.Cost.Amount, line.Net)
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
	rows = append(rows, Total{r.say.T("Net"), r.say.Amount(d.Net, c)})
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
