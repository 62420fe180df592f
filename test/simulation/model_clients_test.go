package simulation

import (
	"maps"
	"slices"

	"comptoir/functions/clientpromotions"
	"comptoir/shared/event"
)

// foldClient makes a document of clients as of a day, but for when its
// eligibility began and ended, which depends on the order of events.
func (h *history) foldClient(facts []*spoken, today day) map[string]any {
	promotion, silver, gold := thresholds(h.lenient)
	doc := map[string]any{"name": ""}
	if c := latest(facts, ofKind(event.ClientChanged)); c != nil {
		doc["name"], doc["entry"] = c.Name, stamp(c)
	}
	var revenue, orders int64
	type waiting struct{ net, orders int64 }
	future := map[day]waiting{}
	for _, f := range facts {
		net, order := owed(f)
		if f.Date > today {
			w := future[f.Date]
			future[f.Date] = waiting{w.net + net, w.orders + order}
			continue
		}
		revenue, orders = revenue+net, orders+order
	}
	pending := []any{}
	for _, d := range slices.Sorted(maps.Keys(future)) {
		if w := future[d]; w != (waiting{}) {
			pending = append(pending, map[string]any{"date": d, "net": w.net, "orders": w.orders})
		}
	}
	doc["revenue"], doc["orders"], doc["future"], doc["average_order"] = revenue, orders, pending, nil
	if orders > 0 {
		doc["average_order"] = nearest(revenue, orders)
	}
	doc["tier"] = "standard"
	switch {
	case revenue > int64(gold):
		doc["tier"] = "gold"
	case revenue > int64(silver):
		doc["tier"] = "silver"
	}
	doc["eligible"] = revenue > int64(promotion)
	doc["progress"] = min(10_000, max(0, nearest(revenue*10_000, int64(promotion))))
	spans(doc, facts, isInvoice, event.ClientInvoiced, event.ClientInvoiceVoided, "purchases", "first_purchase", "last_purchase",
		func(f *spoken) (day, day) { return f.FirstPurchase, f.LastPurchase })
	return doc
}

// owed is what an event adds to a client's revenue and orders.
func owed(f *spoken) (net, orders int64) {
	switch f.kind {
	case event.ClientInvoiced:
		return f.Net, 1
	case event.ClientInvoiceVoided:
		return -f.Net, -1
	case event.ClientCredited:
		return -f.Net, 0
	case event.ClientCreditVoided:
		return f.Net, 0
	default:
		return 0, 0
	}
}

// checkEligible holds what is said of when the eligibility began and ended to
// what is known of it, and takes it out of the comparison. It is exactly known
// where events come in the order of the log, on their day and under one set of
// thresholds; otherwise it depends on when each was applied.
func (h *history) checkEligible(where string, facts []*spoken, got map[string]any, eligible bool) {
	since, lost := got["eligible_since"], got["lost_at"]
	delete(got, "eligible_since")
	delete(got, "lost_at")
	if (since != nil) != eligible || since != nil && lost != nil {
		h.fail("%s is eligible: %v, since %v, lost at %v", where, eligible, since, lost)
	}
	if h.styles[h.index(clientpromotions.FunctionName)] == singleEvents || h.plan.faults[clockSteps] || h.lenient || h.mended {
		return
	}
	slices.SortFunc(facts, func(a, b *spoken) int { return a.order - b.order })
	promotion, _, _ := thresholds(false)
	var revenue int64
	var began, ended any
	for _, f := range facts {
		if event.Date(f.Date) > f.appeared {
			return // it waits for its day, or does not, as the reader's clock says
		}
		net, _ := owed(f)
		was := revenue > int64(promotion)
		revenue += net
		on := f.Date
		if f.kind == event.ClientInvoiceVoided || f.kind == event.ClientCreditVoided {
			on = f.VoidedOn
		}
		switch is := revenue > int64(promotion); {
		case is && !was:
			began, ended = event.Date(on).String(), nil
		case was && !is:
			began, ended = nil, event.Date(on).String()
		}
	}
	if since != began || lost != ended {
		h.fail("%s is eligible since %v, lost at %v; by its events since %v, lost at %v", where, since, lost, began, ended)
	}
}
