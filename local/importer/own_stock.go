package importer

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"comptoir/local/ledger"
	"comptoir/shared/event"
)

// importCount records a sheet Stock: one stock count for each date in it. A
// count replaces all lots of the products that it names, so a product with a
// faulty row is left out as a whole.
func (s *session) importCount(ctx context.Context, t *table) error {
	c := cells{table: t, currency: s.summary.Currency}
	counts := map[event.Date]*count{}
	broken := map[event.Date]map[string]bool{}
	err := s.each(ctx, t, func(r *row) error {
		if !c.read(r) {
			s.refuseRow(t, r, c.faults)
			return nil
		}
		code, date, lot := lotOf(&c, s.StockDate)
		one := counts[date]
		if one == nil {
			one = newCount(s, t, date)
			counts[date], broken[date] = one, map[string]bool{}
		}
		if c.good() && one.seen[[2]string{code, lot.Lot}] {
			c.refuse(ownLot, "a lot of a product stands once in a count", "add the quantities up, or name the lots apart")
		}
		if !c.good() {
			broken[date][code] = true
			s.refuseRow(t, r, c.faults)
			return nil
		}
		one.seen[[2]string{code, lot.Lot}] = true
		one.rows, one.codes, one.lots = append(one.rows, r.number), append(one.codes, code), append(one.lots, lot)
		return nil
	})
	if err != nil {
		return err
	}
	dates := make([]event.Date, 0, len(counts))
	for d := range counts {
		dates = append(dates, d)
	}
	slices.SortFunc(dates, func(a, b event.Date) int { return cmp.Compare(a, b) })
	for _, d := range dates {
		one := counts[d]
		one.leaveOut(broken[d])
		if len(one.rows) == 0 {
			continue
		}
		if err := one.record(ctx); err != nil {
			return err
		}
	}
	return nil
}

func lotOf(c *cells, today event.Date) (code string, date event.Date, lot ledger.CountedLot) {
	code, date = c.id(ownCounted), today
	if d := c.date(ownCountedOn); d != event.NoDate {
		date = d
	}
	lot = ledger.CountedLot{
		Lot: c.text(ownLot), UnitCost: c.amount(ownUnitCost), ReceivedOn: c.date(ownReceivedOn), ExpiryDate: c.date(ownExpiry),
		OnHand: c.quantity(ownCountedQuantity, 0, "a counted quantity is zero or above and has at most three decimals"),
	}
	if lot.ReceivedOn > date {
		c.refuse(ownReceivedOn, "what was counted on "+date.String()+" was not received later", "correct one of the two dates")
	}
	return code, date, lot
}

// leaveOut takes products out of a count.
func (c *count) leaveOut(broken map[string]bool) {
	kept := 0
	for i, code := range c.codes {
		if broken[code] {
			c.rejects.held++
			c.rejects.count("a product is counted as a whole: another row of it has a fault", 1, 0)
			continue
		}
		c.rows[kept], c.codes[kept], c.lots[kept] = c.rows[i], strings.Clone(code), c.lots[i]
		kept++
	}
	c.rows, c.codes, c.lots = c.rows[:kept], c.codes[:kept], c.lots[:kept]
}
