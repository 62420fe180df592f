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
	committed    atomic.Int64
	asked        atomic.Int64  // when the fetch in flight began, in ns; 0: none
	careful      atomic.Int64  // before this offset records go to the Handler
	alone        *sync.Mutex   // held while documents of the partition's keys are worked on
	attempts     int           // at what is to be brought again, since something was done; alone is held
	batches      chan *batch   // large ones
	pending      chan struct{} // closed when what was handed over last is handled; nil: nothing is
	pendingLevel bool          // it was handed to the level loop
	anew         chan struct{} // the partition is begun anew at done

	mu     sync.Mutex
	ready  *batch    // for the level loop
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

	finished chan struct{} // closed when it is freed
	answer   chan error    // of a bulk: the gatherer waits for err
	err      error
}

var batches = sync.Pool{New: func() any { return new(batch) }}

func newBatch(epoch int, from int64) *batch {
	b, _ := batches.Get().(*batch)
	b.epoch, b.from, b.next, b.records = epoch, from, from, 0
	b.finished = make(chan struct{})
	return b
}

// free gives the batch's memory back, and lets the gatherer go on.
func (b *batch) free() {
	b.slot.release()
	close(b.finished)
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

// handle brings the partition's large batches to their end, until no more is
// taken in.
func (p *partition) handle() {
	for {
		select {
		case <-p.g.take.Done():
			return
		case b := <-p.batches:
			if b.epoch == p.currentEpoch() {
				p.process(offer{p, b})
			} else {
				b.free()
			}
		}
	}
}

func (p *partition) process(o offer) {
	p.alone.Lock()
	defer p.g.wake() // others of this number may have waited
	defer p.alone.Unlock()
	switch {
	case o.b.answer == nil && o.b.slot.handle(p.g.take) != nil:
		o.b.free() // it is stopping
	case o.b.answer == nil:
		p.g.together([]offer{o})
	case o.follows():
		p.bulk(o.b)
	}
}

// beginAnew has the gatherer drop what it has and begin at what is not done, after
// a jittered time that grows with the attempts.
func (p *partition) beginAnew(attempt int) {
	p.mu.Lock()
	p.epoch++
	if p.ready != nil {
		p.ready.free()
		p.ready = nil
	}
	p.resume = time.Now().Add(delay(attempt, 10*time.Second))
	p.mu.Unlock()
	p.signal()
}

func (p *partition) signal() {
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
