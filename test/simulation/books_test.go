package simulation

import (
	"slices"

	"comptoir/local/ledger"
	"comptoir/shared/event"
)

// checkBooks holds that the events of the ledger say what its books say: what
// each client owes by the documents that stand.
func (h *history) checkBooks() {
	byBooks, byEvents := map[string]int64{}, map[string]int64{}
	products, sold := map[string]int64{}, map[string]int64{}
	for _, p := range h.papers {
		sign := int64(1)
		if p.Kind == ledger.KindCreditNote {
			sign = -1
		}
		if p.void {
			continue
		}
		if p.Client != "" {
			byBooks[p.Client] += sign * int64(p.Net)
		}
		for _, l := range p.Lines {
			products[l.Product] += sign * int64(l.Net)
		}
	}
	for _, f := range h.facts {
		if f.source != h.ledgerSource {
			continue
		}
		s := &spoken{fact: f}
		if err := s.read(f.message.Value); err != nil {
			h.fail("%s cannot be read: %v", f, err)
		}
		switch net, _ := owed(s); {
		case isInvoice(s):
			byEvents[f.key] += net
		case isSale(s):
			sold[f.key] += moved(s).revenue
		}
	}
	for _, id := range slices.Concat(h.products, []string{"C1", "C2", "C3"}) {
		if byBooks[id] != byEvents[id] || products[id] != sold[id] {
			h.fail("the books say that %s stands at %d and %d, and the events say %d and %d", id, byBooks[id], products[id], byEvents[id], sold[id])
		}
	}
}

// onHand is the stock of a product by the entries that stand: what its latest
// count says, and what moved after it.
func (h *history) onHand(product string) (sum int64) {
	var counted event.Date
	for _, s := range h.shelves {
		if s.product == product && s.counted && s.date >= counted {
			counted, sum = s.date, int64(s.quantity)
		}
	}
	for _, s := range h.shelves {
		if s.product == product && !s.counted && s.date > counted {
			sum += int64(s.quantity)
		}
	}
	for _, p := range h.papers {
		if p.void || p.Date <= counted {
			continue
		}
		for _, l := range p.Lines {
			switch {
			case l.Product != product:
			case p.Kind == ledger.KindInvoice:
				sum -= int64(l.Quantity)
			case l.Restock:
				sum += int64(l.Quantity)
			}
		}
	}
	return sum
}

// checkStock holds that the ledger's last word on each product's stock is what
// its entries come to.
func (h *history) checkStock() {
	for _, product := range h.products {
		if product == "S1" {
			continue // a service has no stock
		}
		var last *fact
		for _, f := range h.facts {
			if f.source == h.ledgerSource && f.kind == event.StockChanged && f.key == product && (last == nil || f.revision > last.revision) {
				last = f
			}
		}
		var sum int64
		if last != nil {
			s := &spoken{fact: last}
			if err := s.read(last.message.Value); err != nil {
				h.fail("%s cannot be read: %v", last, err)
			}
			for _, l := range s.Lots {
				sum += thousandths(l.OnHand)
			}
		}
		if want := h.onHand(product); sum != want {
			h.fail("the events say that %s of %s are on hand, and by the entries it is %s", decimal(sum), product, decimal(want))
		}
	}
}
