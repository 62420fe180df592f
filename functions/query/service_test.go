package query_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"comptoir/functions/query"
	"comptoir/shared/event"
	"comptoir/shared/state/sqlitestate"
)

func fixed() event.Date { return today }

func version(t testing.TB, s *query.Service) string {
	t.Helper()
	st, err := s.Status(context.Background())
	return fetch(t, st, err).Version
}

func TestManyReadersCostOneRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{docs: corner()}
		m.reading.shut, m.listing.shut = make(chan struct{}), make(chan struct{})
		h := newService(t, m, func(c *query.Config) { c.Hold = time.Second }).Handler()
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				if res := get(t, h, fmt.Sprintf("/v1/product-winners?limit=%d", i%100+1)); res.StatusCode != http.StatusOK {
					t.Error(res.Status)
				}
			})
		}
		synctest.Wait()
		close(m.reading.shut)
		synctest.Wait()
		// While a list is being read, no newer version begins another reading of it.
		m.set("checkpoints", "product-winners|sales/0", checkpoint("product-winners", "sales/0", 9, 41, ""))
		time.Sleep(10 * time.Second)
		wg.Go(func() { get(t, h, "/v1/product-winners") })
		synctest.Wait()
		if lists, readings := m.listing.count.Load(), m.reading.count.Load(); lists != 1 || readings != 1 {
			t.Errorf("201 requests cost %d lists and %d readings, want 1 and 1", lists, readings)
		}
		close(m.listing.shut)
		wg.Wait()
		// It took ten seconds, so it counts as current for ten more, and no longer.
		for _, step := range []struct {
			after time.Duration
			want  int64
		}{{0, 1}, {9 * time.Second, 1}, {2 * time.Second, 2}} {
			time.Sleep(step.after)
			m.set("checkpoints", "product-winners|sales/0", checkpoint("product-winners", "sales/0", 10+step.want, 42, ""))
			get(t, h, "/v1/product-winners")
			if got := m.listing.count.Load(); got != step.want {
				t.Errorf("%s later: %d lists were read, want %d", step.after, got, step.want)
			}
		}
	})
}

// TestAReaderWhoLeavesDoesNotHurtOthers: the reading that he began goes on.
func TestAReaderWhoLeavesDoesNotHurtOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{docs: corner()}
		m.listing.shut = make(chan struct{})
		s := newService(t, m)
		ctx, leave := context.WithCancel(context.Background())
		left := make(chan error)
		go func() {
			_, err := s.ProductWinners(ctx, query.WinnersQuery{})
			left <- err
		}()
		synctest.Wait()
		stayed := make(chan error)
		go func() {
			_, err := s.ProductWinners(context.Background(), query.WinnersQuery{})
			stayed <- err
		}()
		synctest.Wait()
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		close(m.listing.shut)
		if err := <-stayed; err != nil || m.listing.count.Load() != 1 {
			t.Errorf("%v after %d lists", err, m.listing.count.Load())
		}
	})
}

