package ledger

import (
	"slices"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// Selling is what the counter needs of a product beside its catalogue entry.
type Selling struct {
	// Barcodes name the product; none of them names another one. Ascending.
	Barcodes []string
	// TaxRate is what a line of the product begins with; null: nothing is said.
	TaxRate money.NullBasisPoints
}

// PutSelling replaces the selling terms of a product; changed is false where they
// were so already. What changes is an entry of the kind product.
func (tx *Tx) PutSelling(product string, v Selling) (changed bool, err error) {
	p, err := tx.product(product)
	switch {
	case err != nil:
		return false, err
	case p == nil:
		return false, refuse("unknown_product", "product", shorten(product), "it is not in the catalogue", "add the product first, or correct its id")
	}
	if err := tx.CheckSelling(product, v); err != nil {
		return false, err
	}
	v.Barcodes = slices.Compact(slices.Sorted(slices.Values(v.Barcodes)))
	before, err := readSelling(tx, product)
	if err != nil || (before.TaxRate == v.TaxRate && slices.Equal(before.Barcodes, v.Barcodes)) {
		return false, err
	}
	if _, err := tx.write(EntryProduct, "", tx.today, product, ""); err != nil {
		return false, err
	}
	if err := tx.exec("DELETE FROM barcodes WHERE product = ?", product); err != nil {
		return false, err
	}
	for _, code := range v.Barcodes {
		if err := tx.exec("INSERT INTO barcodes (barcode, product) VALUES (?, ?)", code, product); err != nil {
			return false, err
		}
	}
	if err := tx.exec("DELETE FROM product_taxes WHERE product = ?", product); err != nil || !v.TaxRate.Valid {
		return true, err
	}
	return true, tx.exec("INSERT INTO product_taxes (product, rate) VALUES (?, ?)", product, int64(v.TaxRate.BasisPoints))
}

// CheckSelling refuses what PutSelling would of a product that is in the catalogue, or
// is about to be.
func (tx *Tx) CheckSelling(product string, v Selling) error {
	if v.TaxRate.Valid && (v.TaxRate.BasisPoints < 0 || v.TaxRate.BasisPoints > highestTax) {
		return refuse("tax", "tax_rate", v.TaxRate.BasisPoints.Percent(), "a tax rate is between 0 and 1000 %", "correct it")
	}
	for _, code := range v.Barcodes {
		if event.CheckID(code) != nil {
			return badID("barcode", code)
		}
		r, taken, err := tx.row("SELECT product FROM barcodes WHERE barcode = ? AND product <> ?", code, product)
		if err != nil {
			return err
		}
		if taken {
			return refuse("barcode_taken", "barcode", code, code+" is the barcode of "+r.text(0), "correct it, or take it from that product first")
		}
	}
	return nil
}

// Selling returns the selling terms of a product.
func (tx *Tx) Selling(product string) (Selling, error) { return readSelling(tx, product) }

func readSelling(q asker, product string) (v Selling, err error) {
	if err := q.each("SELECT barcode FROM barcodes WHERE product = ? ORDER BY barcode", func(r row) error {
		v.Barcodes = append(v.Barcodes, r.text(0))
		return nil
	}, product); err != nil {
		return v, err
	}
	r, ok, err := q.row("SELECT rate FROM product_taxes WHERE product = ?", product)
	if ok {
		v.TaxRate = money.SomeBasisPoints(money.BasisPoints(r.int(0)))
	}
	return v, err
}
