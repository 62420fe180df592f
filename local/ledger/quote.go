package ledger

import "comptoir/shared/money"

// Quote is what a document comes to: its net, its tax and their sum, in minor units.
type Quote struct{ Net, Tax, Total money.Amount }

// Quote works out an invoice or a free credit note by the rules that record it,
// and records nothing.
func (tx *Tx) Quote(lines []Line, discount money.Amount) (Quote, error) {
	if tx.broken != nil {
		return Quote{}, tx.broken
	}
	pr, err := tx.price(lines, discount)
	if err != nil {
		return Quote{}, err
	}
	return Quote{Net: pr.net, Tax: pr.tax, Total: pr.total}, nil
}
