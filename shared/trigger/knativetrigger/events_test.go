package knativetrigger_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/trigger/knativetrigger"
)

// engine notes what it is given, and is away as told.
type engine struct {
	mu      sync.Mutex
	away    bool
	final   bool // it is away until a person does something
	applied map[string]int
	calls   int
	flushes []time.Time
	noted   int // at the last flush
}

func newEngine() *engine { return &engine{applied: map[string]int{}} }

func (e *engine) Handle(_ context.Context, batch []projection.Delivery) (out projection.Outcome, r projection.Report) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls++
	for i := range batch {
		switch {
		case e.final:
			out.Unplaced, out.Err = append(out.Unplaced, i), &projection.SettingsError{Reason: "another currency"}
		case e.away:
			out.Unplaced, out.Err = append(out.Unplaced, i), errors.New("the state is away")
		default:
			e.applied[batch[i].Event.ID]++
		}
	}
	return out, projection.Report{Records: len(batch)}
}

func (e *engine) Flush(context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.noted < len(e.applied) {
		e.flushes, e.noted = append(e.flushes, time.Now()), len(e.applied)
	}
	return nil
}

func (e *engine) set(away bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.away = away
}

func (e *engine) has(id string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.applied[id] > 0
}

// sale is a request as KafkaSource sends it.
func sale(id string) *http.Request {
	a := event.Attributes{ID: id, Source: "/ledgers/a", Type: event.ProductSold, Time: time.Date(2011, 12, 9, 8, 0, 0, 0, time.UTC), Key: "p", Revision: 1, Stream: "sales/3", Sequence: 1}
	m := event.Encode(a, event.MarshalData(&event.ProductSale{DocumentID: "1", Date: event.NewDate(2011, 12, 9), Quantity: 1000, Net: 1, Currency: "GBP"}))
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(m.Value)))
	for _, h := range m.Headers {
		if name, ok := strings.CutPrefix(h.Key, "ce_"); ok {
			r.Header.Set("Ce-"+name, string(h.Value))
		} else {
			r.Header.Set(h.Key, string(h.Value))
		}
	}
	return r
}

func structured(id string) string {
	a := event.Attributes{ID: id, Source: "/ledgers/a", Type: event.ProductSold, Time: time.Date(2011, 12, 9, 8, 0, 0, 0, time.UTC), Key: "p", Revision: 1}
	return string(event.EncodeStructured(a, event.MarshalData(&event.ProductSale{DocumentID: "1", Date: event.NewDate(2011, 12, 9), Quantity: 1000, Net: 1, Currency: "GBP"})))
}

func serve(h http.Handler, r *http.Request) (int, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func post(contentType, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

func closeEvents(t *testing.T, e *knativetrigger.Events) {
	t.Helper()
	if err := e.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestStatuses(t *testing.T) {
	e := newEngine()
	events := knativetrigger.NewEvents(knativetrigger.Config{Engine: e})
	defer closeEvents(t, events)
	long := strings.Repeat("x", 4<<20+1)
	for _, c := range []struct {
		name    string
		request *http.Request
		status  int
		applied string
	}{
		{"binary", sale("binary"), 204, "binary"},
		{"structured", post("application/cloudevents+json; charset=utf-8", structured("structured")), 204, "structured"},
		{"a batch", post("application/cloudevents-batch+json", "["+structured("one")+","+structured("two")+"]"), 204, "two"},
		{"a batch of none", post("application/cloudevents-batch+json", "[]"), 204, ""},
		{"a batch that is none", post("application/cloudevents-batch+json", "{"), 400, ""},
		{"no event", post("application/json", "{}"), 400, ""},
		{"nothing", post("", ""), 400, ""},
		{"too large", post("application/cloudevents+json", long), 413, ""},
		{"too large, of a length that is not told", post("application/cloudevents+json", long), 413, ""},
		{"another method", httptest.NewRequest(http.MethodGet, "/", http.NoBody), 405, ""},
		{"elsewhere", httptest.NewRequest(http.MethodPost, "/v1", http.NoBody), 404, ""},
	} {
		if strings.Contains(c.name, "not told") {
			c.request.ContentLength = -1
		}
		status, body := serve(events, c.request)
		if status != c.status || c.applied != "" && !e.has(c.applied) {
			t.Errorf("%s: %d %q, want %d", c.name, status, body, c.status)
		}
		if status >= 400 && len(strings.TrimSpace(body)) < 20 {
			t.Errorf("%s: the answer does not say why: %q", c.name, body)
		}
	}
}

// A batch of which one cannot be applied yet is to be brought again as a whole.
func TestAwayIsAgain(t *testing.T) {
	e := newEngine()
	e.set(true)
	events := knativetrigger.NewEvents(knativetrigger.Config{Engine: e})
	defer closeEvents(t, events)
	if status, body := serve(events, sale("a")); status != 503 || !strings.Contains(body, "the state is away") {
		t.Errorf("%d %s", status, body)
	}
	e.set(false)
	if status, _ := serve(events, sale("a")); status != 204 || !e.has("a") {
		t.Errorf("%d", status)
	}
}

// Only what a person has to mend is not waited for.
func TestSettingsAreNotWaitedFor(t *testing.T) {
	e := newEngine()
	e.final = true
	events := knativetrigger.NewEvents(knativetrigger.Config{Engine: e, Patience: time.Hour})
	defer closeEvents(t, events)
	if status, body := serve(events, sale("a")); status != 503 || !strings.Contains(body, "another currency") {
		t.Errorf("%d %s", status, body)
	}
}

// The state is away for ten minutes. A source that tries six times within three
// seconds, as the receive adapter does, loses nothing, because each time is held.
func TestTenMinutesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine()
		e.set(true)
		events := knativetrigger.NewEvents(knativetrigger.Config{Engine: e, Patience: 2 * time.Minute})
		var sources sync.WaitGroup
		for p := range 8 {
			sources.Go(func() {
				for n := range 5 { // records of a partition, one after the other
					id := fmt.Sprintf("%d-%d", p, n)
					if !adapter(events, id) {
						t.Errorf("the source gave up on %s", id)
					}
					if !e.has(id) {
						t.Errorf("%s was acknowledged and not applied", id)
					}
				}
			})
		}
		time.Sleep(10 * time.Minute)
		e.set(false)
		sources.Wait()
		closeEvents(t, events)
		if len(e.applied) != 40 {
			t.Errorf("%d events were applied, want 40", len(e.applied))
		}
	})
}

