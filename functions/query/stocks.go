package query

import (
	"context"
	"slices"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// Flag is why a lot is looked at.
type Flag string

// The flags, in the order in which a lot's value counts: once, for the first that it has.
const (
	Expired  Flag = "EXPIRED"
	Expiring Flag = "EXPIRING"
	Watch    Flag = "WATCH"
	Dead     Flag = "DEAD"
	// Negative marks what was sold beyond all lots. It is no value at risk.
	Negative Flag = "NEGATIVE"
)

// Flags lists the flags in their order.
var Flags = [...]Flag{Expired, Expiring, Watch, Dead, Negative}

func (f Flag) index() int { return slices.Index(Flags[:], f) }

// RiskLot is one lot of a product. Amounts are in minor units.
type RiskLot struct {
	ProductID string `json:"product_id"`
	// Lot is "" for what was sold beyond all lots.
	Lot      string         `json:"lot"`
	Name     string         `json:"name"`
	Category string         `json:"category"`
	OnHand   money.Quantity `json:"on_hand"`
	Flags    []Flag         `json:"flags"`
	// Risk is the flag that the value counts for; null where none is at risk.
	Risk *Flag `json:"risk"`
	// ValueAtRisk is on hand × unit cost; null where the cost is unknown or nothing is at risk.
	ValueAtRisk money.NullAmount `json:"value_at_risk"`
	// LostProfit is what its sale would have earned; null without a sell price or a cost.
	LostProfit money.NullAmount `json:"lost_profit"`
	UnitCost   money.NullAmount `json:"unit_cost"`
	SellPrice  money.NullAmount `json:"sell_price"`
	ReceivedOn event.Date       `json:"received_on"`
	ExpiryDate event.Date       `json:"expiry_date"`
	// DaysLeft is until the expiry date, below zero once it is past; null without one.
	DaysLeft *int64 `json:"days_left"`
	// DaysHeld is since the receipt, DaysIdle since the later of the product's
	// last sale and the receipt; null where that is unknown.
	DaysHeld   *int64     `json:"days_held"`
	DaysIdle   *int64     `json:"days_idle"`
	LastSoldOn event.Date `json:"last_sold_on"`
}

// RiskSums adds up lots, each once. What is unknown adds nothing.
type RiskSums struct {
	ValueAtRisk money.Amount `json:"value_at_risk"`
	LostProfit  money.Amount `json:"lost_profit"`
}

// RiskPage is a page of loss-risk.
type RiskPage = Page[RiskLot, RiskSums]

// RiskQuery asks for loss-risk. Empty members do not filter.
type RiskQuery struct {
	// Flag lists the lots that have the flag, among others perhaps.
	Flag     Flag
	Category string
	ListQuery
}

// lotRow is one lot, before it is written out.
type lotRow struct {
	*stock
	lotDoc
	id string // product and lot
}

// stock is what the lots of a product have in common.
type stock struct {
	productID, name, category string
	foldedID, folded          string
	sellPrice                 money.NullAmount
	lastSoldOn                event.Date
	day                       event.Date
}

// stockList is every lot of an edition. rows[products[id][0]:products[id][1]]
// are those of a product.
type stockList struct {
	listing[lotRow]
	products map[string][2]int
	aging    []AgeGroup
}

var lotSorters = []sorter[lotRow]{
	{"value_at_risk", true, func(r *lotRow) key { return amount(r.ValueAtRisk) }},
	{"lost_profit", true, func(r *lotRow) key { return amount(r.LostProfit) }},
	{"risk", false, func(r *lotRow) key { return nullable(int64(r.Risk.index()), r.Risk.index() >= 0) }},
	{"days_left", false, func(r *lotRow) key { return days(r.ExpiryDate - r.day).unless(r.ExpiryDate) }},
	{"days_held", true, func(r *lotRow) key { return days(r.day - r.ReceivedOn).unless(r.ReceivedOn) }},
	{"days_idle", true, func(r *lotRow) key { return days(r.day - r.idleSince()).unless(r.idleSince()) }},
	{"expiry_date", false, func(r *lotRow) key { return date(r.ExpiryDate) }},
	{"received_on", false, func(r *lotRow) key { return date(r.ReceivedOn) }},
	{"on_hand", true, func(r *lotRow) key { return number(int64(r.OnHand)) }},
	{"unit_cost", true, func(r *lotRow) key { return amount(r.UnitCost) }},
	{"name", false, func(r *lotRow) key { return text(r.folded) }},
	{"product_id", false, func(r *lotRow) key { return text(r.productID) }},
}

func amount(a money.NullAmount) key { return nullable(int64(a.Amount), a.Valid) }

// days is a number of days between two dates.
type days event.Date

// unless is a key that is null where there is no date to count from.
func (d days) unless(from event.Date) key { return nullable(int64(d), from != event.NoDate) }

// orNull is the number, or nil where there is no date to count from.
func (d days) orNull(from event.Date) *int64 {
	if from == event.NoDate {
		return nil
	}
	n := int64(d)
	return &n
}

// idleSince returns the later of the product's last sale and the lot's receipt.
func (r *lotRow) idleSince() event.Date { return max(r.lastSoldOn, r.ReceivedOn) }

func (r *lotRow) item() RiskLot {
	item := RiskLot{
		ProductID: r.productID, Lot: r.Lot, Name: r.name, Category: r.category,
		OnHand: r.OnHand, Flags: r.Flags, ValueAtRisk: r.ValueAtRisk, LostProfit: r.LostProfit,
		UnitCost: r.UnitCost, SellPrice: r.sellPrice, ReceivedOn: r.ReceivedOn, ExpiryDate: r.ExpiryDate,
		DaysLeft:   days(r.ExpiryDate - r.day).orNull(r.ExpiryDate),
		DaysHeld:   days(r.day - r.ReceivedOn).orNull(r.ReceivedOn),
		DaysIdle:   days(r.day - r.idleSince()).orNull(r.idleSince()),
		LastSoldOn: r.lastSoldOn,
	}
	if item.Flags == nil {
		item.Flags = []Flag{}
	}
	if r.Risk != "" {
		item.Risk = &r.Risk
	}
	return item
}

func (s *Service) stockList(ctx context.Context, r *reading) (*stockList, error) {
	return list(ctx, s, r, &r.stocks, func(ctx context.Context) (*stockList, error) {
		l := &stockList{products: map[string][2]int{}, aging: newAging()}
		l.id = func(r *lotRow) string { return r.id }
		err := each(ctx, r.state, stocks, stockFields, func(d *stockDoc) error {
			of := &stock{
				productID: d.ID, name: d.Name, category: d.Category, foldedID: fold(d.ID), folded: fold(d.Name),
				sellPrice: d.SellPrice, lastSoldOn: d.LastSoldOn, day: r.day,
			}
			first := len(l.rows)
			for _, lot := range d.Lots {
				l.rows = append(l.rows, lotRow{stock: of, lotDoc: lot, id: d.ID + "\x00" + lot.Lot})
				if err := addAge(l.aging, &l.rows[len(l.rows)-1]); err != nil {
					return internal(err)
				}
			}
			l.products[d.ID] = [2]int{first, len(l.rows)}
			return nil
		})
		return l, err
	})
}

// LossRisk lists the lots that have a flag, or all. An error is a *Problem, or
// that of the context.
func (s *Service) LossRisk(ctx context.Context, q RiskQuery) (RiskPage, error) {
	r, err := s.current(ctx)
	if err != nil {
		return RiskPage{}, err
	}
	return s.risks(ctx, r, q)
}

func (s *Service) risks(ctx context.Context, r *reading, q RiskQuery) (RiskPage, error) {
	var none RiskPage
	if q.Flag != "" && q.Flag.index() < 0 {
		return none, badValue("flag", "must be "+oneOf(flagNames()))
	}
	by, descending, cut, list, err := prepare(lotSorters, &q.ListQuery, "loss-risk", string(q.Flag), q.Category)
	if err != nil {
		return none, err
	}
	l, err := s.stockList(ctx, r)
	if err != nil {
		return none, err
	}
	page := RiskPage{Version: r.version, BusinessDate: r.day, Currency: r.currency, Items: []RiskLot{}}
	words := newSearch(q.Q)
	var failed error
	next := l.page(by, descending, cut, func(row *lotRow) bool {
		return (q.All || len(row.Flags) > 0) &&
			(q.Flag == "" || slices.Contains(row.Flags, q.Flag)) &&
			(q.Category == "" || row.category == q.Category) &&
			words.in(row.folded, row.foldedID)
	}, func(row *lotRow) {
		page.Total++
		failed = firstError(failed, page.Sums.add(row))
	}, func(row *lotRow) { page.Items = append(page.Items, row.item()) })
	if failed != nil {
		return none, internal(failed)
	}
	page.Next = writeCursor(list, next)
	if page.Total == 0 {
		page.Note = r.note("loss-risk", len(l.products) > 0, "No lot at risk matches.")
	}
	return page, nil
}

// add adds what is at risk of a lot: nothing where it is not, or not known.
func (sums *RiskSums) add(row *lotRow) error {
	return firstError(sum(&sums.ValueAtRisk, row.ValueAtRisk.Amount), sum(&sums.LostProfit, row.LostProfit.Amount))
}

func flagNames() []string {
	names := make([]string, len(Flags))
	for i, f := range Flags {
		names[i] = string(f)
	}
	return names
}
