package productwinners

import (
	"testing"
	"time"

	"comptoir/shared/event"
)

func TestNames(t *testing.T) {
	at := func(source string, second int, revision int64, data event.Data, typ event.Type) *event.Event {
		return &event.Event{Attributes: event.Attributes{Source: source, Type: typ, Key: "1", Time: start.Add(time.Duration(second) * time.Second), Revision: revision}, Data: data}
	}
	sale := func(source string, second int, revision int64, name string) *event.Event {
		return at(source, second, revision, &event.ProductSale{Date: today, Name: name, Quantity: units(1)}, event.ProductSold)
	}
	entry := func(second int, revision int64, name string) *event.Event {
		return at(shop, second, revision, &event.Product{Name: name, Kind: event.KindService}, event.ProductChanged)
	}
	tests := []struct {
		name   string
		events []*event.Event
		want   string
		kind   event.Kind
	}{
		{"the latest sale's", []*event.Event{sale(shop, 1, 1, "old"), sale(shop, 2, 2, "new")}, "new", event.KindStock},
		{"also where it comes first", []*event.Event{sale(shop, 2, 2, "new"), sale(shop, 1, 1, "old")}, "new", event.KindStock},
		{"at equal times the revision decides", []*event.Event{sale(shop, 1, 2, "second"), sale("/tills/9", 1, 1, "first")}, "second", event.KindStock},
		{"then the source", []*event.Event{sale("/tills/9", 1, 1, "till"), sale(shop, 1, 1, "shop")}, "till", event.KindStock},
		{"no name is no news", []*event.Event{sale(shop, 1, 1, "mug"), sale(shop, 2, 2, "")}, "mug", event.KindStock},
		{"the catalogue beats every sale", []*event.Event{entry(1, 1, "catalogue"), sale(shop, 9, 1, "sale")}, "catalogue", event.KindService},
		{"unless it gives no name", []*event.Event{sale(shop, 9, 1, "sale"), entry(1, 1, "")}, "sale", event.KindService},
		{"the catalogue's latest", []*event.Event{entry(3, 2, "later"), entry(1, 1, "sooner")}, "later", event.KindService},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s State
			for _, ev := range tt.events {
				if _, err := Apply(&s, ev, today); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := Review(&s, today); err != nil || s.Name != tt.want || s.Kind != tt.kind {
				t.Errorf("%q, a %s, %v; want %q, a %s", s.Name, s.Kind, err, tt.want, tt.kind)
			}
		})
	}
	var s State
	for i, want := range []bool{true, false} { // the second is the first again
		if changed, err := Apply(&s, entry(1, 0, "same"), today); err != nil || changed != want {
			t.Errorf("time %d: changed %t, %v", i+1, changed, err)
		}
	}
}

func TestFirstAndLastSold(t *testing.T) {
	type row struct {
		source      string
		revision    int64
		what        event.Type
		on          string
		first, last string // what the producer says; "" nothing
	}
	const till = "/tills/9"
	tests := []struct {
		name        string
		rows        []row
		first, last string
	}{
		{"the source's own word", []row{{shop, 1, event.ProductSold, "2012-02-01", "2012-02-01", "2012-02-01"}, {shop, 2, event.ProductSold, "2012-01-01", "2012-01-01", "2012-02-01"}}, "2012-01-01", "2012-02-01"},
		{"a void gives it back", []row{{shop, 1, event.ProductSold, "2012-02-01", "2012-02-01", "2012-02-01"}, {shop, 2, event.ProductSold, "2012-02-09", "2012-02-01", "2012-02-09"}, {shop, 3, event.ProductSaleVoided, "2012-02-09", "2012-02-01", "2012-02-01"}}, "2012-02-01", "2012-02-01"},
		{"a void of the only sale leaves none", []row{{shop, 1, event.ProductSold, "2012-02-01", "2012-02-01", "2012-02-01"}, {shop, 2, event.ProductSaleVoided, "2012-02-01", "", ""}}, "", ""},
		{"also where the void came first", []row{{shop, 2, event.ProductSaleVoided, "2012-02-01", "", ""}, {shop, 1, event.ProductSold, "2012-02-01", "2012-02-01", "2012-02-01"}}, "", ""},
		{"a costing that gives none takes none away", []row{{shop, 1, event.ProductSold, "2012-02-01", "2012-02-01", "2012-02-01"}, {shop, 2, event.ProductSaleCosted, "2012-02-01", "", ""}}, "2012-02-01", "2012-02-01"},
		{"a producer that gives none: the dates of its sales", []row{{till, 1, event.ProductSold, "2012-02-05", "", ""}, {till, 2, event.ProductSold, "2012-02-03", "", ""}, {till, 3, event.ProductReturned, "2012-02-09", "", ""}}, "2012-02-03", "2012-02-05"},
		{"over all sources", []row{{till, 1, event.ProductSold, "2012-02-05", "", ""}, {shop, 1, event.ProductSold, "2012-02-07", "2012-02-07", "2012-02-07"}}, "2012-02-05", "2012-02-07"},
		{"a producer that gives the last one only", []row{{till, 1, event.ProductSold, "2012-02-05", "", "2012-02-06"}}, "2012-02-05", "2012-02-06"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s State
			for _, r := range tt.rows {
				ev := fact{r.what, r.on, 1, 100, 60}.event(r.revision)
				ev.Source = r.source
				d := ev.Data.(*event.ProductSale)
				if r.first != "" {
					d.FirstSoldOn = date(r.first)
				}
				if r.last != "" {
					d.LastSoldOn = date(r.last)
				}
				if _, err := Apply(&s, ev, today); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := Review(&s, today); err != nil || s.FirstSoldOn.String() != tt.first || s.LastSoldOn.String() != tt.last {
				t.Errorf("first %q, last %q, %v; want %q, %q", s.FirstSoldOn, s.LastSoldOn, err, tt.first, tt.last)
			}
		})
	}
}
