package scenarios

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"comptoir/local/ledger"
	"comptoir/shared/money"
	"comptoir/test/harness"
)

// Every scenario goes through the whole chain: ledger, relay, Kafka, functions,
// state and query API. Each day begins with a restart.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("*.md")
	if err != nil || len(files) < 5 {
		t.Fatalf("scenarios: %v %v", files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".md"), func(t *testing.T) {
			t.Parallel()
			s, err := Read(file)
			if err != nil {
				t.Fatal(err)
			}
			play(t, file, s)
		})
	}
}

func play(t *testing.T, file string, s *Scenario) {
	t.Helper()
	ctx := context.Background()
	currency := money.Currency(s.Settings["currency"])
	shop := harness.New(t, map[string]string{"CURRENCY": s.Settings["currency"], "BUSINESS_TIMEZONE": s.Settings["zone"]})
	checked := 0
	for _, day := range s.Days {
		shop.Settings = maps.Clone(shop.Settings)
		shop.Settings["BUSINESS_DATE"] = day.Date.String()
		shop.Start()
		b := &books{ledger: shop.App.Ledger(), currency: currency}
		for _, table := range day.Tables {
			known, err := b.enter(ctx, table)
			if err != nil {
				t.Fatalf("%s, on %s: %v", file, day.Date, err)
			}
			if known {
				continue
			}
			shop.Level()
			checked += len(table.Rows)
			for _, fault := range expect(ctx, shop, table, currency) {
				t.Errorf("%s, on %s: %s", file, day.Date, fault)
			}
		}
		shop.Level()
		if r := shop.Verify(); r.Found > 0 {
			t.Errorf("%s, on %s: the books disagree with the state: %v", file, day.Date, r.Differences)
		}
		shop.Stop()
	}
	if checked == 0 {
		t.Errorf("%s expects nothing", file)
	}
}

// expect returns what is not as a table of expectations says.
func expect(ctx context.Context, shop *harness.Shop, t Table, currency money.Currency) (faults []string) {
	all := url.Values{"all": {"true"}}
	kind, window, _ := strings.Cut(t.Kind(), " ")
	switch {
	case kind == "winners":
		all.Set("window", window)
		return check(t, currency, "product_id", shop.Items("product-winners", all), false)
	case t.Kind() == "loss risk":
		// What is at risk, and nothing else; NEGATIVE lots are shown with it.
		listed := shop.Items("loss-risk", all)
		flagged := listed[:0:0]
		for _, i := range listed {
			if string(i["flags"]) != "[]" {
				flagged = append(flagged, i)
			}
		}
		return check(t, currency, "product_id", flagged, true)
	case t.Kind() == "promotions":
		return check(t, currency, "client_id", shop.Items("client-promotions", all), false)
	case t.Kind() == "document", t.Kind() == "stock":
		err := shop.App.Ledger().Record(ctx, "accountant", func(tx *ledger.Tx) error {
			if t.Kind() == "document" {
				faults = checkDocuments(tx, t, currency)
			} else {
				faults = checkStock(tx, t)
			}
			return nil
		})
		if err != nil {
			faults = append(faults, err.Error())
		}
		return faults
	}
	return []string{fmt.Sprintf("line %d: nothing is known of a table %q", t.Line, t.Kind())}
}
