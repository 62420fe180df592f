// Package lossrisk tells which stock is about to lose money: per product its lots,
// which of them are past or near their expiry or no longer sell, and what they cost.
package lossrisk

import (
	"fmt"
	"slices"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// Thresholds are numbers of days.
type Thresholds struct {
	// Expiring and Watch: a lot that expires within so many days is flagged so.
	Expiring, Watch int
	// Dead: a lot that has not moved for more than so many days is dead.
	Dead int
}

// Defaults returns 7, 30 and 30 days.
func Defaults() Thresholds { return Thresholds{Expiring: 7, Watch: 30, Dead: 30} }

// Flag is why a lot stands out.
type Flag string

// The flags. The first four are risks, in the order in which they take a lot's
// value; by its expiry a lot has one of the first three at most.
const (
	Expired  Flag = "EXPIRED"
	Expiring Flag = "EXPIRING"
	Watch    Flag = "WATCH"
	Dead     Flag = "DEAD"
	// Negative: more was sold than there was. It is in no sum.
	Negative Flag = "NEGATIVE"
)

// State is what is known of the stock of one product. Money is in minor units,
// quantities in units.
type State struct {
	Name      string           `json:"name"`
	Category  string           `json:"category"`
	Kind      event.Kind       `json:"kind"`
	SellPrice money.NullAmount `json:"sell_price"`
	// LastSoldOn is the product's last sale; null where it was never sold.
	LastSoldOn event.Date `json:"last_sold_on"`
	// Lots are all lots, in the order of their names, at risk or not.
	Lots []Lot `json:"lots"`
	// AtRisk tells that at least one lot is.
	AtRisk bool `json:"at_risk"`
	// Totals are over all lots at risk, each counted once.
	Totals
	// Risks divides Totals: each lot counts in its Risk alone.
	Risks Risks `json:"risks"`
	// Catalogue and Stock are the registers behind the above.
	Catalogue Stamp `json:"catalogue,omitzero"`
	Stock     Stamp `json:"stock,omitzero"`
}

// Lot is a batch of goods. How many days are left to ExpiryDate, a reader computes
// for the business date: stored, it would change every day.
type Lot struct {
	Lot        string           `json:"lot"`
	OnHand     money.Quantity   `json:"on_hand"`
	UnitCost   money.NullAmount `json:"unit_cost"`
	ReceivedOn event.Date       `json:"received_on"`
	ExpiryDate event.Date       `json:"expiry_date"`
	// Flags are all that hold, in the order of the constants; empty where none does.
	Flags []Flag `json:"flags"`
	// Risk is the flag under which the value counts; "" where the lot is not at risk.
	Risk Flag `json:"risk"`
	// ValueAtRisk is OnHand × UnitCost, half to even; null where the lot is not at
	// risk or its cost is not known.
	ValueAtRisk money.NullAmount `json:"value_at_risk"`
	// LostProfit is OnHand × (sell price − UnitCost), half to even, never below zero;
	// null where the lot is not at risk or one of the two is not known.
	LostProfit money.NullAmount `json:"lost_profit"`
}

// Totals are sums over lots at risk. An unknown value counts as nothing.
type Totals struct {
	Lots        int64        `json:"lots_at_risk"`
	Uncosted    int64        `json:"uncosted_lots"` // those of Lots whose value is not known
	ValueAtRisk money.Amount `json:"value_at_risk"`
	LostProfit  money.Amount `json:"lost_profit"`
}

// Risks holds the totals of each risk.
type Risks struct {
	Expired  Totals `json:"expired"`
	Expiring Totals `json:"expiring"`
	Watch    Totals `json:"watch"`
	Dead     Totals `json:"dead"`
}

func (r *Risks) of(f Flag) *Totals {
	switch f {
	case Expired:
		return &r.Expired
	case Expiring:
		return &r.Expiring
	case Watch:
		return &r.Watch
	default:
		return &r.Dead
	}
}

// Apply folds one event into the state. changed is false for an entry that is older
// than the one that holds. An error means that the event can never be applied; the
// state may be half changed then.
func Apply(s *State, ev *event.Event) (changed bool, err error) {
	switch d := ev.Data.(type) {
	case *event.Stock:
		changed = s.applyStock(stampOf(ev), d)
	case *event.Product:
		changed = s.applyProduct(stampOf(ev), d)
	default:
		return false, fmt.Errorf("applying a %s to a product's stock: there is no rule for events of this type", ev.Type)
	}
	if !changed {
		return false, nil
	}
	// What cannot be valued is refused now, with the event that makes it so: a
	// review has no event to refuse.
	if err := s.valuable(); err != nil {
		return false, fmt.Errorf("valuing the stock as of %s: %w", ev.Type, err)
	}
	return true, nil
}

func (s *State) applyStock(st Stamp, d *event.Stock) bool {
	if !st.holdsOver(s.Stock) {
		return false
	}
	s.Stock, s.LastSoldOn = st, d.LastSoldOn
	s.Lots = make([]Lot, len(d.Lots))
	for i, l := range d.Lots {
		s.Lots[i] = Lot{Lot: l.Lot, OnHand: l.OnHand, UnitCost: l.UnitCost, ReceivedOn: l.ReceivedOn, ExpiryDate: l.ExpiryDate}
	}
	slices.SortStableFunc(s.Lots, byName)
	return true
}

func (s *State) applyProduct(st Stamp, d *event.Product) bool {
	if !st.holdsOver(s.Catalogue) {
		return false
	}
	s.Catalogue = st
	s.Name, s.Category, s.Kind, s.SellPrice = d.Name, d.Category, d.Kind, d.SellPrice
	return true
}

// Review flags and values the lots for a day. It returns the next day on which a
// flag changes without a new event; NoDate where none does.
func Review(s *State, th Thresholds, day event.Date) (next event.Date, err error) {
	if s.Kind == "" {
		s.Kind = event.KindStock
	}
	if s.Lots == nil {
		s.Lots = []Lot{}
	}
	s.Totals, s.Risks = Totals{}, Risks{}
	for i := range s.Lots {
		l := &s.Lots[i]
		changes := s.flag(l, th, day)
		if changes != event.NoDate && (next == event.NoDate || changes < next) {
			next = changes
		}
		if l.Risk == "" {
			continue
		}
		if l.ValueAtRisk, l.LostProfit, err = value(l, s.SellPrice); err != nil {
			return event.NoDate, fmt.Errorf("valuing lot %q: %w", l.Lot, err)
		}
		for _, t := range [...]*Totals{&s.Totals, s.Risks.of(l.Risk)} {
			if err := t.add(l); err != nil {
				return event.NoDate, fmt.Errorf("adding lot %q to what is at risk: %w", l.Lot, err)
			}
		}
	}
	s.AtRisk = s.Totals.Lots > 0
	return next, nil
}