// adapter brings a record as the receive adapter of knative.dev/eventing-kafka
// v0.40 does: five more times at most, after 50 ms and twice as long each time.
func adapter(h http.Handler, id string) (done bool) {
	for attempt := range 6 {
		if status, _ := serve(h, sale(id)); status/100 == 2 {
			return true
		}
		time.Sleep(50 * time.Millisecond << attempt)
	}
	return false
}

// Checkpoints are written at most once a second, the last ones too, and once more
// at the end.
func TestCheckpointsAreSpaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine()
		events := knativetrigger.NewEvents(knativetrigger.Config{Engine: e})
		for i := range 500 {
			serve(events, sale(fmt.Sprint(i)))
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(2 * time.Second)
		if e.noted != 500 {
			t.Errorf("a while after the last event %d of 500 are noted", e.noted)
		}
		for i := 1; i < len(e.flushes); i++ {
			if gap := e.flushes[i].Sub(e.flushes[i-1]); gap < time.Second {
				t.Errorf("two flushes within %s", gap)
			}
		}
		if n := len(e.flushes); n < 5 || n > 7 {
			t.Errorf("%d flushes in 5 s", n)
		}
		serve(events, sale("one more"))
		synctest.Wait()
		serve(events, sale("the last"))
		closeEvents(t, events)
		if e.noted != 502 {
			t.Errorf("at the end %d of 502 are noted", e.noted)
		}
	})
}

// Requests that wait meanwhile are one batch.
func TestWhatWaitsIsOneBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine()
		slow := &slowly{engine: e}
		events := knativetrigger.NewEvents(knativetrigger.Config{Engine: slow})
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() { serve(events, sale(fmt.Sprint(i))) })
		}
		all.Wait()
		closeEvents(t, events)
		if len(e.applied) != 100 || e.calls > 5 {
			t.Errorf("%d events in %d batches", len(e.applied), e.calls)
		}
	})
}

type slowly struct{ *engine }

func (s *slowly) Handle(ctx context.Context, b []projection.Delivery) (projection.Outcome, projection.Report) {
	time.Sleep(20 * time.Millisecond)
	return s.engine.Handle(ctx, b)
}

// What is held when the program is told to end is answered at once.
func TestDrainAnswersWhatIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine()
		e.set(true)
		events := knativetrigger.NewEvents(knativetrigger.Config{Engine: e, Patience: time.Hour})
		got := make(chan int, 1)
		go func() { status, _ := serve(events, sale("a")); got <- status }()
		time.Sleep(5 * time.Minute)
		began := time.Now()
		events.Drain()
		if status := <-got; status != 503 || time.Since(began) > 0 {
			t.Errorf("%d after %s", status, time.Since(began))
		}
		if status, _ := serve(events, sale("b")); status != 503 {
			t.Errorf("afterwards %d", status)
		}
		closeEvents(t, events)
	})
}

