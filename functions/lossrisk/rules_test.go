package lossrisk

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

const shop = "/ledgers/shop"

// today is the leap day on which the tables here stand.
var today = date("2012-02-29")

var start = time.Date(2012, 2, 29, 9, 0, 0, 0, time.UTC)

func date(s string) event.Date {
	if s == "" {
		return event.NoDate
	}
	d, err := event.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func quantity(s string) money.Quantity {
	q, err := money.ParseQuantity(s)
	if err != nil {
		panic(err)
	}
	return q
}

func stock(revision int64, lastSold string, lots ...event.Lot) *event.Event {
	return &event.Event{
		Attributes: event.Attributes{Source: shop, Type: event.StockChanged, Key: "1", Time: start.Add(time.Duration(revision) * time.Second), Revision: revision},
		Data:       &event.Stock{LastSoldOn: date(lastSold), Lots: lots},
	}
}

func product(revision int64, kind event.Kind, sell money.NullAmount) *event.Event {
	return &event.Event{
		Attributes: event.Attributes{Source: shop, Type: event.ProductChanged, Key: "1", Time: start.Add(time.Duration(revision) * time.Second), Revision: revision},
		Data:       &event.Product{Name: "TEA", Category: "pantry", Kind: kind, SellPrice: sell},
	}
}

func fold(t *testing.T, day event.Date, events ...*event.Event) (State, event.Date) {
	t.Helper()
	var s State
	for _, ev := range events {
		if _, err := Apply(&s, ev); err != nil {
			t.Fatal(err)
		}
	}
	next, err := Review(&s, Defaults(), day)
	if err != nil {
		t.Fatal(err)
	}
	return s, next
}

func TestFlags(t *testing.T) {
	tests := []struct {
		name                              string
		onHand, expiry, received, lastOut string
		want                              string
		next                              string
	}{
		{"expired yesterday", "1", "2012-02-28", "2012-02-29", "", "EXPIRED", "2012-03-31"},
		{"expires today: it can be sold today", "1", "2012-02-29", "2012-02-29", "", "EXPIRING", "2012-03-01"},
		{"seven days left", "1", "2012-03-07", "2012-02-29", "", "EXPIRING", "2012-03-08"},
		{"eight days left", "1", "2012-03-08", "2012-02-29", "", "WATCH", "2012-03-01"},
		{"30 days left", "1", "2012-03-30", "2012-02-29", "", "WATCH", "2012-03-23"},
		{"31 days left", "1", "2012-03-31", "2012-02-29", "", "", "2012-03-01"},
		{"never expires", "1", "", "2012-02-29", "", "", "2012-03-31"},
		{"so far away that it never comes", "1", "9999-12-31", "", "", "", "9999-12-01"},
		{"received on the last day there is", "1", "", "9999-12-31", "", "", ""},
		{"sold 30 days ago", "1", "", "2011-06-01", "2012-01-30", "", "2012-03-01"},
		{"sold 31 days ago", "1", "", "2011-06-01", "2012-01-29", "DEAD", ""},
		{"received since", "1", "", "2012-02-01", "2011-06-01", "", "2012-03-03"},
		{"never sold, received 31 days ago", "1", "", "2012-01-29", "", "DEAD", ""},
		{"never sold, no receipt: no day to measure from", "1", "", "", "", "", ""},
		{"sold before, no receipt", "1", "", "", "2012-01-29", "DEAD", ""},
		{"a sale of the future", "1", "", "", "2012-03-05", "", "2012-04-05"},
		{"expired and dead: both flags, the value in the first", "1", "2012-01-01", "2011-06-01", "", "EXPIRED DEAD", ""},
		{"watched and dead", "1", "2012-03-20", "2011-06-01", "", "WATCH DEAD", "2012-03-13"},
		{"sold out", "0", "2012-01-01", "2011-06-01", "", "", ""},
		{"beyond all lots", "-2", "2012-01-01", "2011-06-01", "", "NEGATIVE", ""},
		{"a gram is left", "0.001", "2012-02-28", "", "", "EXPIRED", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lot := event.Lot{Lot: "A", OnHand: quantity(tt.onHand), ExpiryDate: date(tt.expiry), ReceivedOn: date(tt.received), UnitCost: money.Some(100)}
			s, next := fold(t, today, stock(1, tt.lastOut, lot))
			l := s.Lots[0]
			flags := strings.Trim(fmt.Sprint(l.Flags), "[]")
			if flags != tt.want || next.String() != tt.next {
				t.Errorf("flags %q, next change %q; want %q, %q", flags, next, tt.want, tt.next)
			}
			atRisk := tt.want != "" && tt.want != string(Negative)
			if risk, _, _ := strings.Cut(tt.want, " "); atRisk && string(l.Risk) != risk || !atRisk && l.Risk != "" {
				t.Errorf("the value counts as %q", l.Risk)
			}
			if s.AtRisk != atRisk || l.ValueAtRisk.Valid != atRisk {
				t.Errorf("at risk %t, value %+v", s.AtRisk, l.ValueAtRisk)
			}
		})
	}
}

