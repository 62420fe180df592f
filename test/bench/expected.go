package main

import (
	"context"
	"fmt"
	"sync"

	"comptoir/local/ledger"
	"comptoir/local/runner"
	"comptoir/shared/event"
	"comptoir/shared/money"
	"comptoir/test/harness"
)

// sums are figures that are added up: in thousandths, minor units and documents.
type sums struct{ units, revenue, cost, orders int64 }

// expected is what the documents must say, added up from the events without the
// functions' rules.
type expected struct {
	mu              sync.Mutex
	decoder         *event.Decoder
	total, lately   map[string]sums // by product: of all time, and of the last 30 days
	clients         map[string]sums
	firstOfTheMonth event.Date
}

func newExpected() *expected {
	return &expected{
		decoder: event.NewDecoder(), total: map[string]sums{}, lately: map[string]sums{}, clients: map[string]sums{},
		firstOfTheMonth: event.NewDate(2011, 12, 9) - 29,
	}
}

// copyOf makes of a year's event that of copy k of so many, and adds it up.
func (x *expected) copyOf(e *ledger.Logged, k, copies int, counts *counted) ([]byte, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	decoded, err := x.decoder.Decode(event.Encode(e.Attributes, e.Data), nil)
	if err != nil {
		return nil, err
	}
	back := event.Date(apart * (copies - 1 - k))
	shift := func(days ...*event.Date) {
		for _, d := range days {
			if *d != event.NoDate {
				*d -= back
			}
		}
	}
	sign := int64(1)
	switch e.Type {
	case event.ProductReturned, event.ProductSaleVoided, event.ClientCredited, event.ClientInvoiceVoided:
		sign = -1
	}
	order := int64(0)
	switch e.Type {
	case event.ProductSold, event.ProductSaleVoided, event.ClientInvoiced, event.ClientInvoiceVoided:
		order = sign
	}
	switch d := decoded.Data.(type) {
	case *event.ProductSale:
		shift(&d.Date, &d.VoidedOn, &d.FirstSoldOn, &d.LastSoldOn)
		s := sums{sign * int64(d.Quantity), sign * int64(d.Net), sign * int64(d.Cost.Amount), order}
		x.total[e.Key] = x.total[e.Key].plus(s)
		if d.Date >= x.firstOfTheMonth {
			x.lately[e.Key] = x.lately[e.Key].plus(s)
		}
	case *event.ClientDocument:
		shift(&d.Date, &d.VoidedOn, &d.FirstPurchase, &d.LastPurchase)
		x.clients[e.Key] = x.clients[e.Key].plus(sums{revenue: sign * int64(d.Net), orders: order})
	default:
		return nil, fmt.Errorf("there is no copy of a %s", e.Type)
	}
	e.ID = fmt.Sprintf("%d%s", k, e.ID[1:])
	e.Revision += int64(k) * counts.last[string(e.Type.Family())+" "+e.Key]
	e.Sequence += int64(k) * counts.ends[e.Stream]
	return event.MarshalData(decoded.Data), nil
}

func (s sums) plus(o sums) sums {
	return sums{s.units + o.units, s.revenue + o.revenue, s.cost + o.cost, s.orders + o.orders}
}

// check compares every document with what it must say.
func (x *expected) check(ctx context.Context, r runner.Reader) error {
	type figures struct {
		Units   money.Quantity `json:"units"`
		Revenue int64          `json:"revenue"`
		Cost    int64          `json:"cost"`
		Orders  int64          `json:"orders"`
	}
	type document struct {
		ID      string             `json:"_id"`
		Total   figures            `json:"total"`
		Windows map[string]figures `json:"windows"`
		Revenue int64              `json:"revenue"`
		Orders  int64              `json:"orders"`
	}
	of := func(f figures) sums { return sums{int64(f.Units), f.Revenue, f.Cost, f.Orders} }
	wrong := 0
	var first error
	differ := func(format string, args ...any) {
		if wrong++; first == nil {
			first = fmt.Errorf(format, args...)
		}
	}
	products, err := harness.Documents[document](ctx, r, "product_winners")
	if err != nil {
		return err
	}
	sold := 0
	for _, d := range products {
		for _, c := range []struct {
			name string
			got  figures
			want sums
		}{{"all", d.Total, x.total[d.ID]}, {"30d", d.Windows["30d"], x.lately[d.ID]}} {
			if got := of(c.got); got != c.want {
				differ("product %s, %s: %+v, want %+v", d.ID, c.name, got, c.want)
			}
		}
		if _, ok := x.total[d.ID]; ok {
			sold++
		}
	}
	clients, err := harness.Documents[document](ctx, r, "clients")
	if err != nil {
		return err
	}
	bought := 0
	for _, d := range clients {
		if w := x.clients[d.ID]; d.Revenue != w.revenue || d.Orders != w.orders {
			differ("client %s: %d in %d orders, want %+v", d.ID, d.Revenue, d.Orders, w)
		}
		if _, ok := x.clients[d.ID]; ok {
			bought++
		}
	}
	if sold != len(x.total) || bought != len(x.clients) || len(x.total) == 0 {
		differ("%d products and %d clients have a document, want %d and %d", sold, bought, len(x.total), len(x.clients))
	}
	if wrong > 0 {
		return fmt.Errorf("the figures are not right: %d differ, the first: %w", wrong, first)
	}
	return nil
}
