package query_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"

	"comptoir/functions/query"
	"comptoir/shared/projection"
	"comptoir/shared/state"
)

func TestASnapshotIsWhatTheAPIAnswers(t *testing.T) {
	ctx := context.Background()
	s := newService(t, corner().open(t))
	h := s.Handler()
	n, err := s.Snapshot(ctx)
	n = fetch(t, n, err)
	same := func(address string, answer any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		if want := get(t, h, address).Body.String(); string(got)+"\n" != want {
			t.Errorf("%s: the snapshot has\n%s\nand the API answers\n%s", address, got, want)
		}
	}
	o, err := n.Overview(ctx)
	same("/v1/overview", o, err)
	for _, w := range query.Windows {
		p, err := n.Winners(ctx, w)
		same("/v1/product-winners?all=true&limit=1000&window="+string(w), p, err)
	}
	r, err := n.Risks(ctx)
	same("/v1/loss-risk?all=true&limit=1000", r, err)
	c, err := n.Clients(ctx)
	same("/v1/client-promotions?all=true&limit=1000", c, err)
	same("/v1/status", n.Status, nil)

	head := query.Head{Version: n.Status.Version, BusinessDate: n.Status.BusinessDate, Currency: n.Status.Currency}
	ids := n.ProductIDs()
	if len(ids) != 6 {
		t.Fatalf("the products are %v", ids)
	}
	items, err := n.Products(ctx, ids)
	items = fetch(t, items, err)
	for _, id := range ids {
		if w := items[id].Winner; w != nil {
			same("/v1/product-winners/"+url.PathEscape(id), query.WinnerDetail{Head: head, WinnerItem: *w}, nil)
		} else if res := get(t, h, "/v1/product-winners/"+url.PathEscape(id)); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s is in the API only: %s", id, res.Status)
		}
		if r := items[id].Risk; r != nil {
			same("/v1/loss-risk/"+url.PathEscape(id), query.RiskDetail{Head: head, RiskItem: *r}, nil)
		} else if res := get(t, h, "/v1/loss-risk/"+url.PathEscape(id)); res.StatusCode != http.StatusNotFound {
			t.Errorf("the stock of %s is in the API only: %s", id, res.Status)
		}
	}
}

// busy is a state that moves whenever its clients were read, for some times.
type busy struct {
	*memory
	moves, moved int
}

func (b *busy) Find(ctx context.Context, collection string, f state.Find) ([]json.RawMessage, error) {
	docs, err := b.memory.Find(ctx, collection, f)
	if collection == projection.NameIn("clients", 2) && f.Limit > 1 && b.moved < b.moves {
		b.moved++
		b.set("checkpoints", "product-winners|sales/0", checkpoint("product-winners", "sales/0", int64(3+b.moved), int64(40+b.moved), ""))
		b.set("product_winners", "85123A", productOf(fmt.Sprintf("Name %d", b.moved), "stock", window("10", 5000, 3000)))
	}
	return docs, err
}

func TestASnapshotIsOfOneVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		b := &busy{memory: &memory{docs: corner()}, moves: 3}
		n, err := newService(t, b).Snapshot(ctx)
		n = fetch(t, n, err)
		items, err := n.Products(ctx, []string{"85123A"})
		if item := fetch(t, items, err)["85123A"]; item.Winner.Name != "Name 3" || b.moved != 3 {
			t.Errorf("after %d moves the name is %q", b.moved, item.Winner.Name)
		}
		o, err := n.Overview(ctx)
		if o = fetch(t, o, err); o.Version != n.Status.Version {
			t.Errorf("the overview is of %s, the status of %s", o.Version, n.Status.Version)
		}
		_, err = newService(t, &busy{memory: &memory{docs: corner()}, moves: 1000}).Snapshot(ctx)
		if p := (*query.Problem)(nil); !errors.As(err, &p) || p.Status != http.StatusServiceUnavailable {
			t.Errorf("of a state that never rests: %v", err)
		}
	})
}
