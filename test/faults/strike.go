package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"comptoir/functions/query"
	"comptoir/test/command"
)

// recoverWithin is how long after a fault's end all may take to come right by itself.
const recoverWithin = 30 * time.Second

// strike is a fault that happens once.
type strike struct {
	fault  *fault
	s      *shop
	w      *watch
	random *rand.Rand
	files  []string // what is recorded meanwhile

	moment time.Duration // after the beginning of the feed
	lasts  time.Duration
	feed   *feed
	second *command.Process // another runner
	notes  []string
}

// result is what came of it.
type result struct {
	name      string
	events    int64
	tally     tally
	recovered time.Duration // since the fault's end
	twice     int64         // records that Kafka has twice
	answers   int           // of the query API, held against the truth
	behind    int           // of them while something recorded was not applied
	faults    []error
}

// impossibleError says that a fault cannot be made here.
type impossibleError struct{ error }

func (k *strike) upTo(d time.Duration) time.Duration {
	return time.Duration(k.random.Int64N(max(1, int64(d))))
}

func (k *strike) note(format string, args ...any) {
	k.notes = append(k.notes, fmt.Sprintf(format, args...))
}

// feeding is for how long events flow in a strike.
const feeding = 3 * time.Second

// run strikes while events flow, and waits until all is right again.
func (k *strike) run(ctx context.Context) (r result, err error) {
	r.name = k.fault.name
	k.moment = k.upTo(feeding / 3)
	k.lasts = k.fault.lasts[0] + k.upTo(k.fault.lasts[1]-k.fault.lasts[0])
	every := feeding / time.Duration(len(k.files))
	if k.fault.whole {
		k.moment, every = k.upTo(300*time.Millisecond), 0
	}
	_, before := k.s.truth.heads()
	appended, err := k.s.appended(ctx)
	if err != nil {
		return r, err
	}
	if k.fault.prepare != nil {
		if err := k.fault.prepare(ctx, k); err != nil {
			return r, err
		}
	}
	k.w.take()
	k.w.away.Store(k.fault.away)
	k.feed = k.s.feed(ctx, k.files, every)
	if !k.fault.whole {
		time.Sleep(k.moment)
	}
	ended, err := k.happen(ctx)
	if err != nil {
		return r, err
	}
	if k.fault.whole { // what has to recover is the import itself
		if err := k.feed.wait(ctx); err != nil {
			return r, err
		}
	}
	if err := k.s.truth.follow(ctx); err != nil {
		return r, err
	}
	heads, _ := k.s.truth.heads()
	if err := k.shown(ctx, heads); err != nil {
		return r, k.missed(ctx, fmt.Errorf("after the fault's end: %w", err))
	}
	r.recovered = time.Since(ended)
	if r.recovered > recoverWithin {
		r.faults = append(r.faults, fmt.Errorf("it took %.1f s from the fault's end until all was right", r.recovered.Seconds()))
	}
	if err := k.feed.wait(ctx); err != nil {
		return r, err
	}
	if err := k.s.level(ctx); err != nil {
		return r, k.missed(ctx, err)
	}
	if err := errors.Join(k.s.kafka.heal(), k.s.store.heal()); err != nil {
		return r, err
	}
	k.w.away.Store(false)
	return r, k.judge(ctx, &r, before, appended)
}

// missed adds to an error what the documents do not have.
func (k *strike) missed(ctx context.Context, err error) error {
	tally, other := k.s.truth.compare(ctx, k.s.reader)
	return errors.Join(err, tally.err(), other)
}

// happen is the fault itself, from its beginning to its end.
func (k *strike) happen(ctx context.Context) (ended time.Time, err error) {
	if err := k.fault.begin(ctx, k); err != nil {
		return ended, err
	}
	began := time.Now()
	if err := k.told(ctx); err != nil {
		return ended, err
	}
	time.Sleep(k.lasts - time.Since(began))
	if k.fault.end != nil {
		err = k.fault.end(ctx, k)
	}
	return time.Now(), err
}

// told asks `comptoir status` in the middle of the fault. What it says of the ledger
// must be true; it may fail only where it says why.
func (k *strike) told(ctx context.Context) error {
	if k.lasts < time.Second {
		return nil
	}
	if err := k.s.truth.follow(ctx); err != nil {
		return err
	}
	_, before := k.s.truth.heads()
	ctx, cancel := context.WithTimeout(ctx, 40*time.Second)
	defer cancel()
	p, err := k.s.start("status", "--format", "json")
	if err != nil {
		return err
	}
	defer p.Kill()
	if k.fault.away {
		return nil // it may wait for the store for longer than the fault lasts
	}
	code, err := p.Wait(ctx)
	if err != nil || code != 0 {
		return errors.Join(err, fmt.Errorf("comptoir status: exit %d during the fault:\n%s", code, command.Tail(p.Err.String())))
	}
	var status struct {
		Ledger struct{ Recorded, Published int64 }
	}
	if err := json.Unmarshal([]byte(p.Out.String()), &status); err != nil {
		return fmt.Errorf("reading what comptoir status says: %w", err)
	}
	if err := k.s.truth.follow(ctx); err != nil {
		return err
	}
	_, after := k.s.truth.heads()
	if l := status.Ledger; l.Recorded < before || l.Recorded > after || l.Published > l.Recorded {
		return fmt.Errorf("comptoir status says that %d events are recorded and %d published; %d were before it was asked and %d afterwards", l.Recorded, l.Published, before, after)
	}
	return nil
}

// shown waits until the query API says that everything up to the heads is applied.
func (k *strike) shown(ctx context.Context, heads map[string]int64) error {
	client := &http.Client{Timeout: 2 * time.Second}
	defer client.CloseIdleConnections()
	return eventually(ctx, "the query API shows what was recorded by then", func() (bool, error) {
		var st query.Status
		code, err := get(ctx, client, k.w.url+"/v1/status", &st)
		if err != nil || code != http.StatusOK {
			return false, k.s.running()
		}
		return told(&st).reached(heads), k.s.running()
	})
}

// judge counts.
func (k *strike) judge(ctx context.Context, r *result, before, appended int64) (err error) {
	_, after := k.s.truth.heads()
	r.events = after - before
	if r.tally, err = k.s.truth.compare(ctx, k.s.reader); err != nil {
		return err
	}
	if err := r.tally.err(); err != nil {
		r.faults = append(r.faults, err)
	}
	now, err := k.s.appended(ctx)
	if err != nil {
		return err
	}
	r.twice = now - appended - r.events
	if r.twice < 0 {
		r.faults = append(r.faults, fmt.Errorf("Kafka has %d records fewer than were recorded", -r.twice))
	}
	if k.fault.bit != nil {
		if err := k.fault.bit(k); err != nil {
			r.faults = append(r.faults, err)
		}
	}
	if n := k.feed.again(); n > 0 {
		k.note("%d imports were run again", n)
	}
	var lies []string
	r.answers, r.behind, lies = k.w.take()
	for _, l := range lies {
		r.faults = append(r.faults, errors.New(l))
	}
	if r.answers == 0 {
		r.faults = append(r.faults, errors.New("the query API has told nothing that could be held against the truth"))
	}
	return nil
}
