package query

import (
	"context"
	"fmt"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// Overview is the whole shop at a glance.
type Overview struct {
	Version      string         `json:"version"`
	BusinessDate event.Date     `json:"business_date"`
	Currency     money.Currency `json:"currency"`
	// Windows holds the totals by window: 7d, 30d and all.
	Windows map[Window]Total `json:"windows"`
	// Days are the last 60 days, oldest first, the business date last.
	Days       []Day         `json:"days"`
	LossRisk   RiskTotals    `json:"loss_risk"`
	Clients    ClientsTotals `json:"clients"`
	Categories []string      `json:"categories"`
	Top        Top           `json:"top"`
	Note       string        `json:"note,omitempty"`
}

// Total adds up every product and service of a window.
type Total struct {
	Figures
	// Before is the window of the same length just before; null for all.
	Before *Figures `json:"before"`
	// The changes are in basis points of the window before; null where that is not above zero.
	RevenueChange money.NullBasisPoints `json:"revenue_change"`
	ProfitChange  money.NullBasisPoints `json:"profit_change"`
	UnitsChange   money.NullBasisPoints `json:"units_change"`
	// Ranked and BelowMinimum count products.
	Ranked       int `json:"ranked"`
	BelowMinimum int `json:"below_minimum"`
	// Classes has a row for A, B and C each.
	Classes []ClassTotal `json:"classes"`
	// Pareto holds, for each fiftieth of the products with a revenue, most revenue
	// first, their share of it in basis points: 50 numbers, the last one 10,000;
	// empty without revenue.
	Pareto []money.BasisPoints `json:"pareto"`
}

// Figures are sums in minor units and units; Margin is in basis points.
type Figures struct {
	WinnerSums
	Margin money.NullBasisPoints `json:"margin"`
}

// RiskTotals counts each lot once.
type RiskTotals struct {
	// Lots counts those with a value at risk.
	Lots int `json:"lots"`
	RiskSums
	// ByFlag has one row per flag, in the order of Flags.
	ByFlag []FlagTotal `json:"by_flag"`
	// Aging splits all goods on hand by the days since their receipt.
	Aging []AgeGroup `json:"aging"`
}

// FlagTotal adds up the lots whose value counts for a flag; of NEGATIVE the lots alone.
type FlagTotal struct {
	Flag Flag `json:"flag"`
	Lots int  `json:"lots"`
	// UnknownCost counts the lots among them whose value is not known.
	UnknownCost int `json:"unknown_cost"`
	RiskSums
}

// AgeGroup adds up goods on hand that have been held From to To days.
type AgeGroup struct {
	// From is null for goods whose receipt is not known, To is null for no end.
	From *int64 `json:"from"`
	To   *int64 `json:"to"`
	Lots int    `json:"lots"`
	// UnknownCost counts the lots among them that add nothing to Value.
	UnknownCost int `json:"unknown_cost"`
	// Value is on hand × unit cost, rounded per lot.
	Value money.Amount `json:"value"`
}

// ClientsTotals counts clients.
type ClientsTotals struct {
	Clients  int `json:"clients"`
	Eligible int `json:"eligible"`
	// NewlyEligible and Lost count, per window (7d, 30d), those whose eligibility
	// came or went within it and who are still so.
	NewlyEligible map[Window]int `json:"newly_eligible"`
	Lost          map[Window]int `json:"lost"`
	// Tiers counts the clients of each tier.
	Tiers map[string]int `json:"tiers"`
}

var ageEnds = [...]int64{30, 60, 90, 180}

func newAging() []AgeGroup {
	var groups []AgeGroup
	from := int64(0)
	for _, to := range ageEnds {
		groups = append(groups, AgeGroup{From: ref(from), To: ref(to)})
		from = to + 1
	}
	return append(groups, AgeGroup{From: ref(from)}, AgeGroup{})
}

func ref[T any](v T) *T { return &v }

func addAge(groups []AgeGroup, r *lotRow) error {
	if r.OnHand <= 0 {
		return nil
	}
	at := len(groups) - 1
	if r.ReceivedOn != event.NoDate {
		held := int64(r.day - r.ReceivedOn)
		for at = 0; at < len(ageEnds) && held > ageEnds[at]; at++ {
		}
	}
	g := &groups[at]
	g.Lots++
	if !r.UnitCost.Valid {
		g.UnknownCost++
		return nil
	}
	value, err := r.UnitCost.Amount.Times(r.OnHand)
	if err = firstError(err, sum(&g.Value, value)); err != nil {
		return fmt.Errorf("adding up the stock of %s: %w", r.productID, err)
	}
	return nil
}

// Overview returns the totals of the shop. An error is a *Problem, or that of the context.
func (s *Service) Overview(ctx context.Context) (Overview, error) {
	r, err := s.current(ctx)
	if err != nil {
		return Overview{}, err
	}
	return s.overview(ctx, r)
}

func (s *Service) overview(ctx context.Context, r *reading) (Overview, error) {
	var none Overview
	p, err := s.productList(ctx, r)
	if err != nil {
		return none, err
	}
	l, err := s.stockList(ctx, r)
	if err != nil {
		return none, err
	}
	c, err := s.clientList(ctx, r)
	if err != nil {
		return none, err
	}
	o := Overview{
		Version: r.version, BusinessDate: r.day, Currency: r.currency,
		Windows: map[Window]Total{}, Clients: c.totals(r.day), Categories: p.categories[:min(len(p.categories), 200)],
	}
	if o.Categories == nil {
		o.Categories = []string{}
	}
	if o.Days, err = daysOf(p.days); err != nil {
		return none, err
	}
	for at, w := range Windows {
		if o.Windows[w], err = p.total(at); err != nil {
			return none, internal(err)
		}
	}
	if o.LossRisk, err = l.totals(); err != nil {
		return none, internal(err)
	}
	o.Top = topOf(p, l, c)
	if len(p.products)+len(l.products)+len(c.rows) == 0 {
		_, o.Note = r.why("")
	}
	return o, nil
}

func (l *productList) total(at int) (Total, error) {
	var t Total
	var costed, costedBefore money.Amount
	before := &Figures{}
	for i := range l.windows[at].rows {
		row := &l.windows[at].rows[i]
		w := row.sums()
		if err := firstError(t.add(w), sum(&costed, w.CostedRevenue)); err != nil {
			return t, err
		}
		if at < len(row.before) {
			b := &row.before[at]
			if err := firstError(before.add(b), sum(&costedBefore, b.CostedRevenue)); err != nil {
				return t, err
			}
		}
		if row.rank > 0 {
			t.Ranked++
		}
		if w.BelowMinimum {
			t.BelowMinimum++
		}
	}
	t.Margin = margin(t.Profit, costed)
	if err := t.classify(l.windows[at].rows); err != nil {
		return t, err
	}
	if at < len(Windows)-1 {
		before.Margin = margin(before.Profit, costedBefore)
		t.Before = before
		t.RevenueChange = change(t.Revenue, before.Revenue)
		t.ProfitChange = change(t.Profit, before.Profit)
		t.UnitsChange = change(money.Amount(t.Units), money.Amount(before.Units))
	}
	return t, nil
}

func margin(profit, costed money.Amount) money.NullBasisPoints {
	bp, ok := money.Ratio(profit, costed)
	return money.NullBasisPoints{BasisPoints: bp, Valid: ok}
}

func (l *stockList) totals() (RiskTotals, error) {
	t := RiskTotals{ByFlag: make([]FlagTotal, len(Flags)), Aging: l.aging}
	for i, f := range Flags {
		t.ByFlag[i].Flag = f
	}
	for i := range l.rows {
		row := &l.rows[i]
		flag := row.Risk
		if flag == "" && len(row.Flags) > 0 {
			flag = row.Flags[0]
		}
		at := flag.index()
		if at < 0 {
			continue
		}
		f := &t.ByFlag[at]
		f.Lots++
		if row.Risk == "" {
			continue
		}
		t.Lots++
		if !row.ValueAtRisk.Valid {
			f.UnknownCost++
		}
		if err := firstError(f.add(row), t.add(row)); err != nil {
			return t, err
		}
	}
	return t, nil
}

func (l *clientList) totals(day event.Date) ClientsTotals {
	t := ClientsTotals{Clients: len(l.rows), NewlyEligible: map[Window]int{Week: 0, Month: 0}, Lost: map[Window]int{Week: 0, Month: 0}, Tiers: map[string]int{}}
	for _, tier := range Tiers {
		t.Tiers[tier] = 0
	}
	for i := range l.rows {
		row := &l.rows[i]
		if row.Eligible {
			t.Eligible++
		}
		if _, known := t.Tiers[row.Tier]; known {
			t.Tiers[row.Tier]++
		}
		for _, w := range []Window{Week, Month} {
			t.NewlyEligible[w] += one(row.moved(Gained, day, w.days()))
			t.Lost[w] += one(row.moved(Lost, day, w.days()))
		}
	}
	return t
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
