package verify_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"comptoir/functions"
	"comptoir/local/ledger"
	"comptoir/local/verify"
	"comptoir/shared/event"
	"comptoir/shared/money"
	"comptoir/shared/projection"
	"comptoir/shared/state/sqlitestate"
)

var (
	ctx   = context.Background()
	first = event.NewDate(2026, 3, 2)
)

// books is a ledger and a state beside each other, with no Kafka between: the
// test itself decides which events reach the functions, and when.
type books struct {
	t       *testing.T
	r       *rand.Rand
	dir     string
	ledger  *ledger.Ledger
	store   *sqlitestate.Store
	engines []*projection.Engine
	day     event.Date
	rules   functions.Config
	dropped map[string]bool  // events that never come
	fed     map[string]int64 // per function and stream
}

type noMorgue struct{}

func (noMorgue) Bury(context.Context, []projection.DeadLetter) error {
	return errors.New("no event of a ledger is a dead letter")
}

func open(t *testing.T, seed uint64) *books {
	t.Helper()
	b := &books{t: t, r: rand.New(rand.NewPCG(seed, 7)), dir: t.TempDir(), day: first, rules: functions.Defaults("EUR"), dropped: map[string]bool{}, fed: map[string]int64{}}
	var err error
	clock := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	if b.ledger, err = ledger.Create(ctx, filepath.Join(b.dir, "ledger.db"), ledger.Setup{Currency: "EUR", Partitions: 2}, ledger.Options{Now: func() time.Time {
		clock = clock.Add(time.Second)
		return clock.AddDate(0, 0, int(b.day-first))
	}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.ledger.Close() })
	all := functions.All(b.rules)
	collections := []projection.Collection{projection.Checkpoints, projection.SettingsCollection}
	for _, f := range all {
		collections = append(collections, f.Collection)
	}
	if b.store, err = sqlitestate.Open(ctx, filepath.Join(b.dir, "state.db"), collections, sqlitestate.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.store.Close() })
	if err := b.store.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		e, err := projection.New(projection.Config{Function: f, Store: b.store, Morgue: noMorgue{}, Today: func() event.Date { return b.day }, Currency: "EUR"})
		if err != nil {
			t.Fatal(err)
		}
		b.engines = append(b.engines, e)
	}
	return b
}

// live records random entries of every kind; what a rule refuses is refused.
func (b *books) live(entries int) {
	b.t.Helper()
	r := b.r
	product := func() string { return fmt.Sprintf("P%d", r.IntN(4)) }
	client := func() string { return []string{"", "C0", "C1"}[r.IntN(3)] }
	quantity := func() money.Quantity { return money.Quantity(1 + r.IntN(5000)) }
	date := func() event.Date { return b.day - event.Date(r.IntN(4)) }
	line := func() ledger.Line {
		return ledger.Line{Product: product(), Quantity: quantity(), UnitPrice: money.Price(r.IntN(20_000_000)), DiscountShare: money.BasisPoints(r.IntN(3) * 1000)}
	}
	document := func() string {
		if r.IntN(3) == 0 {
			return fmt.Sprintf("CN-%06d", 1+r.IntN(6))
		}
		return fmt.Sprintf("INV-%06d", 1+r.IntN(12))
	}
	for range entries {
		err := b.ledger.Record(ctx, "accountant", func(tx *ledger.Tx) (err error) {
			switch r.IntN(12) {
			case 0:
				p := ledger.Product{ID: product(), Name: fmt.Sprint("name ", r.IntN(9)), Kind: event.KindStock, MinMargin: money.SomeBasisPoints(money.BasisPoints(r.IntN(9000)))}
				if r.IntN(2) == 0 {
					p.BuyPrice, p.SellPrice = money.Some(money.Amount(r.IntN(900))), money.Some(money.Amount(r.IntN(1900)))
				}
				_, err = tx.PutProduct(p)
			case 1:
				_, err = tx.PutClient(ledger.Client{ID: fmt.Sprintf("C%d", r.IntN(2)), Name: fmt.Sprint("client ", r.IntN(9))})
			case 2:
				_, err = tx.Receive(ledger.StockReceipt{Product: product(), Date: date(), Lot: fmt.Sprint("L", r.IntN(9)), Quantity: 4 * quantity(), UnitCost: money.Some(money.Amount(r.IntN(800))), ExpiryDate: b.day + event.Date(r.IntN(50))})
			case 3:
				_, err = tx.Count(ledger.StockCount{Date: date(), Products: []ledger.CountedProduct{{Product: product(), Lots: []ledger.CountedLot{{Lot: "K", OnHand: quantity(), UnitCost: money.Some(300)}}}}})
			case 4:
				_, err = tx.Void(ledger.Void{Document: document(), Reason: "mistake"})
			case 5:
				_, err = tx.SetCost(ledger.CostSetting{Document: document(), Product: product(), UnitCost: money.Price(r.IntN(5_000_000))})
			case 6:
				_, err = tx.CreditNote(ledger.CreditNote{Client: client(), Date: date(), Lines: []ledger.ReturnLine{{Line: line(), Restock: r.IntN(2) == 0}}})
			case 7, 8:
				_, err = tx.CreditNote(ledger.CreditNote{Invoice: document(), Date: date(), Lines: []ledger.ReturnLine{{InvoiceLine: 1, Line: ledger.Line{Quantity: quantity()}, Restock: true}}})
			default:
				v := ledger.Invoice{Client: client(), Date: date(), Lines: []ledger.Line{line()}}
				for r.IntN(2) == 0 {
					v.Lines = append(v.Lines, line())
				}
				_, err = tx.Invoice(v)
			}
			return err
		})
		var rule *ledger.RuleError
		if err != nil && !errors.As(err, &rule) {
			b.t.Fatal(err)
		}
	}
}

