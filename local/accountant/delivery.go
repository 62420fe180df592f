package accountant

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"comptoir/local/ledger"
)

// Progress tells what of the events has been counted.
type Progress interface {
	// Counted tells for each analytic that takes some of the events how many it
	// takes, and how many of those its documents hold now. It reads the documents
	// themselves: what it says is what the manager sees.
	Counted(ctx context.Context, events []ledger.Sent) ([]Counted, error)
}

// Counted is how far one analytic has come with the events of an entry.
type Counted struct {
	Analytic string // product-winners
	Takes    int
	Holds    int
}

// way is how far an entry has come, at one look.
type way struct {
	entry     ledger.Entry
	events    []ledger.Sent
	published int
	analytics []Counted
	// unread: the figures could not be read, so it is not known what was counted.
	unread bool
	// seen is when a step was seen to be done, of those that this app saw happen.
	seen map[string]time.Time
}

const publishedStep = "published"

// done tells whether nothing more is to come.
func (w *way) done() bool {
	if w.published < len(w.events) || w.unread {
		return false
	}
	for _, c := range w.analytics {
		if c.Holds < c.Takes {
			return false
		}
	}
	for _, e := range w.events {
		if e.Offset < 0 && time.Since(w.entry.At) < slow {
			return false // the relay notes where it is within a second
		}
	}
	return true
}

// tracker looks where entries are, and remembers when it saw them arrive.
type tracker struct {
	ledger       *ledger.Ledger
	progress     Progress
	acknowledged func() map[string]int64

	log *slog.Logger

	mu    sync.Mutex
	looks map[int64]*look
	// unread is why the figures could not be read when they were last looked at.
	unread string
}

// look is what was known of an entry when somebody last looked.
type look struct {
	at      time.Time
	waiting map[string]bool
	seen    map[string]time.Time
}

const (
	// mostLooks bounds how many entries' times are remembered.
	mostLooks = 1000
	// apart is how long ago a look may be for what it saw waiting to have happened now.
	apart = time.Second
)

func newTracker(c Config) *tracker {
	return &tracker{ledger: c.Ledger, progress: c.Progress, acknowledged: c.Acknowledged, log: c.Log, looks: map[int64]*look{}}
}

func (t *tracker) look(ctx context.Context, e ledger.Entry) (*way, error) {
	w := &way{entry: e}
	var err error
	if w.events, err = t.ledger.EventsOf(ctx, e.ID); err != nil {
		return nil, err
	}
	var acked map[string]int64
	if t.acknowledged != nil {
		acked = t.acknowledged()
	}
	for i := range w.events {
		one := &w.events[i]
		one.Published = one.Published || one.Sequence <= acked[one.Stream]
		if one.Published {
			w.published++
		}
	}
	if t.progress != nil && len(w.events) > 0 {
		if w.analytics, err = t.progress.Counted(ctx, w.events); err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			w.unread = true // the ledger has it: that much is known
		}
		t.tellUnread(err)
	}
	t.note(w)
	return w, nil
}

// tellUnread logs why the figures cannot be read, once for each cause: an entry that is
// watched is looked for ten times a second.
func (t *tracker) tellUnread(err error) {
	cause := ""
	if err != nil {
		cause = err.Error()
	}
	t.mu.Lock()
	another := cause != t.unread
	t.unread = cause
	t.mu.Unlock()
	if another && cause != "" {
		t.log.Warn("accountant: the figures cannot be read", "error", err)
	}
}

// note remembers when steps were first seen done that were seen waiting just before.
func (t *tracker) note(w *way) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	l := t.looks[w.entry.ID]
	if l == nil {
		if len(t.looks) >= mostLooks {
			t.forget(now)
		}
		l = &look{waiting: map[string]bool{}, seen: map[string]time.Time{}}
		t.looks[w.entry.ID] = l
		// What has only just been recorded was waiting a moment ago.
		if now.Sub(w.entry.At) < apart {
			l.at = w.entry.At
			l.waiting[publishedStep] = true
			for _, c := range w.analytics {
				l.waiting[c.Analytic] = true
			}
		}
	}
	step := func(name string, done bool) {
		if done && l.waiting[name] && now.Sub(l.at) < apart {
			l.seen[name] = now
		}
		l.waiting[name] = !done
	}
	step(publishedStep, w.published == len(w.events))
	if !w.unread {
		for _, c := range w.analytics {
			step(c.Analytic, c.Holds >= c.Takes)
		}
	}
	l.at = now
	w.seen = make(map[string]time.Time, len(l.seen))
	for name, at := range l.seen {
		w.seen[name] = at
	}
}

// forget makes room: the half that nobody has looked at for longest goes.
func (t *tracker) forget(now time.Time) {
	for age := time.Hour; len(t.looks) > mostLooks/2; age /= 2 {
		for id, l := range t.looks {
			if now.Sub(l.at) >= age {
				delete(t.looks, id)
			}
		}
	}
}
