package relay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/records"
)

// ErrAhead says that Kafka has events that this ledger never recorded: the
// ledger is an old copy.
var ErrAhead = errors.New("Kafka has events of this ledger that the ledger does not have")

// ErrBehind says that Kafka lacks events that it had acknowledged: its log was
// removed or made anew.
var ErrBehind = errors.New("Kafka lacks events of this ledger that it had")

// Check compares the notes of what was published with the topics. Where the
// tail of a topic is beyond the note (a crash swallowed it), the note moves on.
// Where a topic is ahead of the ledger the error wraps ErrAhead, where it is
// behind the note, ErrBehind; records.ErrTopic, where topics are missing. Any
// other error says that Kafka or the ledger could not be asked.
func (r *Relay) Check(ctx context.Context) error {
	if err := r.o.Cluster.Check(ctx, records.Layout{Partitions: r.o.Ledger.Partitions()}); err != nil {
		return err
	}
	heads, _, err := r.o.Ledger.Heads(ctx)
	if err != nil {
		return fmt.Errorf("asking how much is recorded: %w", err)
	}
	noted, err := r.o.Ledger.Published(ctx)
	if err != nil {
		return fmt.Errorf("asking how much was published: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(r.o.Parallel)
	for _, stream := range r.streams {
		group.Go(func() error {
			last, id, err := r.tail(ctx, stream, noted[stream])
			if err != nil {
				return fmt.Errorf("comparing %s with Kafka: %w", stream, err)
			}
			if err := judge(stream, r.place[stream], last, noted[stream], heads[stream]); err != nil {
				return err
			}
			if err := r.same(ctx, stream, last, id); err != nil {
				return err
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			r.acked[stream], r.noted[stream] = last, noted[stream]
			r.heads[stream] = heads[stream]
			close(r.changed) // whoever waits for Level may see it already
			r.changed = make(chan struct{})
			return nil
		})
	}
	return group.Wait()
}

const wayOut = "restore the newest backup, or run `comptoir ledger new-epoch` and then `comptoir rebuild` to go on from this one"

// same tells whether the last event of the stream on Kafka is the ledger's own of
// that number. It is not where an old copy of the ledger has gone on meanwhile.
func (r *Relay) same(ctx context.Context, stream string, last int64, id string) error {
	if last == 0 {
		return nil
	}
	own, err := r.o.Ledger.Events(ctx, stream, last, 1)
	if err != nil {
		return fmt.Errorf("comparing %s with Kafka: %w", stream, err)
	}
	if len(own) == 1 && own[0].Sequence == last && own[0].ID == id {
		return nil
	}
	at := r.place[stream]
	return fmt.Errorf("%w: number %d of %s is another event on Kafka (%s/%d) than in the ledger, which is an older copy that was used since; %s", ErrAhead, last, stream, at.topic, at.partition, wayOut)
}

func judge(stream string, at place, last, noted, head int64) error {
	switch {
	case last > head:
		return fmt.Errorf("%w: %s ends at %d on Kafka (%s/%d) and at %d in the ledger, which is an older copy then; %s", ErrAhead, stream, last, at.topic, at.partition, head, wayOut)
	case last < noted:
		return fmt.Errorf("%w: %s had been acknowledged up to %d and ends at %d on Kafka (%s/%d): the log was removed or made anew; run `comptoir republish --all`", ErrBehind, stream, noted, last, at.topic, at.partition)
	}
	return nil
}

// tail returns the greatest sequence that the end of the stream's partition has
// of this ledger's source, and the id of that event. It reads backwards until it has met the note, so that a range
// published again at the end, or other producers' records, do not mislead it.
func (r *Relay) tail(ctx context.Context, stream string, noted int64) (last int64, id string, err error) {
	at := r.place[stream]
	decoder, source := event.NewDecoder(), r.o.Ledger.Source()
	none := func(event.Type) bool { return false }
	met := false
	err = r.o.Cluster.Tail(ctx, at.topic, at.partition, func(rec *records.Record) error {
		ev, err := decoder.Decode(rec.Message, none)
		if err == nil && ev.Source == source && ev.Stream == stream {
			if ev.Sequence > last {
				last, id = ev.Sequence, idOf(rec)
			}
			met = met || ev.Sequence >= noted
		}
		return nil // what cannot be decoded is not ours
	}, func() bool { return met })
	return last, id, err
}

// idOf reads the id of one of the ledger's records, which are in binary mode.
func idOf(rec *records.Record) string {
	for _, h := range rec.Message.Headers {
		if h.Key == "ce_id" {
			return string(h.Value)
		}
	}
	return ""
}

// checkUntilReachable is Check, again while Kafka cannot be asked.
func (r *Relay) checkUntilReachable(ctx context.Context) error {
	for attempt := 1; ; attempt++ {
		err := r.Check(ctx)
		switch {
		case err == nil:
			r.trouble.over()
			return nil
		case ctx.Err() != nil, errors.Is(err, ErrAhead), errors.Is(err, ErrBehind), errors.Is(err, records.ErrTopic):
			return err
		}
		if attempt >= patience {
			r.trouble.met(err)
		}
		r.o.Cluster.Reset()
		r.pause(ctx, attempt)
	}
}

// patience is how many attempts at a start are not worth a line.
const patience = 3

// Progress says how much of a range has been published again.
type Progress struct {
	Stream     string
	Done, From int64
	To         int64
}

// Republish publishes a range of a stream again as it was, in order, at the end
// of its partition. It may be done while a relay is running: functions pass over
// what they have applied and take what they miss. progress may be nil.
func (r *Relay) Republish(ctx context.Context, stream string, from, to int64, progress func(Progress)) error {
	if _, ok := r.place[stream]; !ok {
		return fmt.Errorf("publishing again: there is no stream %q; the ledger has %s to %s of each topic", stream, r.streams[0], r.streams[r.o.Ledger.Partitions()-1])
	}
	heads, _, err := r.o.Ledger.Heads(ctx)
	if err != nil {
		return fmt.Errorf("asking how much is recorded: %w", err)
	}
	if from < 1 || from > to || to > heads[stream] {
		return fmt.Errorf("publishing %s:%d-%d again: the ledger has %s:1-%d", stream, from, to, stream, heads[stream])
	}
	if err := r.o.Cluster.Check(ctx, records.Layout{Partitions: r.o.Ledger.Partitions()}); err != nil {
		return err
	}
	return r.again(ctx, stream, from, to, nil, progress) // where it was first is still true
}

// again sends a range until it is acknowledged; it gives up with ctx, or after
// a minute without success.
func (r *Relay) again(ctx context.Context, stream string, from, to int64, acked func(first, last, base int64), progress func(Progress)) error {
	next, failing, attempt := from, time.Time{}, 0
	for next <= to {
		err := r.send(ctx, ctx, stream, next, to, func(first, last, base int64) {
			next, failing, attempt = last+1, time.Time{}, 0
			if acked != nil {
				acked(first, last, base)
			}
			if progress != nil {
				progress(Progress{Stream: stream, From: from, To: to, Done: last - from + 1})
			}
		})
		if err == nil {
			continue
		}
		if failing.IsZero() {
			failing = time.Now()
		}
		if ctx.Err() != nil || time.Since(failing) > time.Minute {
			return fmt.Errorf("publishing %s:%d-%d again: it stopped before %d: %w", stream, from, to, next, err)
		}
		r.o.Cluster.Reset()
		attempt++
		r.pause(ctx, attempt)
	}
	return nil
}

// RepublishAll publishes the whole event log again and notes it as published,
// as after Kafka's log was removed. No relay of the ledger may be running, and
// whatever reads offsets must forget them (kafkatrigger.Forget, Engine.Rewind).
func (r *Relay) RepublishAll(ctx context.Context, progress func(Progress)) (events int64, err error) {
	if err := r.o.Cluster.Check(ctx, records.Layout{Partitions: r.o.Ledger.Partitions()}); err != nil {
		return 0, err
	}
	heads, _, err := r.o.Ledger.Heads(ctx)
	if err != nil {
		return 0, fmt.Errorf("asking how much is recorded: %w", err)
	}
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(r.o.Parallel)
	for _, stream := range r.streams {
		events += heads[stream]
		group.Go(func() error {
			placed := func(first, last, base int64) {
				r.mu.Lock()
				defer r.mu.Unlock()
				r.placed(ledger.Run{Stream: stream, First: first, Last: last, Shift: base - first})
			}
			return r.again(gctx, stream, 1, heads[stream], placed, func(p Progress) {
				r.mu.Lock()
				defer r.mu.Unlock()
				r.acked[stream] = p.Done
				if progress != nil {
					progress(p)
				}
			})
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	if err := r.mark(ctx); err != nil {
		return 0, err
	}
	return events, nil
}
