package kafkatrigger

import (
	"context"
	"fmt"
	"time"

	"comptoir/shared/projection"
)

// offer is a batch that a partition has for the Handler.
type offer struct {
	p *partition
	b *batch
}

const (
	// brisk is from how many records in one go on events come faster than they are
	// handled. Then what follows is let gather for half as long as this took, at most
	// maxPause: time that is left to the store, and larger batches for it.
	brisk    = 4
	maxPause = 10 * time.Millisecond
	// betweenFetches is left between two fetches of a level partition that has records.
	betweenFetches = 5 * time.Millisecond
	// patience is how long records wait that are of no use to the function: of them
	// only the place is noted.
	patience = 200 * time.Millisecond
)

// level hands over what the partitions that are level have, together: a store
// answers one question about many documents nearly as fast as about one.
func (g *generation) level() {
	for {
		select {
		case <-g.take.Done():
			return
		case <-g.woken:
		}
		began := time.Now()
		now := g.collect()
		if len(now) == 0 {
			continue
		}
		records := g.together(now)
		for _, o := range now {
			o.p.alone.Unlock()
		}
		if records >= brisk && !wait(g.take, min(time.Since(began)/2, maxPause)) {
			return
		}
	}
}

// wake has the level partitions looked at.
func (g *generation) wake() {
	select {
	case g.woken <- struct{}{}:
	default:
	}
}

// wakeLater is for what can wait.
func (g *generation) wakeLater() {
	if g.waking.CompareAndSwap(false, true) {
		time.AfterFunc(patience, func() {
			g.waking.Store(false)
			g.wake()
		})
	}
}

// collect takes what is ready, and the locks of its partitions. Of partitions of
// the same number one is taken at a time; what is left wakes the loop again.
func (g *generation) collect() (now []offer) {
	left := false
	for _, p := range g.partitions {
		if !p.alone.TryLock() {
			left = left || p.isReady() // who holds it wakes the loop when it is done
			continue
		}
		if b := p.takeReady(); b != nil {
			now = append(now, offer{p, b})
		} else {
			p.alone.Unlock()
		}
	}
	if left && len(now) > 0 {
		g.wake()
	}
	return now
}

func (p *partition) isReady() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ready != nil
}

func (p *partition) takeReady() *batch {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.ready
	p.ready = nil
	return b
}

// fillLevel waits for a first record and puts what has come with it where the
// level loop takes it, with what is still there.
func (p *partition) fillLevel(ctx context.Context, epoch int) error {
	if err := p.before(ctx, true); err != nil {
		return err
	}
	// Most answers to a long wait are empty: no buffer is kept for them.
	got, _, err := p.fetch(ctx, nil, levelBytes, maxWait)
	if err != nil || len(got.Batches) == 0 {
		return err
	}
	t, _ := toolbox.Get().(*tools)
	defer toolbox.Put(t)
	t.reader.Reset(got, p.next)
	for more := true; more; {
		if more, err = p.gatherLevel(ctx, t, epoch); err != nil {
			return err
		}
	}
	if !wait(ctx, betweenFetches) {
		return ctx.Err()
	}
	return nil
}

// gatherLevel decodes into the batch that is ready, and waits for its handling where
// that is full.
func (p *partition) gatherLevel(ctx context.Context, t *tools, epoch int) (more bool, err error) {
	p.mu.Lock()
	if p.epoch != epoch {
		p.mu.Unlock()
		return false, nil // begun anew: what was fetched is of the past
	}
	b := p.ready
	if b == nil {
		b = newBatch(epoch, p.given)
	}
	had := b.records
	more, err = p.read(t, b, small)
	if b.records > had { // what was read before an error counts too
		p.ready = b
		p.given = b.next
		p.handed(true, b.finished)
	} else if p.ready == nil {
		b.free()
		b = nil
	}
	useful := b != nil && b.useful()
	p.mu.Unlock()
	switch {
	case b == nil:
		return false, err
	case useful || more:
		p.g.wake()
	default:
		p.g.wakeLater()
	}
	if more && err == nil {
		err = p.before(ctx, false) // waits until it is handled
	}
	return more, err
}

// useful tells whether the function has more to do with the batch than to note its place.
func (b *batch) useful() bool {
	for i := range b.deliveries {
		if d := &b.deliveries[i]; d.Event.Data != nil || d.Poison != nil {
			return true
		}
	}
	return false
}

// together hands batches of several partitions over at once, and returns how many
// records they had. The partitions' locks are held.
func (g *generation) together(offers []offer) (records int) {
	k := g.k
	began := time.Now()
	var good []offer
	for _, o := range offers {
		if o.follows() {
			good = append(good, o)
		}
	}
	if offers = good; len(offers) == 0 {
		return 0
	}
	deliveries := offers[0].b.deliveries
	if len(offers) > 1 {
		deliveries = nil
		for _, o := range offers {
			deliveries = append(deliveries, o.b.deliveries...)
		}
	}
	k.lines.received(offers)
	for _, o := range offers {
		records += o.b.records
	}
	outcome, report := k.c.Handler.Handle(g.work, deliveries)
	var done []offer
	for _, o := range offers {
		if again := o.p.from(o.b, &outcome); again == o.b.next {
			o.p.done.Store(again)
			o.p.attempts = 0
			done = append(done, o)
		} else {
			o.p.done.Store(again)
			if g.work.Err() == nil {
				k.lines.failed(o.p, again, outcome.Err)
			}
			o.p.attempts++
			o.p.beginAnew(o.p.attempts)
		}
	}
	g.touch()
	if len(done) > 0 {
		k.lines.applied(done, report, time.Since(began))
	}
	for _, o := range offers {
		o.b.free()
	}
	return records
}

// follows tells whether a batch begins where the partition is. Otherwise, which is
// never, records would be lost without a word: the membership is begun anew.
func (o offer) follows() bool {
	if o.b.from == o.p.done.Load() {
		return true
	}
	o.p.g.stop(fmt.Errorf("%w: the batch of %s from %d on does not follow what was done up to %d", errStuck, o.p, o.b.from, o.p.done.Load()))
	o.b.free()
	return false
}

// from returns where the partition goes on: at the end of the batch, or before it
// where some of it is to be brought again.
func (p *partition) from(b *batch, outcome *projection.Outcome) int64 {
	if outcome.Done() {
		return b.next
	}
	for _, r := range outcome.Retry {
		if r.Topic == p.topic && r.Partition == p.number {
			return max(b.from, min(r.Offset, b.next))
		}
	}
	if len(outcome.Unplaced) > 0 || len(outcome.Retry) == 0 {
		return b.from
	}
	return b.next // others are named, so this one is done
}

// wait waits for a while; false where the context ended.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
