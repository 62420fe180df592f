package relay

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/records"
)

// work publishes a stream until it is level or ctx ends.
func (r *Relay) work(ctx, sending context.Context, stream string) {
	attempt := 0
	for {
		if ctx.Err() != nil || !r.behind(stream) {
			return
		}
		if r.slots.Acquire(ctx, 1) != nil {
			r.idle(stream)
			return
		}
		err := r.publishSome(ctx, sending, stream)
		r.slots.Release(1)
		if err == nil {
			attempt = 0
			continue
		}
		if ctx.Err() != nil {
			r.idle(stream)
			return
		}
		if r.trouble.met(err) {
			r.o.Cluster.Reset()
		}
		attempt++
		r.pause(ctx, attempt)
	}
}

// behind tells whether there is more to publish. Where there is not, the stream
// has no worker from then on; both are decided at once, so that none is lost.
func (r *Relay) behind(stream string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.acked[stream] < r.heads[stream] {
		return true
	}
	r.busy[stream] = false
	return false
}

func (r *Relay) idle(stream string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy[stream] = false
}

// publishSome publishes the next events of a stream. An error means that the
// batch which it ended at may or may not be on Kafka: it is sent again as it was.
func (r *Relay) publishSome(ctx, sending context.Context, stream string) error {
	r.mu.Lock()
	next := r.acked[stream] + 1
	r.mu.Unlock()
	return r.send(ctx, sending, stream, next, next+chunk-1, func(first, last, base int64) {
		r.trouble.over()
		r.mu.Lock()
		defer r.mu.Unlock()
		r.counted += last - r.acked[stream]
		r.acked[stream] = last
		r.placed(ledger.Run{Stream: stream, First: first, Last: last, Shift: base - first})
		close(r.changed)
		r.changed = make(chan struct{})
	})
}

// placed keeps where a batch is until the next note; r.mu is held. A batch that
// follows the one before at the same distance lengthens its run.
func (r *Relay) placed(run ledger.Run) {
	for i := range r.runs {
		if one := &r.runs[i]; one.Stream == run.Stream && one.Shift == run.Shift && one.Last+1 == run.First {
			one.Last = run.Last
			return
		}
	}
	r.runs = append(r.runs, run)
}

// send publishes the events of a stream from one sequence to another, as far as
// they are recorded, batch by batch, and calls acked with the first and the
// last sequence of each batch that Kafka has, and the offset of the first.
func (r *Relay) send(ctx, sending context.Context, stream string, from, to int64, acked func(first, last, base int64)) error {
	logged, err := r.o.Ledger.Events(ctx, stream, from, int(min(to-from+1, chunk)))
	if err != nil {
		return fmt.Errorf("reading %s from sequence %d: %w", stream, from, err)
	}
	if len(logged) == 0 {
		return fmt.Errorf("reading %s: the event log does not have sequence %d, which was recorded: it is damaged; restore a backup", stream, from)
	}
	at := r.place[stream]
	batch := make([]event.Message, 0, len(logged))
	size, next := 0, from
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		base, err := r.o.Cluster.Produce(sending, at.topic, at.partition, batch)
		if err != nil {
			return err
		}
		acked(next-int64(len(batch)), next-1, base)
		batch, size = batch[:0], 0
		return nil
	}
	for i := range logged {
		ev := &logged[i]
		if ev.Sequence != next {
			return fmt.Errorf("reading %s: sequence %d comes where %d must be: the event log is damaged; restore a backup", stream, ev.Sequence, next)
		}
		m := event.Encode(ev.Attributes, ev.Data)
		n := records.Size(&m)
		if size+n > records.MaxBatchBytes {
			if err := flush(); err != nil {
				return err
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		batch, size, next = append(batch, m), size+n, next+1
	}
	return flush()
}

// backoff is a jittered time that doubles up to 5 s.
func backoff(attempt int) time.Duration {
	d := min(50*time.Millisecond<<min(attempt-1, 7), 5*time.Second)
	return d/2 + rand.N(d/2)
}

// pause waits before attempt n+1.
func (r *Relay) pause(ctx context.Context, attempt int) {
	t := time.NewTimer(r.o.Backoff(attempt))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// trouble turns the failures of many workers into one line when they begin and
// one when they are over.
type trouble struct {
	log   *slog.Logger
	mu    sync.Mutex
	since time.Time
	last  time.Time // when connections were last dropped
	text  string
}

// met notes a failure; reset says that connections should be made anew.
func (t *trouble) met(err error) (reset bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.since.IsZero() {
		t.since = time.Now()
		t.log.Warn("relay: publishing is interrupted; it goes on where it stopped", "error", err)
	}
	t.text = err.Error()
	if time.Since(t.last) < 200*time.Millisecond {
		return false
	}
	t.last = time.Now()
	return true
}

func (t *trouble) over() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.since.IsZero() {
		t.log.Info("relay: publishing goes on", "interrupted_for", time.Since(t.since).Round(time.Millisecond))
		t.since, t.text = time.Time{}, ""
	}
}

func (t *trouble) now() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text
}
