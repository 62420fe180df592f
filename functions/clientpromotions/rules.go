// Package clientpromotions tells which clients deserve a promotion: per client the
// lifetime net revenue, the tier it gives, and since when it is over the threshold.
package clientpromotions

import (
	"fmt"
	"slices"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// Thresholds are revenues in minor units, none below zero. A client has to be
// over one of them: to be at it is not enough.
type Thresholds struct {
	// Promotion makes a client eligible.
	Promotion money.Amount
	// Silver and Gold make the tiers; Gold is not below Silver.
	Silver, Gold money.Amount
}

// Defaults returns 1,000, 10,000 and 20,000 major units of the currency.
func Defaults(c money.Currency) Thresholds {
	major := money.Amount(1)
	for range c.Digits() {
		major *= 10
	}
	return Thresholds{Promotion: 1_000 * major, Silver: 10_000 * major, Gold: 20_000 * major}
}

// Tier is a client's class by revenue.
type Tier string

// The tiers.
const (
	Standard Tier = "standard"
	Silver   Tier = "silver"
	Gold     Tier = "gold"
)

// State is what is known of one client. Money is in minor units.
type State struct {
	Name string `json:"name"`
	// Revenue is the lifetime net revenue: invoices less credit notes, without
	// what is void and without what is dated in the future.
	Revenue money.Amount `json:"revenue"`
	// Orders counts the invoices in Revenue. A credit note takes none away.
	Orders int64 `json:"orders"`
	// AverageOrder is Revenue ÷ Orders, half to even; null without orders.
	AverageOrder money.NullAmount `json:"average_order"`
	// FirstPurchase and LastPurchase are the least and greatest over all sources.
	// They lie in the future where an invoice with a date in the future stands.
	FirstPurchase event.Date `json:"first_purchase"`
	LastPurchase  event.Date `json:"last_purchase"`
	Tier          Tier       `json:"tier"`
	Eligible      bool       `json:"eligible"`
	// EligibleSince is the business date of the entry that took Revenue over the
	// threshold; null unless eligible. LostAt is that of the entry that took it back;
	// null unless the client was eligible and is not now.
	EligibleSince event.Date `json:"eligible_since"`
	LostAt        event.Date `json:"lost_at"`
	// Progress is Revenue ÷ threshold in basis points, from 0 to 10,000.
	Progress money.BasisPoints `json:"progress"`
	// Future holds what is dated after the document's day, ascending, until its day.
	Future []Pending `json:"future"`
	// Entry is the register behind Name, Purchases those behind FirstPurchase and
	// LastPurchase, in the order of their sources.
	Entry     Stamp      `json:"entry,omitzero"`
	Purchases []Purchase `json:"purchases,omitempty"`
}

// Pending is the sum of the entries of one day that has not come.
type Pending struct {
	Date   event.Date   `json:"date"`
	Net    money.Amount `json:"net"`
	Orders int64        `json:"orders"`
}

const (
	// limit is the greatest revenue, either way: 2^53, up to which every reader of
	// JSON holds a whole number exactly.
	limit = 1 << 53
	// maxPending bounds the days of the future, so that no part of them can take the
	// revenue beyond 64 bits.
	maxPending = 400
)

// Apply folds one event into the state. day is the document's business day. changed
// is false for a name older than the one that holds. An error means that the event
// can never be applied; the state may be half changed then.
//
// What fell due, and thresholds that were changed, act before the event does: so it
// does not matter whether a review came between.
func Apply(s *State, th Thresholds, ev *event.Event, day event.Date) (changed bool, err error) {
	switch d := ev.Data.(type) {
	case *event.ClientDocument:
		return true, s.applyDocument(th, ev, d, day)
	case *event.Client:
		st := stampOf(ev)
		if !st.holdsOver(s.Entry) {
			return false, nil
		}
		s.Entry, s.Name = st, d.Name
		return true, nil
	}
	return false, fmt.Errorf("applying a %s to a client's revenue: there is no rule for events of this type", ev.Type)
}

func (s *State) applyDocument(th Thresholds, ev *event.Event, d *event.ClientDocument, day event.Date) error {
	p, effect, err := movement(ev.Type, d)
	if err != nil {
		return err
	}
	if err := s.settle(th, day); err != nil {
		return err
	}
	if d.Date > day {
		err = s.wait(p)
	} else {
		err = s.count(th, p, effect)
	}
	if err == nil {
		err = s.bounded()
	}
	if err != nil {
		return fmt.Errorf("adding %s of document %s to the client's revenue: %w", ev.Type, d.DocumentID, err)
	}
	s.notePurchase(ev, d)
	return nil
}

// movement returns what an event adds (it holds a magnitude, its type gives the
// sign) and the business date on which that takes effect.
func movement(t event.Type, d *event.ClientDocument) (p Pending, effect event.Date, err error) {
	if d.Net < 0 {
		return p, effect, fmt.Errorf("%s of document %s: its net amount is below zero; its type alone gives the sign", t, d.DocumentID)
	}
	p = Pending{Date: d.Date, Net: d.Net}
	effect = d.Date
	switch t {
	case event.ClientInvoiced:
		p.Orders = 1
	case event.ClientCredited:
		p.Net = -d.Net
	case event.ClientInvoiceVoided:
		p.Net, p.Orders = -d.Net, -1
		effect = d.VoidedOn
	case event.ClientCreditVoided:
		effect = d.VoidedOn
	default:
		return p, effect, fmt.Errorf("%s of document %s: there is no rule for events of this type", t, d.DocumentID)
	}
	return p, effect, nil
}

// count adds to the revenue and notes where that crosses the threshold.
func (s *State) count(th Thresholds, p Pending, effect event.Date) error {
	revenue, err := money.Add(s.Revenue, p.Net)
	if err != nil {
		return err
	}
	orders, err := money.Add(s.Orders, p.Orders)
	if err != nil {
		return err
	}
	s.Revenue, s.Orders = revenue, orders
	s.cross(th, effect)
	return nil
}

// wait keeps an entry of the future until its day.
func (s *State) wait(p Pending) error {
	i, found := slices.BinarySearchFunc(s.Future, p.Date, func(f Pending, d event.Date) int { return int(f.Date - d) })
	if !found {
		if len(s.Future) >= maxPending {
			return fmt.Errorf("the client has entries on %d days of the future already: date the entry earlier, or wait until they are past", maxPending)
		}
		s.Future = slices.Insert(s.Future, i, Pending{Date: p.Date})
	}
	f := &s.Future[i]
	net, err := money.Add(f.Net, p.Net)
	if err != nil {
		return err
	}
	if net > limit || net < -limit {
		return fmt.Errorf("%d on one day: %w", net, money.ErrOverflow)
	}
	f.Net, f.Orders = net, f.Orders+p.Orders
	return nil
}

// bounded refuses a revenue that, once the future is counted, goes beyond limit.
func (s *State) bounded() error {
	total := s.Revenue
	for _, f := range s.Future {
		var err error
		if total, err = money.Add(total, f.Net); err != nil {
			return err
		}
	}
	if total > limit || total < -limit {
		return fmt.Errorf("a revenue of %d is beyond what a sum may hold: %w", total, money.ErrOverflow)
	}
	return nil
}

// settle brings the state up to day before anything else happens on it: thresholds
// that are not those of the last time act on day itself, then what was dated in the
// future counts on the day it falls due.
func (s *State) settle(th Thresholds, day event.Date) error {
	s.cross(th, day)
	due := 0
	for ; due < len(s.Future) && s.Future[due].Date <= day; due++ {
		if err := s.count(th, s.Future[due], s.Future[due].Date); err != nil {
			return err
		}
	}
	s.Future = slices.Delete(s.Future, 0, due)
	return nil
}

// cross notes that the client became eligible, or no longer is, on a day.
func (s *State) cross(th Thresholds, on event.Date) {
	over := s.Revenue > th.Promotion
	switch {
	case over && !s.Eligible:
		s.EligibleSince, s.LostAt = on, event.NoDate
	case !over && s.Eligible:
		s.EligibleSince, s.LostAt = event.NoDate, on
	}
	s.Eligible = over
}

// Review brings the state up to day and computes what follows from the sums. It
// returns the next day on which a waiting entry falls due; NoDate where none waits.
func Review(s *State, th Thresholds, day event.Date) (event.Date, error) {
	if err := s.settle(th, day); err != nil {
		return event.NoDate, fmt.Errorf("counting what fell due by %s: %w", day, err)
	}
	s.Future = slices.DeleteFunc(s.Future, func(p Pending) bool { return p.Net == 0 && p.Orders == 0 })
	if s.Future == nil {
		s.Future = []Pending{}
	}
	s.FirstPurchase, s.LastPurchase = span(s.Purchases)
	s.AverageOrder = money.NullAmount{}
	if s.Orders > 0 {
		average, err := money.MulDiv(int64(s.Revenue), 1, s.Orders)
		if err != nil {
			return event.NoDate, fmt.Errorf("computing the average order: %w", err)
		}
		s.AverageOrder = money.Some(money.Amount(average))
	}
	switch {
	case s.Revenue > th.Gold:
		s.Tier = Gold
	case s.Revenue > th.Silver:
		s.Tier = Silver
	default:
		s.Tier = Standard
	}
	s.Progress = progress(s.Revenue, th.Promotion)
	if len(s.Future) == 0 {
		return event.NoDate, nil
	}
	return s.Future[0].Date, nil
}

// progress returns how much of the threshold is reached, half to even. It is 10,000
// from the threshold on, also where rounding says so shortly before.
func progress(revenue, threshold money.Amount) money.BasisPoints {
	switch {
	case revenue <= 0:
		return 0
	case revenue >= threshold:
		return money.Whole
	}
	bp, _ := money.Ratio(revenue, threshold)
	return bp
}
