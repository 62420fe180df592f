package kafkatrigger

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"comptoir/shared/projection"
)

// partition is one partition for as long as a generation has it. One goroutine
// gathers batches, another hands them over: one is handled while the next is made.
type partition struct {
	g      *generation
	topic  string // by its name on Kafka
	number int32

	next  int64        // to be fetched; the gatherer's
	given int64        // after the last batch that was handed over; the gatherer's
	end   atomic.Int64 // after the last record there is
	done  atomic.Int64 // next to be handled
	// committed is what the group has; −1 none.
	committed atomic.Int64
	rest      atomic.Int64 // until when nothing is gathered, in ns; see breathe
	asked     atomic.Int64 // when the fetch in flight began, in ns; 0: none
	careful   atomic.Int64 // before this offset records go to the Handler
	alone     *sync.Mutex  // held while documents of the partition's keys are worked on
	batches   chan *batch
	anew      chan struct{} // the partition is begun anew at done

	mu     sync.Mutex
	epoch  int       // counts the times that it was begun anew
	resume time.Time // not before
}

// batch is what is handed over at once.
type batch struct {
	deliveries []projection.Delivery
	records    int   // that the deliveries stand for
	from, next int64 // it holds all that there is from one offset up to the other
	epoch      int
	slot       slot

	answer chan error // of a bulk: the gatherer waits for err
	err    error
}

var batches = sync.Pool{New: func() any { return new(batch) }}

func newBatch(epoch int, from int64) *batch {
	b, _ := batches.Get().(*batch)
	b.epoch, b.from, b.next, b.records = epoch, from, from, 0
	return b
}

// free gives the batch's memory back, and lets the gatherer go on.
func (b *batch) free() {
	b.slot.release()
	if b.answer != nil {
		b.answer <- b.err
		b.answer, b.err = nil, nil
	}
	if cap(b.deliveries) > 2*small {
		b.deliveries = nil // not to be kept for small ones
	}
	clear(b.deliveries)
	b.deliveries = b.deliveries[:0]
	batches.Put(b)
}

func newPartition(g *generation, topic string, number int32) *partition {
	// Topics are keyed alike: a product's catalogue entry lies in the partition of its
	// number, as its sales do. Who waits here would only meet a conflict.
	if g.alone[number] == nil {
		g.alone[number] = new(sync.Mutex)
	}
	return &partition{g: g, topic: topic, number: number, alone: g.alone[number], batches: make(chan *batch), anew: make(chan struct{}, 1)}
}

func (p *partition) begin(from, committed, end int64) {
	p.next, p.given = from, from
	p.done.Store(from)
	p.end.Store(end)
	if committed < 0 {
		committed = -1
		if from == 0 {
			committed = 0 // nothing to commit before something was done
		}
	}
	p.committed.Store(committed)
}

// String writes topic/partition.
func (p *partition) String() string { return fmt.Sprintf("%s/%d", p.topic, p.number) }

// handle hands batches over until no more is taken in.
func (p *partition) handle() {
	attempt := 0
	for {
		var b *batch
		select {
		case <-p.g.take.Done():
			return
		case b = <-p.batches:
		}
		if b.epoch != p.currentEpoch() {
			b.free()
			continue
		}
		if b.from != p.done.Load() {
			// Never: but records that are passed over here would be lost without a word.
			p.g.stop(fmt.Errorf("%w: the batch of %s from %d on does not follow what was done up to %d", errStuck, p, b.from, p.done.Load()))
			b.free()
			return
		}
		if p.process(b) {
			attempt = 0
			continue
		}
		attempt++
		p.beginAnew(attempt)
	}
}

// process brings one batch to its end. It returns false where some of it is to be
// brought again.
func (p *partition) process(b *batch) bool {
	p.alone.Lock()
	defer p.alone.Unlock()
	switch {
	case b.answer != nil:
		return p.applyBulk(b)
	case b.slot.handle(p.g.take) != nil:
		b.free()
		return true // it is stopping
	}
	return p.apply(b)
}

// handled notes that a batch is done.
func (p *partition) handled(b *batch, r projection.Report, began time.Time) {
	p.done.Store(b.next)
	p.g.touch()
	if b.records >= busy {
		p.rest.Store(time.Now().Add(min(restFactor*time.Since(began), maxRest)).UnixNano())
	}
	p.g.k.lines.applied(p, r, b.next-1, time.Since(began))
}

// apply hands one batch over. It returns false where some of it is to be brought again.
func (p *partition) apply(b *batch) bool {
	k := p.g.k
	defer b.free()
	began := time.Now()
	k.lines.received(p, b.records)
	outcome, report := k.c.Handler.Handle(p.g.work, b.deliveries)
	if outcome.Done() {
		p.handled(b, report, began)
		return true
	}
	from := p.done.Load()
	again := from // where the outcome does not name the partition, all of it
	for _, r := range outcome.Retry {
		if r.Topic == p.topic && r.Partition == p.number {
			again = max(from, min(r.Offset, b.next))
		}
	}
	p.done.Store(again)
	p.g.touch()
	if p.g.work.Err() == nil {
		k.lines.failed(p, again, outcome.Err)
	}
	return false
}

// beginAnew has the gatherer drop what it has and begin at what is not done, after
// a jittered time that grows with the attempts.
func (p *partition) beginAnew(attempt int) {
	p.mu.Lock()
	p.epoch++
	p.resume = time.Now().Add(delay(attempt, 10*time.Second))
	p.mu.Unlock()
	p.again()
}

func (p *partition) again() {
	select {
	case p.anew <- struct{}{}:
	default:
	}
}

func (p *partition) currentEpoch() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.epoch
}

// hangs tells whether a fetch is in flight for longer than it can be.
func (p *partition) hangs() bool {
	asked := p.asked.Load()
	return asked != 0 && time.Since(time.Unix(0, asked)) > p.g.k.c.StuckAfter
}

// delay is a jittered time before attempt n+1 that doubles from 50 ms up to most.
func delay(attempt int, most time.Duration) time.Duration {
	d := min(50*time.Millisecond<<min(attempt-1, 12), most)
	return d/2 + rand.N(d/2)
}

func pause(ctx context.Context, attempt int, most time.Duration) {
	t := time.NewTimer(delay(attempt, most))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
