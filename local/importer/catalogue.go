package importer

import (
	"context"
	"strconv"
	"strings"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

const productsPerBatch = 500

type catalogueRow struct {
	number  int
	product ledger.Listed
	// keep takes what the row does not say from the entry that is there; nil: the row
	// says all of it, but for how the product is sold.
	keep func(p *ledger.Listed, old ledger.Listed)
}

// importCatalogue creates and changes catalogue entries. A product that the
// ledger has archived stays so.
func (s *session) importCatalogue(ctx context.Context, t *table) error {
	seen := map[string]bool{}
	return inBatches(ctx, s, t, s.recordCatalogue, func(r *row) (entry catalogueRow, good bool) {
		p, why := s.catalogueEntry(r, t.width)
		if why == nil && seen[p.ID] {
			why = &refusal{column: "product_id", value: p.ID, rule: "a product stands once in a catalogue", advice: "remove one of the two rows; the first was taken"}
		}
		if why != nil {
			s.rejects.add(t.rejected(r.number, why), 0)
			return entry, false
		}
		seen[p.ID] = true
		return catalogueRow{number: r.number, product: ledger.Listed{Product: p}}, true
	})
}

// inBatches reads the rows of a table and records what is good, so many at a time.
func inBatches[R any](ctx context.Context, s *session, t *table, record func(context.Context, *table, []R) error, read func(*row) (R, bool)) error {
	batch := make([]R, 0, productsPerBatch)
	err := s.each(ctx, t, func(r *row) error {
		one, good := read(r)
		if !good {
			return nil
		}
		if batch = append(batch, one); len(batch) < productsPerBatch {
			return nil
		}
		err := record(ctx, t, batch)
		batch = batch[:0]
		return err
	})
	if err == nil && len(batch) > 0 {
		err = record(ctx, t, batch)
	}
	return err
}

func (s *session) recordCatalogue(ctx context.Context, t *table, batch []catalogueRow) error {
	err := s.together(ctx, func(tx *ledger.Tx) error {
		for _, c := range batch {
			old, exists, err := s.books.listed(tx, c.product.ID)
			if err != nil {
				return err
			}
			switch {
			case c.keep == nil:
				c.product.Archived, c.product.Selling = old.Archived, old.Selling
			case exists:
				c.keep(&c.product, old)
			}
			changed, err := s.books.putProduct(tx, c.product)
			if err != nil {
				why, err := refused(err, "", "")
				if err != nil {
					return err
				}
				s.rejects.add(t.named(c.number, why, s.profile.productFields()), 0)
				continue
			}
			s.summary.Products.count(exists, changed)
		}
		return nil
	})
	if err != nil {
		return recording("the catalogue", batch[len(batch)-1].number, err)
	}
	return nil
}

func (s *session) catalogueEntry(r *row, width int) (p ledger.Product, why *refusal) {
	if why = wrongWidth(r, width); why != nil {
		return p, why
	}
	f := fieldReader{row: r, names: s.profile.layout(catalogue).names(), currency: s.summary.Currency}
	p.ID, p.Name = strings.Clone(f.needed(colProduct)), strings.Clone(f.needed(colName))
	p.Category = strings.Clone(f.text(colCategory))
	p.Kind = kindOf(p.ID)
	p.BuyPrice, p.SellPrice = f.amount(colBuy), f.amount(colSell)
	if text := f.text(colMargin); text != "" {
		bp, err := money.ParsePercent(text)
		if err != nil || bp < 0 || bp > money.Whole {
			f.refuse(colMargin, "a minimum margin is a percentage from 0 to 100 with at most two decimals", "write it like 26 or 12.5, or leave it empty")
		}
		p.MinMargin = money.SomeBasisPoints(bp)
	}
	return p, f.why
}

// fieldReader reads the fields of one row and keeps the first refusal.
type fieldReader struct {
	row      *row
	names    []string
	currency money.Currency
	why      *refusal
}

func (f *fieldReader) text(column int) string { return strings.TrimSpace(f.row.fields[column]) }

func (f *fieldReader) refuse(column int, rule, advice string) {
	if f.why == nil {
		f.why = &refusal{column: f.names[column], value: strings.Clone(f.row.fields[column]), rule: rule, advice: advice}
	}
}

func (f *fieldReader) needed(column int) string {
	v := f.text(column)
	if v == "" {
		f.refuse(column, "the field cannot be empty", "fill it in")
	}
	return v
}

func (f *fieldReader) amount(column int) money.NullAmount {
	v := f.text(column)
	if v == "" {
		return money.NullAmount{}
	}
	a, err := money.ParseAmount(v, f.currency)
	if err != nil || a < 0 {
		f.refuse(column, "an amount is a plain number in "+string(f.currency)+" with at most "+strconv.Itoa(f.currency.Digits())+" decimals, zero or above", "write it like "+money.Amount(1234).Format(f.currency)+", without grouping, or leave it empty if unknown")
	}
	return money.Some(a)
}

func (f *fieldReader) date(column int) event.Date {
	v := f.text(column)
	if v == "" {
		return event.NoDate
	}
	d, err := event.ParseDate(v)
	if err != nil {
		f.refuse(column, "a date is YYYY-MM-DD and a day of the calendar", "write it like 2011-12-09, or leave it empty")
	}
	return d
}
