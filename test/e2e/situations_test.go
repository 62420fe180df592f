// Package e2e holds what a user sees happen, on the whole chain.
package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"comptoir/local/datadir"
	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
	"comptoir/shared/projection"
	"comptoir/shared/state"
	"comptoir/test/harness"
)

var ctx = context.Background()

const shopDay = "2026-03-16"

// shop starts a shop with two products, a client and something on the shelf.
func shop(t *testing.T) *harness.Shop {
	t.Helper()
	return shopOf(t, nil)
}

// shopOf is a shop with the functions of some release.
func shopOf(t *testing.T, release []projection.Function) *harness.Shop {
	t.Helper()
	s := harness.New(t, map[string]string{"CURRENCY": "EUR", "BUSINESS_TIMEZONE": "Europe/Paris", "BUSINESS_DATE": shopDay})
	s.Functions = release
	s.Start()
	record(t, s, func(tx *ledger.Tx) error {
		for _, id := range []string{"TEA", "HAM"} {
			if _, err := tx.PutProduct(ledger.Product{ID: id, Name: id, Kind: event.KindStock, BuyPrice: money.Some(300), SellPrice: money.Some(500)}); err != nil {
				return err
			}
		}
		_, err := tx.PutClient(ledger.Client{ID: "C1", Name: "The bakery"})
		return err
	})
	return s
}

func record(t *testing.T, s *harness.Shop, f func(*ledger.Tx) error) {
	t.Helper()
	if err := s.App.Ledger().Record(ctx, "accountant", f); err != nil {
		t.Fatal(err)
	}
}

func sale(product string, pieces int64) func(*ledger.Tx) error {
	return func(tx *ledger.Tx) error {
		_, err := tx.Invoice(ledger.Invoice{Client: "C1", Date: day(shopDay), Lines: []ledger.Line{
			{Product: product, Quantity: money.Quantity(pieces * money.PerUnit), UnitPrice: 500 * money.PricePerMinor},
		}})
		return err
	}
}

