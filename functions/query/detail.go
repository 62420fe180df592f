package query

import (
	"context"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// Day is what was sold on one day, dated on it. Amounts are in minor units.
type Day struct {
	Day             event.Date     `json:"day"`
	Units           money.Quantity `json:"units"`
	Revenue         money.Amount   `json:"revenue"`
	Cost            money.Amount   `json:"cost"`
	Profit          money.Amount   `json:"profit"`
	UncostedRevenue money.Amount   `json:"uncosted_revenue"`
}

// Detail is what all answers about one item begin with.
type Detail struct {
	Version      string         `json:"version"`
	BusinessDate event.Date     `json:"business_date"`
	Currency     money.Currency `json:"currency"`
	// MissingEvents counts events of this item that have not come, though later ones have.
	MissingEvents int64 `json:"missing_events"`
}

// WinnerDetail is a product in every window and day by day.
type WinnerDetail struct {
	Detail
	ProductID string `json:"product_id"`
	Name      string `json:"name"`
	// Windows holds the product by window: 7d, 30d and all.
	Windows map[Window]Winner `json:"windows"`
	// Days are the last 60 days, oldest first, the business date last.
	Days []Day `json:"days"`
}

// RiskDetail is a product with all of its lots.
type RiskDetail struct {
	Detail
	ProductID string    `json:"product_id"`
	Name      string    `json:"name"`
	Lots      []RiskLot `json:"lots"`
	Sums      RiskSums  `json:"sums"`
}

// ClientDetail is one client.
type ClientDetail struct {
	Detail
	Client
}

func (r *reading) detail(sources []sourceDoc) Detail {
	return Detail{Version: r.version, BusinessDate: r.day, Currency: r.currency, MissingEvents: missing(sources)}
}

// ProductWinner returns one product. An unknown id is a *Problem of status 404.
func (s *Service) ProductWinner(ctx context.Context, id string) (WinnerDetail, error) {
	r, err := s.current(ctx)
	if err != nil {
		return WinnerDetail{}, err
	}
	return s.winner(ctx, r, id)
}

func (s *Service) winner(ctx context.Context, r *reading, id string) (WinnerDetail, error) {
	var none WinnerDetail
	l, err := s.productList(ctx, r)
	if err != nil {
		return none, err
	}
	at, ok := l.byID[id]
	if !ok {
		return none, unknownItem("product")
	}
	var doc productDoc
	if err := r.document(ctx, products, id, &doc); err != nil {
		return none, err
	}
	sold := emptyDays(r.day)
	if err := addDays(sold, doc.Days); err != nil {
		return none, err
	}
	d := WinnerDetail{Detail: r.detail(doc.Sources), ProductID: id, Name: l.products[at].name, Windows: map[Window]Winner{}}
	for i, w := range Windows {
		d.Windows[w] = l.windows[i].rows[at].item()
	}
	d.Days, err = daysOf(sold)
	return d, err
}

// document reads what a list does not keep of one document. One that has gone
// since the list was read counts as empty.
func (r *reading) document(ctx context.Context, collection, id string, into any) error {
	raw, ok, err := r.state.Get(ctx, collection, id)
	if err = nothingYet(err); err == nil && ok {
		err = decode(collection, raw, into)
	}
	return problemOf(err)
}

func daysOf(sold []dayDoc) ([]Day, error) {
	all := make([]Day, len(sold))
	for i, d := range sold {
		profit, err := money.Sub(d.CostedRevenue, d.Cost)
		uncosted, err2 := money.Sub(d.Revenue, d.CostedRevenue)
		if err = firstError(err, err2); err != nil {
			return nil, internal(err)
		}
		all[i] = Day{d.Day, d.Units, d.Revenue, d.Cost, profit, uncosted}
	}
	return all, nil
}

// LossRiskProduct returns the lots of one product. An unknown id is a *Problem of status 404.
func (s *Service) LossRiskProduct(ctx context.Context, id string) (RiskDetail, error) {
	r, err := s.current(ctx)
	if err != nil {
		return RiskDetail{}, err
	}
	return s.risk(ctx, r, id)
}

func (s *Service) risk(ctx context.Context, r *reading, id string) (RiskDetail, error) {
	var none RiskDetail
	l, err := s.stockList(ctx, r)
	if err != nil {
		return none, err
	}
	at, ok := l.products[id]
	if !ok {
		return none, unknownItem("product with a stock")
	}
	var doc stockDoc
	if err := r.document(ctx, stocks, id, &doc); err != nil {
		return none, err
	}
	d := RiskDetail{Detail: r.detail(doc.Sources), ProductID: id, Name: doc.Name, Lots: []RiskLot{}}
	for i := at[0]; i < at[1]; i++ {
		d.Lots = append(d.Lots, l.rows[i].item())
		if err := d.Sums.add(&l.rows[i]); err != nil {
			return none, internal(err)
		}
	}
	return d, nil
}

// ClientPromotion returns one client. An unknown id is a *Problem of status 404.
func (s *Service) ClientPromotion(ctx context.Context, id string) (ClientDetail, error) {
	r, err := s.current(ctx)
	if err != nil {
		return ClientDetail{}, err
	}
	return s.client(ctx, r, id)
}

func (s *Service) client(ctx context.Context, r *reading, id string) (ClientDetail, error) {
	var none ClientDetail
	l, err := s.clientList(ctx, r)
	if err != nil {
		return none, err
	}
	at, ok := l.byID[id]
	if !ok {
		return none, unknownItem("client")
	}
	var doc clientDoc
	if err := r.document(ctx, clients, id, &doc); err != nil {
		return none, err
	}
	return ClientDetail{r.detail(doc.Sources), l.rows[at].item()}, nil
}
