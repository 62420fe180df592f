package kafkatrigger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/records"
)

const (
	// small is how much a batch of a partition that is level takes in while the one
	// before is being handled. Batches of one that is behind are large and need a slot.
	small = 2000
	// A level partition takes what has arrived; its first answer is this large at
	// most (a broker gives one whole batch even so).
	levelBytes = 256 << 10
	// Behind, this much is fetched at a time. It bounds compressed bytes.
	behindBytes = 1 << 20
	// maxWait is how long the broker holds an answer for a first record.
	maxWait = 2 * time.Second
)

// tools are what a batch is made with, shared by all partitions: few are at work
// at a time.
type tools struct {
	buf     []byte
	reader  records.BatchReader
	record  records.Record
	decoder *event.Decoder
}

var toolbox = sync.Pool{New: func() any { return &tools{decoder: event.NewDecoder()} }}

// gather makes batches until no more is to be taken in.
func (p *partition) gather() {
	ctx, failing, attempt := p.g.take, time.Time{}, 0
	for ctx.Err() == nil {
		// The epoch comes first: a partition that is begun anew after this line makes
		// the batch one of the past, whatever settle saw.
		epoch := p.currentEpoch()
		if !p.settle(ctx) {
			return
		}
		err := p.fill(ctx, epoch)
		if err == nil {
			if !failing.IsZero() {
				p.g.k.trouble.over()
			}
			failing, attempt = time.Time{}, 0
			continue
		}
		p.next = p.given // what was read into the batch was not handed over
		if ctx.Err() != nil {
			return
		}
		err = p.judge(ctx, err)
		if failing.IsZero() {
			failing = time.Now()
		}
		if needsPerson(err) {
			p.g.stop(err)
			return
		}
		if time.Since(failing) > p.g.k.c.StuckAfter {
			p.g.stop(fmt.Errorf("%w: %w", errStuck, err))
			return
		}
		if attempt++; attempt > 1 {
			p.g.k.trouble.met(err) // one lost connection is no news
		}
		pause(ctx, attempt, 2*time.Second)
	}
}

// settle goes back to what is not done where the partition is begun anew, once
// its time has come. It returns false when there is nothing more to take in.
func (p *partition) settle(ctx context.Context) bool {
	select {
	case <-p.anew:
		p.mu.Lock()
		wait := time.Until(p.resume)
		p.mu.Unlock()
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		p.next = p.done.Load()
		p.given = p.next
	default:
	}
	return ctx.Err() == nil
}

// fill makes one batch and sees it taken over. nil also where the batch was
// dropped because the partition is begun anew.
func (p *partition) fill(ctx context.Context, epoch int) error {
	behind := p.end.Load()-p.next >= p.g.k.c.BehindBy
	if behind && p.g.k.c.Bulk != nil && p.next >= p.careful.Load() {
		return p.fillBulk(ctx, epoch)
	}
	if !behind {
		return p.fillLevel(ctx, epoch)
	}
	b := newBatch(epoch, p.given)
	err := p.fillBehind(ctx, b)
	if err != nil {
		b.free()
	}
	return err
}

// fillBehind makes a large batch.
func (p *partition) fillBehind(ctx context.Context, b *batch) error {
	s, err := p.g.k.c.Slots.take(ctx)
	if err != nil {
		return err
	}
	b.slot = s
	limit, began, most := p.g.k.c.BatchMaxRecords, time.Now(), 0
	if p.g.k.c.Bulk != nil {
		limit = min(limit, carefulSize)
	}
	b.deliveries = make([]projection.Delivery, 0, min(int64(limit), p.end.Load()-p.next))
	t, _ := toolbox.Get().(*tools)
	defer toolbox.Put(t)
	for {
		before := len(b.deliveries)
		got, buf, err := p.fetch(ctx, t.buf, behindBytes, maxWait)
		t.buf = buf
		if err != nil {
			if before > 0 {
				break // hand over what there is; the next fetch says it again
			}
			return err
		}
		t.reader.Reset(got, p.next)
		if _, err := p.read(t, b, limit); err != nil {
			return err
		}
		n := len(b.deliveries)
		most = max(most, n-before)
		// What would not fit is not fetched to be thrown away.
		if n+most > limit || p.next >= p.end.Load() || time.Since(began) >= p.g.k.c.BatchMaxTime || p.toBeginAnew(b) {
			break
		}
	}
	return p.offer(ctx, b)
}