type letters struct {
	all  []projection.DeadLetter
	away bool
}

func (l *letters) Bury(_ context.Context, all []projection.DeadLetter) error {
	if l.away {
		return errors.New("Kafka is away")
	}
	l.all = append(l.all, all...)
	return nil
}

func TestDeadLetterSink(t *testing.T) {
	kept := &letters{away: true}
	sink := knativetrigger.NewDeadLetters(kept, map[event.Topic]string{event.Sales: "shop.sales"}, quiet)
	given := func(r *http.Request) *http.Request {
		r.Header.Set("Ce-Knativeerrordest", "http://product-winners.shop.svc.cluster.local/")
		r.Header.Set("Ce-Knativeerrorcode", "503")
		r.Header.Set("Ce-Knativeerrordata", "dGhlIHN0YXRlIGlzIGF3YXkK")
		return r
	}
	if status, body := serve(sink, given(sale("a"))); status != 503 || !strings.Contains(body, "Kafka is away") {
		t.Fatalf("%d %s", status, body)
	}
	kept.away = false
	if status, body := serve(sink, given(sale("a"))); status != 204 {
		t.Fatalf("%d %s", status, body)
	}
	l := kept.all[0]
	if l.Function != "product-winners" || l.Origin != (projection.Origin{Topic: "shop.sales", Partition: 3, Offset: -1}) ||
		l.Reason != "the source gave up on it: http://product-winners.shop.svc.cluster.local/ answered 503: the state is away" {
		t.Errorf("%+v", l)
	}
	for _, h := range l.Message.Headers {
		if strings.Contains(h.Key, "knativeerror") {
			t.Errorf("the letter is not the record as it was: %s", h.Key)
		}
	}
	if string(l.Message.Key) != "p" || len(l.Message.Value) == 0 {
		t.Errorf("%+v", l.Message)
	}
	for status, r := range map[int]*http.Request{400: post("text/plain", "x"), 405: httptest.NewRequest(http.MethodPut, "/", http.NoBody)} {
		if got, _ := serve(sink, r); got != status {
			t.Errorf("%d, want %d", got, status)
		}
	}
}

func TestTickIsDecidedByTheRoute(t *testing.T) {
	n, fail := 0, false
	tick := knativetrigger.Tick{Timeout: time.Second, Log: quiet, Review: func(context.Context) error {
		if n++; fail {
			return errors.New("the state is away")
		}
		return nil
	}}
	r := post("application/json", `{}`)
	r.Header.Set("Ce-Specversion", "1.0")
	r.Header.Set("Ce-Type", "dev.knative.sources.ping")
	if status, _ := serve(tick, r); status != 204 || n != 1 {
		t.Errorf("%d", status)
	}
	fail = true
	if status, body := serve(tick, post("", "")); status != 503 || !strings.Contains(body, "away") {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := serve(tick, httptest.NewRequest(http.MethodGet, "/", http.NoBody)); status != 405 {
		t.Errorf("%d", status)
	}
}

func TestProbesAndTheEnd(t *testing.T) {
	e := newEngine()
	events := knativetrigger.NewEvents(knativetrigger.Config{Engine: e})
	var ready error
	var mu sync.Mutex
	s := &knativetrigger.Server{
		Handler: events, Drain: events.Drain, Close: events.Close, Grace: 5 * time.Second, Log: quiet,
		Ready: func(context.Context) error { mu.Lock(); defer mu.Unlock(); return ready },
	}
	l := listen(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, l) }()
	get := func(path string) (int, string) {
		r, err := http.Get("http://" + l.Addr().String() + path)
		if err != nil {
			return 0, err.Error()
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		return r.StatusCode, string(b)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, body := get(path); status != 200 || !strings.Contains(body, `"ok"`) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	mu.Lock()
	ready = errors.New("the state does not answer")
	mu.Unlock()
	if status, body := get("/readyz"); status != 503 || !strings.Contains(body, "does not answer") {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := get("/healthz"); status != 200 {
		t.Errorf("%d", status)
	}
	mu.Lock()
	ready = nil
	mu.Unlock()
	stop()
	for deadline := time.Now().Add(400 * time.Millisecond); ; {
		if status, _ := get("/readyz"); status == 503 {
			break
		}
		if time.Now().After(deadline) {
			t.Error("told to end, it is ready all the same")
			break
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
