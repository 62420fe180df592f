package query_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"comptoir/functions/query"
	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/state"
	"comptoir/shared/state/sqlitestate"
)

var today = event.NewDate(2026, 3, 10)

// stored is any document: a header, and the rest as it is written.
type stored struct {
	projection.Header
	Rest jsontext.Value `json:",embed"`
}

func collection(name string) projection.Collection {
	return projection.Collection{
		Name: name, New: func() projection.Document { return new(stored) },
		Indexes: []projection.Index{{Name: "review_on", Field: "review_on"}},
	}
}

// shop is a state to be written, by collection and id: the members of documents.
type shop map[string]map[string]string

// in returns a collection's documents: those written for its epoch, else those of
// its plain name, which stand for every epoch.
func (s shop) in(collection string) map[string]string {
	if docs := s[collection]; docs != nil {
		return docs
	}
	at := strings.LastIndex(collection, "_e")
	if at < 0 {
		return nil
	}
	return s[collection[:at]]
}

// open writes the shop through the real store and opens it to be read.
func (s shop) open(t testing.TB) *sqlitestate.Reader {
	t.Helper()
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "state.db")
	names := []string{"product_winners", "loss_risk_products", "clients", "heartbeats", "checkpoints", "settings"}
	var pointer struct {
		Epoch int64 `json:"epoch"`
	}
	_ = json.Unmarshal([]byte(s["settings"]["state"]), &pointer) // a shop may have none
	all := []projection.Collection{collection("settings")}
	for _, name := range names {
		if name = projection.NameIn(name, pointer.Epoch); name != "settings" {
			all = append(all, collection(name))
		}
	}
	store, err := sqlitestate.Open(ctx, path, all, sqlitestate.Options{})
	if err == nil {
		err = store.Migrate(ctx)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	for _, c := range all {
		var writes []projection.Write
		name := c.Name
		docs := s.in(name)
		for _, id := range slices.Sorted(maps.Keys(docs)) {
			doc := new(stored)
			if err := json.Unmarshal([]byte(docs[id]), &doc.Header); err != nil {
				t.Fatalf("%s %s: %v", name, id, err)
			}
			var rest map[string]json.RawMessage
			_ = json.Unmarshal([]byte(docs[id]), &rest)
			for _, owned := range []string{"_id", "version", "day", "review_on", "rules_version", "rules_hash", "sources"} {
				delete(rest, owned)
			}
			doc.Rest, _ = json.Marshal(rest)
			doc.ID, doc.Version = id, 1
			writes = append(writes, projection.Write{Doc: doc})
		}
		if results, err := store.Commit(ctx, &c, writes); err != nil || slices.ContainsFunc(results, func(r projection.Result) bool { return r != projection.Written }) {
			t.Fatalf("writing %s: %v %v", name, results, err)
		}
	}
	reader, err := sqlitestate.OpenReader(ctx, path, sqlitestate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reader.Close() })
	return reader
}

func newService(t testing.TB, r query.Reader, change ...func(*query.Config)) *query.Service {
	t.Helper()
	cfg := query.Config{Reader: r, Today: func() event.Date { return today }, Currency: "GBP", Hold: -1}
	for _, f := range change {
		f(&cfg)
	}
	return query.New(cfg)
}

// reply is what the handler answered.
type reply struct {
	Status     string
	StatusCode int
	Header     http.Header
	Body       *bytes.Buffer
}

// get asks the handler; headers come in pairs.
func get(t testing.TB, h http.Handler, address string, headers ...string) *reply {
	t.Helper()
	return ask(t, h, http.MethodGet, address, headers...)
}

func ask(t testing.TB, h http.Handler, method, address string, headers ...string) *reply {
	t.Helper()
	req := httptest.NewRequest(method, address, nil)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return &reply{fmt.Sprintf("%d %s", w.Code, http.StatusText(w.Code)), w.Code, w.Header(), w.Body}
}

func read[T any](t testing.TB, h http.Handler, address string) T {
	t.Helper()
	res := get(t, h, address)
	var v T
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s %v", address, res.Status, err)
	}
	return v
}