func day(s string) event.Date {
	d, err := event.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// versions returns the version of every document of the analytics, and of their checkpoints.
func versions(t *testing.T, s *harness.Shop) map[string]int64 {
	t.Helper()
	all := map[string]int64{}
	for _, collection := range []string{"product_winners", "loss_risk_products", "clients", "checkpoints"} {
		docs, err := s.Live().Find(ctx, collection, state.Find{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range docs {
			var d struct {
				ID      string `json:"_id"`
				Version int64  `json:"version"`
			}
			if err := json.Unmarshal(raw, &d); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(d.ID, "freshness|") {
				all[collection+"/"+d.ID] = d.Version
			}
		}
	}
	return all
}

func revenue(t *testing.T, s *harness.Shop, product string) string {
	t.Helper()
	for _, i := range s.Items("product-winners", map[string][]string{"window": {"7d"}, "all": {"true"}}) {
		if string(i["product_id"]) == `"`+product+`"` {
			return string(i["revenue"])
		}
	}
	return "none"
}

// eventually waits for what is to happen within milliseconds, with much patience.
func eventually(t *testing.T, what string, f func() bool) time.Duration {
	t.Helper()
	started := time.Now()
	for !f() {
		if time.Since(started) > 30*time.Second {
			t.Fatalf("%s has not happened", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
	return time.Since(started)
}

func TestASaleIsRecorded(t *testing.T) {
	s := shop(t)
	record(t, s, sale("HAM", 1))
	s.Level()
	before := versions(t, s)
	record(t, s, sale("TEA", 3))
	took := eventually(t, "the page shows the sale", func() bool { return revenue(t, s, "TEA") == "1500" })
	t.Logf("recorded → on the page in %s, with no wake-up", took)
	s.Level()
	for id, v := range versions(t, s) {
		changed := v != before[id]
		concerned := strings.HasSuffix(id, "/TEA") || strings.HasSuffix(id, "/C1") || strings.HasPrefix(id, "checkpoints/")
		if changed && !concerned {
			t.Errorf("%s was written, and the sale does not concern it", id)
		}
		if id == "product_winners/TEA" && !changed {
			t.Errorf("%s was not written", id)
		}
	}
}

func TestNothingNew(t *testing.T) {
	s := shop(t)
	record(t, s, sale("TEA", 1))
	s.Level()
	before := versions(t, s)
	var status struct {
		HeartbeatAt time.Time `json:"heartbeat_at"`
		Version     string    `json:"version"`
	}
	s.Get("/v1/status", &status)
	first := status
	eventually(t, "the heartbeat goes on", func() bool {
		s.Get("/v1/status", &status)
		return status.HeartbeatAt.After(first.HeartbeatAt.Add(2 * time.Second))
	})
	if after := versions(t, s); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("with nothing new there were writes:\nbefore %v\nafter  %v", before, after)
	}
	eventually(t, "the log says that there is nothing new", func() bool { return strings.Contains(s.Log.String(), "no new data, last results kept") })
	time.Sleep(3 * time.Second)
	if n := strings.Count(s.Log.String(), "no new data"); n > 4 {
		t.Errorf("%d log lines say that there is no new data: want one a function", n)
	}
	// The page asks again and is told that nothing changed.
	_, header, _ := s.Ask("/v1/product-winners", nil)
	if code, _, body := s.Ask("/v1/product-winners", http.Header{"If-None-Match": {header.Get("ETag")}}); code != http.StatusNotModified || len(body) != 0 {
		t.Errorf("asked again with the ETag: %d with %d bytes, want 304 with none", code, len(body))
	}
}

func TestAStockUpdate(t *testing.T) {
	s := shop(t)
	receive := func(lot, expiry string) {
		record(t, s, func(tx *ledger.Tx) error {
			_, err := tx.Receive(ledger.StockReceipt{Product: "HAM", Date: day(shopDay), Lot: lot, Quantity: 2000, UnitCost: money.Some(300), ExpiryDate: day(expiry)})
			return err
		})
	}
	lots := func() int { return len(s.Items("loss-risk", nil)) }
	receive("H1", "2026-03-18")
	eventually(t, "the risk appears", func() bool { return lots() == 1 })
	record(t, s, sale("HAM", 2))
	eventually(t, "the risk clears", func() bool { return lots() == 0 })
}

func TestThePageIsOpenedWithEverythingElseStopped(t *testing.T) {
	s := shop(t)
	record(t, s, sale("TEA", 3))
	s.Level()
	s.Stop()
	s.Start(datadir.Query)
	before := files(t, s.Path)
	for range 3 {
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				for _, path := range []string{"/v1/product-winners", "/v1/loss-risk", "/v1/client-promotions", "/v1/overview", "/v1/status", "/healthz"} {
					if code, _, body := s.Ask(path, nil); code != http.StatusOK {
						t.Errorf("GET %s: %d %s", path, code, body)
					}
				}
			})
		}
		wg.Wait()
	}
	if got := revenue(t, s, "TEA"); got != "1500" {
		t.Errorf("the revenue is %s, want 1500", got)
	}
	for name, was := range before {
		if is := files(t, s.Path)[name]; is != was && !strings.HasSuffix(name, "-shm") {
			t.Errorf("%s was touched by readers: %s, and was %s", name, is, was)
		}
	}
}

// files describes the content-bearing files of a data directory.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.Contains(path, "/locks/") || strings.HasSuffix(path, "run.json") {
			return err
		}
		info, err := os.Stat(path)
		if err == nil {
			all[path] = fmt.Sprint(info.Size(), " ", info.ModTime())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestABrokenRecord(t *testing.T) {
	s := shop(t)
	s.Level()
	cluster := s.App.Cluster()
	topic := cluster.Topics().Name(event.Sales)
	partition := int32(event.Partition("TEA", s.App.Ledger().Partitions()))
	if _, err := cluster.Produce(ctx, topic, partition, []event.Message{{Key: []byte("TEA"), Value: []byte("no event")}}); err != nil {
		t.Fatal(err)
	}
	record(t, s, sale("TEA", 3))
	eventually(t, "the sale behind the broken record counts", func() bool { return revenue(t, s, "TEA") == "1500" })
	var status struct {
		DeadLetters int64 `json:"dead_letters"`
	}
	eventually(t, "the status tells of it", func() bool {
		s.Get("/v1/status", &status)
		return status.DeadLetters == 2 // one a function that reads the topic
	})
	s.Level()
	if r := s.Verify(); r.Found != 0 {
		t.Errorf("the books disagree: %v", r.Differences)
	}
}

func TestMidnight(t *testing.T) {
	s := shop(t)
	record(t, s, sale("TEA", 3))
	s.Level()
	var before, after struct {
		Version      string `json:"version"`
		BusinessDate string `json:"business_date"`
	}
	s.Get("/v1/status", &before)
	s.Stop()
	s.Settings["BUSINESS_DATE"] = "2026-03-23" // seven days on
	s.Start(datadir.Query)
	s.Get("/v1/status", &after)
	if after.BusinessDate >= "2026-03-23" {
		t.Errorf("before anything was reviewed the answer claims to be of %s", after.BusinessDate)
	}
	s.Stop()
	s.Start()
	eventually(t, "the review at the start", func() bool {
		s.Get("/v1/status", &after)
		return after.BusinessDate == "2026-03-23"
	})
	if after.Version <= before.Version {
		t.Errorf("the version went from %s to %s", before.Version, after.Version)
	}
	if got := revenue(t, s, "TEA"); got != "0" {
		t.Errorf("the week's revenue is %s a week later, want 0", got)
	}
	if r := s.Verify(); r.Found != 0 {
		t.Errorf("the books disagree: %v", r.Differences)
	}
}
