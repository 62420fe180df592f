package year

import (
	"cmp"
	"maps"
	"math/big"
	"slices"
	"time"
)

// Today is the day that the year is looked at on, and the thresholds are those
// that hold unless configured otherwise; in pence.
var today = time.Date(2011, time.December, 9, 0, 0, 0, 0, time.UTC)

const (
	promotion = 1_000_00
	silver    = 10_000_00
	gold      = 20_000_00
)

// Figures are what the system has to say of the year. Money is in pence, ratios
// are in basis points; nil is unknown or none.
type Figures struct {
	// Products per window (7d, 30d, 7d_before, 30d_before, all), services too.
	Products map[string]map[string]*Product
	Lots     map[LotID]*Lot
	Clients  map[string]*Client

	Invoices, CreditNotes, Lines int
	// Revenue of everything, services and anonymous sales too.
	Revenue int64
}

// LotID names a lot.
type LotID struct{ Product, Lot string }

// Product is a product in a window.
type Product struct {
	ID, Name, Category              string
	Service                         bool
	Units, Revenue, Cost            int64
	UncostedRevenue, Profit, Orders int64
	Margin, MinMargin               *int64
	BelowMinimum                    bool
	Rank                            int    // 0: not ranked
	ABC                             string // "": none
	Velocity                        *int64 // thousandths of a unit a day
	RevenueChange, ProfitChange     *int64
	FirstSold, LastSold             time.Time // zero: never
}

// Lot is a lot of the count.
type Lot struct {
	LotID
	Name, Category               string
	OnHand, UnitCost, SellPrice  int64
	Received, Expires, LastSold  time.Time
	Flags                        []string
	ValueAtRisk, LostProfit      *int64 // nil: not at risk
	DaysLeft, DaysHeld, DaysIdle int64
}

// Client is a client with a number.
type Client struct {
	ID                        string
	Revenue, Orders, Progress int64
	Average                   *int64
	First, Last               time.Time // zero: never bought
	Tier                      string
	Eligible                  bool
	Since, Lost               time.Time
}

// Expected recomputes the year.
func Expected(f Files) (*Figures, error) {
	b, err := read(f)
	if err != nil {
		return nil, err
	}
	fig := &Figures{Products: map[string]map[string]*Product{}, Lots: map[LotID]*Lot{}, Clients: map[string]*Client{}, Lines: len(b.entries)}
	kept := map[string]bool{}
	for _, e := range b.entries {
		fig.Revenue += e.net
		kept[e.document] = true
	}
	for number := range kept {
		if b.papers[number].credit {
			fig.CreditNotes++
		} else {
			fig.Invoices++
		}
	}
	for _, w := range []struct {
		name          string
		youngest, end int
	}{{"7d", 0, 7}, {"30d", 0, 30}, {"7d_before", 7, 14}, {"30d_before", 30, 60}, {"all", 0, 1 << 30}} {
		fig.Products[w.name] = b.products(w.youngest, w.end)
	}
	for _, w := range []struct {
		name string
		days int64
	}{{"7d", 7}, {"30d", 30}} {
		for id, p := range fig.Products[w.name] {
			before := fig.Products[w.name+"_before"][id]
			p.RevenueChange = share(p.Revenue-before.Revenue, before.Revenue)
			p.ProfitChange = share(p.Profit-before.Profit, before.Profit)
			p.Velocity = new(round(big.NewRat(p.Units*1000, w.days)))
		}
	}
	for _, p := range fig.Products["all"] {
		if !p.FirstSold.IsZero() {
			p.Velocity = new(round(big.NewRat(p.Units*1000, age(p.FirstSold)+1)))
		}
	}
	b.lots(fig)
	b.clients(fig, kept)
	return fig, nil
}

// age is how many days ago a day was.
func age(d time.Time) int64 { return int64(today.Sub(d).Hours()) / 24 }

// share is part ÷ whole in basis points, nil where whole is not above zero.
func share(part, whole int64) *int64 {
	if whole <= 0 {
		return nil
	}
	v := big.NewRat(part, whole)
	return new(round(v.Mul(v, tenThousand)))
}

