// Package productwinners tells which products earn the money: per product the
// units, revenue, cost, profit and margin of the last 7 and 30 days, of the same
// spans just before them, and of all time.
package productwinners

import (
	"fmt"
	"slices"
	"strings"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// State is what is known of one product. Money is in minor units, quantities in
// units, ratios in basis points.
type State struct {
	// Name is that of the catalogue, else that of the latest sale.
	Name     string `json:"name"`
	Category string `json:"category"`
	// Kind is stock where no catalogue entry says otherwise. A service has its
	// figures too and is not ranked.
	Kind      event.Kind            `json:"kind"`
	BuyPrice  money.NullAmount      `json:"buy_price"`
	SellPrice money.NullAmount      `json:"sell_price"`
	MinMargin money.NullBasisPoints `json:"min_margin"`
	// FirstSoldOn and LastSoldOn are the least and greatest over all sources. They
	// lie in the future where a sale with a date in the future stands.
	FirstSoldOn event.Date `json:"first_sold_on"`
	LastSoldOn  event.Date `json:"last_sold_on"`
	// Windows are the figures for the document's day.
	Windows Windows `json:"windows"`
	// Total is everything that was ever applied, entries of the future included.
	Total Sums `json:"total"`
	// Days are the buckets from Keep-1 days ago on, future ones included,
	// ascending. A day without figures has none.
	Days []Bucket `json:"days"`
	// Catalogue and SaleName are the registers behind Name, SoldOn those behind
	// FirstSoldOn and LastSoldOn, in the order of their sources.
	Catalogue Name     `json:"catalogue,omitzero"`
	SaleName  Name     `json:"sale_name,omitzero"`
	SoldOn    []SoldOn `json:"sold_on,omitempty"`
}

// Apply folds one event into the state. day is the document's business day: what
// is dated so long before it that no bucket holds it counts in Total alone.
// changed is false for a catalogue entry older than the one that holds. An error
// means that the event can never be applied; the state may be half changed then.
func Apply(s *State, ev *event.Event, day event.Date) (changed bool, err error) {
	switch d := ev.Data.(type) {
	case *event.ProductSale:
		return true, s.applySale(ev, d, day)
	case *event.Product:
		return s.applyProduct(ev, d), nil
	}
	return false, fmt.Errorf("applying a %s to a product's sales: there is no rule for events of this type", ev.Type)
}

func (s *State) applySale(ev *event.Event, d *event.ProductSale, day event.Date) error {
	m, err := movement(ev.Type, d)
	if err != nil {
		return err
	}
	if err := s.Total.add(m); err != nil {
		return fmt.Errorf("adding %s of document %s to the total of the product: %w", ev.Type, d.DocumentID, err)
	}
	if d.Date > day-Keep {
		if err := s.addToDay(d.Date, m); err != nil {
			return fmt.Errorf("adding %s of document %s to the figures of %s: %w", ev.Type, d.DocumentID, d.Date, err)
		}
	}
	st := stampOf(ev)
	if d.Name != "" && st.holdsOver(s.SaleName.Stamp) {
		s.SaleName = Name{Name: d.Name, Stamp: st}
	}
	s.noteSoldOn(ev, d)
	return nil
}

// applyProduct takes the catalogue entry where no later one holds.
func (s *State) applyProduct(ev *event.Event, d *event.Product) bool {
	st := stampOf(ev)
	if !st.holdsOver(s.Catalogue.Stamp) {
		return false
	}
	s.Catalogue = Name{Name: d.Name, Stamp: st}
	s.Category, s.Kind = d.Category, d.Kind
	s.BuyPrice, s.SellPrice, s.MinMargin = d.BuyPrice, d.SellPrice, d.MinMargin
	return true
}

// movement returns what an event adds to the sums: the event holds magnitudes,
// its type gives their sign. Only a sale is an order; a return is none.
func movement(t event.Type, d *event.ProductSale) (Sums, error) {
	if d.Quantity < 0 || d.Net < 0 || d.Cost.Amount < 0 {
		return Sums{}, fmt.Errorf("%s of document %s: a quantity or amount is below zero; its type alone gives the sign", t, d.DocumentID)
	}
	var m Sums
	if d.Cost.Valid {
		m.Cost, m.CostedRevenue = d.Cost.Amount, d.Net
	}
	switch t {
	case event.ProductSold, event.ProductSaleVoided:
		m.Units, m.Revenue, m.Orders = d.Quantity, d.Net, 1
	case event.ProductReturned, event.ProductReturnVoided:
		m.Units, m.Revenue = d.Quantity, d.Net
	case event.ProductSaleCosted, event.ProductReturnCosted:
		if !d.Cost.Valid {
			return Sums{}, fmt.Errorf("%s of document %s: it has no cost, which is all that it is for", t, d.DocumentID)
		}
	default:
		return Sums{}, fmt.Errorf("%s of document %s: there is no rule for events of this type", t, d.DocumentID)
	}
	if t == event.ProductReturned || t == event.ProductSaleVoided || t == event.ProductReturnCosted {
		m = m.negated()
	}
	return m, nil
}

// addToDay adds to the bucket of a day and makes it where there is none.
func (s *State) addToDay(day event.Date, m Sums) error {
	i, found := slices.BinarySearchFunc(s.Days, day, func(b Bucket, d event.Date) int { return int(b.Day - d) })
	if !found {
		if len(s.Days) >= maxDays {
			return fmt.Errorf("the product has figures on %d days already, most of them in the future: date the entry earlier, or wait until they are past", maxDays)
		}
		s.Days = slices.Insert(s.Days, i, Bucket{Day: day})
	}
	return s.Days[i].add(m)
}

// Review brings the state up to day: it drops buckets that are too old or empty
// and computes the windows. It returns the next day on which a window changes
// without a new event, NoDate where none does. The velocity of all time changes
// every day and is left to the reader for that reason (see Window.Velocity).
func Review(s *State, day event.Date) (event.Date, error) {
	s.Days = slices.DeleteFunc(s.Days, func(b Bucket) bool { return b.Day <= day-Keep || b.Sums == Sums{} })
	if s.Days == nil {
		s.Days = []Bucket{}
	}
	s.Name = s.Catalogue.Name
	if s.Name == "" {
		s.Name = s.SaleName.Name
	}
	if s.Kind == "" {
		s.Kind = event.KindStock
	}
	s.FirstSoldOn, s.LastSoldOn = span(s.SoldOn)
	w, err := windows(s.Total, s.Days, s.MinMargin, day)
	if err != nil {
		return event.NoDate, fmt.Errorf("computing the windows of %s: %w", day, err)
	}
	s.Windows = w
	return nextChange(s.Days, day), nil
}

// bySource orders registers by their source.
func bySource(r SoldOn, source string) int { return strings.Compare(r.Source, source) }
