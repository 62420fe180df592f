package clientpromotions

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

var (
	today = date("2012-02-29")
	start = time.Date(2012, 2, 29, 9, 0, 0, 0, time.UTC)
	// gbp holds 1,000, 10,000 and 20,000 pounds in pence.
	gbp = Defaults("GBP")
)

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

// fact is one row of a table: what happened, of what date, void on which, for how much.
type fact struct {
	what   event.Type
	on     string
	voided string
	net    money.Amount
}

func (f fact) event(revision int64) *event.Event {
	return &event.Event{
		Attributes: event.Attributes{Source: shop, Type: f.what, Key: "17850", Time: start.Add(time.Duration(revision) * time.Second), Revision: revision},
		Data:       &event.ClientDocument{DocumentID: fmt.Sprintf("INV-%06d", revision), Date: date(f.on), VoidedOn: date(f.voided), Net: f.net, Currency: "GBP"},
	}
}

func invoice(on string, net money.Amount) fact { return fact{event.ClientInvoiced, on, "", net} }
func credit(on string, net money.Amount) fact  { return fact{event.ClientCredited, on, "", net} }
func void(on, voided string, net money.Amount) fact {
	return fact{event.ClientInvoiceVoided, on, voided, net}
}

func fold(t *testing.T, day event.Date, facts ...fact) (State, event.Date) {
	t.Helper()
	var s State
	for i, f := range facts {
		if _, err := Apply(&s, gbp, f.event(int64(i+1)), day); err != nil {
			t.Fatalf("row %d: %v", i+1, err)
		}
	}
	next, err := Review(&s, gbp, day)
	if err != nil {
		t.Fatal(err)
	}
	return s, next
}

func TestRevenue(t *testing.T) {
	tests := []struct {
		name     string
		facts    []fact
		revenue  money.Amount
		orders   int64
		average  string
		tier     Tier
		progress money.BasisPoints
	}{
		{"nothing yet", nil, 0, 0, "null", Standard, 0},
		{"one invoice", []fact{invoice("2012-02-01", 25_000)}, 25_000, 1, "25000", Standard, 2_500},
		{"a credit note is no order and takes none away", []fact{invoice("2012-02-01", 25_000), credit("2012-02-02", 5_000)}, 20_000, 1, "20000", Standard, 2_000},
		{"a void takes the order away", []fact{invoice("2012-02-01", 25_000), invoice("2012-02-02", 5_000), void("2012-02-01", "2012-02-03", 25_000)}, 5_000, 1, "5000", Standard, 500},
		{"the void of a credit note", []fact{invoice("2012-02-01", 25_000), credit("2012-02-02", 5_000), {event.ClientCreditVoided, "2012-02-02", "2012-02-03", 5_000}}, 25_000, 1, "25000", Standard, 2_500},
		{"more returned than bought", []fact{invoice("2012-02-01", 100), credit("2012-02-02", 5_000)}, -4_900, 1, "-4900", Standard, 0},
		{"returned without any order", []fact{credit("2012-02-02", 5_000)}, -5_000, 0, "null", Standard, 0},
		{"half a penny to the even one below", []fact{invoice("2012-02-01", 0), invoice("2012-02-01", 1)}, 1, 2, "0", Standard, 0},
		{"half a penny to the even one above", []fact{invoice("2012-02-01", 0), invoice("2012-02-01", 3)}, 3, 2, "2", Standard, 0},
		{"half a basis point to the even one", []fact{invoice("2012-02-01", 15)}, 15, 1, "15", Standard, 2},
		{"a penny below the threshold", []fact{invoice("2012-02-01", 99_999)}, 99_999, 1, "99999", Standard, 10_000},
		{"at silver's border", []fact{invoice("2012-02-01", 1_000_000)}, 1_000_000, 1, "1000000", Standard, 10_000},
		{"over it", []fact{invoice("2012-02-01", 1_000_001)}, 1_000_001, 1, "1000001", Silver, 10_000},
		{"at gold's border", []fact{invoice("2012-02-01", 2_000_000)}, 2_000_000, 1, "2000000", Silver, 10_000},
		{"over it", []fact{invoice("2012-02-01", 2_000_001)}, 2_000_001, 1, "2000001", Gold, 10_000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, next := fold(t, today, tt.facts...)
			average, err := json.Marshal(s.AverageOrder)
			if err != nil {
				t.Fatal(err)
			}
			if s.Revenue != tt.revenue || s.Orders != tt.orders || string(average) != tt.average || s.Tier != tt.tier || s.Progress != tt.progress || next != event.NoDate {
				t.Errorf("revenue %d, %d orders of %s, %s, progress %d, next on %q; want %+v", s.Revenue, s.Orders, average, s.Tier, s.Progress, next, tt)
			}
		})
	}
}

