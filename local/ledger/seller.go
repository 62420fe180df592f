package ledger

import "context"

// Seller is who sells, as it is printed on invoices and credit notes. What is empty is
// not printed.
type Seller struct {
	Name         string
	Address      string // its lines, each but the last ends with a line feed
	Registration string // such as a French SIRET
	VAT          string // the number under which value added tax is paid
}

// SetSeller replaces who sells. It changes no document and is no entry of the books.
func (tx *Tx) SetSeller(v Seller) error {
	for _, one := range []struct{ field, text string }{{"name", v.Name}, {"address", v.Address}, {"registration", v.Registration}, {"vat", v.VAT}} {
		if badText(one.text) {
			return tooLong(one.field, one.text)
		}
	}
	return tx.exec(`INSERT INTO seller (one, name, address, registration, vat) VALUES (1, ?, ?, ?, ?)
		ON CONFLICT (one) DO UPDATE SET name = excluded.name, address = excluded.address, registration = excluded.registration, vat = excluded.vat`,
		v.Name, v.Address, v.Registration, v.VAT)
}

// Seller returns who sells; nobody has said so where all of it is empty.
func (l *Ledger) Seller(ctx context.Context) (v Seller, err error) {
	err = l.asking(ctx, func(q asker) error {
		r, ok, err := q.row("SELECT name, address, registration, vat FROM seller")
		if ok {
			v = Seller{r.text(0), r.text(1), r.text(2), r.text(3)}
		}
		return err
	})
	return v, l.explain("reading", err)
}
