package triggertest

import (
	"errors"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/projection"
)

// tally is the document of the suite's function: sums and a register.
type tally struct {
	projection.Header
	Total   int64  `json:"total"`
	Orders  int64  `json:"orders"`
	Name    string `json:"name"`
	NamedAt int64  `json:"named_at"`
	Padding string `json:"padding,omitempty"`
}

// Amounts at which the function and its state do what is asked of them.
const (
	refusedNet = 666 // the rule refuses it
	panicNet   = 777 // the rule panics at it
	fatNet     = 888 // the store refuses what it makes
)

var (
	today = event.NewDate(2011, time.December, 9)
	start = time.Date(2011, time.December, 9, 8, 0, 0, 0, time.UTC)
)

func tallies() projection.Function {
	return projection.Function{
		Name:       "tallies",
		Topics:     []event.Topic{event.Sales, event.Inventory},
		Types:      []event.Type{event.ProductSold, event.ProductReturned, event.ProductChanged},
		RulesHash:  "one",
		Collection: projection.Collection{Name: "tallies", New: func() projection.Document { return &tally{} }},
		Apply: func(doc projection.Document, ev *event.Event, _ event.Date) (bool, error) {
			t, ok := doc.(*tally)
			if !ok {
				return false, errors.New("the document is no tally")
			}
			switch d := ev.Data.(type) {
			case *event.ProductSale:
				t.Orders++ // half changed on purpose where the rule then fails
				return true, t.add(ev.Type, d)
			case *event.Product:
				at := ev.Time.UnixNano()
				if at <= t.NamedAt {
					return false, nil
				}
				t.Name, t.NamedAt = d.Name, at
			}
			return true, nil
		},
		Review: func(projection.Document, event.Date) (event.Date, error) { return event.NoDate, nil },
	}
}

func (t *tally) add(typ event.Type, d *event.ProductSale) error {
	switch d.Net {
	case refusedNet:
		return errors.New("no such amount")
	case panicNet:
		panic("boom")
	case fatNet:
		t.Padding = fat
	}
	if typ == event.ProductReturned {
		t.Total -= int64(d.Net)
	} else {
		t.Total += int64(d.Net)
	}
	return nil
}
