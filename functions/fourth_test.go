package functions_test

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"comptoir/functions"
	"comptoir/shared/event"
	"comptoir/shared/money"
	"comptoir/shared/projection"
	"comptoir/shared/state"
	"comptoir/shared/state/sqlitestate"
)

// A fourth analytic: what comes back, by product. This is all that one takes; as a
// folder of its own it would be rules.go, function.go and a line in All.

type returns struct {
	projection.Header
	Units    money.Quantity `json:"units"`
	Refunded money.Amount   `json:"refunded"`
}

var returnsByProduct = projection.Function{
	Name:   "returns",
	Topics: []event.Topic{event.Sales},
	Types:  []event.Type{event.ProductReturned, event.ProductReturnVoided},
	Collection: projection.Collection{
		Name: "returns", New: func() projection.Document { return new(returns) },
		Indexes: []projection.Index{{Name: "refunded", Field: "refunded"}},
	},
	RulesHash: "1",
	Apply: func(doc projection.Document, ev *event.Event, _ event.Date) (bool, error) {
		r, d := doc.(*returns), ev.Data.(*event.ProductSale)
		units, net := d.Quantity, d.Net
		if ev.Type == event.ProductReturnVoided {
			units, net = -units, -net
		}
		var err, err2 error
		r.Units, err = money.Add(r.Units, units)
		r.Refunded, err2 = money.Add(r.Refunded, net)
		return true, errors.Join(err, err2)
	},
	Review: func(projection.Document, event.Date) (event.Date, error) { return event.NoDate, nil },
}

// nobody refuses dead letters: these tests have none.
type nobody struct{ t *testing.T }

func (n nobody) Bury(_ context.Context, letters []projection.DeadLetter) error {
	n.t.Errorf("%d dead letters, the first because: %s", len(letters), letters[0].Reason)
	return nil
}

// shop runs functions through the engine over a state of their own.
type shop struct {
	t       *testing.T
	engines map[string]*projection.Engine
	reader  *sqlitestate.Reader
	offset  int64
	today   event.Date
}

func open(t *testing.T, today event.Date, all ...projection.Function) *shop {
	t.Helper()
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "state.db")
	collections := []projection.Collection{projection.Checkpoints, projection.SettingsCollection}
	for _, f := range all {
		collections = append(collections, f.Collection)
	}
	store, err := sqlitestate.Open(ctx, path, collections, sqlitestate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if err := store.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	s := &shop{t: t, engines: map[string]*projection.Engine{}, today: today}
	if s.reader, err = sqlitestate.OpenReader(ctx, path, sqlitestate.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.reader.Close() })
	for _, f := range all {
		e, err := projection.New(projection.Config{Function: f, Store: store, Morgue: nobody{t}, Today: func() event.Date { return s.today }, Currency: "GBP"})
		if err != nil {
			t.Fatal(err)
		}
		s.engines[f.Name] = e
	}
	return s
}

// bring hands a batch to every engine, twice, as a broker may.
func (s *shop) bring(events ...*event.Event) {
	s.t.Helper()
	for name, e := range s.engines {
		var batch []projection.Delivery
		for i, ev := range events {
			d := projection.Delivery{Event: *ev, Origin: projection.Origin{Topic: string(ev.Type.Topic()), Offset: s.offset + int64(i)}, Message: &event.Message{}}
			if !e.Uses(ev.Type) {
				d.Event.Data = nil // passed over by its header
			}
			batch = append(batch, d)
		}
		for range 2 {
			if out, _ := e.Handle(s.t.Context(), batch); !out.Done() {
				s.t.Fatalf("%s: %v", name, out.Err)
			}
		}
	}
	s.offset += int64(len(events))
}

// top returns the documents of a collection, greatest first.
func (s *shop) top(collection, by string) []json.RawMessage {
	s.t.Helper()
	docs, err := s.reader.Find(s.t.Context(), collection, state.Find{Sort: by, Descending: true, Limit: 10})
	if err != nil {
		s.t.Fatal(err)
	}
	return docs
}

var recorded = time.Date(2012, 2, 29, 9, 0, 0, 0, time.UTC)

func happened(typ event.Type, key string, revision int64, data event.Data) *event.Event {
	return &event.Event{
		Attributes: event.Attributes{
			ID: key + string(typ.Family()), Source: "/ledgers/shop", Type: typ, Key: key, Time: recorded.Add(time.Duration(revision) * time.Second),
			Revision: revision, Stream: string(typ.Topic()) + "/0",
		},
		Data: data,
	}
}

func sale(net money.Amount, units int64, on event.Date) *event.ProductSale {
	return &event.ProductSale{DocumentID: "1", Date: on, Name: "MUG", Quantity: money.Quantity(units * money.PerUnit), Net: net, Cost: money.Some(net / 2), Currency: "GBP", FirstSoldOn: on, LastSoldOn: on}
}