func TestTheVersionNeverGoesBack(t *testing.T) {
	m := &memory{docs: corner()}
	s := newService(t, m)
	h := s.Handler()
	if v := version(t, s); v != "0002.2026-03-10.000000000011" {
		t.Fatal(v)
	}
	products := read[query.WinnersPage](t, h, "/v1/product-winners?window=7d")

	// A heartbeat alone is no new version, so lists stay as they are.
	m.set("checkpoints", "freshness|heartbeats/0", checkpoint("freshness", "heartbeats/0", 101, 0, ""))
	if v := version(t, s); v != products.Version {
		t.Errorf("a heartbeat made version %s of %s", v, products.Version)
	}
	// An older state (a replica that is behind, a restored backup): what is known
	// stays, and what is not is not made up.
	m.set("checkpoints", "product-winners|review", checkpoint("product-winners", "review", 1, 0, ""))
	m.set("product_winners", "22423", productOf("older", "stock", window("1", 1, 0)))
	st := read[query.Status](t, h, "/v1/status")
	if st.Version != products.Version || st.Reason == nil || *st.Reason != "state-older" {
		t.Errorf("of an older state: %s %v", st.Version, st.Reason)
	}
	if again := read[query.WinnersPage](t, h, "/v1/product-winners?window=7d"); again.Version != products.Version || again.Items[0].Revenue != 4000 {
		t.Errorf("the list changed to that of an older state: %+v", again.Items[0])
	}
	if res := get(t, h, "/v1/loss-risk"); res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Errorf("a list that is only known of an older state: %s", res.Status)
	}
	// It caught up; then a document by a clock that is late does not take the day back.
	m.set("checkpoints", "product-winners|review", checkpoint("product-winners", "review", 9, 0, ""))
	m.set("clients", "late", `{"review_on":"2026-03-10","tier":"gold"}`)
	if v := version(t, s); v != "0002.2026-03-10.000000000016" {
		t.Error(v)
	}
	if res := get(t, h, "/v1/loss-risk"); res.StatusCode != http.StatusOK {
		t.Error(res.Status)
	}
	// A rebuild starts its numbers anew, in a later epoch.
	m.set("settings", "state", `{"currency":"GBP","epoch":3}`)
	m.set("checkpoints", "product-winners|review", checkpoint("product-winners", "review", 1, 0, ""))
	if v := version(t, s); v <= "0002.2026-03-10.000000000016" {
		t.Error(v)
	}
}

func TestTheDayIsThatOfTheLastDocument(t *testing.T) {
	docs := corner()
	docs["clients"]["due"] = `{"version":1,"review_on":"2026-03-09","tier":"standard"}`
	st := read[query.Status](t, newService(t, docs.open(t)).Handler(), "/v1/status")
	if st.BusinessDate != event.NewDate(2026, 3, 8) || st.Today != today || st.Functions[2].ReviewsDue != 1 {
		t.Errorf("business date %s on %s, %d due", st.BusinessDate, st.Today, st.Functions[2].ReviewsDue)
	}
}

func TestHTTP(t *testing.T) {
	m := &memory{docs: corner()}
	h := newService(t, m, func(c *query.Config) { c.AllowedOrigins = []string{"https://shop.example"} }).Handler()
	const list = "/v1/product-winners?window=7d&all=true"
	res := get(t, h, list)
	tag := res.Header.Get("ETag")
	if !strings.HasPrefix(tag, `"`) || res.Header.Get("Cache-Control") != "no-cache" || !strings.Contains(strings.Join(res.Header.Values("Vary"), ","), "Accept-Encoding") {
		t.Errorf("headers: %v", res.Header)
	}
	plain, _ := io.ReadAll(res.Body)

	res = get(t, h, list, "Accept-Encoding", "br, gzip;q=0.5")
	packed := res.Header.Get("ETag")
	z, err := gzip.NewReader(res.Body)
	if err != nil || res.Header.Get("Content-Encoding") != "gzip" || packed == tag {
		t.Fatalf("compressed: %v %v", err, res.Header)
	}
	if body, _ := io.ReadAll(z); !bytes.Equal(body, plain) {
		t.Error("the compressed answer is another one")
	}
	if res = get(t, h, list, "Accept-Encoding", "gzip;q=0"); res.Header.Get("Content-Encoding") != "" {
		t.Error("compressed though refused")
	}
	before := m.listing.count.Load()
	for _, had := range []string{tag, packed, "W/" + tag, `"x", ` + packed, "*"} {
		res = get(t, h, list, "If-None-Match", had)
		if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusNotModified || len(body) > 0 {
			t.Errorf("If-None-Match %s: %s, %d bytes", had, res.Status, len(body))
		}
	}
	if m.listing.count.Load() != before {
		t.Error("a 304 read the list")
	}
	if res = get(t, h, "/v1/product-winners?window=30d&all=true", "If-None-Match", tag); res.StatusCode != http.StatusOK {
		t.Error("another question has the same ETag")
	}
	m.set("checkpoints", "product-winners|sales/0", checkpoint("product-winners", "sales/0", 4, 41, ""))
	if res = get(t, h, list, "If-None-Match", tag); res.StatusCode != http.StatusOK {
		t.Errorf("after a change: %s", res.Status)
	}

	res = ask(t, h, http.MethodHead, list)
	if body, _ := io.ReadAll(res.Body); len(body) > 0 || res.StatusCode != http.StatusOK || res.Header.Get("Content-Length") != strconv.Itoa(len(plain)) {
		t.Errorf("HEAD: %s, %d bytes", res.Status, len(body))
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		if res = ask(t, h, method, list); res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") == "" {
			t.Errorf("%s: %s", method, res.Status)
		}
	}
	res = ask(t, h, http.MethodOptions, list, "Origin", "https://shop.example", "Access-Control-Request-Method", "GET")
	if res.StatusCode != http.StatusNoContent || res.Header.Get("Access-Control-Allow-Origin") != "https://shop.example" || res.Header.Get("Access-Control-Allow-Headers") == "" {
		t.Errorf("preflight: %s %v", res.Status, res.Header)
	}
	if res = get(t, h, list, "Origin", "https://other.example"); res.Header.Get("Access-Control-Allow-Origin") != "" || res.Header.Get("Vary") == "" {
		t.Errorf("another origin: %v", res.Header)
	}
}

