package kafkatrigger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"comptoir/shared/projection"
)

// Bulk folds the records of a partition that is behind, part by part, and writes
// once; *projection.Bulk is one. It is used by one goroutine.
type Bulk interface {
	// Add folds a part, which is the trigger's again when it returns. After an
	// error the bulk is dropped, and its records are brought to the Handler.
	Add(ctx context.Context, part []projection.Delivery) error
	// Full says that it is time to commit.
	Full() bool
	// Commit writes. Where it is not done all of it is brought to the Handler.
	Commit(ctx context.Context) (projection.Outcome, projection.Report)
}

const (
	// partSize is how many deliveries are decoded before they are folded: few enough
	// to stay in the processor's cache.
	partSize = 2048
	// carefulSize is how many records go into a batch where a bulk gave up.
	carefulSize = 10_000
)

// fillBulk has the handling goroutine fetch and fold all that there is, and waits
// for it: what a bulk folds begins with documents that hold all before it.
func (p *partition) fillBulk(ctx context.Context, epoch int) error {
	if err := p.before(ctx, false); err != nil {
		return err
	}
	s, err := p.g.k.c.Slots.take(ctx)
	if err != nil {
		return err
	}
	b := newBatch(epoch, p.given)
	b.slot, b.answer = s, make(chan error, 1)
	b.deliveries = slices.Grow(b.deliveries, partSize)
	answer := b.answer
	select {
	case p.batches <- b:
		return <-answer // the handling goroutine always answers
	case <-ctx.Done():
		b.free()
		return ctx.Err()
	case <-p.anew:
		p.signal() // settle is to see it
		b.free()
		return nil
	}
}

// errGaveUp says that the records of a bulk are to be brought to the Handler.
var errGaveUp = errors.New("the records are brought one by one")

// bulk makes and commits a bulk.
func (p *partition) bulk(b *batch) {
	k, began := p.g.k, time.Now()
	defer b.free()
	bulk := k.c.Bulk()
	b.err = p.feed(b, bulk, began)
	if b.records == 0 {
		p.given = p.next // nothing but what does not count, such as marks of transactions
		p.done.Store(p.next)
		return
	}
	k.lines.received([]offer{{p, b}})
	outcome := projection.Outcome{Err: b.err}
	if !errors.Is(b.err, errGaveUp) {
		if b.slot.handle(p.g.work) != nil {
			return // there is no time left: nothing was claimed
		}
		var report projection.Report
		if outcome, report = bulk.Commit(p.g.work); outcome.Done() {
			b.err = nil // of a fetch: the next one says it again
			p.given, p.attempts = b.next, 0
			p.done.Store(b.next)
			p.g.touch()
			k.lines.applied([]offer{{p, b}}, report, time.Since(began))
			return
		}
	}
	b.err = nil
	k.log.Debug("a bulk gave up", "topic", p.topic, "partition", p.number, "records", b.records, "why", outcome.Err)
	p.careful.Store(b.next)
	p.attempts++
	p.beginAnew(p.attempts)
}

// feed fetches and folds until there is no more, or it is time to commit.
func (p *partition) feed(b *batch, bulk Bulk, began time.Time) error {
	t, _ := toolbox.Get().(*tools)
	defer toolbox.Put(t)
	ctx := p.g.take
	for {
		got, buf, err := p.fetch(ctx, t.buf, behindBytes, maxWait)
		t.buf = buf
		if err != nil {
			return err
		}
		t.reader.Reset(got, p.next)
		for more := true; more; {
			more, err = p.read(t, b, partSize)
			// What was read before an error counts too.
			if len(b.deliveries) > 0 {
				if err := bulk.Add(p.g.work, b.deliveries); err != nil {
					return fmt.Errorf("%w: %w", errGaveUp, err)
				}
				b.deliveries = b.deliveries[:0]
			}
			if err != nil {
				return err
			}
		}
		if p.next >= p.end.Load() || b.records >= p.g.k.c.BatchMaxRecords || bulk.Full() || time.Since(began) >= p.g.k.c.BatchMaxTime || p.toBeginAnew(b) {
			return nil
		}
	}
}