func TestAFourthAnalyticIsAFunctionValue(t *testing.T) {
	day := event.NewDate(2012, 2, 29)
	all := append(functions.All(functions.Defaults("GBP")), returnsByProduct)
	s := open(t, day, all...)
	s.bring(
		happened(event.ProductSold, "22423", 1, sale(1_000, 10, day)),
		happened(event.ProductReturned, "22423", 2, sale(200, 2, day)),
		happened(event.ProductReturned, "85123", 1, sale(900, 3, day)),
		happened(event.ProductReturned, "22423", 3, sale(100, 1, day)),
		happened(event.ProductReturnVoided, "22423", 4, sale(200, 2, day)),
	)
	want := []string{`85123 900 3`, `22423 100 1`}
	for i, raw := range s.top("returns", "refunded") {
		var r returns
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatal(err)
		}
		got := r.ID + " " + r.Refunded.Format("JPY") + " " + r.Units.String()
		if i >= len(want) || got != want[i] {
			t.Errorf("row %d: %s, want %v", i, got, want)
		}
	}
}

// TestDocumentsThroughEngineAndState takes each collection's document through the
// engine into a database, over midnight, and back.
func TestDocumentsThroughEngineAndState(t *testing.T) {
	day := event.NewDate(2012, 2, 29)
	s := open(t, day, functions.All(functions.Defaults("GBP"))...)
	tomorrow := sale(300, 3, day+1)
	tomorrow.FirstSoldOn = day
	s.bring(
		happened(event.ProductChanged, "22423", 1, &event.Product{Name: "REGENCY CAKESTAND", Category: "kitchen", Kind: event.KindStock, BuyPrice: money.Some(50), SellPrice: money.Some(100), MinMargin: money.SomeBasisPoints(6_000), Currency: "GBP"}),
		happened(event.ProductSold, "22423", 1, sale(1_000, 10, day)),
		happened(event.ProductSold, "22423", 2, tomorrow),
		happened(event.StockChanged, "22423", 1, &event.Stock{LastSoldOn: day, Lots: []event.Lot{{Lot: "L1", OnHand: 4_000, UnitCost: money.Some(50), ReceivedOn: day - 40, ExpiryDate: day + 31}}}),
		happened(event.ClientChanged, "17850", 1, &event.Client{Name: "Ann Smith"}),
		happened(event.ClientInvoiced, "17850", 1, &event.ClientDocument{DocumentID: "1", Date: day, Net: 90_000, Currency: "GBP", FirstPurchase: day, LastPurchase: day}),
		happened(event.ClientInvoiced, "17850", 2, &event.ClientDocument{DocumentID: "2", Date: day + 1, Net: 20_000, Currency: "GBP", FirstPurchase: day, LastPurchase: day + 1}),
		happened(event.RelayHeartbeat, "/ledgers/shop", 0, &event.Heartbeat{Currency: "GBP", Streams: map[string]int64{"sales/0": 4}}),
	)
	check := func(when, collection, by string, figures map[string]string) {
		t.Helper()
		docs := s.top(collection, by)
		if len(docs) != 1 {
			t.Fatalf("%s: %d documents in %s", when, len(docs), collection)
		}
		t.Logf("%s, %s: %s", when, collection, docs[0])
		var doc map[string]json.RawMessage
		if err := json.Unmarshal(docs[0], &doc); err != nil {
			t.Fatal(err)
		}
		for field, want := range figures {
			if string(doc[field]) != want {
				t.Errorf("%s: %s of %s is %s, want %s", when, field, collection, doc[field], want)
			}
		}
	}
	check("leap day", "product_winners", "windows.7d.profit", map[string]string{"name": `"REGENCY CAKESTAND"`, "first_sold_on": `"2012-02-29"`, "review_on": `"2012-03-01"`, "version": "1"})
	check("leap day", "loss_risk_products", "value_at_risk", map[string]string{"at_risk": "false", "value_at_risk": "0", "review_on": `"2012-03-01"`, "version": "1"})
	check("leap day", "clients", "revenue", map[string]string{"name": `"Ann Smith"`, "revenue": "90000", "eligible": "false", "review_on": `"2012-03-01"`})
	check("leap day", "heartbeats", "", map[string]string{"_id": `"/ledgers/shop"`, "streams": `{"sales/0":4}`, "review_on": "null"})

	s.today++
	for name, e := range s.engines {
		if _, err := e.Review(t.Context()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	check("1 March", "product_winners", "windows.30d.profit", map[string]string{"day": `"2012-03-01"`, "review_on": `"2012-03-07"`, "version": "2"})
	check("1 March", "loss_risk_products", "value_at_risk", map[string]string{"at_risk": "true", "value_at_risk": "200", "review_on": `"2012-03-24"`})
	check("1 March", "clients", "revenue", map[string]string{"revenue": "110000", "eligible_since": `"2012-03-01"`, "future": "[]", "review_on": "null"})
	check("1 March", "heartbeats", "", map[string]string{"version": "1", "day": `"2012-02-29"`})
	sums, err := s.reader.Sum(t.Context(), "loss_risk_products", state.Sum{Fields: []string{"value_at_risk", "risks.watch.value_at_risk", "risks.dead.value_at_risk"}})
	if err != nil || len(sums) != 1 || sums[0].Sums[0] != 200 || sums[0].Sums[1] != 200 || sums[0].Sums[2] != 0 {
		t.Errorf("sums %+v, %v", sums, err)
	}
}
