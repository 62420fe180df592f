package e2e

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"comptoir/functions"
	"comptoir/local/rebuild"
	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/records"
	"comptoir/test/harness"
)

// doubling is a release whose product-winners count every revenue twice.
func doubling() []projection.Function {
	all := functions.All(functions.Defaults("EUR"))
	for i := range all {
		if all[i].Name != "product-winners" {
			continue
		}
		apply := all[i].Apply
		all[i].Apply = func(doc projection.Document, ev *event.Event, day event.Date) (bool, error) {
			if sale, ok := ev.Data.(*event.ProductSale); ok {
				twice, with := *sale, *ev
				twice.Net *= 2
				with.Data = &twice
				return apply(doc, &with, day)
			}
			return apply(doc, ev, day)
		}
	}
	return all
}

// A release whose fold was wrong is followed by one that is right. Rebuilt, the figures
// are as if it had always been there; who reads meanwhile sees the old figures or the new
// ones, each answer as a whole, and never the old ones again.
func TestAChangedFoldIsTakenThroughARebuild(t *testing.T) {
	s := shopOf(t, doubling())
	record(t, s, sale("TEA", 1))
	record(t, s, sale("HAM", 2))
	s.Level()
	if got := revenues(s); got != "HAM 2000 TEA 1000" {
		t.Fatal(got)
	}
	// Its own rules are not what the ledger says, so it is not made live.
	if _, err := s.Rebuild(); !errors.Is(err, rebuild.ErrDiffers) {
		t.Errorf("got %v", err)
	}
	if got := revenues(s); got != "HAM 2000 TEA 1000" {
		t.Error(got)
	}
	s.Stop()
	s.Functions = nil
	s.Start()
	s.Level()
	stop := poll(t, s, "HAM 2000 TEA 1000", "HAM 1000 TEA 500")
	for n := range 3 {
		if _, err := s.Rebuild(); err != nil {
			t.Fatal(n, err)
		}
		s.Level()
	}
	if n := stop(); n < 10 {
		t.Errorf("the page was asked only %d times", n)
	}
	if got := revenues(s); got != "HAM 1000 TEA 500" {
		t.Error(got)
	}
	record(t, s, sale("TEA", 1))
	s.Level()
	if got := revenues(s); got != "TEA 1000 HAM 1000" && got != "HAM 1000 TEA 1000" {
		t.Error(got)
	}
	if r := s.Verify(); r.Found > 0 {
		t.Errorf("%v", r.Differences)
	}
}

func revenues(s *harness.Shop) string {
	var all []string
	for _, item := range s.Items("product-winners", url.Values{"window": {"all"}, "all": {"true"}, "sort": {"revenue"}}) {
		all = append(all, strings.Trim(string(item["product_id"]), `"`)+" "+string(item["revenue"]))
	}
	return strings.Join(all, " ")
}

// poll asks for the list until it is stopped, which returns how often. Each answer must
// be the one or the other, and versions never go back.
func poll(t *testing.T, s *harness.Shop, old, anew string) (stop func() int) {
	t.Helper()
	ended, asked := make(chan struct{}), 0
	var wait sync.WaitGroup
	wait.Go(func() {
		last, seen := "", false
		for {
			select {
			case <-ended:
				return
			case <-time.After(5 * time.Millisecond):
			}
			var page struct {
				Version string `json:"version"`
				Items   []struct {
					ProductID string `json:"product_id"`
					Revenue   int64  `json:"revenue"`
				} `json:"items"`
			}
			s.Get("/v1/product-winners?window=all&all=true&sort=revenue", &page)
			var all []string
			for _, i := range page.Items {
				all = append(all, fmt.Sprint(i.ProductID, " ", i.Revenue))
			}
			got := strings.Join(all, " ")
			seen = seen || got == anew
			if got != old && got != anew || seen && got == old || page.Version < last || (got == old) != strings.HasPrefix(page.Version, "0001.") {
				t.Errorf("version %s after %s shows %s", page.Version, last, got)
			}
			last, asked = page.Version, asked+1
		}
	})
	return func() int { close(ended); wait.Wait(); return asked }
}

// New thresholds come with a rebuild beside a run that has the old ones: that run can
// change nothing any more, and says so; the next one goes on.
func TestChangedRulesAreTakenThroughARebuild(t *testing.T) {
	s := shop(t)
	record(t, s, sale("TEA", 100)) // 500.00
	s.Level()
	if got := eligible(s); got != "" {
		t.Fatal(got)
	}
	s.Settings["REVENUE_THRESHOLD_PROMO"] = "100"
	if _, err := s.Rebuild(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new threshold holds", func() bool { return eligible(s) == "C1" })
	record(t, s, sale("TEA", 1))
	s.App.Wake()
	eventually(t, "the old run says that it has older rules", func() bool { return strings.Contains(s.Log.String(), "deploy the newer one") })
	if got := eligible(s); got != "C1" {
		t.Errorf("the old threshold came back: %s", got)
	}
	s.Stop()
	s.Start()
	s.Level()
	if r := s.Verify(); r.Found > 0 || eligible(s) != "C1" {
		t.Errorf("%v, eligible %s", r.Differences, eligible(s))
	}
}

func eligible(s *harness.Shop) string {
	var all []string
	for _, item := range s.Items("client-promotions", nil) {
		all = append(all, strings.Trim(string(item["client_id"]), `"`))
	}
	return strings.Join(all, " ")
}

// What can never be applied lies among the dead letters once, however often the
// state is built anew, and it is brought back into the epoch that is live.
func TestDeadLettersInARebuild(t *testing.T) {
	s := shop(t)
	send(t, s, event.Message{Key: []byte("X"), Value: []byte("no event")})
	record(t, s, sale("TEA", 1))
	s.Level()
	before := lettersKept(t, s)
	if before == 0 {
		t.Fatal("nothing was kept aside")
	}
	for range 2 {
		if _, err := s.Rebuild(); err != nil {
			t.Fatal(err)
		}
		s.Level()
	}
	if after := lettersKept(t, s); after != before {
		t.Errorf("%d letters after the rebuilds, %d before", after, before)
	}
}

func lettersKept(t *testing.T, s *harness.Shop) (n int) {
	t.Helper()
	if err := s.App.Cluster().ReadDeadLetters(ctx, func(records.StoredLetter) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}