// feed brings each function some of what it has not seen. Some events never
// come; their successors do.
func (b *books) feed(all bool) {
	b.t.Helper()
	heads, _, err := b.ledger.Heads(ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	decoder := event.NewDecoder()
	for _, e := range b.engines {
		for _, topic := range e.Function().Topics {
			for p := range 2 {
				stream := fmt.Sprintf("%s/%d", topic, p)
				key := e.Function().Name + stream
				limit := 1 + b.r.IntN(40)
				if all {
					limit = 1 << 20
				}
				if heads[stream] == 0 {
					continue
				}
				logged, err := b.ledger.Events(ctx, stream, b.fed[key]+1, limit)
				if err != nil {
					b.t.Fatal(err)
				}
				var batch []projection.Delivery
				for _, l := range logged {
					b.fed[key] = l.Sequence
					if b.dropped[l.ID] || (!all && b.r.IntN(25) == 0) {
						b.dropped[l.ID] = true
						continue
					}
					m := event.Encode(l.Attributes, l.Data)
					ev, err := decoder.Decode(m, e.Uses)
					if err != nil {
						b.t.Fatal(err)
					}
					batch = append(batch, projection.Delivery{Event: ev, Message: &m, Origin: projection.Origin{Topic: string(topic), Partition: int32(p), Offset: l.Sequence}})
				}
				if out, _ := e.Handle(ctx, batch); !out.Done() {
					b.t.Fatal(out.Err)
				}
			}
		}
		if _, err := e.Review(ctx); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *books) verify() *verify.Report {
	b.t.Helper()
	reader, err := sqlitestate.OpenReader(ctx, filepath.Join(b.dir, "state.db"), sqlitestate.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	report, err := verify.Run(ctx, verify.Config{LedgerPath: filepath.Join(b.dir, "ledger.db"), Source: b.ledger.Source(), State: reader, Rules: b.rules, Limit: 10})
	if err != nil {
		b.t.Fatal(err)
	}
	return report
}

// The rules and the SQL were written apart. Over random books, with functions
// that are behind and with events that never came, they must agree.
func TestRulesAndBooksAgree(t *testing.T) {
	for seed := range uint64(25) {
		b := open(t, seed)
		for range 4 {
			b.live(60)
			b.feed(false)
			if r := b.verify(); r.Found != 0 {
				t.Fatalf("seed %d, on %s: %d differences: %v", seed, b.day, r.Found, r.Differences)
			}
			b.day += event.Date(b.r.IntN(12))
		}
		b.feed(true)
		r := b.verify()
		if r.Found != 0 {
			t.Fatalf("seed %d, on %s: %d differences: %v", seed, b.day, r.Found, r.Differences)
		}
		if r.Documents["product_winners"] == 0 || r.Documents["clients"] == 0 {
			t.Fatalf("seed %d: nothing was compared: %v", seed, r.Documents)
		}
	}
}

// Whatever is changed in a document by hand, it is found and named.
func TestChangesByHandAreFound(t *testing.T) {
	b := open(t, 1)
	b.live(200)
	b.feed(true)
	b.day += 3
	b.feed(true)
	if r := b.verify(); r.Found != 0 {
		t.Fatalf("before any change: %v", r.Differences)
	}
	tests := []struct{ change, collection, field string }{
		{"UPDATE product_winners SET doc = json_set(doc, '$.windows.7d.revenue', json_extract(doc, '$.windows.7d.revenue') + 1) WHERE _id = 'P1'", "product_winners P1", "windows.7d.revenue"},
		{"UPDATE product_winners SET doc = json_set(doc, '$.windows.all.margin', 1) WHERE _id = 'P1'", "product_winners P1", "windows.all.margin"},
		{"UPDATE product_winners SET doc = json_set(doc, '$.total.orders', 0) WHERE _id = 'P2'", "product_winners P2", "total.orders"},
		{"UPDATE product_winners SET doc = json_remove(doc, '$.days[0]') WHERE _id = 'P1'", "product_winners P1", "days."},
		{"UPDATE product_winners SET doc = json_set(doc, '$.days[0].units', 7.5) WHERE _id = 'P1'", "product_winners P1", "units"},
		{"UPDATE product_winners SET doc = json_set(doc, '$.name', 'x') WHERE _id = 'P1'", "product_winners P1", "name"},
		{"UPDATE product_winners SET doc = json_set(doc, '$.last_sold_on', '2020-01-01') WHERE _id = 'P1'", "product_winners P1", "last_sold_on"},
		{"UPDATE product_winners SET doc = json_set(doc, '$.sources[0].applied', 1, '$.sources[1].applied', 1) WHERE _id = 'P1'", "product_winners P1", "applied"},
		{"UPDATE product_winners SET doc = json_set(doc, '$.sources[0].applied', 9999) WHERE _id = 'P1'", "product_winners P1", "applied"},
		{"DELETE FROM product_winners WHERE _id = 'P0'", "product_winners P0", "applied"},
		{"INSERT INTO product_winners (_id, version, rules_version, doc) SELECT 'P9', 1, 1, json_set(doc, '$._id', 'P9', '$.sources', json('[]')) FROM product_winners WHERE _id = 'P1'", "product_winners P9", "document"},
		{"UPDATE loss_risk_products SET doc = json_set(doc, '$.lots[0].on_hand', 1.125) WHERE json_array_length(doc, '$.lots') > 0", "loss_risk_products", "on_hand"},
		{"UPDATE loss_risk_products SET doc = json_set(doc, '$.lots[0].flags', json('[\"WATCH\",\"EXPIRED\"]')) WHERE json_array_length(doc, '$.lots') > 0", "loss_risk_products", "flags"},
		{"UPDATE loss_risk_products SET doc = json_set(doc, '$.value_at_risk', 1)", "loss_risk_products", "value_at_risk"},
		{"UPDATE clients SET doc = json_set(doc, '$.revenue', json_extract(doc, '$.revenue') + 1) WHERE _id = 'C0'", "clients C0", "revenue"},
		{"UPDATE clients SET doc = json_set(doc, '$.eligible_since', '2026-01-01', '$.lost_at', '2026-01-01') WHERE _id = 'C1'", "clients C1", "eligible_since"},
		{"UPDATE clients SET doc = json_set(doc, '$.last_purchase', '2026-01-01') WHERE _id = 'C1'", "clients C1", "last_purchase"},
	}
	db, err := sql.Open("sqlite", filepath.Join(b.dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, tt := range tests {
		name := strings.Fields(tt.collection)[0]
		if _, err := db.Exec("CREATE TABLE kept AS SELECT * FROM " + name); err != nil {
			t.Fatal(err)
		}
		if done, err := db.Exec(tt.change); err != nil {
			t.Fatalf("%s: %v", tt.change, err)
		} else if n, _ := done.RowsAffected(); n == 0 {
			t.Fatalf("%s: changed nothing", tt.change)
		}
		r := b.verify()
		found := false
		for _, d := range r.Differences {
			found = found || (strings.HasPrefix(d.String(), tt.collection) && strings.Contains(d.Field, tt.field))
		}
		if !found {
			t.Errorf("%s: not found among %d differences: %v", tt.change, r.Found, r.Differences)
		}
		if _, err := db.Exec("DELETE FROM " + name + "; INSERT INTO " + name + " SELECT * FROM kept; DROP TABLE kept"); err != nil {
			t.Fatal(err)
		}
	}
	if r := b.verify(); r.Found != 0 {
		t.Errorf("put back: %v", r.Differences)
	}
}
