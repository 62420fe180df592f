package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"comptoir/functions/query"
)

// watch asks the query API all the time, as a page does, and holds what it says
// against the ledger and the store themselves.
type watch struct {
	s   *shop
	url string
	// away is set while the API's way to the store, or the store, is spoiled: then it
	// may answer that it cannot read.
	away atomic.Bool

	mu      sync.Mutex
	answers int
	behind  int // answers that were given while something recorded was not applied
	lies    []string
}

const (
	askEvery = 150 * time.Millisecond
	// A reader does not wait for longer than that where nothing is wrong with the store.
	answerWithin = 10 * time.Second
)

func (w *watch) run(ctx context.Context) {
	client := &http.Client{Timeout: 40 * time.Second}
	defer client.CloseIdleConnections()
	for ctx.Err() == nil {
		if err := w.look(ctx, client); err != nil && ctx.Err() == nil {
			w.lie("%v", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(askEvery):
		}
	}
}

func (w *watch) lie(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.lies) < 5 {
		w.lies = append(w.lies, fmt.Sprintf(format, args...))
	}
}

// look asks once. What is told must have been true when it was told: since then the
// state and the ledger have only gone forward.
func (w *watch) look(ctx context.Context, client *http.Client) error {
	was := w.away.Load()
	began := time.Now()
	var st query.Status
	code, err := get(ctx, client, w.url+"/v1/status", &st)
	took := time.Since(began)
	away := was || w.away.Load()
	switch {
	case away && (err != nil || code == http.StatusServiceUnavailable):
		return nil // it says that it cannot read
	case err != nil:
		return fmt.Errorf("the query API does not answer, and nothing is wrong with the store: %w", err)
	case code != http.StatusOK:
		return fmt.Errorf("the query API answers %d, and nothing is wrong with the store", code)
	case !away && took > answerWithin:
		return fmt.Errorf("the query API took %.1f s to answer, and nothing is wrong with the store", took.Seconds())
	}
	now, err := readProgress(ctx, w.s.reader)
	if err != nil {
		return nil //nolint:nilerr // the store itself is away: nothing to hold it against
	}
	if err := w.s.truth.follow(ctx); err != nil {
		return nil //nolint:nilerr // the ledger's disk is full, or it is busy
	}
	heads, _ := w.s.truth.heads()
	w.mu.Lock()
	w.answers++
	if !told(&st).reached(heads) {
		w.behind++
	}
	w.mu.Unlock()
	return w.check(&st, now, heads)
}

func get(ctx context.Context, client *http.Client, url string, into any) (code int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return resp.StatusCode, err
	}
	return resp.StatusCode, json.Unmarshal(body, into)
}

// told is how far the functions are, as a status says.
func told(st *query.Status) progress {
	p := progress{}
	for _, f := range st.Functions {
		for _, s := range f.Streams {
			p[[2]string{f.Name, s.Stream}] = s.Sequence
		}
	}
	return p
}

// check holds a status against the truth.
func (w *watch) check(st *query.Status, now progress, heads map[string]int64) error {
	for _, f := range st.Functions {
		if f.Name == "freshness" {
			continue
		}
		for _, s := range f.Streams {
			if has := now[[2]string{f.Name, s.Stream}]; s.Gaps == 0 && s.Sequence > has {
				return fmt.Errorf("status says that %s has applied %s up to %d, and the state has it up to %d", f.Name, s.Stream, s.Sequence, has)
			}
			if s.Published != nil && *s.Published > heads[s.Stream] {
				return fmt.Errorf("status says that %s was published up to %d, and it is recorded up to %d", s.Stream, *s.Published, heads[s.Stream])
			}
			if s.Published != nil && s.Lag != nil && *s.Lag != max(0, *s.Published-s.Sequence) {
				return fmt.Errorf("status says that %s is %d behind on %s, with %d applied of %d published", f.Name, *s.Lag, s.Stream, s.Sequence, *s.Published)
			}
		}
		if err := w.fresh(&f, told(st), heads); err != nil {
			return err
		}
	}
	return nil
}

// fresh holds as_of against the ledger: all that was recorded before it is applied.
func (w *watch) fresh(f *query.FunctionStatus, told progress, heads map[string]int64) error {
	if f.AsOf == nil {
		return nil
	}
	for stream := range heads {
		if !slices.ContainsFunc(query.Functions(), func(q query.Function) bool {
			return q.Name == f.Name && slices.Contains(q.Topics, topicOf(stream))
		}) {
			continue
		}
		has := told[[2]string{f.Name, stream}]
		if n := w.s.truth.before(stream, *f.AsOf); n > has {
			return fmt.Errorf("status says that %s is as of %s, %d events of %s were recorded before that, and %d of them are applied", f.Name, f.AsOf, n, stream, has)
		}
	}
	return nil
}

// take returns what was seen since the last time.
func (w *watch) take() (answers, behind int, lies []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	answers, behind, lies = w.answers, w.behind, w.lies
	w.answers, w.behind, w.lies = 0, 0, nil
	return answers, behind, lies
}
