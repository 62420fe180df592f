package clientpromotions

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

// Purchase tells when a client first and last bought, as far as one source tells.
type Purchase struct {
	Stamp
	// First and Last are as the source's latest entry gives them; null where no
	// invoice stands any more.
	First event.Date `json:"first"`
	Last  event.Date `json:"last"`
	// OwnFirst and OwnLast span the invoices that came without these dates. A void
	// cannot take an invoice out of them: only a source that knows its books can.
	OwnFirst event.Date `json:"own_first,omitzero"`
	OwnLast  event.Date `json:"own_last,omitzero"`
}

// notePurchase keeps what an entry says of the first and the last purchase. Only
// the void of an invoice says by silence that none stands: other entries without
// dates come from a producer that does not know them.
func (s *State) notePurchase(ev *event.Event, d *event.ClientDocument) {
	given := d.FirstPurchase != event.NoDate || d.LastPurchase != event.NoDate
	invoiced := ev.Type == event.ClientInvoiced
	if !given && !invoiced && ev.Type != event.ClientInvoiceVoided {
		return
	}
	i, found := slices.BinarySearchFunc(s.Purchases, ev.Source, func(r Purchase, source string) int {
		return strings.Compare(r.Source, source)
	})
	if !found {
		s.Purchases = slices.Insert(s.Purchases, i, Purchase{Stamp: Stamp{Source: ev.Source}})
	}
	r := &s.Purchases[i]
	if given || !invoiced {
		if st := stampOf(ev); st.holdsOver(r.Stamp) {
			r.Stamp, r.First, r.Last = st, d.FirstPurchase, d.LastPurchase
		}
	}
	if invoiced && d.FirstPurchase == event.NoDate {
		r.OwnFirst = earlier(r.OwnFirst, d.Date)
	}
	if invoiced && d.LastPurchase == event.NoDate {
		r.OwnLast = max(r.OwnLast, d.Date)
	}
}

// span returns the first and the last purchase over all sources.
func span(sources []Purchase) (first, last event.Date) {
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