// memory is a Reader over documents in memory, which counts its questions and
// can be changed, failed and blocked.
type memory struct {
	mu      sync.Mutex
	docs    shop
	fail    error
	listing gate // Finds of whole lists of products
	reading gate // Gets of the settings
}

// gate counts who passes, and stops them while it is shut.
type gate struct {
	count atomic.Int64
	shut  chan struct{}
}

func (g *gate) pass(ctx context.Context) error {
	g.count.Add(1)
	if g.shut == nil {
		return nil
	}
	select {
	case <-g.shut:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *memory) set(collection, id, doc string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.docs[collection] == nil {
		m.docs[collection] = map[string]string{}
	}
	m.docs[collection][id] = doc
}

func (m *memory) Get(ctx context.Context, collection, id string) (json.RawMessage, bool, error) {
	if collection == "settings" {
		if err := m.reading.pass(ctx); err != nil {
			return nil, false, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	doc, ok := m.docs.in(collection)[id]
	if !ok || m.fail != nil {
		return nil, false, m.fail
	}
	return withID(id, doc), true, nil
}

func withID(id, doc string) json.RawMessage {
	quoted, _ := json.Marshal(id)
	if doc == "{}" {
		return fmt.Appendf(nil, `{"_id":%s}`, quoted)
	}
	return fmt.Appendf(nil, `{"_id":%s,%s`, quoted, doc[1:])
}

func (m *memory) Find(ctx context.Context, collection string, f state.Find) ([]json.RawMessage, error) {
	if strings.HasPrefix(collection, "product_winners") && f.Limit > 1 {
		if err := m.listing.pass(ctx); err != nil {
			return nil, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return nil, m.fail
	}
	var found []json.RawMessage
	least := ""
	docs := m.docs.in(collection)
	for _, id := range slices.Sorted(maps.Keys(docs)) {
		raw := withID(id, docs[id])
		var head struct {
			ReviewOn string `json:"review_on"`
		}
		if err := json.Unmarshal(raw, &head); err != nil {
			return nil, err
		}
		switch {
		case f.After != nil && id <= f.After.ID:
		case len(f.Filters) == 0:
			if len(found) < f.Limit {
				found = append(found, raw)
			}
		case head.ReviewOn != "" && head.ReviewOn <= f.Filters[0].Value.Text() && (least == "" || head.ReviewOn < least):
			least, found = head.ReviewOn, []json.RawMessage{raw}
		}
	}
	return found, nil
}

func (m *memory) Sum(context.Context, string, state.Sum) ([]state.Group, error) {
	return []state.Group{{Count: 1, Sums: []int64{1}}}, nil
}

// window is a window of a stored product.
func window(units string, revenue, cost int64) string {
	margin := "null"
	if revenue > 0 {
		margin = strconv.FormatInt((revenue-cost)*10000/revenue, 10)
	}
	return fmt.Sprintf(`{"units":%s,"revenue":%d,"cost":%d,"costed_revenue":%d,"uncosted_revenue":0,"orders":1,"profit":%d,"margin":%s,"below_minimum":%t}`,
		units, revenue, cost, revenue, revenue-cost, margin, revenue < 2*cost)
}

const noWindow = `{"units":0,"revenue":0,"cost":0,"costed_revenue":0,"uncosted_revenue":0,"orders":0,"profit":0,"margin":null,"below_minimum":false}`

func productOf(name, kind, w string) string {
	return fmt.Sprintf(`{"version":1,"day":"2026-03-10","review_on":"2026-03-11","name":%q,"category":"tea","kind":%q,"min_margin":2500,`+
		`"first_sold_on":"2026-03-01","last_sold_on":"2026-03-09","days":[{"day":"2026-03-09","units":1.5,"revenue":900,"cost":400,"costed_revenue":900,"orders":1}],`+
		`"windows":{"7d":%s,"30d":%s,"7d_before":%s,"30d_before":%s,"all":%s}}`, name, kind, w, w, noWindow, window("2", 400, 100), w)
}

func checkpoint(function, stream string, version, applied int64, missing string) string {
	return fmt.Sprintf(`{"version":%d,"function":%q,"stream":%q,"offset":%d,"time":"2026-03-10T09:00:00Z","records":%d,"dead_letters":1,`+
		`"sources":[{"source":"/ledgers/a","family":"","applied":%d,"missing":[%s]}]}`, version, function, stream, applied, applied, applied, missing)
}

// corner is a shop with something of everything.
func corner() shop {
	return shop{
		"product_winners": {
			"85123A":   productOf("White Hanging Heart", "stock", window("10", 5000, 3000)),
			"22423":    productOf("Café Cakestand", "stock", window("2.5", 4000, 1000)),
			"10002":    productOf("Inflatable Globe", "stock", window("3", 900, 1200)),
			"POST":     productOf("Postage", "service", window("4", 9000, 0)),
			"unsold/1": `{"version":1,"name":"","category":"","kind":"stock","min_margin":null,"first_sold_on":null,"last_sold_on":null,"days":[],"windows":{"7d":` + noWindow + `,"30d":` + noWindow + `,"7d_before":` + noWindow + `,"30d_before":` + noWindow + `,"all":` + noWindow + `}}`,
		},
		"loss_risk_products": {
			"22423": `{"name":"Café Cakestand","category":"tea","sell_price":1500,"last_sold_on":"2026-03-09","lots":[
				{"lot":"","on_hand":-2,"unit_cost":null,"received_on":null,"expiry_date":null,"flags":["NEGATIVE"],"risk":"","value_at_risk":null,"lost_profit":null},
				{"lot":"L1","on_hand":2.5,"unit_cost":400,"received_on":"2026-01-01","expiry_date":"2026-03-08","flags":["EXPIRED","DEAD"],"risk":"EXPIRED","value_at_risk":1000,"lost_profit":2750},
				{"lot":"L2","on_hand":6,"unit_cost":null,"received_on":"2026-03-10","expiry_date":"2026-03-15","flags":["EXPIRING"],"risk":"EXPIRING","value_at_risk":null,"lost_profit":null},
				{"lot":"L3","on_hand":6,"unit_cost":100,"received_on":"2026-03-01","expiry_date":null,"flags":[],"risk":"","value_at_risk":null,"lost_profit":null}]}`,
			"empty": `{"name":"Sold out","category":"","sell_price":null,"last_sold_on":null,"lots":[]}`,
		},
		"clients": {
			"12347": `{"name":"Zoë Müller","revenue":250000,"orders":3,"average_order":83333,"tier":"standard","eligible":true,"eligible_since":"2026-03-03","lost_at":null,"progress":10000,"first_purchase":"2025-12-01","last_purchase":"2026-03-05"}`,
			"12348": `{"name":"","revenue":90000,"orders":1,"average_order":90000,"tier":"standard","eligible":false,"eligible_since":null,"lost_at":"2026-03-04","progress":9000,"first_purchase":"2026-01-01","last_purchase":"2026-01-01"}`,
		},
		"heartbeats": {"/ledgers/a": `{"time":"2026-03-10T10:00:00Z","currency":"GBP","streams":{"sales/0":40,"sales/1":7,"inventory/0":5,"clients/0":0}}`},
		"checkpoints": {
			"product-winners|sales/0":     checkpoint("product-winners", "sales/0", 3, 40, "[3,5],[9,9]"),
			"product-winners|sales/1":     checkpoint("product-winners", "sales/1", 2, 4, ""),
			"product-winners|inventory/0": checkpoint("product-winners", "inventory/0", 1, 5, ""),
			"product-winners|review":      `{"version":4,"function":"product-winners","stream":"review","offset":-1,"time":"0001-01-01T00:00:00Z","records":9,"dead_letters":0,"sources":[]}`,
			"loss-risk|inventory/0":       checkpoint("loss-risk", "inventory/0", 1, 5, ""),
			"freshness|heartbeats/0":      checkpoint("freshness", "heartbeats/0", 100, 0, ""),
		},
		"settings": {"state": `{"currency":"GBP","ledger":"/ledgers/a","epoch":2,"rules":{"product-winners":{"version":3,"hash":"x"}}}`},
	}
}
