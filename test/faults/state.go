package main

import (
	"context"
	"maps"
	"slices"

	"comptoir/functions/query"
	"comptoir/local/runner"
	"comptoir/shared/event"
	"comptoir/shared/money"
	"comptoir/test/harness"
)

// families are those whose events each collection holds.
var families = map[string][]event.Family{
	"product_winners":    {event.ProductSums, event.ProductEntry},
	"loss_risk_products": {event.ProductEntry, event.StockEntry},
	"clients":            {event.ClientSums, event.ClientEntry},
}

// document is what all documents have of what is added up.
type document struct {
	ID      string   `json:"_id"`
	Total   figures  `json:"total"` // of a product
	Orders  int64    `json:"orders"`
	Revenue int64    `json:"revenue"`
	Sources []source `json:"sources"`
}

type figures struct {
	Units   money.Quantity `json:"units"`
	Revenue int64          `json:"revenue"`
	Cost    int64          `json:"cost"`
	Orders  int64          `json:"orders"`
}

type source struct {
	Source  string       `json:"source"`
	Family  event.Family `json:"family"`
	Applied int64        `json:"applied"`
	Missing [][2]int64   `json:"missing"`
}

func (s *source) missing() (n int64) {
	for _, r := range s.Missing {
		n += r[1] - r[0] + 1
	}
	return n
}

// compare counts events that the documents do not have, and those that they have
// twice: by their watermarks, and by the figures, since a sale is one order.
func (t *truth) compare(ctx context.Context, r runner.Reader) (tally, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all tally
	for _, collection := range slices.Sorted(maps.Keys(families)) {
		docs, err := harness.Documents[document](ctx, r, collection)
		if err != nil {
			return all, err
		}
		byID := map[string]*document{}
		for i := range docs {
			byID[docs[i].ID] = &docs[i]
		}
		for id, last := range t.last {
			if !slices.Contains(families[collection], id.family) {
				continue
			}
			d := byID[id.key]
			if d == nil {
				d = &document{ID: id.key}
			}
			d.watermark(collection, id, last, &all)
			if want, ok := t.sums[id]; ok {
				d.sums(collection, id, want, &all)
			}
		}
	}
	return all, nil
}

func (d *document) watermark(collection string, id entity, last int64, all *tally) {
	var applied int64
	for i := range d.Sources {
		if s := &d.Sources[i]; s.Family == id.family {
			applied += s.Applied - s.missing()
		}
	}
	if applied < last {
		all.lost += last - applied
		all.differ("%s %s has applied %d of %d events of %s", collection, id.key, applied, last, id.family)
	}
	if applied > last {
		all.wrong++
		all.differ("%s %s has applied %d events of %s, and there are %d", collection, id.key, applied, id.family, last)
	}
}

func (d *document) sums(collection string, id entity, want sums, all *tally) {
	got := sums{orders: d.Orders, revenue: d.Revenue}
	if id.family == event.ProductSums {
		got = sums{d.Total.Orders, int64(d.Total.Units), d.Total.Revenue, d.Total.Cost}
	} else {
		want.units, want.cost = 0, 0
	}
	switch {
	case got == want:
		return
	case got.orders > want.orders:
		all.doubled += got.orders - want.orders
	case got.orders < want.orders:
		all.lost += want.orders - got.orders
	default:
		all.wrong++
	}
	all.differ("%s %s has %+v, and its events add up to %+v", collection, id.key, got, want)
}

// checkpoint is how far a function is with a stream.
type checkpoint struct {
	Function string   `json:"function"`
	Stream   string   `json:"stream"`
	Sources  []source `json:"sources"`
}

// progress is the last sequence that each function has of each of the ledger's
// streams, without those that are missing.
type progress map[[2]string]int64

func readProgress(ctx context.Context, r runner.Reader) (progress, error) {
	docs, err := harness.Documents[checkpoint](ctx, r, "checkpoints")
	if err != nil {
		return nil, err
	}
	p := progress{}
	for _, c := range docs {
		for i := range c.Sources {
			if s := &c.Sources[i]; s.missing() == 0 {
				p[[2]string{c.Function, c.Stream}] += s.Applied
			}
		}
	}
	return p, nil
}

// reached tells whether every function has all up to the heads.
func (p progress) reached(heads map[string]int64) bool {
	for _, f := range query.Functions() {
		for stream, head := range heads {
			if slices.Contains(f.Topics, topicOf(stream)) && p[[2]string{f.Name, stream}] < head {
				return false
			}
		}
	}
	return true
}
