package projection

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// Config is what an engine is made of. All fields but the last ones are required.
type Config struct {
	Function Function
	Store    Store
	Morgue   Morgue
	// Today returns the shop's business day.
	Today func() event.Date
	// Currency is the one currency of the state.
	Currency money.Currency
	// RulesVersion numbers the thresholds in force; it only grows. 0 lets the
	// engine choose: the stored version where the thresholds are the same, one more
	// where they are not.
	RulesVersion int64

	// Topics gives the names of topics on Kafka where they differ from the logical ones.
	Topics map[event.Topic]string
	// Rereader reads a record again whose Delivery came without its Message; nil
	// where the trigger always gives it.
	Rereader Rereader
	// Backoff returns how long to wait before attempt n (1, 2, …) at a write that
	// was lost or contended; nil means jittered, doubling from 5 ms to 1 s.
	Backoff func(attempt int) time.Duration
	// CheckpointsApart: Handle neither reads nor writes checkpoints, and Flush writes
	// those of all that was handled since the last time. It is for triggers that bring
	// records one by one and in no order; offsets are not claimed then.
	CheckpointsApart bool
}

// Engine folds batches for one function. It keeps nothing of a batch once it
// has answered. It may be used from many goroutines; batches that touch the
// same documents at the same time are right, and slower.
type Engine struct {
	fn       Function
	store    Store
	morgue   Morgue
	rereader Rereader
	today    func() event.Date
	currency money.Currency
	logical  map[string]event.Topic
	backoff  func(int) time.Duration
	uses     [256]bool
	apart    *notes // nil: checkpoints are written with each batch

	wanted int64 // the configured rules version

	claiming sync.Mutex
	terms    atomic.Pointer[terms] // nil before the state was asked
}

// maxAttempts bounds how often a document is read and written anew in one
// batch before the batch is given back to the trigger.
const maxAttempts = 8

// chunk is how many documents are loaded, folded and written at a time. It
// bounds the memory of a batch, however many documents it touches.
const chunk = 1000

// New returns an engine. It reads nothing yet.
func New(c Config) (*Engine, error) {
	switch {
	case c.Function.Name == "" || c.Function.Apply == nil || c.Function.Review == nil || c.Function.Collection.New == nil:
		return nil, errors.New("making an engine: the function is not complete")
	case c.Store == nil || c.Morgue == nil || c.Today == nil || c.Currency == "":
		return nil, fmt.Errorf("making the engine of %s: store, dead letters, business day and currency are required", c.Function.Name)
	}
	e := &Engine{
		fn: c.Function, store: c.Store, morgue: c.Morgue, rereader: c.Rereader, today: c.Today,
		currency: c.Currency, wanted: c.RulesVersion, backoff: c.Backoff, logical: map[string]event.Topic{},
	}
	for logical, name := range c.Topics {
		e.logical[name] = logical
	}
	for _, t := range c.Function.Types {
		e.uses[t] = true
	}
	if c.CheckpointsApart {
		e.apart = &notes{}
	}
	if e.backoff == nil {
		e.backoff = func(attempt int) time.Duration {
			d := min(5*time.Millisecond<<min(attempt-1, 10), time.Second)
			return d/2 + rand.N(d/2+1)
		}
	}
	return e, nil
}

// Function returns the function that the engine runs.
func (e *Engine) Function() *Function { return &e.fn }

// Uses tells whether the function takes events of the type; a trigger's
// decoder passes over the data of others.
func (e *Engine) Uses(t event.Type) bool { return e.uses[t] }

// Handle folds a batch: deliveries of any number of partitions, those of one
// partition in the order of their offsets. It never fails: what could not be
// done stands in the outcome, with why.
func (e *Engine) Handle(ctx context.Context, batch []Delivery) (Outcome, Report) {
	b := &run{e: e, batch: batch, state: make([]fate, len(batch)), today: e.today()}
	for i := range batch {
		b.report.Records += batch[i].Records()
	}
	if len(batch) == 0 {
		return Outcome{}, b.report
	}
	terms, err := e.claim(ctx, b.ledgerSeen())
	if err != nil {
		b.failAll(err)
		return b.outcome(), b.report
	}
	b.terms = terms
	if e.apart == nil {
		b.streams = b.split()
		if err := b.loadCheckpoints(ctx, b.streams); err != nil {
			b.failAll(err)
			return b.outcome(), b.report
		}
	}
	b.fold(ctx, b.sort())
	_ = b.bury(ctx, func(*Delivery) bool { return true }) // whose letters were not kept is to be brought again
	if e.apart != nil {
		out := b.outcome()
		e.apart.add(b, &out)
		return out, b.report
	}
	if err := b.writeCheckpoints(ctx, b.streams); err != nil {
		b.failAll(err)
	}
	return b.outcome(), b.report
}

// fate is what became of a delivery in a batch.
type fate uint8

const (
	undecided fate = iota
	skipped
	applied
	duplicate
	poisoned
	failed // to be brought again
)

// run is one batch on its way through the engine.
type run struct {
	e       *Engine
	batch   []Delivery
	state   []fate
	streams map[string]*stream
	reasons map[int]error // of the poisoned
	buried  map[int]bool  // of those, whose letters are durable
	today   event.Date
	terms   *terms
	report  Report
	err     error // the first reason for a retry
}

func (b *run) poison(i int, reason error) {
	b.state[i] = poisoned
	if b.reasons == nil {
		b.reasons = map[int]error{}
	}
	b.reasons[i] = reason
}