func TestProblems(t *testing.T) {
	m := &memory{docs: corner()}
	h := newService(t, m).Handler()
	for address, want := range map[string]string{
		"/v1/product-winners?windw=7d":                      "400 unknown-parameter",
		"/v1/product-winners?window=8d":                     "400 bad-value",
		"/v1/product-winners?limit=1001":                    "400 bad-value",
		"/v1/product-winners?limit=-1":                      "400 bad-value",
		"/v1/product-winners?sort=rank&sort=name":           "400 bad-value",
		"/v1/product-winners?cursor=e30":                    "400 bad-value",
		"/v1/product-winners?cursor=%3Cscript%3E":           "400 bad-value",
		"/v1/product-winners?q=" + strings.Repeat("a", 201): "400 bad-value",
		"/v1/product-winners?q=%FF":                         "400 bad-value",
		"/v1/product-winners?q=%zz":                         "400 bad-query",
		"/v1/product-winners?" + strings.Repeat("&", 5000):  "400 bad-query",
		"/v1/product-winners?%3Cscript%3E=1":                "400 unknown-parameter",
		"/v1/loss-risk?flag=dead":                           "400 bad-value",
		"/v1/client-promotions?eligible=yes":                "400 bad-value",
		"/v1/client-promotions?tier=bronze":                 "400 bad-value",
		"/v1/product-winners/none":                          "404 unknown-item",
		"/v1/loss-risk/none":                                "404 unknown-item",
		"/v1/client-promotions/" + strings.Repeat("x", 300): "400 bad-query",
		"/v2/none":                "404 unknown-address",
		"/v1/status?verbose=true": "400 unknown-parameter",
	} {
		res := get(t, h, address)
		body, _ := io.ReadAll(res.Body)
		status, name, _ := strings.Cut(want, " ")
		if res.Status[:3] != status || res.Header.Get("Content-Type") != "application/problem+json" || !bytes.Contains(body, []byte(`"urn:comptoir:problem:`+name+`"`)) {
			t.Errorf("GET %.60s: %s %s", address, res.Status, body)
		}
		if bytes.Contains(body, []byte("<script>")) {
			t.Errorf("GET %.60s reflects what was sent: %s", address, body)
		}
	}
	m.set("loss_risk_products", "of another form", `{"name":"x"}`)
	if res := get(t, newService(t, m).Handler(), "/v1/loss-risk"); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a document of another form: %s", res.Status)
	}
	m.fail = errors.New("connection refused to a secret host")
	res := get(t, h, "/v1/status")
	if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" || bytes.Contains(body, []byte("secret")) {
		t.Errorf("unreachable: %s %s", res.Status, body)
	}
	if res := get(t, h, "/healthz"); res.StatusCode != http.StatusOK {
		t.Errorf("healthz: %s", res.Status)
	}
	m.fail = nil
	h = newService(t, m, func(c *query.Config) { c.Currency = "EUR" }).Handler()
	if body, _ := io.ReadAll(get(t, h, "/v1/overview").Body); !bytes.Contains(body, []byte("CURRENCY=GBP")) {
		t.Errorf("another currency: %s", body)
	}
}

