package query

import (
	"context"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// Window is a span of days that ends today, today included, or everything.
type Window string

// The windows.
const (
	Week  Window = "7d"
	Month Window = "30d"
	All   Window = "all"
)

// Windows lists the windows in the order in which they are shown.
var Windows = [...]Window{Week, Month, All}

func (w Window) index() int {
	for i, other := range Windows {
		if w == other {
			return i
		}
	}
	return -1
}

// days returns the number of days of the window, 0 for all.
func (w Window) days() int64 {
	switch w {
	case Week:
		return 7
	case Month:
		return 30
	default:
		return 0
	}
}

// Winner is one product in one window. Amounts are in minor units, ratios in
// basis points (hundredths of a percent).
type Winner struct {
	ProductID string     `json:"product_id"`
	Name      string     `json:"name"`
	Category  string     `json:"category"`
	Kind      event.Kind `json:"kind"`
	// Rank is by profit above zero; null where the product is not ranked.
	Rank *int `json:"rank"`
	// ABC is A, B or C by revenue; null without revenue and for services.
	ABC   *string        `json:"abc"`
	Units money.Quantity `json:"units"`
	// Revenue is without tax, after discounts and returns.
	Revenue money.Amount `json:"revenue"`
	// Cost, Profit and Margin are of the revenue whose cost is known; the rest is UncostedRevenue.
	Cost            money.Amount          `json:"cost"`
	Profit          money.Amount          `json:"profit"`
	Margin          money.NullBasisPoints `json:"margin"`
	UncostedRevenue money.Amount          `json:"uncosted_revenue"`
	Orders          int64                 `json:"orders"`
	// Velocity is in units a day; null where that is not known.
	Velocity     *money.Quantity       `json:"velocity"`
	MinMargin    money.NullBasisPoints `json:"min_margin"`
	BelowMinimum bool                  `json:"below_minimum"`
	// RevenueChange and ProfitChange are against the window before; null where
	// that had none, and for the window all.
	RevenueChange money.NullBasisPoints `json:"revenue_change"`
	ProfitChange  money.NullBasisPoints `json:"profit_change"`
	FirstSoldOn   event.Date            `json:"first_sold_on"`
	LastSoldOn    event.Date            `json:"last_sold_on"`
}

// WinnerSums adds up products.
type WinnerSums struct {
	Units           money.Quantity `json:"units"`
	Revenue         money.Amount   `json:"revenue"`
	Cost            money.Amount   `json:"cost"`
	Profit          money.Amount   `json:"profit"`
	UncostedRevenue money.Amount   `json:"uncosted_revenue"`
}

// WinnersPage is a page of product-winners.
type WinnersPage = Page[Winner, WinnerSums]

// WinnersQuery asks for product-winners. Empty members do not filter.
type WinnersQuery struct {
	// Window is "" for Month.
	Window       Window
	Category     string
	BelowMinimum *bool
	ListQuery
}

// winnerRow is a product in a window, before it is written out.
type winnerRow struct {
	*product
	at   int // index into Windows
	rank int // 0: not ranked
	abc  byte
}

func (r *winnerRow) sums() *windowDoc { return &r.windows[r.at] }

// winnerSorters: the first is the list's own order.
var winnerSorters = []sorter[winnerRow]{
	{"rank", false, func(r *winnerRow) key {
		w := r.sums()
		// Complements turn the order around; unlike negation none overflows.
		return key{null: r.rank == 0, numbers: [4]int64{^int64(w.Profit), ^int64(w.Revenue), ^int64(w.Units)}}
	}},
	{"profit", true, func(r *winnerRow) key { return number(int64(r.sums().Profit)) }},
	{"revenue", true, func(r *winnerRow) key { return number(int64(r.sums().Revenue)) }},
	{"cost", true, func(r *winnerRow) key { return number(int64(r.sums().Cost)) }},
	{"uncosted_revenue", true, func(r *winnerRow) key { return number(int64(r.sums().UncostedRevenue)) }},
	{"units", true, func(r *winnerRow) key { return number(int64(r.sums().Units)) }},
	{"orders", true, func(r *winnerRow) key { return number(r.sums().Orders) }},
	{"margin", true, func(r *winnerRow) key { return ratio(r.sums().Margin) }},
	{"velocity", true, func(r *winnerRow) key { v, ok := r.velocity(); return nullable(int64(v), ok) }},
	{"revenue_change", true, func(r *winnerRow) key { return ratio(r.change((*windowDoc).revenue)) }},
	{"profit_change", true, func(r *winnerRow) key { return ratio(r.change((*windowDoc).profit)) }},
	{"name", false, func(r *winnerRow) key { return text(r.folded) }},
	{"category", false, func(r *winnerRow) key { return text(fold(r.category)) }},
	{"abc", false, func(r *winnerRow) key { return nullable(int64(r.abc), r.abc != 0) }},
	{"last_sold_on", true, func(r *winnerRow) key { return date(r.lastSoldOn) }},
	{"product_id", false, func(r *winnerRow) key { return text(r.id) }},
}

func ratio(bp money.NullBasisPoints) key { return nullable(int64(bp.BasisPoints), bp.Valid) }

func (w *windowDoc) revenue() money.Amount { return w.Revenue }
func (w *windowDoc) profit() money.Amount  { return w.Profit }

// velocity returns units a day; for all of them since the first sale.
func (r *winnerRow) velocity() (v money.Quantity, ok bool) {
	days := Windows[r.at].days()
	if days == 0 {
		if r.firstSoldOn == event.NoDate || r.firstSoldOn > r.day {
			return 0, false
		}
		days = int64(r.day-r.firstSoldOn) + 1
	}
	per, err := money.MulDiv(int64(r.sums().Units), 1, days)
	return money.Quantity(per), err == nil
}

// change compares with the window before; there is none where that is not above zero.
func (r *winnerRow) change(of func(*windowDoc) money.Amount) money.NullBasisPoints {
	if r.at >= len(r.before) {
		return money.NullBasisPoints{}
	}
	return change(of(r.sums()), of(&r.before[r.at]))
}

func change(now, before money.Amount) money.NullBasisPoints {
	difference, err := money.Sub(now, before)
	if err != nil {
		return money.NullBasisPoints{}
	}
	bp, ok := money.Ratio(difference, before)
	return money.NullBasisPoints{BasisPoints: bp, Valid: ok}
}

func (r *winnerRow) item() Winner {
	w := r.sums()
	item := Winner{
		ProductID: r.id, Name: r.name, Category: r.category, Kind: r.kind,
		Units: w.Units, Revenue: w.Revenue, Cost: w.Cost, Profit: w.Profit, Margin: w.Margin,
		UncostedRevenue: w.UncostedRevenue, Orders: w.Orders,
		MinMargin: r.minMargin, BelowMinimum: w.BelowMinimum,
		RevenueChange: r.change((*windowDoc).revenue), ProfitChange: r.change((*windowDoc).profit),
		FirstSoldOn: r.firstSoldOn, LastSoldOn: r.lastSoldOn,
	}
	if r.rank > 0 {
		item.Rank = &r.rank
	}
	if r.abc != 0 {
		class := string(r.abc)
		item.ABC = &class
	}
	if v, ok := r.velocity(); ok {
		item.Velocity = &v
	}
	return item
}

// ProductWinners lists the products of a window: those that are ranked, or all.
// An error is a *Problem, or that of the context.
func (s *Service) ProductWinners(ctx context.Context, q WinnersQuery) (WinnersPage, error) {
	r, err := s.current(ctx)
	if err != nil {
		return WinnersPage{}, err
	}
	return s.winners(ctx, r, q)
}

func (s *Service) winners(ctx context.Context, r *reading, q WinnersQuery) (WinnersPage, error) {
	var none WinnersPage
	if q.Window == "" {
		q.Window = Month
	}
	at := q.Window.index()
	if at < 0 {
		return none, badValue("window", "must be 7d, 30d or all")
	}
	by, descending, cut, list, err := prepare(winnerSorters, &q.ListQuery, "product-winners", string(q.Window), q.Category, optional(q.BelowMinimum))
	if err != nil {
		return none, err
	}
	l, err := s.productList(ctx, r)
	if err != nil {
		return none, err
	}
	page := WinnersPage{Version: r.version, BusinessDate: r.day, Currency: r.currency, Window: &q.Window, Items: []Winner{}}
	words := newSearch(q.Q)
	var failed error
	next := l.windows[at].page(by, descending, cut, func(row *winnerRow) bool {
		return (q.All || row.rank > 0) &&
			(q.Category == "" || row.category == q.Category) &&
			(q.BelowMinimum == nil || row.sums().BelowMinimum == *q.BelowMinimum) &&
			words.in(row.folded, row.foldedID)
	}, func(row *winnerRow) {
		page.Total++
		failed = firstError(failed, page.Sums.add(row.sums()))
	}, func(row *winnerRow) { page.Items = append(page.Items, row.item()) })
	if failed != nil {
		return none, internal(failed)
	}
	page.Next = writeCursor(list, next)
	if page.Total == 0 {
		page.Note = r.note("product-winners", len(l.products) > 0, "No product with a profit matches in this window.")
	}
	return page, nil
}

func (w *WinnerSums) add(d *windowDoc) error {
	return firstError(sum(&w.Units, d.Units), sum(&w.Revenue, d.Revenue), sum(&w.Cost, d.Cost),
		sum(&w.Profit, d.Profit), sum(&w.UncostedRevenue, d.UncostedRevenue))
}

// sum adds b to a.
func sum[T ~int64](a *T, b T) error {
	s, err := money.Add(*a, b)
	if err == nil {
		*a = s
	}
	return err
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func optional(b *bool) string {
	switch {
	case b == nil:
		return ""
	case *b:
		return "true"
	}
	return "false"
}

// prepare reads what all lists have in common. filters are what else tells this
// list from others, for its cursor.
func prepare[R any](sorters []sorter[R], q *ListQuery, filters ...string) (by *sorter[R], descending bool, c cut, list string, err error) {
	if by, descending, err = choose(sorters, q); err != nil {
		return nil, false, c, "", err
	}
	list = fingerprint(append(filters, by.name, optional(&descending), q.Q, optional(&q.All))...)
	c, err = q.cut(list)
	return by, descending, c, list, err
}
