package lossrisk

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

func lots(t *rapid.T) []event.Lot {
	var all []event.Lot
	day := func(name string) event.Date {
		if rapid.IntRange(0, 4).Draw(t, name+" is known") == 0 {
			return event.NoDate
		}
		return today + event.Date(rapid.IntRange(-70, 70).Draw(t, name))
	}
	for _, name := range rapid.Permutation([]string{"", "A", "B", "C"}).Draw(t, "lots") {
		l := event.Lot{Lot: name, OnHand: money.Quantity(rapid.IntRange(0, 3).Draw(t, "on hand") * 500)}
		if name == "" {
			l.OnHand = -l.OnHand
		} else {
			l.ReceivedOn, l.ExpiryDate = day("received"), day("expiry")
			l.UnitCost = money.NullAmount{Amount: money.Amount(rapid.IntRange(0, 9).Draw(t, "cost")), Valid: rapid.Bool().Draw(t, "costed")}
		}
		if !l.UnitCost.Valid {
			l.UnitCost.Amount = 0
		}
		all = append(all, l)
	}
	return all[:rapid.IntRange(0, len(all)).Draw(t, "how many lots")]
}

// history draws catalogue entries and stocks of two producers.
func history(t *rapid.T) []*event.Event {
	var events []*event.Event
	for _, source := range []string{shop, "/warehouses/1"} {
		for i := range rapid.IntRange(0, 4).Draw(t, "stocks") {
			ev := stock(int64(i+1), "", lots(t)...)
			if rapid.Bool().Draw(t, "was sold") {
				ev.Data.(*event.Stock).LastSoldOn = today + event.Date(rapid.IntRange(-70, 5).Draw(t, "last sold"))
			}
			ev.Source = source
			events = append(events, ev)
		}
		for i := range rapid.IntRange(0, 2).Draw(t, "entries") {
			ev := product(int64(i+1), rapid.SampledFrom([]event.Kind{event.KindStock, event.KindStock, event.KindService}).Draw(t, "kind"), money.NullAmount{})
			if rapid.Bool().Draw(t, "priced") {
				ev.Data.(*event.Product).SellPrice = money.Some(money.Amount(rapid.IntRange(0, 12).Draw(t, "sell price")))
			}
			ev.Source = source
			events = append(events, ev)
		}
	}
	return events
}

// model works out flag by flag what a lot of a stock is on a day.
func model(l event.Lot, lastSold event.Date, kind event.Kind, day event.Date) map[Flag]bool {
	there := l.OnHand > 0 && kind != event.KindService
	expires := there && l.ExpiryDate != event.NoDate
	left := l.ExpiryDate - day
	moved := max(lastSold, l.ReceivedOn)
	return map[Flag]bool{
		Expired:  expires && left < 0,
		Expiring: expires && left >= 0 && left <= 7,
		Watch:    expires && left > 7 && left <= 30,
		Dead:     there && moved != event.NoDate && day-moved > 30,
		Negative: l.OnHand < 0 && kind != event.KindService,
	}
}

func TestAnyOrderAndDayAgreesWithTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := history(t)
		final := today + event.Date(rapid.IntRange(0, 80).Draw(t, "final day"))

		var s State
		day := today
		for _, ev := range rapid.Permutation(events).Draw(t, "order") {
			if _, err := Apply(&s, ev); err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(t, "a batch ends") {
				day = min(final, day+event.Date(rapid.IntRange(0, 30).Draw(t, "days pass")))
				if _, err := Review(&s, Defaults(), day); err != nil {
					t.Fatal(err)
				}
				b, err := json.Marshal(s)
				if err != nil {
					t.Fatal(err)
				}
				s = State{}
				if err := json.Unmarshal(b, &s); err != nil {
					t.Fatal(err)
				}
			}
		}
		next, err := Review(&s, Defaults(), final)
		if err != nil {
			t.Fatal(err)
		}

		var holds, entry *event.Event
		for _, ev := range events {
			which := &entry
			if ev.Type == event.StockChanged {
				which = &holds
			}
			// Revisions follow the time here; "/warehouses/1" is the greater source.
			if *which == nil || ev.Revision > (*which).Revision || ev.Revision == (*which).Revision && ev.Source > (*which).Source {
				*which = ev
			}
		}
		kind, held, lastSold, price := event.KindStock, map[string]event.Lot{}, event.NoDate, money.NullAmount{}
		if entry != nil {
			kind, price = entry.Data.(*event.Product).Kind, entry.Data.(*event.Product).SellPrice
		}
		if holds != nil {
			d := holds.Data.(*event.Stock)
			lastSold = d.LastSoldOn
			for _, l := range d.Lots {
				held[l.Lot] = l
			}
		}
		if len(s.Lots) != len(held) {
			t.Fatalf("%d lots, want %d", len(s.Lots), len(held))
		}
		var total money.Amount
		changes := event.NoDate
		for _, got := range s.Lots {
			l := held[got.Lot]
			want := model(l, lastSold, kind, final)
			flagged := map[Flag]bool{Expired: false, Expiring: false, Watch: false, Dead: false, Negative: false}
			for _, f := range got.Flags {
				flagged[f] = true
			}
			if !reflect.DeepEqual(flagged, want) {
				t.Fatalf("lot %+v: flags %v, want %v", got, got.Flags, want)
			}
			atRisk := want[Expired] || want[Expiring] || want[Watch] || want[Dead]
			if atRisk != (got.Risk != "") || got.ValueAtRisk.Valid != (atRisk && l.UnitCost.Valid) || got.LostProfit.Valid != (atRisk && l.UnitCost.Valid && price.Valid) {
				t.Fatalf("lot %+v: at risk %t with a price of %+v", got, atRisk, price)
			}
			total += got.ValueAtRisk.Amount
			for d := final + 1; d < final+200; d++ {
				if !reflect.DeepEqual(model(l, lastSold, kind, d), want) {
					if changes == event.NoDate || d < changes {
						changes = d
					}
					break
				}
			}
		}
		if sum := s.Risks.Expired.ValueAtRisk + s.Risks.Expiring.ValueAtRisk + s.Risks.Watch.ValueAtRisk + s.Risks.Dead.ValueAtRisk; s.ValueAtRisk != total || sum != total {
			t.Fatalf("value at risk %d, by risk %d, by lot %d", s.ValueAtRisk, sum, total)
		}
		if next != changes {
			t.Fatalf("the next change is on %q, want %q", next, changes)
		}
	})
}
