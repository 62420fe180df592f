package query

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/money"
	"comptoir/shared/state"
)

// reading is what was read of the state at one moment: all that tells its
// version, and how far the functions have come.
type reading struct {
	*edition
	checkpoints []checkpointDoc
	heartbeats  []heartbeatDoc
	settings    settingsDoc
	due         map[string]int64 // per function, documents whose review is due
	older       string           // the version that was read where it is older than the edition's, else ""
}

// edition is one version of the state with its lists, each read at the first
// request for it. The version was read before any of them, so a list may hold
// more than its version says and never less.
type edition struct {
	version  string
	epoch    int64
	state    Reader // of that epoch
	day      event.Date
	currency money.Currency
	rules    string // what the thresholds are, for ETags

	products  loaded[*productList]
	stocks    loaded[*stockList]
	clients   loaded[*clientList]
	documents loaded[map[string]bool] // per function, whether it has a document
}

// current returns what was read last where that is recent enough, or where a
// list of it is being read just now, and reads anew where it is not. However
// many ask, one reads.
func (s *Service) current(ctx context.Context) (*reading, error) {
	s.mu.Lock()
	if s.now != nil && (s.loading > 0 || time.Since(s.readAt) < s.hold()) {
		defer s.mu.Unlock()
		return s.now, nil
	}
	f := s.inFlight
	if f == nil {
		f = &flight[*reading]{done: make(chan struct{})}
		s.inFlight = f
		go s.refresh(context.WithoutCancel(ctx), f)
	}
	s.mu.Unlock()
	return f.wait(ctx)
}

// hold returns how long a reading counts as current. s.mu is held.
func (s *Service) hold() time.Duration {
	if s.cfg.Hold < 0 {
		return 0
	}
	return max(s.cfg.Hold, min(4*s.slowest, 10*time.Second))
}

func (s *Service) refresh(ctx context.Context, f *flight[*reading]) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ReadTimeout)
	defer cancel()
	r, err := s.read(ctx)
	s.mu.Lock()
	s.inFlight = nil
	if err == nil {
		s.adopt(r)
		s.readAt = time.Now()
	}
	s.mu.Unlock()
	f.value, f.err = r, err
	close(f.done)
}

// adopt makes a reading the current one, and sees to it that the version never
// goes back. s.mu is held.
func (s *Service) adopt(r *reading) {
	if before := s.now; before != nil {
		switch {
		case r.version == before.version && r.rules == before.rules:
			r.edition = before.edition
		case r.version < before.version:
			r.older, r.edition = r.version, before.edition
		default:
			s.slowest = 0
		}
	}
	s.now = r
}

func (s *Service) read(ctx context.Context) (*reading, error) {
	r := &reading{edition: &edition{}, due: map[string]int64{}}
	// Which epoch is live is asked once, and all of the answer is of that one.
	var err error
	if r.settings, err = liveSettings(ctx, s.cfg.Reader); err != nil {
		return nil, problemOf(err)
	}
	r.state = At(s.cfg.Reader, r.settings.Epoch)
	if r.settings.Currency != "" && s.cfg.Currency != "" && r.settings.Currency != s.cfg.Currency {
		return nil, otherCurrency(string(s.cfg.Currency), string(r.settings.Currency))
	}
	// Heartbeats come first: what a checkpoint has reached by then, it still has.
	if r.heartbeats, err = all[heartbeatDoc](ctx, r.state, heartbeats, []string{"time", "currency", "streams"}); err != nil {
		return nil, problemOf(err)
	}
	if r.checkpoints, err = all[checkpointDoc](ctx, r.state, checkpoints, nil); err != nil {
		return nil, problemOf(err)
	}
	if r.day, err = s.businessDate(ctx, r); err != nil {
		return nil, problemOf(err)
	}
	r.epoch = r.settings.Epoch
	r.currency = r.settings.Currency
	if r.currency == "" {
		r.currency = s.cfg.Currency
	}
	s.noDayBack(r)
	r.version = fmt.Sprintf("%04d.%s.%012d", r.epoch, r.day, r.progress())
	r.rules = r.thresholds()
	return r, nil
}

