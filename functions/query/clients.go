package query

import (
	"context"
	"slices"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// Tiers lists the tiers of clients, from the lowest.
var Tiers = [...]string{"standard", "silver", "gold"}

// Client is one client. Amounts are in minor units.
type Client struct {
	ClientID string `json:"client_id"`
	// Name is "" where none is known.
	Name string `json:"name"`
	// Revenue is of all time, without tax, after returns.
	Revenue money.Amount `json:"revenue"`
	Orders  int64        `json:"orders"`
	// AverageOrder is revenue ÷ orders; null without orders.
	AverageOrder money.NullAmount `json:"average_order"`
	Tier         string           `json:"tier"`
	Eligible     bool             `json:"eligible"`
	// EligibleSince is the day on which the revenue went above the threshold;
	// LostAt that on which it last went back. Null where it did not.
	EligibleSince event.Date `json:"eligible_since"`
	LostAt        event.Date `json:"lost_at"`
	// Progress is the revenue's share of the threshold in basis points, 0 to 10,000.
	Progress      money.BasisPoints `json:"progress"`
	FirstPurchase event.Date        `json:"first_purchase"`
	LastPurchase  event.Date        `json:"last_purchase"`
}

// ClientSums adds up clients.
type ClientSums struct {
	Revenue money.Amount `json:"revenue"`
	Orders  int64        `json:"orders"`
}

// ClientsPage is a page of client-promotions.
type ClientsPage = Page[Client, ClientSums]

// ClientsQuery asks for client-promotions. Empty members do not filter.
type ClientsQuery struct {
	// Eligible, where set, decides instead of All.
	Eligible *bool
	Tier     string
	// Moved lists those whose eligibility came or went in the last 30 days and who
	// are still so; it decides instead of All too.
	Moved Move
	ListQuery
}

// Move is what became of a client's eligibility.
type Move string

// The moves.
const (
	Gained Move = "gained"
	Lost   Move = "lost"
)

// Moves lists the moves.
var Moves = [...]Move{Gained, Lost}

// moved tells whether a client's eligibility came or went within the days that
// end on day, and is still so.
func (r *clientRow) moved(m Move, day event.Date, days int64) bool {
	from := day - event.Date(days) + 1
	if m == Gained {
		return r.Eligible && r.EligibleSince >= from
	}
	return !r.Eligible && r.LostAt >= from
}

type clientRow struct {
	clientDoc
	folded, foldedID string
}

// clientList is every client of an edition.
type clientList struct {
	listing[clientRow]
	byID map[string]int
}

var clientSorters = []sorter[clientRow]{
	{"revenue", true, func(r *clientRow) key { return number(int64(r.Revenue)) }},
	{"orders", true, func(r *clientRow) key { return number(r.Orders) }},
	{"average_order", true, func(r *clientRow) key { return amount(r.AverageOrder) }},
	{"progress", true, func(r *clientRow) key { return number(int64(r.Progress)) }},
	{"tier", true, func(r *clientRow) key { i := slices.Index(Tiers[:], r.Tier); return nullable(int64(i), i >= 0) }},
	{"eligible_since", true, func(r *clientRow) key { return date(r.EligibleSince) }},
	{"lost_at", true, func(r *clientRow) key { return date(r.LostAt) }},
	{"first_purchase", true, func(r *clientRow) key { return date(r.FirstPurchase) }},
	{"last_purchase", true, func(r *clientRow) key { return date(r.LastPurchase) }},
	{"name", false, func(r *clientRow) key { return text(r.folded) }},
	{"client_id", false, func(r *clientRow) key { return text(r.ID) }},
}

func (r *clientRow) item() Client {
	return Client{
		ClientID: r.ID, Name: r.Name, Revenue: r.Revenue, Orders: r.Orders, AverageOrder: r.AverageOrder,
		Tier: r.Tier, Eligible: r.Eligible, EligibleSince: r.EligibleSince, LostAt: r.LostAt, Progress: r.Progress,
		FirstPurchase: r.FirstPurchase, LastPurchase: r.LastPurchase,
	}
}

func (s *Service) clientList(ctx context.Context, r *reading) (*clientList, error) {
	return list(ctx, s, r, &r.clients, func(ctx context.Context) (*clientList, error) {
		l := &clientList{byID: map[string]int{}}
		l.id = func(r *clientRow) string { return r.ID }
		err := each(ctx, r.state, clients, clientFields, func(d *clientDoc) error {
			l.byID[d.ID] = len(l.rows)
			l.rows = append(l.rows, clientRow{*d, fold(d.Name), fold(d.ID)})
			return nil
		})
		return l, err
	})
}

// ClientPromotions lists the clients that are eligible, or all. An error is a
// *Problem, or that of the context.
func (s *Service) ClientPromotions(ctx context.Context, q ClientsQuery) (ClientsPage, error) {
	r, err := s.current(ctx)
	if err != nil {
		return ClientsPage{}, err
	}
	return s.promotions(ctx, r, q)
}

func (s *Service) promotions(ctx context.Context, r *reading, q ClientsQuery) (ClientsPage, error) {
	var none ClientsPage
	if q.Tier != "" && !slices.Contains(Tiers[:], q.Tier) {
		return none, badValue("tier", "must be "+oneOf(Tiers[:]))
	}
	if q.Moved != "" && !slices.Contains(Moves[:], q.Moved) {
		return none, badValue("moved", "must be gained or lost")
	}
	by, descending, cut, list, err := prepare(clientSorters, &q.ListQuery, "client-promotions", optional(q.Eligible), q.Tier, string(q.Moved))
	if err != nil {
		return none, err
	}
	l, err := s.clientList(ctx, r)
	if err != nil {
		return none, err
	}
	page := ClientsPage{Version: r.version, BusinessDate: r.day, Currency: r.currency, Items: []Client{}}
	words := newSearch(q.Q)
	var failed error
	next := l.page(by, descending, cut, func(row *clientRow) bool {
		listed := q.All || row.Eligible || q.Moved != ""
		if q.Eligible != nil {
			listed = row.Eligible == *q.Eligible
		}
		listed = listed && (q.Moved == "" || row.moved(q.Moved, r.day, Month.days()))
		return listed && (q.Tier == "" || row.Tier == q.Tier) && words.in(row.folded, row.foldedID)
	}, func(row *clientRow) {
		page.Total++
		failed = firstError(failed, sum(&page.Sums.Revenue, row.Revenue), sum(&page.Sums.Orders, row.Orders))
	}, func(row *clientRow) { page.Items = append(page.Items, row.item()) })
	if failed != nil {
		return none, internal(failed)
	}
	page.Next = writeCursor(list, next)
	if page.Total == 0 {
		page.Note = r.note("client-promotions", len(l.rows) > 0, "No eligible client matches.")
	}
	return page, nil
}