func TestEligibility(t *testing.T) {
	tests := []struct {
		name        string
		facts       []fact
		eligible    bool
		since, lost string
	}{
		{"at the threshold", []fact{invoice("2012-02-01", 100_000)}, false, "", ""},
		{"over it", []fact{invoice("2012-02-01", 100_001)}, true, "2012-02-01", ""},
		{"by the second invoice", []fact{invoice("2012-02-01", 60_000), invoice("2012-02-09", 60_000), invoice("2012-02-10", 60_000)}, true, "2012-02-09", ""},
		{"lost by a return, back at the threshold", []fact{invoice("2012-02-01", 100_001), credit("2012-02-20", 1)}, false, "", "2012-02-20"},
		{"a return that leaves enough", []fact{invoice("2012-02-01", 100_002), credit("2012-02-20", 1)}, true, "2012-02-01", ""},
		{"lost by a void, on the day of the void", []fact{invoice("2011-12-01", 100_001), void("2011-12-01", "2012-02-28", 100_001)}, false, "", "2012-02-28"},
		{"won again", []fact{invoice("2012-02-01", 100_001), credit("2012-02-20", 1), invoice("2012-02-29", 1)}, true, "2012-02-29", ""},
		{"by the void of a return", []fact{invoice("2012-02-01", 100_001), credit("2012-02-20", 1), {event.ClientCreditVoided, "2012-02-20", "2012-02-29", 1}}, true, "2012-02-29", ""},
		{"by an invoice entered late: its own date", []fact{invoice("2012-02-20", 60_000), invoice("2012-01-15", 60_000)}, true, "2012-01-15", ""},
		{"won and lost today", []fact{invoice("2012-02-29", 100_001), credit("2012-02-29", 1)}, false, "", "2012-02-29"},
		{"not by one that is still to come", []fact{invoice("2012-03-01", 100_001)}, false, "", ""},
		{"not lost by a return that is still to come", []fact{invoice("2012-02-01", 100_001), credit("2012-03-01", 1)}, true, "2012-02-01", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := fold(t, today, tt.facts...)
			if s.Eligible != tt.eligible || s.EligibleSince.String() != tt.since || s.LostAt.String() != tt.lost {
				t.Errorf("eligible %t since %q, lost %q; want %t, %q, %q", s.Eligible, s.EligibleSince, s.LostAt, tt.eligible, tt.since, tt.lost)
			}
		})
	}
}

func TestTheFutureWaitsForItsDay(t *testing.T) {
	facts := []fact{
		invoice("2012-02-01", 60_000), invoice("2012-03-02", 60_000), invoice("2012-03-02", 5), credit("2012-03-05", 30_000),
		invoice("2012-03-09", 70), void("2012-03-09", "2012-02-29", 70), // void before it came: it never does
	}
	steps := []struct {
		day           string
		revenue       money.Amount
		orders        int64
		waiting       int
		next          string
		eligible      bool
		since, lostAt string
	}{
		{"2012-02-29", 60_000, 1, 2, "2012-03-02", false, "", ""},
		{"2012-03-01", 60_000, 1, 2, "2012-03-02", false, "", ""},
		{"2012-03-02", 120_005, 3, 1, "2012-03-05", true, "2012-03-02", ""},
		{"2012-03-04", 120_005, 3, 1, "2012-03-05", true, "2012-03-02", ""},
		{"2012-03-09", 90_005, 3, 0, "", false, "", "2012-03-05"}, // reviewed late: the day it fell due holds
	}
	s, _ := fold(t, today, facts...)
	for _, step := range steps {
		next, err := Review(&s, gbp, date(step.day))
		if err != nil {
			t.Fatal(err)
		}
		if s.Revenue != step.revenue || s.Orders != step.orders || len(s.Future) != step.waiting || next.String() != step.next ||
			s.Eligible != step.eligible || s.EligibleSince.String() != step.since || s.LostAt.String() != step.lostAt {
			t.Errorf("%s: next on %q, %+v; want %+v", step.day, next, s, step)
		}
	}
}

