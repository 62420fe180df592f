package query

import (
	"cmp"
	"context"
	"fmt"
	"math/bits"
	"slices"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// product is what is kept of a document of product_winners.
type product struct {
	id, name, category string
	foldedID, folded   string
	kind               event.Kind
	minMargin          money.NullBasisPoints
	firstSoldOn        event.Date
	lastSoldOn         event.Date
	windows            [len(Windows)]windowDoc
	before             [len(Windows) - 1]windowDoc // as windows; there is nothing before all
	day                event.Date                  // the business date
}

// productList is every product of an edition, ranked in every window, and what
// the shop sold on each of the last days.
type productList struct {
	products []*product
	byID     map[string]int // index into products and into each window's rows
	windows  [len(Windows)]listing[winnerRow]
	days     []dayDoc // trendDays of them, ascending, the business date last
	// categories are all that there are, in their order.
	categories []string
}

// trendDays is how many days are shown one by one: 30, and the 30 before.
const trendDays = 60

func (s *Service) productList(ctx context.Context, r *reading) (*productList, error) {
	return list(ctx, s, r, &r.products, func(ctx context.Context) (*productList, error) {
		l := &productList{byID: map[string]int{}, days: emptyDays(r.day)}
		err := each(ctx, r.state, products, productFields, func(d *productDoc) error {
			l.byID[d.ID] = len(l.products)
			l.products = append(l.products, d.product(r.day))
			return addDays(l.days, d.Days)
		})
		if err != nil {
			return nil, err
		}
		for at := range l.windows {
			if l.windows[at].rows, err = rank(l.products, at); err != nil {
				return nil, internal(err)
			}
			l.windows[at].id = func(r *winnerRow) string { return r.id }
		}
		for _, p := range l.products {
			if p.category != "" {
				l.categories = append(l.categories, p.category)
			}
		}
		slices.Sort(l.categories)
		l.categories = slices.Compact(l.categories)
		return l, nil
	})
}

// list returns a list of an edition, and notes how long it took to read. A
// state that is older than the edition has none for it.
func list[T any](ctx context.Context, s *Service, r *reading, l *loaded[T], read func(context.Context) (T, error)) (T, error) {
	return l.get(ctx, s.cfg.ReadTimeout, func(ctx context.Context) (T, error) {
		if r.older != "" {
			var none T
			return none, olderState(r.older, r.version)
		}
		start := time.Now()
		s.mu.Lock()
		s.loading++
		s.mu.Unlock()
		v, err := read(ctx)
		s.mu.Lock()
		s.loading--
		if err == nil {
			// It counts as current from now on, however long it took.
			s.slowest, s.readAt = max(s.slowest, time.Since(start)), time.Now()
		}
		s.mu.Unlock()
		return v, problemOf(err)
	})
}

func (d *productDoc) product(day event.Date) *product {
	p := &product{
		id: d.ID, name: d.Name, category: d.Category, kind: d.Kind, minMargin: d.MinMargin,
		firstSoldOn: d.FirstSoldOn, lastSoldOn: d.LastSoldOn, day: day,
		windows: [len(Windows)]windowDoc{d.Windows.Week, d.Windows.Month, d.Windows.All},
		before:  [len(Windows) - 1]windowDoc{d.Windows.WeekBefore, d.Windows.MonthBefore},
	}
	if p.kind == "" {
		p.kind = event.KindStock // sold before it was in the catalogue
	}
	p.folded, p.foldedID = fold(p.name), fold(p.id)
	return p
}

// rank returns a row for each product in its order, with its rank and its class
// in a window. Services have neither.
func rank(all []*product, at int) ([]winnerRow, error) {
	rows := make([]winnerRow, len(all))
	byProfit, byRevenue := make([]*winnerRow, 0, len(all)), make([]*winnerRow, 0, len(all))
	for i, p := range all {
		rows[i] = winnerRow{product: p, at: at}
		if p.kind == event.KindService {
			continue
		}
		if p.windows[at].Profit > 0 {
			byProfit = append(byProfit, &rows[i])
		}
		if p.windows[at].Revenue > 0 {
			byRevenue = append(byRevenue, &rows[i])
		}
	}
	slices.SortFunc(byProfit, func(a, b *winnerRow) int {
		x, y := a.sums(), b.sums()
		return cmp.Or(cmp.Compare(y.Profit, x.Profit), cmp.Compare(y.Revenue, x.Revenue), cmp.Compare(y.Units, x.Units), cmp.Compare(a.id, b.id))
	})
	for i, r := range byProfit {
		r.rank = i + 1
	}
	slices.SortFunc(byRevenue, func(a, b *winnerRow) int {
		return cmp.Or(cmp.Compare(b.sums().Revenue, a.sums().Revenue), cmp.Compare(a.id, b.id))
	})
	return rows, classify(byRevenue)
}

// classify gives A, B or C by the share of the revenue of all rows before it:
// below 80 % A, below 95 % B, else C. Rows come by revenue, which is above zero.
func classify(rows []*winnerRow) error {
	var total uint64
	for _, r := range rows {
		s, carry := bits.Add64(total, uint64(r.sums().Revenue), 0)
		if carry != 0 {
			return fmt.Errorf("adding up the revenue of %d products: %w", len(rows), money.ErrOverflow)
		}
		total = s
	}
	// For whole numbers, before × 100 < share × total just where before is below the quotient rounded up.
	limit := func(share uint64) uint64 {
		hi, lo := bits.Mul64(total, share)
		q, rest := bits.Div64(hi, lo, 100)
		if rest > 0 {
			q++
		}
		return q
	}
	a, b := limit(80), limit(95)
	var before uint64
	for _, r := range rows {
		switch {
		case before < a:
			r.abc = 'A'
		case before < b:
			r.abc = 'B'
		default:
			r.abc = 'C'
		}
		before += uint64(r.sums().Revenue)
	}
	return nil
}

// emptyDays returns the last trendDays days without a sale.
func emptyDays(last event.Date) []dayDoc {
	days := make([]dayDoc, trendDays)
	for i := range days {
		days[i].Day = last - event.Date(trendDays-1-i)
	}
	return days
}

// addDays adds days to those of the same date. Days before and after them do not count.
func addDays(days, more []dayDoc) error {
	first := days[0].Day
	for i := range more {
		d := &more[i]
		if d.Day < first || d.Day > days[len(days)-1].Day {
			continue
		}
		to := &days[d.Day-first]
		err := firstError(sum(&to.Units, d.Units), sum(&to.Revenue, d.Revenue), sum(&to.Cost, d.Cost),
			sum(&to.CostedRevenue, d.CostedRevenue), sum(&to.Orders, d.Orders))
		if err != nil {
			return internal(fmt.Errorf("adding up the sales of %s: %w", d.Day, err))
		}
	}
	return nil
}
