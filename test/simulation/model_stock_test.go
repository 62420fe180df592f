package simulation

import (
	"slices"
	"strings"

	"comptoir/shared/event"
)

// risks in the order in which they take a lot's value.
var risks = []string{"EXPIRED", "EXPIRING", "WATCH", "DEAD"}

// foldStock makes a document of loss_risk_products as of a day.
func foldStock(facts []*spoken, today day) map[string]any {
	doc := map[string]any{"name": "", "category": "", "kind": "stock", "sell_price": nil, "last_sold_on": day(0)}
	var sell *int64
	if c := latest(facts, ofKind(event.ProductChanged)); c != nil {
		doc["name"], doc["category"], doc["kind"], doc["sell_price"] = c.Name, c.Category, c.Kind, c.SellPrice
		doc["catalogue"] = stamp(c)
		sell = c.SellPrice
	}
	lots, totals := []any{}, map[string]*atRisk{"": {}}
	for _, r := range risks {
		totals[r] = &atRisk{}
	}
	if s := latest(facts, ofKind(event.StockChanged)); s != nil {
		doc["last_sold_on"], doc["stock"] = s.LastSoldOn, stamp(s)
		slices.SortFunc(s.Lots, func(a, b saidLot) int { return strings.Compare(a.Lot, b.Lot) })
		for _, l := range s.Lots {
			flags := flagsOf(l, doc["kind"] == "service", s.LastSoldOn, today)
			lot := map[string]any{
				"lot": l.Lot, "on_hand": decimal(thousandths(l.OnHand)), "unit_cost": l.UnitCost, "received_on": l.ReceivedOn, "expiry_date": l.ExpiryDate,
				"flags": flags, "risk": "", "value_at_risk": nil, "lost_profit": nil,
			}
			if len(flags) > 0 && flags[0] != "NEGATIVE" {
				lot["risk"] = flags[0]
				var value, lost int64
				if l.UnitCost != nil {
					value = nearest(*l.UnitCost*thousandths(l.OnHand), 1000)
					lot["value_at_risk"] = value
					if sell != nil {
						lost = max(0, nearest((*sell-*l.UnitCost)*thousandths(l.OnHand), 1000))
						lot["lost_profit"] = lost
					}
				}
				totals[""].add(value, lost, l.UnitCost == nil)
				totals[flags[0]].add(value, lost, l.UnitCost == nil)
			}
			lots = append(lots, lot)
		}
	}
	doc["lots"], doc["at_risk"] = lots, totals[""].lots > 0
	totals[""].members(doc)
	each := map[string]any{}
	for _, r := range risks {
		each[strings.ToLower(r)] = totals[r].members(map[string]any{})
	}
	doc["risks"] = each
	return doc
}

type atRisk struct{ lots, uncosted, value, lost int64 }

func (a *atRisk) add(value, lost int64, uncosted bool) {
	a.lots, a.value, a.lost = a.lots+1, a.value+value, a.lost+lost
	if uncosted {
		a.uncosted++
	}
}

func (a *atRisk) members(m map[string]any) map[string]any {
	m["lots_at_risk"], m["uncosted_lots"], m["value_at_risk"], m["lost_profit"] = a.lots, a.uncosted, a.value, a.lost
	return m
}

func flagsOf(l saidLot, service bool, lastSold, today day) []string {
	flags := []string{}
	onHand := thousandths(l.OnHand)
	switch {
	case service || onHand == 0:
		return flags
	case onHand < 0:
		return []string{"NEGATIVE"}
	}
	if e := l.ExpiryDate; e != 0 {
		switch left := e - today; {
		case left < 0:
			flags = append(flags, "EXPIRED")
		case left <= 7:
			flags = append(flags, "EXPIRING")
		case left <= 30:
			flags = append(flags, "WATCH")
		}
	}
	if moved := max(lastSold, l.ReceivedOn); moved != 0 && today-moved > 30 {
		flags = append(flags, "DEAD")
	}
	return flags
}

// foldHeartbeats makes a document of heartbeats: the latest, and of those the one
// that says most.
func foldHeartbeats(facts []*spoken, _ day) map[string]any {
	sum := func(f *spoken) (n int64) {
		for _, sequence := range f.Streams {
			n += sequence
		}
		return n
	}
	f := facts[0]
	for _, g := range facts {
		if g.time.After(f.time) || g.time.Equal(f.time) && sum(g) > sum(f) {
			f = g
		}
	}
	return map[string]any{"time": f.time.UTC(), "currency": f.Currency, "streams": f.Streams}
}
