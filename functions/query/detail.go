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

// Head is what all answers about one item begin with.
type Head struct {
	Version      string         `json:"version"`
	BusinessDate event.Date     `json:"business_date"`
	Currency     money.Currency `json:"currency"`
}

// WinnerDetail is a product in every window and day by day.
type WinnerDetail struct {
	Head
	WinnerItem
}

// WinnerItem is what is told of a product that was sold.
type WinnerItem struct {
	// MissingEvents counts events of this item that have not come, though later ones have.
	MissingEvents int64  `json:"missing_events"`
	ProductID     string `json:"product_id"`
	Name          string `json:"name"`
	// Windows holds the product by window: 7d, 30d and all.
	Windows map[Window]Winner `json:"windows"`
	// Days are the last 60 days, oldest first, the business date last.
	Days []Day `json:"days"`
}

// RiskDetail is a product with all of its lots.
type RiskDetail struct {
	Head
	RiskItem
}

// RiskItem is what is told of a product's stock.
type RiskItem struct {
	// MissingEvents is as that of WinnerItem.
	MissingEvents int64     `json:"missing_events"`
	ProductID     string    `json:"product_id"`
	Name          string    `json:"name"`
	Lots          []RiskLot `json:"lots"`
	Sums          RiskSums  `json:"sums"`
}

// ClientDetail is one client.
type ClientDetail struct {
	Head
	// MissingEvents is as that of WinnerItem.
	MissingEvents int64 `json:"missing_events"`
	Client
}

func (r *reading) head() Head {
	return Head{Version: r.version, BusinessDate: r.day, Currency: r.currency}
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
	item, err := l.item(at, r.day, doc.Days, doc.Sources)
	return WinnerDetail{r.head(), item}, err
}

// item returns a product of the list with what the list does not keep of it.
func (l *productList) item(at int, day event.Date, days []dayDoc, sources []sourceDoc) (WinnerItem, error) {
	sold := emptyDays(day)
	if err := addDays(sold, days); err != nil {
		return WinnerItem{}, err
	}
	p := l.products[at]
	item := WinnerItem{MissingEvents: missing(sources), ProductID: p.id, Name: p.name, Windows: map[Window]Winner{}}
	for i, w := range Windows {
		item.Windows[w] = l.windows[i].rows[at].item()
	}
	var err error
	item.Days, err = daysOf(sold)
	return item, err
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
	item, err := l.item(at, id, doc.Name, doc.Sources)
	return RiskDetail{r.head(), item}, err
}

// item returns a product's rows, which are those from at[0] to before at[1].
func (l *stockList) item(at [2]int, id, name string, sources []sourceDoc) (RiskItem, error) {
	item := RiskItem{MissingEvents: missing(sources), ProductID: id, Name: name, Lots: []RiskLot{}}
	for i := at[0]; i < at[1]; i++ {
		item.Lots = append(item.Lots, l.rows[i].item())
		if err := item.Sums.add(&l.rows[i]); err != nil {
			return RiskItem{}, internal(err)
		}
	}
	return item, nil
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
	return ClientDetail{r.head(), missing(doc.Sources), l.rows[at].item()}, nil
}
