package simulation

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"comptoir/shared/event"
)

// figures are what is added up.
type figures struct{ units, revenue, cost, costed, orders int64 }

func (f *figures) add(g figures) {
	f.units, f.revenue, f.cost, f.costed, f.orders = f.units+g.units, f.revenue+g.revenue, f.cost+g.cost, f.costed+g.costed, f.orders+g.orders
}

func (f figures) members(m map[string]any) map[string]any {
	m["units"], m["revenue"], m["cost"], m["costed_revenue"], m["orders"] = decimal(f.units), f.revenue, f.cost, f.costed, f.orders
	return m
}

// moved is what an event of a sale changes.
func moved(f *spoken) (g figures) {
	if f.Cost != nil {
		g.cost, g.costed = *f.Cost, f.Net
	}
	if f.kind != event.ProductSaleCosted && f.kind != event.ProductReturnCosted {
		g.units, g.revenue = thousandths(f.Quantity), f.Net
	}
	if f.kind == event.ProductSold || f.kind == event.ProductSaleVoided {
		g.orders = 1
	}
	if f.kind == event.ProductReturned || f.kind == event.ProductSaleVoided || f.kind == event.ProductReturnCosted {
		g = figures{-g.units, -g.revenue, -g.cost, -g.costed, -g.orders}
	}
	return g
}

func isSale(f *spoken) bool { return f.kind.Family() == event.ProductSums }

// foldSales makes a document of product_winners as of a day.
func foldSales(facts []*spoken, today day) map[string]any {
	doc := map[string]any{"name": "", "category": "", "kind": "stock", "buy_price": nil, "sell_price": nil, "min_margin": nil}
	var least *int64
	if c := latest(facts, ofKind(event.ProductChanged)); c != nil {
		doc["name"], doc["category"], doc["kind"] = c.Name, c.Category, c.Kind
		doc["buy_price"], doc["sell_price"], doc["min_margin"] = c.BuyPrice, c.SellPrice, c.MinMargin
		least = c.MinMargin
		entry := stamp(c)
		entry["name"] = c.Name
		doc["catalogue"] = entry
	}
	if s := latest(facts, func(f *spoken) bool { return isSale(f) && f.Name != "" }); s != nil {
		if doc["name"] == "" {
			doc["name"] = s.Name
		}
		entry := stamp(s)
		entry["name"] = s.Name
		doc["sale_name"] = entry
	}
	var total, future figures
	byDay := map[day]figures{}
	for _, f := range facts {
		if !isSale(f) {
			continue
		}
		total.add(moved(f))
		if f.Date > today {
			future.add(moved(f))
		}
		sum := byDay[f.Date]
		sum.add(moved(f))
		byDay[f.Date] = sum
	}
	doc["total"] = total.members(map[string]any{})
	days := []any{}
	for _, d := range slices.Sorted(maps.Keys(byDay)) {
		if d > today-65 && byDay[d] != (figures{}) {
			days = append(days, byDay[d].members(map[string]any{"day": d}))
		}
	}
	doc["days"] = days
	span := func(from, to day) (sum figures) { // both included
		for d := from; d <= to; d++ {
			sum.add(byDay[d])
		}
		return sum
	}
	week, weekBefore := span(today-6, today), span(today-13, today-7)
	month, monthBefore := span(today-29, today), span(today-59, today-30)
	all := total
	all.add(figures{-future.units, -future.revenue, -future.cost, -future.costed, -future.orders})
	doc["windows"] = map[string]any{
		"7d": window(week, &weekBefore, least, 7), "7d_before": window(weekBefore, nil, least, 7),
		"30d": window(month, &monthBefore, least, 30), "30d_before": window(monthBefore, nil, least, 30),
		"all": window(all, nil, least, 0),
	}
	spans(doc, facts, isSale, event.ProductSold, event.ProductSaleVoided, "sold_on", "first_sold_on", "last_sold_on",
		func(f *spoken) (day, day) { return f.FirstSoldOn, f.LastSoldOn })
	return doc
}

func window(f figures, before *figures, least *int64, days int64) map[string]any {
	w := f.members(map[string]any{})
	profit := f.costed - f.cost
	margin := ratio(profit, f.costed)
	w["uncosted_revenue"], w["profit"], w["margin"] = f.revenue-f.costed, profit, margin
	w["below_minimum"] = margin != nil && least != nil && *margin < *least
	w["velocity"], w["profit_change"], w["revenue_change"] = nil, nil, nil
	if days > 0 {
		w["velocity"] = decimal(nearest(f.units, days))
	}
	if before != nil {
		was := before.costed - before.cost
		w["profit_change"], w["revenue_change"] = ratio(profit-was, was), ratio(f.revenue-before.revenue, before.revenue)
	}
	return w
}

// spans sets the first and the last date of something that sources say of
// themselves: per source what its latest word is, or the span of what it did where
// it never says.
func spans(doc map[string]any, facts []*spoken, counts func(*spoken) bool, made, void event.Type, list, first, last string, of func(*spoken) (day, day)) {
	bySource := map[string][]*spoken{}
	for _, f := range facts {
		if counts(f) {
			bySource[f.source] = append(bySource[f.source], f)
		}
	}
	var registers []any
	var least, most day
	note := func(a, b day) {
		if a != 0 && (least == 0 || a < least) {
			least = a
		}
		most = max(most, b)
	}
	for _, source := range slices.SortedFunc(maps.Keys(bySource), func(a, b string) int { return cmp.Compare(a, b) }) {
		says := func(f *spoken) bool { a, b := of(f); return a != 0 || b != 0 || f.kind == void }
		entry := map[string]any{"source": source, "revision": 0, "first": day(0), "last": day(0)}
		word := latest(bySource[source], says)
		if word != nil {
			a, b := of(word)
			entry = stamp(word)
			entry["first"], entry["last"] = a, b
			note(a, b)
		}
		var ownFirst, ownLast day
		sold := false
		for _, f := range bySource[source] {
			if f.kind != made {
				continue
			}
			sold = true
			a, b := of(f)
			if a == 0 && (ownFirst == 0 || f.Date < ownFirst) {
				ownFirst = f.Date
			}
			if b == 0 {
				ownLast = max(ownLast, f.Date)
			}
		}
		if word == nil && !sold {
			continue
		}
		if note(ownFirst, ownLast); ownFirst != 0 {
			entry["own_first"] = ownFirst
		}
		if ownLast != 0 {
			entry["own_last"] = ownLast
		}
		registers = append(registers, entry)
	}
	if doc[first], doc[last] = least, most; len(registers) > 0 {
		doc[list] = registers
	}
}

func isInvoice(f *spoken) bool {
	return strings.HasPrefix(f.kind.String(), "comptoir.client.") && f.kind != event.ClientChanged
}
