package projection

import (
	"context"
	"fmt"
	"sync"
)

// notes are what was handled and stands in no checkpoint yet.
type notes struct {
	mu    sync.Mutex
	epoch int64      // into which they were folded
	batch []Delivery // attributes and places alone
	state []fate

	flushing sync.Mutex
}

// add notes what of a batch may be acknowledged.
func (n *notes) add(b *run, out *Outcome) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.epoch != b.terms.epoch {
		// What was folded into an older epoch says nothing of this one.
		n.epoch, n.batch, n.state = b.terms.epoch, nil, nil
	}
	for i := range b.batch {
		d := b.batch[i]
		if !out.Took(i, d.Origin) {
			continue
		}
		// What comes one by one says nothing of the records before it.
		d.Origin.Offset = -1
		d.Message, d.Event.Data = nil, nil
		n.batch, n.state = append(n.batch, d), append(n.state, b.state[i])
	}
}

func (n *notes) take() (epoch int64, batch []Delivery, state []fate) {
	n.mu.Lock()
	defer n.mu.Unlock()
	batch, state = n.batch, n.state
	n.batch, n.state = nil, nil
	return n.epoch, batch, state
}

func (n *notes) giveBack(epoch int64, batch []Delivery, state []fate) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.epoch == epoch {
		n.batch, n.state = append(batch, n.batch...), append(state, n.state...)
	}
}

// Flush writes the checkpoints of what was handled since the last time, where
// they are written apart. After an error all of it is written the next time; what
// is lost with the process (a kill) shows as a gap in the stream until it is
// brought again, and is in the documents all the same. It may run beside Handle.
func (e *Engine) Flush(ctx context.Context) error {
	if e.apart == nil {
		return nil
	}
	e.apart.flushing.Lock()
	defer e.apart.flushing.Unlock()
	epoch, batch, state := e.apart.take()
	if len(batch) == 0 {
		return nil
	}
	b := &run{e: e, batch: batch, state: state, today: e.today()}
	if err := b.flush(ctx, epoch); err != nil {
		e.apart.giveBack(epoch, batch, state)
		return fmt.Errorf("noting how far %s has come: %w", e.fn.Name, err)
	}
	return nil
}

// flush writes the checkpoints of what was folded into an epoch. One that is not live
// any more gets none: nobody reads them.
func (b *run) flush(ctx context.Context, epoch int64) (err error) {
	if b.terms, err = b.e.claim(ctx, ""); err != nil || b.terms.epoch != epoch {
		return err
	}
	b.streams = b.split()
	closed, err := b.loadCheckpoints(ctx, b.streams)
	if err != nil || closed {
		return err
	}
	return b.writeCheckpoints(ctx, b.streams)
}
