package accountant

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

func TestProposals(t *testing.T) {
	d := openDesk(t, nil)
	record := func(f func(*ledger.Tx) error) {
		t.Helper()
		if err := d.ledger.Record(t.Context(), "anna", f); err != nil {
			t.Fatal(err)
		}
	}
	put := func(id, name string) {
		t.Helper()
		record(func(tx *ledger.Tx) error {
			_, err := tx.PutProduct(ledger.Product{ID: id, Name: name, Kind: event.KindStock})
			return err
		})
	}
	put("TEA-2", "Black tea, 100 bags")
	put("22423", "Regency cakestand 3 tier")
	put("X22423", "Spare plate")
	app, err := New(Config{Ledger: d.ledger})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		typed string
		want  []string
	}{
		{"tea", []string{"TEA", "TEA-2"}},
		{"22423", []string{"22423", "X22423"}},
		{"THE", []string{"TEA"}},
		{"bags black", []string{"TEA-2"}},
		{"4006381", []string{"TEA"}},
		{"007", []string{"007"}},
		{"cake tier", []string{"22423"}},
		{"nothing like it", nil},
	} {
		found, err := app.products.search(t.Context(), c.typed, proposals, func(ledger.Listed) bool { return true })
		var ids []string
		for _, p := range found {
			ids = append(ids, p.ID)
		}
		if err != nil || !slices.Equal(ids, c.want) {
			t.Errorf("%q proposes %v (%v), want %v", c.typed, ids, err, c.want)
		}
	}
	put("LATE", "Late arrival")
	put("TEA-2", "White tea")
	if p, ok, err := app.products.resolve(t.Context(), "late arrival"); err != nil || !ok || p.ID != "LATE" {
		t.Errorf("what was added later is not found: %v, %v", p, err)
	}
	if _, ok, _ := app.products.resolve(t.Context(), "black tea, 100 bags"); ok {
		t.Error("the old name of a product still means it")
	}
	put("LATE-2", "Late arrival")
	if _, ok, _ := app.products.resolve(t.Context(), "late arrival"); ok {
		t.Error("a name of two products means one of them")
	}
}

// How long a proposal takes among ten thousand products is printed: the aim is 50 ms.
func TestProposalsAmongTenThousand(t *testing.T) {
	d := openDesk(t, nil)
	for from := 0; from < 10_000; from += 1000 {
		if err := d.ledger.Record(t.Context(), "anna", func(tx *ledger.Tx) error {
			for i := from; i < from+1000; i++ {
				if _, err := tx.PutProduct(ledger.Product{ID: fmt.Sprint(30_000 + i), Name: fmt.Sprintf("Théière émaillée %d, set of %d", i, i%7), Kind: event.KindStock, SellPrice: money.Some(money.Amount(i))}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, q := range []string{"theiere", "39999", "set+of+6", "zzz"} {
		began := time.Now()
		p := d.get("/find/products?q=" + q)
		took := time.Since(began)
		t.Logf("%-10s %6.1f ms, %d bytes", q, float64(took.Microseconds())/1000, len(p.body))
		if p.status != 200 || (q == "zzz") != (p.body == "[]") {
			t.Errorf("%s: %d %s", q, p.status, p.body)
		}
	}
}