func TestThresholdsActAtTheReview(t *testing.T) {
	s, _ := fold(t, today, invoice("2012-02-01", 150_000))
	higher := Thresholds{Promotion: 200_000, Silver: 200_000, Gold: 300_000}
	steps := []struct {
		th            Thresholds
		day           event.Date
		eligible      bool
		since, lostAt string
		progress      money.BasisPoints
		tier          Tier
	}{
		{gbp, today, true, "2012-02-01", "", 10_000, Standard},
		{higher, today + 1, false, "", "2012-03-01", 7_500, Standard},
		{higher, today + 2, false, "", "2012-03-01", 7_500, Standard},
		{gbp, today + 3, true, "2012-03-03", "", 10_000, Standard},
		{Thresholds{Promotion: 0, Silver: 1, Gold: 2}, today + 4, true, "2012-03-03", "", 10_000, Gold},
	}
	for _, step := range steps {
		if _, err := Review(&s, step.th, step.day); err != nil {
			t.Fatal(err)
		}
		if s.Eligible != step.eligible || s.EligibleSince.String() != step.since || s.LostAt.String() != step.lostAt || s.Progress != step.progress || s.Tier != step.tier {
			t.Errorf("%s: %+v; want %+v", step.day, s, step)
		}
	}
	t.Run("an event that comes before the review says the same", func(t *testing.T) {
		var states [2]State
		for i, reviewed := range []bool{false, true} {
			s, _ := fold(t, today, invoice("2012-02-01", 150_000))
			if reviewed {
				if _, err := Review(&s, higher, today+1); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := Apply(&s, higher, invoice("2012-03-01", 60_000).event(9), today+1); err != nil {
				t.Fatal(err)
			}
			if _, err := Review(&s, higher, today+1); err != nil {
				t.Fatal(err)
			}
			states[i] = s
		}
		if a, b := fmt.Sprintf("%+v", states[0]), fmt.Sprintf("%+v", states[1]); a != b {
			t.Errorf("without a review %s\nwith one %s", a, b)
		}
	})
	if a, b := gbp.Hash(), higher.Hash(); a == b || a != Defaults("GBP").Hash() {
		t.Errorf("hashes %s and %s", a, b)
	}
}

func TestDefaultsFollowTheCurrency(t *testing.T) {
	for currency, want := range map[money.Currency]money.Amount{"GBP": 100_000, "JPY": 1_000, "TND": 1_000_000} {
		if th := Defaults(currency); th.Promotion != want || th.Silver != 10*want || th.Gold != 20*want {
			t.Errorf("%s: %+v", currency, th)
		}
	}
}

func TestPurchasesAndName(t *testing.T) {
	type row struct {
		source      string
		revision    int64
		what        event.Type
		on          string
		first, last string
	}
	const till = "/tills/9"
	tests := []struct {
		name        string
		rows        []row
		first, last string
	}{
		{"the source's own word", []row{{shop, 1, event.ClientInvoiced, "2012-02-01", "2012-02-01", "2012-02-01"}, {shop, 2, event.ClientInvoiced, "2012-01-01", "2012-01-01", "2012-02-01"}}, "2012-01-01", "2012-02-01"},
		{"a void gives the last one back", []row{{shop, 2, event.ClientInvoiceVoided, "2012-02-09", "2012-01-01", "2012-02-01"}, {shop, 1, event.ClientInvoiced, "2012-02-09", "2012-01-01", "2012-02-09"}}, "2012-01-01", "2012-02-01"},
		{"a void of the only one leaves none", []row{{shop, 1, event.ClientInvoiced, "2012-02-01", "2012-02-01", "2012-02-01"}, {shop, 2, event.ClientInvoiceVoided, "2012-02-01", "", ""}}, "", ""},
		{"a producer that gives none: the dates of its invoices", []row{{till, 1, event.ClientInvoiced, "2012-02-05", "", ""}, {till, 2, event.ClientInvoiced, "2012-02-03", "", ""}, {till, 3, event.ClientCredited, "2012-02-09", "", ""}}, "2012-02-03", "2012-02-05"},
		{"over all sources", []row{{till, 1, event.ClientInvoiced, "2012-02-05", "", ""}, {shop, 1, event.ClientInvoiced, "2012-02-07", "2012-02-07", "2012-02-07"}}, "2012-02-05", "2012-02-07"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s State
			for _, r := range tt.rows {
				ev := fact{r.what, r.on, r.on, 100}.event(r.revision)
				ev.Source = r.source
				d := ev.Data.(*event.ClientDocument)
				d.FirstPurchase, d.LastPurchase = date(r.first), date(r.last)
				if _, err := Apply(&s, gbp, ev, today); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := Review(&s, gbp, today); err != nil || s.FirstPurchase.String() != tt.first || s.LastPurchase.String() != tt.last {
				t.Errorf("first %q, last %q, %v; want %q, %q", s.FirstPurchase, s.LastPurchase, err, tt.first, tt.last)
			}
		})
	}
	t.Run("the latest name", func(t *testing.T) {
		var s State
		for _, r := range []struct {
			second, revision int64
			name             string
			changed          bool
		}{{2, 2, "Ann Smith", true}, {1, 1, "Ann Jones", false}, {2, 2, "Ann Smith", false}, {2, 3, "Ann Brown", true}} {
			ev := &event.Event{Attributes: event.Attributes{Source: shop, Type: event.ClientChanged, Time: start.Add(time.Duration(r.second)), Revision: r.revision}, Data: &event.Client{Name: r.name}}
			if changed, err := Apply(&s, gbp, ev, today); err != nil || changed != r.changed {
				t.Errorf("%s: changed %t, %v", r.name, changed, err)
			}
		}
		if s.Name != "Ann Brown" {
			t.Errorf("name %q", s.Name)
		}
	})
}

func TestRefused(t *testing.T) {
	tests := []struct {
		name     string
		before   []fact
		fact     fact
		overflow bool
	}{
		{"one invoice beyond what a sum may hold", nil, invoice("2012-02-01", limit+1), true},
		{"a revenue beyond it", []fact{invoice("2012-02-01", limit)}, invoice("2012-02-01", 1), true},
		{"a revenue beyond 64 bits", []fact{invoice("2012-02-01", limit)}, invoice("2012-02-01", math.MaxInt64), true},
		{"one that would be beyond it on its day", []fact{invoice("2012-02-01", limit)}, invoice("2012-03-05", 1), true},
		{"a day of the future beyond it", []fact{credit("2012-02-01", limit), invoice("2012-03-05", limit)}, invoice("2012-03-05", 1), true},
		{"an amount below zero", nil, invoice("2012-02-01", -1), false},
		{"an event of another function", nil, fact{event.ProductSold, "2012-02-01", "", 1}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := fold(t, today, tt.before...)
			_, err := Apply(&s, gbp, tt.fact.event(99), today)
			if err == nil || errors.Is(err, money.ErrOverflow) != tt.overflow {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestDocumentIsReadableByHand(t *testing.T) {
	f := New(gbp)
	doc := f.Collection.New()
	doc.Head().ID = "17850"
	for i, x := range []fact{invoice("2012-02-01", 120_000), invoice("2012-03-05", 500)} {
		if _, err := f.Apply(doc, x.event(int64(i+1)), today); err != nil {
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
	part := `"revenue":120000,"orders":1,"average_order":120000,"first_purchase":"2012-02-01","last_purchase":"2012-03-05","tier":"standard","eligible":true,"eligible_since":"2012-02-01","lost_at":null,"progress":10000,"future":[{"date":"2012-03-05","net":500,"orders":1}]`
	if !strings.Contains(string(b), part) {
		t.Errorf("the document lacks %s:\n%s", part, b)
	}
}
