package lossrisk

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// lastDate is 9999-12-31, the last day that a document can hold.
const lastDate event.Date = 3_652_059

// flag sets the flags and the risk of a lot for a day and clears its values. It
// returns the next day on which one of them changes; NoDate where none does.
//
// Only goods that are there can be lost: a lot that is sold out has no flags, and
// a service has no stock whatever its lots say.
func (s *State) flag(l *Lot, th Thresholds, day event.Date) (next event.Date) {
	l.Flags, l.Risk = []Flag{}, ""
	l.ValueAtRisk, l.LostProfit = money.NullAmount{}, money.NullAmount{}
	switch {
	case s.Kind == event.KindService || l.OnHand == 0:
		return event.NoDate
	case l.OnHand < 0:
		l.Flags = append(l.Flags, Negative)
		return event.NoDate
	}
	// later keeps the first day after day on which something begins. Goods that
	// never expire are often given the last day that a date can have.
	later := func(begins event.Date) {
		if begins > day && begins <= lastDate && (next == event.NoDate || begins < next) {
			next = begins
		}
	}
	if e := l.ExpiryDate; e != event.NoDate {
		watch, expiring, expired := e-event.Date(th.Watch), e-event.Date(th.Expiring), e+1
		switch {
		case day >= expired:
			l.Flags = append(l.Flags, Expired)
		case day >= expiring:
			l.Flags = append(l.Flags, Expiring)
		case day >= watch:
			l.Flags = append(l.Flags, Watch)
		}
		later(watch)
		later(expiring)
		later(expired)
	}
	// A lot without a receipt date of a product that never sold has no day to
	// measure from: it is not dead.
	if moved := max(s.LastSoldOn, l.ReceivedOn); moved != event.NoDate {
		dead := moved + event.Date(th.Dead) + 1
		if day >= dead {
			l.Flags = append(l.Flags, Dead)
		}
		later(dead)
	}
	if len(l.Flags) > 0 {
		l.Risk = l.Flags[0]
	}
	return next
}

// value returns what a lot cost and the profit that goes with it, as far as known.
func value(l *Lot, sell money.NullAmount) (atRisk, lost money.NullAmount, err error) {
	if !l.UnitCost.Valid {
		return atRisk, lost, nil
	}
	v, err := l.UnitCost.Amount.Times(l.OnHand)
	if err != nil {
		return atRisk, lost, err
	}
	atRisk = money.Some(v)
	if !sell.Valid {
		return atRisk, lost, nil
	}
	margin, err := money.Sub(sell.Amount, l.UnitCost.Amount)
	if err != nil {
		return atRisk, lost, err
	}
	profit, err := margin.Times(l.OnHand)
	if err != nil {
		return atRisk, lost, err
	}
	return atRisk, money.Some(max(0, profit)), nil
}

// valuable tells by an error that the lots on hand, were they all at risk, could not
// be added up.
func (s *State) valuable() error {
	var t Totals
	for i := range s.Lots {
		l := s.Lots[i]
		if l.OnHand <= 0 {
			continue
		}
		var err error
		if l.ValueAtRisk, l.LostProfit, err = value(&l, s.SellPrice); err == nil {
			err = t.add(&l)
		}
		if err != nil {
			return fmt.Errorf("lot %q: %w", l.Lot, err)
		}
	}
	return nil
}

// add counts one lot.
func (t *Totals) add(l *Lot) error {
	value, err := money.Add(t.ValueAtRisk, l.ValueAtRisk.Amount)
	if err != nil {
		return err
	}
	lost, err := money.Add(t.LostProfit, l.LostProfit.Amount)
	if err != nil {
		return err
	}
	t.Lots++
	if !l.ValueAtRisk.Valid {
		t.Uncosted++
	}
	t.ValueAtRisk, t.LostProfit = value, lost
	return nil
}

func byName(a, b Lot) int { return strings.Compare(a.Lot, b.Lot) }

// Stamp orders the values of a register: the greatest (time, revision, source) holds.
type Stamp struct {
	Source   string    `json:"source"`
	Time     time.Time `json:"time"`
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
