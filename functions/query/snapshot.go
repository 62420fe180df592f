package query

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Snapshot holds every answer of one version of the state, whole. It is read once
// and needs the state no more.
type Snapshot struct {
	service *Service
	reading *reading
	// The lists are those of the reading; what they do not keep is here, by id.
	sold  map[string]productExtra
	stock map[string]stockExtra
	// Status is of a moment after everything was read, and of the same version.
	Status Status
}

// productExtra and stockExtra are what the lists do not keep of a document.
type productExtra struct {
	ID      string      `json:"_id"`
	Days    []dayDoc    `json:"days"`
	Sources []sourceDoc `json:"sources"`
}

type stockExtra struct {
	ID      string      `json:"_id"`
	Name    string      `json:"name"`
	Sources []sourceDoc `json:"sources"`
}

// ProductItem is what is told of one product: Winner is nil where it was never
// in the catalogue nor sold, Risk where it never had a stock.
type ProductItem struct {
	Winner *WinnerItem `json:"winner"`
	Risk   *RiskItem   `json:"risk"`
}

// snapshotAttempts is how often a snapshot is begun anew because the state has moved.
const snapshotAttempts = 8

// Snapshot reads everything. The version is read before and after; where it has
// moved meanwhile all is read again, a few times, with pauses that grow, and then
// the error is a *Problem of status 503. Other errors are as those of the lists.
func (s *Service) Snapshot(ctx context.Context) (*Snapshot, error) {
	pause := 50 * time.Millisecond
	for range snapshotAttempts {
		n, moved, err := s.attempt(ctx)
		if err != nil || !moved {
			return n, err
		}
		select {
		case <-time.After(pause):
			pause *= 2
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, unsettled()
}

func (s *Service) attempt(ctx context.Context) (n *Snapshot, moved bool, err error) {
	before, err := s.fresh(ctx)
	if err != nil {
		return nil, false, err
	}
	if before.older != "" {
		return nil, false, olderState(before.older, before.version)
	}
	n = &Snapshot{service: s, reading: before}
	if err := n.load(ctx); err != nil {
		return nil, false, err
	}
	after, err := s.fresh(ctx)
	if err != nil {
		return nil, false, err
	}
	if after.version != before.version || after.rules != before.rules || after.older != "" {
		return nil, true, nil
	}
	n.Status, err = s.status(ctx, after)
	return n, false, err
}

// fresh reads the state now, however lately that was done.
func (s *Service) fresh(ctx context.Context) (*reading, error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.adopt(r)
	s.readAt = time.Now()
	return r, nil
}

func (n *Snapshot) load(ctx context.Context) error {
	s, r := n.service, n.reading
	if _, err := s.overview(ctx, r); err != nil { // reads all lists
		return err
	}
	sold, err := all[productExtra](ctx, r.state, products, []string{"days", "sources"})
	if err != nil {
		return problemOf(err)
	}
	n.sold = make(map[string]productExtra, len(sold))
	for _, d := range sold {
		n.sold[d.ID] = d
	}
	stock, err := all[stockExtra](ctx, r.state, stocks, []string{"name", "sources"})
	if err != nil {
		return problemOf(err)
	}
	n.stock = make(map[string]stockExtra, len(stock))
	for _, d := range stock {
		n.stock[d.ID] = d
	}
	return nil
}

// Overview is that of the service.
func (n *Snapshot) Overview(ctx context.Context) (Overview, error) {
	return n.service.overview(ctx, n.reading)
}

// Winners lists every product of a window.
func (n *Snapshot) Winners(ctx context.Context, w Window) (WinnersPage, error) {
	return n.service.winners(ctx, n.reading, WinnersQuery{Window: w, ListQuery: everything})
}

// Risks lists every lot.
func (n *Snapshot) Risks(ctx context.Context) (RiskPage, error) {
	return n.service.risks(ctx, n.reading, RiskQuery{ListQuery: everything})
}

// Clients lists every client.
func (n *Snapshot) Clients(ctx context.Context) (ClientsPage, error) {
	return n.service.promotions(ctx, n.reading, ClientsQuery{ListQuery: everything})
}

var everything = ListQuery{All: true, Limit: NoLimit}

// ProductIDs returns the ids of all products, in order.
func (n *Snapshot) ProductIDs() []string {
	ids := make([]string, 0, len(n.sold)+len(n.stock))
	for id := range n.sold {
		ids = append(ids, id)
	}
	for id := range n.stock {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Products returns what is told of the products with these ids.
func (n *Snapshot) Products(ctx context.Context, ids []string) (map[string]ProductItem, error) {
	sold, err := n.service.productList(ctx, n.reading)
	if err != nil {
		return nil, err
	}
	stock, err := n.service.stockList(ctx, n.reading)
	if err != nil {
		return nil, err
	}
	items := make(map[string]ProductItem, len(ids))
	for _, id := range ids {
		var item ProductItem
		if at, ok := sold.byID[id]; ok {
			extra := n.sold[id]
			w, err := sold.item(at, n.reading.day, extra.Days, extra.Sources)
			if err != nil {
				return nil, fmt.Errorf("making the answer about product %s: %w", id, err)
			}
			item.Winner = &w
		}
		if at, ok := stock.products[id]; ok {
			extra := n.stock[id]
			r, err := stock.item(at, id, extra.Name, extra.Sources)
			if err != nil {
				return nil, fmt.Errorf("making the answer about the stock of product %s: %w", id, err)
			}
			item.Risk = &r
		}
		items[id] = item
	}
	return items, nil
}
