package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"comptoir/functions/setup"
	"comptoir/local/deadletters"
	"comptoir/local/runner"
	"comptoir/shared/config"
	"comptoir/shared/event"
	"comptoir/shared/money"
	"comptoir/shared/projection"
	"comptoir/test/harness"
)

// web is a producer beside the ledger, with revisions of its own.
const web = "/shops/web"

// webSale is the revision-th event of a product from the web shop.
func webSale(kind event.Type, revision int64, net money.Amount) event.Message {
	d := &event.ProductSale{DocumentID: fmt.Sprint("W-", revision), Date: day(shopDay), Name: "Tea", Quantity: 1000, Net: net, Currency: "EUR"}
	if kind == event.ProductSaleVoided {
		d.VoidedOn = d.Date
	}
	return event.Encode(event.Attributes{
		ID: fmt.Sprint("web-", revision), Source: web, Type: kind, Subject: d.DocumentID, Time: time.Date(2026, 3, 16, 9, 0, int(revision), 0, time.UTC), Key: "TEA", Revision: revision,
	}, event.MarshalData(d))
}

func send(t *testing.T, s *harness.Shop, messages ...event.Message) {
	t.Helper()
	cluster := s.App.Cluster()
	partition := int32(event.Partition("TEA", s.App.Ledger().Partitions()))
	if _, err := cluster.Produce(ctx, cluster.Topics().Name(event.Sales), partition, messages); err != nil {
		t.Fatal(err)
	}
}