func TestStatus(t *testing.T) {
	st := read[query.Status](t, newService(t, corner().open(t)).Handler(), "/v1/status")
	var lines []string
	for _, f := range st.Functions {
		lag := "-"
		if f.Lag != nil {
			lag = strconv.FormatInt(*f.Lag, 10)
		}
		lines = append(lines, fmt.Sprintf("%s computed %t as of %s lag %s gaps %d dead %d", f.Name, f.Computed, clock(f.AsOf), lag, f.Gaps, f.DeadLetters))
		for _, s := range f.Streams {
			lines = append(lines, fmt.Sprintf("  %s at %d as of %s missing %v", s.Stream, s.Sequence, clock(s.AsOf), s.Missing))
		}
	}
	expect(t, lines,
		"product-winners computed true as of 09:00 lag 3 gaps 4 dead 3",
		"  inventory/0 at 5 as of 10:00 missing []",
		"  sales/0 at 40 as of 10:00 missing [[3 5] [9 9]]",
		"  sales/1 at 4 as of 09:00 missing []",
		"loss-risk computed true as of 10:00 lag 0 gaps 0 dead 1",
		"  inventory/0 at 5 as of 10:00 missing []",
		"client-promotions computed true as of - lag 47 gaps 0 dead 0",
		"  clients/0 at 0 as of 10:00 missing []",
		"  sales/0 at 0 as of - missing []",
		"  sales/1 at 0 as of - missing []",
		"freshness computed true as of 09:00 lag - gaps 0 dead 1",
		"  heartbeats/0 at 0 as of 09:00 missing []")
	if !st.Computed || st.AsOf != nil || *st.Lag != 50 || clock(st.HeartbeatAt) != "10:00" || *st.Functions[0].RulesVersion != 3 {
		t.Errorf("%+v", st)
	}
}

func clock(at *time.Time) string {
	if at == nil {
		return "-"
	}
	return at.Format("15:04")
}

func TestNothingYet(t *testing.T) {
	nowhere, err := sqlitestate.OpenReader(context.Background(), filepath.Join(t.TempDir(), "state.db"), sqlitestate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = nowhere.Close() }()
	ran := shop{"checkpoints": {"product-winners|sales/0": checkpoint("product-winners", "sales/0", 1, 1, "")}}
	for _, c := range []struct {
		name   string
		reader query.Reader
		reason string
	}{
		{"no file", nowhere, "nothing-ran"},
		{"empty tables", shop{}.open(t), "nothing-ran"},
		{"a checkpoint, no documents", ran.open(t), "no-documents"},
	} {
		var log bytes.Buffer
		h := newService(t, c.reader, func(cfg *query.Config) { cfg.Logger = slog.New(slog.NewTextHandler(&log, nil)) }).Handler()
		if page := read[query.WinnersPage](t, h, "/v1/product-winners?q=zoe"); page.Items == nil || page.Total != 0 || page.Note == "" {
			t.Errorf("%s: %+v", c.name, page)
		}
		if st := read[query.Status](t, h, "/v1/status"); st.Computed || st.Reason == nil || *st.Reason != c.reason || st.Note == "" {
			t.Errorf("%s: %v %s", c.name, st.Reason, st.Note)
		}
		if lines := strings.Count(log.String(), "\n"); lines != 2 || !strings.Contains(log.String(), "nothing to show") || strings.Contains(log.String(), "zoe") {
			t.Errorf("%s: the log has %d lines:\n%s", c.name, lines, log.String())
		}
	}
}