// businessDate returns the last day that every document has reached: today, or
// the day before the first review that is still due. It counts what is due.
func (s *Service) businessDate(ctx context.Context, r *reading) (event.Date, error) {
	today := s.cfg.Today()
	day := today
	until := []state.Filter{{Field: "review_on", Op: state.AtMost, Value: state.Text(today.String())}}
	for _, f := range s.analytics() {
		docs, err := r.state.Find(ctx, f.Collection, state.Find{Filters: until, Sort: "review_on", Limit: 1, Fields: []string{"review_on"}})
		if err = nothingYet(err); err != nil {
			return 0, fmt.Errorf("looking for documents of %s that are due: %w", f.Collection, err)
		}
		if len(docs) == 0 {
			continue
		}
		var first struct {
			ReviewOn event.Date `json:"review_on"`
		}
		if err := decode(f.Collection, docs[0], &first); err != nil {
			return 0, err
		}
		if first.ReviewOn != event.NoDate {
			day = min(day, first.ReviewOn-1)
		}
		groups, err := r.state.Sum(ctx, f.Collection, state.Sum{Filters: until, Fields: []string{"version"}})
		if err != nil {
			return 0, fmt.Errorf("counting documents of %s that are due: %w", f.Collection, err)
		}
		if len(groups) > 0 {
			r.due[f.Name] = groups[0].Count
		}
	}
	return day, nil
}

// noDayBack keeps the day where a document that was written by a clock that is
// late would take it back within the same epoch.
func (s *Service) noDayBack(r *reading) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now != nil && s.now.epoch == r.epoch {
		r.day = max(r.day, s.now.day)
	}
}

// analytics returns the functions whose documents are lists.
func (s *Service) analytics() []Function {
	return slices.DeleteFunc(slices.Clone(s.cfg.Functions), func(f Function) bool { return f.Collection == heartbeats })
}

// progress adds up the versions of the checkpoints. Those of heartbeats do not
// count: they move every few seconds, and no list with them.
func (r *reading) progress() int64 {
	var n int64
	for _, c := range r.checkpoints {
		if !strings.HasPrefix(c.Stream, string(event.Heartbeats)+"/") {
			n += c.Version
		}
	}
	return n
}

func (r *reading) thresholds() string {
	names := make([]string, 0, len(r.settings.Rules))
	for name, rule := range r.settings.Rules {
		names = append(names, fmt.Sprintf("%s=%d/%s", name, rule.Version, rule.Hash))
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// pageSize is how many documents are read at once.
const pageSize = 1000

// each reads all documents of a collection in the order of their ids.
func each[T any](ctx context.Context, r Reader, collection string, fields []string, take func(*T) error) error {
	var after *state.Cursor
	for {
		docs, err := r.Find(ctx, collection, state.Find{After: after, Limit: pageSize, Fields: fields})
		if err = nothingYet(err); err != nil {
			return fmt.Errorf("reading %s: %w", collection, err)
		}
		var last string
		for _, raw := range docs {
			var doc T
			if err := decode(collection, raw, &doc); err != nil {
				return err
			}
			if err := take(&doc); err != nil {
				return err
			}
		}
		if len(docs) < pageSize {
			return nil
		}
		if last, err = idOf(collection, docs[len(docs)-1]); err != nil {
			return err
		}
		after = &state.Cursor{ID: last}
	}
}

func idOf(collection string, raw json.RawMessage) (string, error) {
	var doc struct {
		ID string `json:"_id"`
	}
	err := decode(collection, raw, &doc)
	return doc.ID, err
}

func all[T any](ctx context.Context, r Reader, collection string, fields []string) ([]T, error) {
	var docs []T
	err := each(ctx, r, collection, fields, func(d *T) error {
		docs = append(docs, *d)
		return nil
	})
	return docs, err
}

// nothingYet takes a state that does not exist yet for an empty one.
func nothingYet(err error) error {
	if errors.Is(err, state.ErrNothingYet) {
		return nil
	}
	return err
}

// problemOf returns err where it is a problem already, and else says that the
// state could not be read.
func problemOf(err error) error {
	var p *Problem
	if err == nil || errors.As(err, &p) {
		return err
	}
	return unreachable(err)
}
