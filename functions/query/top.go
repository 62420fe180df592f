package query

import (
	"cmp"
	"fmt"
	"slices"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// Top is the beginning of each list in its own order, at most TopItems of each, so
// that one answer shows the shop.
type Top struct {
	// Products holds the ranked products by window.
	Products map[Window][]Winner `json:"products"`
	Lots     []RiskLot           `json:"lots"`
	// Clients are the eligible ones, the latest to become so first, equal ones by revenue.
	Clients []Client `json:"clients"`
}

// TopItems is how many items of each list the overview shows at most.
const TopItems = 10

func topOf(p *productList, l *stockList, c *clientList) Top {
	top := Top{Products: map[Window][]Winner{}, Lots: []RiskLot{}, Clients: []Client{}}
	for at, w := range Windows {
		top.Products[w] = []Winner{}
		for _, row := range first(&p.windows[at], &winnerSorters[0], func(r *winnerRow) bool { return r.rank > 0 }) {
			top.Products[w] = append(top.Products[w], row.item())
		}
	}
	for _, row := range first(&l.listing, &lotSorters[0], func(r *lotRow) bool { return len(r.Flags) > 0 }) {
		top.Lots = append(top.Lots, row.item())
	}
	for _, row := range first(&c.listing, &latestEligible, func(r *clientRow) bool { return r.Eligible }) {
		top.Clients = append(top.Clients, row.item())
	}
	return top
}

// latestEligible orders by the day on which clients became eligible, then by revenue.
var latestEligible = sorter[clientRow]{"eligible_since, revenue", true, func(r *clientRow) key {
	return key{null: r.EligibleSince == event.NoDate, numbers: [4]int64{int64(r.EligibleSince), int64(r.Revenue)}}
}}

// first returns the first rows of a list that match.
func first[R any](l *listing[R], s *sorter[R], match func(*R) bool) []*R {
	var rows []*R
	l.page(s, s.descending, cut{limit: TopItems}, match, func(*R) {}, func(row *R) { rows = append(rows, row) })
	return rows
}

// ClassTotal adds up the products of a class.
type ClassTotal struct {
	Class    string       `json:"class"`
	Products int          `json:"products"`
	Revenue  money.Amount `json:"revenue"`
	Profit   money.Amount `json:"profit"`
}

// paretoPoints is into how many parts the products are divided.
const paretoPoints = 50

// classify fills in the classes and the curve.
func (t *Total) classify(rows []winnerRow) error {
	t.Classes = []ClassTotal{{Class: "A"}, {Class: "B"}, {Class: "C"}}
	t.Pareto = []money.BasisPoints{}
	var classed []*windowDoc
	for i := range rows {
		row := &rows[i]
		if row.abc == 0 {
			continue
		}
		w, c := row.sums(), &t.Classes[row.abc-'A']
		c.Products++
		if err := firstError(sum(&c.Revenue, w.Revenue), sum(&c.Profit, w.Profit)); err != nil {
			return fmt.Errorf("adding up class %s: %w", c.Class, err)
		}
		classed = append(classed, w)
	}
	slices.SortFunc(classed, func(a, b *windowDoc) int { return cmp.Compare(b.Revenue, a.Revenue) })
	var all money.Amount
	upTo := make([]money.Amount, len(classed))
	for i, w := range classed {
		if err := sum(&all, w.Revenue); err != nil {
			return fmt.Errorf("adding up the revenue of %d products: %w", len(classed), err)
		}
		upTo[i] = all
	}
	for part := 1; part <= paretoPoints && len(classed) > 0; part++ {
		last := max(1, (len(classed)*part+paretoPoints/2)/paretoPoints) - 1
		share, _ := money.Ratio(upTo[last], all)
		t.Pareto = append(t.Pareto, share)
	}
	return nil
}