func (b *run) fail(i int, err error) {
	b.state[i] = failed
	if b.err == nil {
		b.err = err
	}
}

func (b *run) failAll(err error) {
	for i := range b.state {
		b.fail(i, err)
	}
}

// ledgerSeen returns the first ledger among the sources of the batch, or "".
func (b *run) ledgerSeen() string {
	for i := range b.batch {
		if d := &b.batch[i]; d.Poison == nil && isLedger(d.Event.Source) {
			return d.Event.Source
		}
	}
	return ""
}

func isLedger(source string) bool { return strings.HasPrefix(source, "/ledgers/") }

// group is what a batch has for one document, in order.
type group struct {
	id      string
	events  []int // indexes into the batch
	careful bool  // one event at a time, because one of them failed
}

// sort decides what can be decided without documents, and groups the rest.
func (b *run) sort() []*group {
	groups := make([]*group, 0, 64)
	byID := make(map[string]*group, 64)
	for i := range b.batch {
		d := &b.batch[i]
		switch {
		case d.Poison != nil:
			b.poison(i, d.Poison)
			continue
		case !b.e.uses[d.Event.Type] || d.Event.Data == nil:
			b.state[i] = skipped
			b.report.Skipped += d.Records()
			continue
		}
		if err := b.belongs(&d.Event); err != nil {
			b.poison(i, err)
			continue
		}
		g := byID[d.Event.Key]
		if g == nil {
			g = &group{id: d.Event.Key}
			byID[d.Event.Key] = g
			groups = append(groups, g)
		}
		g.events = append(g.events, i)
	}
	return groups
}

// belongs refuses events that this state can never hold: of another ledger, or
// in another currency.
func (b *run) belongs(ev *event.Event) error {
	if isLedger(ev.Source) && ev.Source != b.terms.ledger {
		return fmt.Errorf("the event is of %s and this state belongs to %s: one state holds one ledger; give the other a state of its own", ev.Source, b.terms.ledger)
	}
	var c money.Currency
	switch d := ev.Data.(type) {
	case *event.ProductSale:
		c = d.Currency
	case *event.ClientDocument:
		c = d.Currency
	case *event.Product:
		c = d.Currency
	case *event.Heartbeat:
		c = d.Currency
	default:
		return nil
	}
	if c != b.e.currency {
		return fmt.Errorf("the event is in %s and this state is in %s: one state holds one currency", c, b.e.currency)
	}
	return nil
}

// bury publishes dead letters of the batch, before anything is acknowledged. One
// that an earlier run has already buried and passed is not buried again. After an
// error those that were to be kept count as failed.
func (b *run) bury(ctx context.Context, which func(*Delivery) bool) (failed error) {
	var letters []DeadLetter
	var those []int
	for i := range b.batch {
		d := &b.batch[i]
		if b.state[i] != poisoned || b.buried[i] || !which(d) {
			continue
		}
		if s := b.streams[b.e.streamOf(d)]; s != nil && d.Origin.Offset >= 0 && d.Origin.Offset < s.read.Offset {
			continue
		}
		m := d.Message
		if m == nil {
			if b.e.rereader == nil {
				failed = fmt.Errorf("keeping %s aside: its bytes are no longer at hand", d.Origin)
				b.fail(i, failed)
				continue
			}
			again, err := b.e.rereader.Reread(ctx, d.Origin)
			if err != nil {
				failed = fmt.Errorf("reading %s again to keep it aside: %w", d.Origin, err)
				b.fail(i, failed)
				continue
			}
			m = &again
		}
		letters = append(letters, DeadLetter{Function: b.e.fn.Name, Origin: d.Origin, Reason: b.reasons[i].Error(), Message: *m})
		those = append(those, i)
	}
	if len(letters) == 0 {
		return failed
	}
	if err := b.e.morgue.Bury(ctx, letters); err != nil {
		failed = fmt.Errorf("keeping %d records aside as dead letters: %w", len(letters), err)
		for _, i := range those {
			b.fail(i, failed)
		}
		return failed
	}
	if b.buried == nil {
		b.buried = map[int]bool{}
	}
	for _, i := range those {
		b.buried[i] = true
	}
	b.report.DeadLetters += len(letters)
	for _, l := range letters[:min(len(letters), max(0, 3-len(b.report.Reasons)))] {
		b.report.Reasons = append(b.report.Reasons, l.Origin.String()+": "+l.Reason)
	}
	return failed
}

// passedByOffset tells whether a document will pass over the record once a later
// one is written: what has no revision is known by its offset. Its letter must be
// durable before.
func passedByOffset(d *Delivery) bool {
	return d.Poison == nil && d.Event.Revision == 0 && d.Origin.Offset >= 0
}

// outcome names, per partition, the first record that is to be brought again.
func (b *run) outcome() Outcome {
	out := Outcome{Err: b.err}
	for i := range b.batch {
		if b.state[i] != failed {
			continue
		}
		o := b.batch[i].Origin
		if o.Offset < 0 {
			out.Unplaced = append(out.Unplaced, i)
			continue
		}
		out.add(Position(o))
	}
	return out
}

func (o *Outcome) add(p Position) {
	for i := range o.Retry {
		if r := &o.Retry[i]; r.Topic == p.Topic && r.Partition == p.Partition {
			r.Offset = min(r.Offset, p.Offset)
			return
		}
	}
	o.Retry = append(o.Retry, p)
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