// products adds up what is from so many days old to before so many.
func (b *books) products(youngest, end int) map[string]*Product {
	all := map[string]*Product{}
	for id, a := range b.articles {
		all[id] = &Product{ID: id, Name: a.name, Category: a.category, MinMargin: &a.minMargin, FirstSold: a.firstSold, LastSold: a.sold}
	}
	for id, name := range b.services {
		all[id] = &Product{ID: id, Name: name, Service: true}
	}
	orders := map[[2]string]bool{}
	for _, e := range b.entries {
		p, on := all[e.code], b.papers[e.document]
		if p.Service && !on.credit {
			if p.FirstSold.IsZero() || on.day.Before(p.FirstSold) {
				p.FirstSold = on.day
			}
			if on.day.After(p.LastSold) {
				p.LastSold = on.day
			}
		}
		if a := int(age(on.day)); a < youngest || a >= end {
			continue
		}
		p.Units += e.quantity
		p.Revenue += e.net
		if p.Service {
			p.UncostedRevenue += e.net
		} else {
			p.Cost += e.cost
		}
		if pair := [2]string{e.document, e.code}; !on.credit && !orders[pair] {
			orders[pair] = true
			p.Orders++
		}
	}
	for _, p := range all {
		costed := p.Revenue - p.UncostedRevenue
		p.Profit = costed - p.Cost
		p.Margin = share(p.Profit, costed)
		p.BelowMinimum = p.Margin != nil && p.MinMargin != nil && *p.Margin < *p.MinMargin
	}
	rank(all)
	return all
}

func rank(all map[string]*Product) {
	var goods []*Product
	var total int64
	for _, p := range all {
		if !p.Service {
			goods = append(goods, p)
			total += max(p.Revenue, 0)
		}
	}
	slices.SortFunc(goods, func(a, b *Product) int {
		return cmp.Or(cmp.Compare(b.Profit, a.Profit), cmp.Compare(b.Revenue, a.Revenue), cmp.Compare(b.Units, a.Units), cmp.Compare(a.ID, b.ID))
	})
	for i, p := range goods {
		if p.Profit > 0 {
			p.Rank = i + 1
		}
	}
	slices.SortFunc(goods, func(a, b *Product) int {
		return cmp.Or(cmp.Compare(b.Revenue, a.Revenue), cmp.Compare(a.ID, b.ID))
	})
	var before int64
	for _, p := range goods {
		if p.Revenue <= 0 {
			continue
		}
		switch {
		case before*100 < total*80:
			p.ABC = "A"
		case before*100 < total*95:
			p.ABC = "B"
		default:
			p.ABC = "C"
		}
		before += p.Revenue
	}
}

func (b *books) lots(fig *Figures) {
	for _, s := range b.batches {
		a := b.articles[s.code]
		l := &Lot{
			LotID: LotID{s.code, s.lot}, Name: a.name, Category: a.category, OnHand: s.onHand,
			UnitCost: pence(s.cost, 1), SellPrice: pence(a.sell, 1),
			Received: s.received, Expires: s.expires, LastSold: a.sold, DaysHeld: age(s.received),
		}
		if !s.expires.IsZero() {
			l.DaysLeft = -age(s.expires)
			switch {
			case l.DaysLeft < 0:
				l.Flags = append(l.Flags, "EXPIRED")
			case l.DaysLeft <= 7:
				l.Flags = append(l.Flags, "EXPIRING")
			case l.DaysLeft <= 30:
				l.Flags = append(l.Flags, "WATCH")
			}
		}
		moved := s.received
		if a.sold.After(moved) {
			moved = a.sold
		}
		if l.DaysIdle = age(moved); l.DaysIdle > 30 {
			l.Flags = append(l.Flags, "DEAD")
		}
		if s.onHand == 0 {
			l.Flags = nil
		}
		if len(l.Flags) > 0 {
			l.ValueAtRisk = new(pence(s.cost, s.onHand))
			l.LostProfit = new(max(0, pence(new(big.Rat).Sub(a.sell, s.cost), s.onHand)))
		}
		fig.Lots[l.LotID] = l
	}
}

func (b *books) clients(fig *Figures, kept map[string]bool) {
	papers := slices.SortedFunc(maps.Values(b.papers), func(x, y *paper) int { return cmp.Compare(x.lastRow, y.lastRow) })
	for _, p := range papers {
		if p.client == "" || !kept[p.number] {
			continue
		}
		c := fig.Clients[p.client]
		if c == nil {
			c = &Client{ID: p.client}
			fig.Clients[p.client] = c
		}
		c.Revenue += p.net
		if !p.credit {
			c.Orders++
			if c.First.IsZero() || p.day.Before(c.First) {
				c.First = p.day
			}
			if p.day.After(c.Last) {
				c.Last = p.day
			}
		}
		switch over := c.Revenue > promotion; {
		case over && !c.Eligible:
			c.Eligible, c.Since, c.Lost = true, p.day, time.Time{}
		case !over && c.Eligible:
			c.Eligible, c.Since, c.Lost = false, time.Time{}, p.day
		}
	}
	for _, c := range fig.Clients {
		if c.Orders > 0 {
			c.Average = new(round(big.NewRat(c.Revenue, c.Orders)))
		}
		c.Progress = min(max(*share(c.Revenue, promotion), 0), 10_000)
		switch {
		case c.Revenue > gold:
			c.Tier = "gold"
		case c.Revenue > silver:
			c.Tier = "silver"
		default:
			c.Tier = "standard"
		}
	}
}
