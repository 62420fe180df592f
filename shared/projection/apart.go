package projection

import (
	"context"
	"fmt"
	"sync"
)

// notes are what was handled and stands in no checkpoint yet.
type notes struct {
	mu    sync.Mutex
	batch []Delivery // attributes and places alone
	state []fate

	flushing sync.Mutex
}

// add notes what of a batch may be acknowledged.
func (n *notes) add(b *run, out *Outcome) {
	n.mu.Lock()
	defer n.mu.Unlock()
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

func (n *notes) take() (batch []Delivery, state []fate) {
	n.mu.Lock()
	defer n.mu.Unlock()
	batch, state = n.batch, n.state
	n.batch, n.state = nil, nil
	return batch, state
}

func (n *notes) giveBack(batch []Delivery, state []fate) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.batch, n.state = append(batch, n.batch...), append(state, n.state...)
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
	batch, state := e.apart.take()
	if len(batch) == 0 {
		return nil
	}
	b := &run{e: e, batch: batch, state: state, today: e.today()}
	err := b.flush(ctx)
	if err != nil {
		e.apart.giveBack(batch, state)
		return fmt.Errorf("noting how far %s has come: %w", e.fn.Name, err)
	}
	return nil
}

func (b *run) flush(ctx context.Context) (err error) {
	if b.terms, err = b.e.claim(ctx, ""); err != nil {
		return err
	}
	b.streams = b.split()
	if err := b.loadCheckpoints(ctx, b.streams); err != nil {
		return err
	}
	return b.writeCheckpoints(ctx, b.streams)
}