func letters(t *testing.T, s *harness.Shop, f deadletters.Filter) []deadletters.Letter {
	t.Helper()
	cfg, err := config.Load(config.Map("the test", s.Settings))
	if err != nil {
		t.Fatal(err)
	}
	all, err := setup.Functions(cfg, "EUR")
	if err != nil {
		t.Fatal(err)
	}
	found, err := deadletters.List(ctx, s.App.Cluster(), runner.Applied(s.App.Reader(), all), f)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func redrive(t *testing.T, s *harness.Shop, all []deadletters.Letter) {
	t.Helper()
	if n, err := deadletters.Redrive(ctx, s.App.Cluster(), all); err != nil || n != len(all) {
		t.Fatalf("%d of %d were published again: %v", n, len(all), err)
	}
	s.Level()
}

// missing are the gaps that the product's document shows.
func missing(t *testing.T, s *harness.Shop) string {
	t.Helper()
	raw, _, err := s.Live().Get(ctx, "product_winners", "TEA")
	if err != nil {
		t.Fatal(err)
	}
	var head projection.Header
	if err := json.Unmarshal(raw, &head); err != nil {
		t.Fatal(err)
	}
	for _, src := range head.Sources {
		if src.Source == web {
			return fmt.Sprint(src.Missing)
		}
	}
	return "[]"
}

// A record that the rules refuse is kept aside and listed once, with what to do;
// once it can be applied, a redrive gives the figures as if nothing had happened,
// however often it is repeated and together with what.
func TestARedriveGivesTheFigures(t *testing.T) {
	s := shop(t)
	s.Level()
	const huge = 9_000_000_000_000_000 // two of them are more than a sum can be
	send(t, s, webSale(event.ProductSold, 1, huge), webSale(event.ProductSold, 2, huge), webSale(event.ProductSold, 3, 500))
	eventually(t, "the sale behind the poison counts", func() bool { return revenue(t, s, "TEA") == fmt.Sprint(huge+500) })
	s.Level()
	waiting := letters(t, s, deadletters.Filter{})
	if len(waiting) != 1 || waiting[0].Revision != 2 || len(waiting[0].Cases) != 1 || waiting[0].Cases[0].Function != "product-winners" || waiting[0].Cases[0].Applied {
		t.Fatalf("waiting are %+v, want the second sale, for product-winners", waiting)
	}
	if k := waiting[0].Cases[0]; !strings.Contains(k.Reason, "W-2") || !strings.Contains(k.Do, "then redrive it") {
		t.Errorf("it says %q and %q", k.Reason, k.Do)
	}
	if got := missing(t, s); got != "[{2 2}]" {
		t.Errorf("the document misses %s, want 2", got)
	}
	// Redriven too early it is kept aside once more, and is still one record.
	redrive(t, s, waiting)
	again := letters(t, s, deadletters.Filter{})
	if len(again) != 1 || again[0].ID != waiting[0].ID || again[0].Cases[0].Times != 2 || len(again[0].Origins) != 2 {
		t.Fatalf("redriven too early: %+v, want the same record once, seen twice", again)
	}
	// The first sale is voided: now there is room.
	send(t, s, webSale(event.ProductSaleVoided, 4, huge))
	s.Level()
	for range 3 {
		redrive(t, s, again)
	}
	order := []event.Message{webSale(event.ProductSold, 3, 500), webSale(event.ProductSold, 1, huge), webSale(event.ProductSaleVoided, 4, huge), webSale(event.ProductSold, 2, huge)}
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	send(t, s, order...)
	redrive(t, s, again)
	if got := revenue(t, s, "TEA"); got != fmt.Sprint(huge+500) {
		t.Errorf("the revenue is %s, want %d", got, huge+500)
	}
	if got := missing(t, s); got != "[]" {
		t.Errorf("the document still misses %s", got)
	}
	if left := letters(t, s, deadletters.Filter{}); len(left) != 0 {
		t.Errorf("still waiting: %+v", left)
	}
	if settled := letters(t, s, deadletters.Filter{Settled: true}); len(settled) != 1 || !settled[0].Cases[0].Applied {
		t.Errorf("settled are %+v, want the one", settled)
	}
}

// Every kind of poison is told apart by its advice, and by the filters.
func TestDeadLettersSayWhatToDo(t *testing.T) {
	s := shop(t)
	s.Level()
	foreignMoney := webSale(event.ProductSold, 1, 500)
	foreignMoney.Value = []byte(strings.Replace(string(foreignMoney.Value), `"EUR"`, `"USD"`, 1))
	negative := webSale(event.ProductSold, 2, 500)
	negative.Value = []byte(strings.Replace(string(negative.Value), `"net":500`, `"net":-5`, 1))
	unknown := webSale(event.ProductSold, 3, 500)
	for i := range unknown.Headers {
		if unknown.Headers[i].Key == "ce_type" {
			unknown.Headers[i].Value = []byte("comptoir.product.eaten")
		}
	}
	send(t, s, event.Message{Key: []byte("TEA"), Value: []byte("\x1b[2Jno event")}, foreignMoney, negative, unknown)
	s.Level()
	all := letters(t, s, deadletters.Filter{})
	if len(all) != 4 {
		t.Fatalf("%d are waiting, want 4: %+v", len(all), all)
	}
	advice, broken := map[string]string{}, ""
	for _, l := range all {
		for _, k := range l.Cases {
			code, _, _ := strings.Cut(k.Reason, ":")
			advice[code] = k.Do
			if code == string(event.NotACloudEvent) {
				broken = l.ID
			}
		}
	}
	for code, part := range map[string]string{
		string(event.NotACloudEvent): "send CloudEvents", string(event.BadData): "same revision", string(event.UnknownType): "knows this type",
		"the event is in USD and this state is in EUR": "wrong shop",
	} {
		if !strings.Contains(advice[code], part) {
			t.Errorf("about %q it says %q, want %q", code, advice[code], part)
		}
	}
	for _, c := range []struct {
		filter deadletters.Filter
		want   int
	}{
		{deadletters.Filter{Function: "client-promotions"}, 2}, // data is looked at by who uses it
		{deadletters.Filter{Function: "loss-risk"}, 0},
		{deadletters.Filter{Type: "product.sold"}, 2},
		{deadletters.Filter{Type: "comptoir.product.eaten"}, 1},
		{deadletters.Filter{IDs: []string{broken[:6]}}, 1},
		{deadletters.Filter{IDs: []string{"nothing"}}, 0},
	} {
		if got := letters(t, s, c.filter); len(got) != c.want {
			t.Errorf("%+v gives %d, want %d", c.filter, len(got), c.want)
		}
	}
	stored, err := deadletters.Show(ctx, s.App.Cluster(), broken[:6])
	if err != nil || len(stored) != 2 || string(stored[0].Message.Value) != "\x1b[2Jno event" {
		t.Errorf("the bytes are %+v, %v", stored, err)
	}
}