func TestValues(t *testing.T) {
	none := money.NullAmount{}
	tests := []struct {
		name        string
		onHand      string
		cost, sell  money.NullAmount
		value, lost money.NullAmount
	}{
		{"whole pieces", "6", money.Some(100), money.Some(250), money.Some(600), money.Some(900)},
		{"by the kilogram", "0.125", money.Some(1000), money.Some(1999), money.Some(125), money.Some(125)}, // 124.875
		{"half a penny goes to the even one below", "0.5", money.Some(1), money.Some(2), money.Some(0), money.Some(0)},
		{"half a penny goes to the even one above", "0.5", money.Some(3), money.Some(6), money.Some(2), money.Some(2)},
		{"sold below cost: no profit is lost", "6", money.Some(100), money.Some(90), money.Some(600), money.Some(0)},
		{"no sell price", "6", money.Some(100), none, money.Some(600), none},
		{"no cost: listed without a value", "6", none, money.Some(250), none, none},
		{"free goods", "6", money.Some(0), money.Some(250), money.Some(0), money.Some(1500)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := fold(t, today, product(1, event.KindStock, tt.sell),
				stock(1, "", event.Lot{Lot: "A", OnHand: quantity(tt.onHand), UnitCost: tt.cost, ExpiryDate: today - 1}))
			l := s.Lots[0]
			if l.ValueAtRisk != tt.value || l.LostProfit != tt.lost {
				t.Errorf("value %+v, lost profit %+v; want %+v, %+v", l.ValueAtRisk, l.LostProfit, tt.value, tt.lost)
			}
			want := Totals{Lots: 1, ValueAtRisk: tt.value.Amount, LostProfit: tt.lost.Amount}
			if !tt.value.Valid {
				want.Uncosted = 1
			}
			if s.Totals != want || s.Risks.Expired != want {
				t.Errorf("totals %+v, of the expired %+v; want %+v", s.Totals, s.Risks.Expired, want)
			}
		})
	}
}

// shelf has a lot under each risk, and three that are under none.
func shelf(revision int64) *event.Event {
	lot := func(name, onHand, expiry, received string) event.Lot {
		return event.Lot{Lot: name, OnHand: quantity(onHand), UnitCost: money.Some(100), ExpiryDate: date(expiry), ReceivedOn: date(received)}
	}
	return stock(revision, "2012-01-10",
		lot("G", "7", "", "2012-02-20"), // new
		lot("F", "0", "2012-01-01", "2011-01-01"),
		lot("", "-3", "", ""),
		lot("D", "4", "", "2011-01-01"),
		lot("C", "3", "2012-03-20", "2012-02-20"),
		lot("B", "2", "2012-03-01", "2011-01-01"), // expiring, and dead
		lot("A", "1", "2012-02-01", "2011-01-01"), // expired, and dead
	)
}

func TestEachLotCountsOnce(t *testing.T) {
	s, _ := fold(t, today, shelf(1), product(1, event.KindStock, money.Some(150)))
	one := func(pieces money.Amount) Totals {
		return Totals{Lots: 1, ValueAtRisk: 100 * pieces, LostProfit: 50 * pieces}
	}
	want := Risks{Expired: one(1), Expiring: one(2), Watch: one(3), Dead: one(4)}
	if s.Risks != want {
		t.Errorf("risks %+v, want %+v", s.Risks, want)
	}
	if all := (Totals{Lots: 4, ValueAtRisk: 1000, LostProfit: 500}); s.Totals != all {
		t.Errorf("totals %+v, want %+v", s.Totals, all)
	}
	if len(s.Lots) != 7 || s.Lots[0].Lot != "" || s.Lots[6].Lot != "G" {
		t.Errorf("lots %+v, want all seven by name", s.Lots)
	}
	t.Run("until they are sold", func(t *testing.T) {
		if _, err := Apply(&s, stock(2, "2012-02-29", event.Lot{Lot: "C", OnHand: 3000, UnitCost: money.Some(100)})); err != nil {
			t.Fatal(err)
		}
		if _, err := Review(&s, Defaults(), today); err != nil || s.AtRisk || s.Totals != (Totals{}) || s.Risks != (Risks{}) || len(s.Lots) != 1 {
			t.Errorf("%v: %+v", err, s)
		}
	})
	t.Run("a service has no stock", func(t *testing.T) {
		s, next := fold(t, today, shelf(1), product(1, event.KindService, money.Some(150)))
		if s.AtRisk || next != event.NoDate || s.Risks != (Risks{}) {
			t.Errorf("at risk %t, next on %s, %+v", s.AtRisk, next, s.Risks)
		}
	})
}

