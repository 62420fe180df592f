package productwinners

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"comptoir/shared/event"
)

// Stamp orders the values of a register: the greatest (time, revision, source) holds.
type Stamp struct {
	Source   string    `json:"source"`
	Time     time.Time `json:"time,omitzero"`
	Revision int64     `json:"revision"`
}

func stampOf(ev *event.Event) Stamp {
	return Stamp{Source: ev.Source, Time: ev.Time.UTC(), Revision: ev.Revision}
}

// holdsOver tells whether a value of stamp s replaces one of stamp o. Of equal
// stamps the first holds: it is the same event again.
func (s Stamp) holdsOver(o Stamp) bool {
	return cmp.Or(s.Time.Compare(o.Time), cmp.Compare(s.Revision, o.Revision), strings.Compare(s.Source, o.Source)) > 0
}

// Name is a register of a name.
type Name struct {
	Name string `json:"name"`
	Stamp
}

// SoldOn tells when a product was first and last sold, as far as one source tells.
type SoldOn struct {
	Stamp
	// First and Last are as the source's latest entry gives them; null where no
	// sale stands any more.
	First event.Date `json:"first"`
	Last  event.Date `json:"last"`
	// OwnFirst and OwnLast span the sales that came without these dates. A void
	// cannot take a sale out of them: only a source that knows its books can.
	OwnFirst event.Date `json:"own_first,omitzero"`
	OwnLast  event.Date `json:"own_last,omitzero"`
}

// noteSoldOn keeps what an entry says of the first and the last sale. Only the
// void of a sale says by silence that no sale stands: other entries without dates
// come from a producer that does not know them.
func (s *State) noteSoldOn(ev *event.Event, d *event.ProductSale) {
	given := d.FirstSoldOn != event.NoDate || d.LastSoldOn != event.NoDate
	sold := ev.Type == event.ProductSold
	if !given && !sold && ev.Type != event.ProductSaleVoided {
		return
	}
	i, found := slices.BinarySearchFunc(s.SoldOn, ev.Source, bySource)
	if !found {
		s.SoldOn = slices.Insert(s.SoldOn, i, SoldOn{Stamp: Stamp{Source: ev.Source}})
	}
	r := &s.SoldOn[i]
	if given || !sold {
		if st := stampOf(ev); st.holdsOver(r.Stamp) {
			r.Stamp, r.First, r.Last = st, d.FirstSoldOn, d.LastSoldOn
		}
	}
	if sold && d.FirstSoldOn == event.NoDate {
		r.OwnFirst = earlier(r.OwnFirst, d.Date)
	}
	if sold && d.LastSoldOn == event.NoDate {
		r.OwnLast = max(r.OwnLast, d.Date)
	}
}

// span returns the first and the last sale over all sources.
func span(sources []SoldOn) (first, last event.Date) {
	for _, r := range sources {
		first = earlier(first, earlier(r.First, r.OwnFirst))
		last = max(last, r.Last, r.OwnLast)
	}
	return first, last
}

// earlier returns the lesser of two dates; NoDate is none.
func earlier(a, b event.Date) event.Date {
	if a == event.NoDate || (b != event.NoDate && b < a) {
		return b
	}
	return a
}