// fetch asks for records from next on.
func (p *partition) fetch(ctx context.Context, buf []byte, maxBytes int32, wait time.Duration) (records.Fetched, []byte, error) {
	p.asked.Store(time.Now().UnixNano())
	defer p.asked.Store(0)
	got, buf, err := p.g.k.fetcher.Fetch(ctx, records.FetchRequest{
		Topic: p.topic, Partition: p.number, Offset: p.next, MaxBytes: maxBytes, MaxWait: wait,
	}, buf)
	if err == nil {
		p.end.Store(got.End)
	}
	return got, buf, err
}

// read decodes what the reader has into the batch, up to limit deliveries in
// all; more where that stopped it. Of a record only the decoded event is kept; its
// bytes where it is poison.
func (p *partition) read(t *tools, b *batch, limit int) (more bool, err error) {
	for len(b.deliveries) < limit {
		ok, err := t.reader.Read(&t.record)
		if err != nil {
			return false, fmt.Errorf("reading %s@%d: %w", p, t.reader.NextOffset(), err)
		}
		if !ok {
			p.next = max(p.next, t.reader.NextOffset())
			b.next = p.next
			return false, nil
		}
		d := projection.Delivery{Origin: projection.Origin{Topic: p.topic, Partition: p.number, Offset: t.record.Offset}}
		d.Event, err = t.decoder.Decode(t.record.Message, p.g.k.c.Uses)
		if err != nil {
			m := records.CloneMessage(&t.record.Message)
			d.Poison, d.Message, d.Event = err, &m, event.Event{}
		}
		if n := len(b.deliveries); n == 0 || !b.deliveries[n-1].Absorb(&d) {
			b.deliveries = append(b.deliveries, d)
		}
		b.records++
		p.next, b.next = t.record.Offset+1, t.record.Offset+1
	}
	return true, nil
}

// offer waits until the large batch is taken over.
func (p *partition) offer(ctx context.Context, b *batch) error {
	if len(b.deliveries) == 0 || p.toBeginAnew(b) {
		b.free()
		return nil
	}
	if err := p.before(ctx, false); err != nil {
		return err
	}
	next, finished := b.next, b.finished
	select {
	case p.batches <- b:
		p.given = next
		p.handed(false, finished)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-p.anew:
		p.signal() // settle is to see it
		b.free()
		return nil
	}
}

// before waits until what was handed over elsewhere is handled: small batches go
// to the level loop and large ones to the partition's own, each in their order, and
// the two do not know of each other.
func (p *partition) before(ctx context.Context, level bool) error {
	if p.pending == nil || p.pendingLevel == level {
		return nil
	}
	select {
	case <-p.pending:
		p.pending = nil
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *partition) handed(level bool, finished chan struct{}) {
	p.pending, p.pendingLevel = finished, level
}

func (p *partition) toBeginAnew(b *batch) bool { return b.epoch != p.currentEpoch() }

// judge says what a failed fetch means. An offset that is out of range means
// that the log was cut at its beginning, or made anew.
func (p *partition) judge(ctx context.Context, err error) error {
	if !errors.Is(err, kafka.OffsetOutOfRange) {
		return err
	}
	held, askErr := p.g.k.c.Cluster.Offsets(ctx, p.topic, p.number)
	switch {
	case askErr != nil:
		return askErr
	case p.next > held.End:
		return tooShort(p.g.k.c.Function, p, p.next, held.End)
	case p.next < held.First:
		p.g.k.log.Warn("the log no longer has records that were not applied; what is missing shows as gaps, and `comptoir republish` brings it again",
			"topic", p.topic, "partition", p.number, "from", p.next, "first", held.First)
		p.next = held.First
	}
	return err
}