func TestThresholdsAreConfiguration(t *testing.T) {
	s, _ := fold(t, today, shelf(1))
	// With no days of warning what is not past is not flagged, and A and B are dead.
	if _, err := Review(&s, Thresholds{Expiring: 0, Watch: 0, Dead: 10}, today); err != nil {
		t.Fatal(err)
	}
	if r := s.Risks; r.Expired.Lots != 1 || r.Expiring.Lots != 0 || r.Watch.Lots != 0 || r.Dead.Lots != 2 {
		t.Errorf("risks %+v", r)
	}
	if a, b := Defaults().Hash(), (Thresholds{Expiring: 7, Watch: 30, Dead: 31}).Hash(); a == b || a != Defaults().Hash() {
		t.Errorf("hashes %s and %s", a, b)
	}
}

func TestTheLatestEntryHolds(t *testing.T) {
	newer := stock(2, "", event.Lot{Lot: "B", OnHand: 1000})
	for _, order := range [][]*event.Event{{shelf(1), newer}, {newer, shelf(1)}, {newer, newer, shelf(1), newer}} {
		s, _ := fold(t, today, order...)
		if len(s.Lots) != 1 || s.Lots[0].Lot != "B" {
			t.Errorf("lots %+v", s.Lots)
		}
	}
	var s State
	for i, want := range []bool{true, false} {
		if changed, err := Apply(&s, newer); err != nil || changed != want {
			t.Errorf("time %d: changed %t, %v", i+1, changed, err)
		}
	}
}

func TestRefused(t *testing.T) {
	huge := event.Lot{Lot: "A", OnHand: 1000, UnitCost: money.Some(math.MaxInt64 / 2)}
	other := huge
	other.Lot = "B"
	third := huge
	third.Lot = "C"
	tests := []struct {
		name     string
		events   []*event.Event
		overflow bool
	}{
		{"a value beyond 64 bits", []*event.Event{stock(1, "", event.Lot{Lot: "A", OnHand: 3000, UnitCost: money.Some(math.MaxInt64 / 2)})}, true},
		{"a sum of values beyond them", []*event.Event{stock(1, "", huge, other, third)}, true},
		{"a profit beyond them, by its price", []*event.Event{stock(1, "", event.Lot{Lot: "A", OnHand: 2000, UnitCost: money.Some(0)}), product(1, event.KindStock, money.Some(math.MaxInt64))}, true},
		{"the same the other way round", []*event.Event{product(1, event.KindStock, money.Some(math.MaxInt64)), stock(1, "", event.Lot{Lot: "A", OnHand: 2000, UnitCost: money.Some(0)})}, true},
		{"an event of another function", []*event.Event{{Attributes: event.Attributes{Type: event.ClientChanged}, Data: &event.Client{}}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s State
			var err error
			for i, ev := range tt.events {
				if _, err = Apply(&s, ev); err != nil && i < len(tt.events)-1 {
					t.Fatalf("refused too early: %v", err)
				}
			}
			if err == nil || errors.Is(err, money.ErrOverflow) != tt.overflow {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestDocumentIsReadableByHand(t *testing.T) {
	f := New(Defaults())
	doc := f.Collection.New()
	doc.Head().ID = "1"
	for _, ev := range []*event.Event{
		product(1, event.KindStock, money.Some(150)),
		stock(1, "2012-01-10", event.Lot{Lot: "A", OnHand: 1500, UnitCost: money.Some(100), ReceivedOn: date("2011-12-01"), ExpiryDate: date("2012-02-01")}, event.Lot{OnHand: -2000}),
	} {
		if _, err := f.Apply(doc, ev, today); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Review(doc, today); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", b)
	for _, part := range []string{
		`{"lot":"A","on_hand":1.5,"unit_cost":100,"received_on":"2011-12-01","expiry_date":"2012-02-01","flags":["EXPIRED","DEAD"],"risk":"EXPIRED","value_at_risk":150,"lost_profit":75}`,
		`{"lot":"","on_hand":-2,"unit_cost":null,"received_on":null,"expiry_date":null,"flags":["NEGATIVE"],"risk":"","value_at_risk":null,"lost_profit":null}`,
		`"at_risk":true,"lots_at_risk":1,"uncosted_lots":0,"value_at_risk":150,"lost_profit":75,"risks":{"expired":{"lots_at_risk":1,`,
	} {
		if !strings.Contains(string(b), part) {
			t.Errorf("the document lacks %s:\n%s", part, b)
		}
	}
}
