package kafkatrigger

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// Slots bounds the large batches of all consumers that share it: so many are
// handled at a time, and one more is fetched and decoded meanwhile. Small batches
// need no slot, so a function that is level does not wait for one that is behind.
type Slots struct{ held, handled *semaphore.Weighted }

// NewSlots returns slots for n batches handled at a time. One store gains
// nothing by more than one or two.
func NewSlots(n int) *Slots {
	return &Slots{held: semaphore.NewWeighted(int64(n) + 1), handled: semaphore.NewWeighted(int64(n))}
}

// slot is one batch's right to be large; the zero slot is none.
type slot struct {
	slots    *Slots
	handling bool
}

func (s *Slots) take(ctx context.Context) (slot, error) {
	if err := s.held.Acquire(ctx, 1); err != nil {
		return slot{}, err
	}
	return slot{slots: s}, nil
}

// handle waits until the batch may be handled.
func (s *slot) handle(ctx context.Context) error {
	if s.slots == nil {
		return nil
	}
	if err := s.slots.handled.Acquire(ctx, 1); err != nil {
		return err
	}
	s.handling = true
	return nil
}

func (s *slot) release() {
	if s.slots == nil {
		return
	}
	if s.handling {
		s.slots.handled.Release(1)
	}
	s.slots.held.Release(1)
	*s = slot{}
}
