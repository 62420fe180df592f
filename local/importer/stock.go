package importer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

// importStock records a file as one stock count. A count is one entry, so its
// lots are held until the file has been read.
func (s *session) importStock(ctx context.Context, t *table) error {
	c := newCount(s, t, s.StockDate)
	if err := s.each(ctx, t, func(r *row) error { c.add(r); return nil }); err != nil {
		return err
	}
	if len(c.rows) == 0 {
		return nil
	}
	return c.record(ctx)
}

func newCount(s *session, t *table, date event.Date) *count {
	return &count{session: s, table: t, date: date, seen: map[[2]string]bool{}, places: map[string]int{}}
}

// count is a stock count being read.
type count struct {
	*session
	table  *table
	date   event.Date
	seen   map[[2]string]bool
	places map[string]int // of each product in the count
	rows   []int          // the row of each lot, in the order of the file
	codes  []string       // the product of each lot
	lots   []ledger.CountedLot
}

func (c *count) add(r *row) {
	why := wrongWidth(r, c.table.width)
	var lot ledger.CountedLot
	var code string
	if why == nil {
		f := fieldReader{row: r, names: c.table.layout.names(), currency: c.summary.Currency}
		code = f.needed(colProduct)
		lot = ledger.CountedLot{Lot: f.needed(colLot), UnitCost: f.amount(colUnitCost), ReceivedOn: f.date(colReceived), ExpiryDate: f.date(colExpiry)}
		q, err := money.ParseQuantity(f.text(colOnHand))
		if err != nil || q < 0 {
			f.refuse(colOnHand, "a counted quantity is a plain number with at most three decimals, zero or above", "write it like 6 or 0.125, without grouping")
		}
		lot.OnHand = q
		if lot.ReceivedOn > c.date {
			f.refuse(colReceived, "what was counted on "+c.date.String()+" was not received later", "correct the date of receipt")
		}
		if kindOf(code) == event.KindService {
			f.refuse(colProduct, "a code that does not begin with five digits is a service, and services have no stock", "remove the row or correct the code")
		}
		if c.seen[[2]string{code, lot.Lot}] {
			f.refuse(colLot, "a lot of a product stands once in a count", "add the quantities up or name the lots apart; the first row was taken")
		}
		why = f.why
	}
	if why != nil {
		c.rejects.add(c.table.rejected(r.number, why), 0)
		return
	}
	code, lot.Lot = strings.Clone(code), strings.Clone(lot.Lot)
	c.seen[[2]string{code, lot.Lot}] = true
	c.rows, c.codes, c.lots = append(c.rows, r.number), append(c.codes, code), append(c.lots, lot)
}

// record writes the count, unless one with the same content is there.
func (c *count) record(ctx context.Context) error {
	err := c.together(ctx, func(tx *ledger.Tx) error {
		v := ledger.StockCount{Date: c.date}
		lots := 0
		for i, code := range c.codes {
			ok, err := c.books.has(tx, code)
			if err != nil {
				return err
			}
			if !ok {
				c.rejects.add(c.table.rejected(c.rows[i], &refusal{
					column: c.table.heads[colProduct], cell: c.table.cell(colProduct, c.rows[i]), value: code,
					rule: "a counted product is in the catalogue", advice: "import its catalogue row first, then this file again",
				}), 0)
				continue
			}
			place, ok := c.places[code]
			if !ok {
				place = len(v.Products)
				c.places[code] = place
				v.Products = append(v.Products, ledger.CountedProduct{Product: code})
			}
			v.Products[place].Lots = append(v.Products[place].Lots, c.lots[i])
			lots++
		}
		if lots == 0 {
			return nil
		}
		v.Reference = referenceOf(v)
		entry, ok, err := tx.EntryByReference(v.Reference)
		if err != nil {
			return err
		}
		if ok {
			c.summary.Stock.AlreadyOn = entry.Date
			c.summary.Stock.AlreadyLots += lots
			return nil
		}
		if _, err := tx.Count(v); err != nil {
			why, err := refused(err, "", "")
			if err != nil {
				return err
			}
			j := c.table.rejected(c.rows[0], why)
			j.Rows = lots
			c.rejects.add(j, 0)
			return nil
		}
		c.summary.Stock.Lots += lots
		c.summary.Stock.Products += len(v.Products)
		return nil
	})
	if err != nil {
		return recording("the stock count", c.rows[len(c.rows)-1], err)
	}
	return nil
}

// has tells whether a product exists in the transaction, putting it there
// again in a dry run.
func (b *books) has(tx *ledger.Tx, code string) (bool, error) {
	if !b.known[code] {
		_, ok, err := tx.Product(code)
		if err != nil || !ok {
			return false, err
		}
		b.known[code] = true
	}
	return true, b.product(tx, code, "")
}

// referenceOf names a count after what was counted, whatever its date, so that
// the same file again is known to be there.
func referenceOf(v ledger.StockCount) string {
	content := sha256.New()
	for _, p := range v.Products {
		for _, l := range p.Lots {
			cost := ""
			if l.UnitCost.Valid {
				cost = strconv.FormatInt(int64(l.UnitCost.Amount), 10)
			}
			_, _ = fmt.Fprintf(content, "%q,%q,%s,%s,%s,%s\n", p.Product, l.Lot, l.OnHand, cost, l.ReceivedOn, l.ExpiryDate)
		}
	}
	return "count-" + hex.EncodeToString(content.Sum(nil)[:12])
}
