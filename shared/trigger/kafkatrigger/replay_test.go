package kafkatrigger_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/records/recordstest"
	"comptoir/shared/trigger/kafkatrigger"
)

// movable is a checkpoint that can be set.
type movable struct{ atomic.Int64 }

func (m *movable) Offset(context.Context, string, int32) (int64, bool, error) {
	return m.Load(), m.Load() >= 0, nil
}

// What is replayed begins where the checkpoints say, ends where the log ended, and is
// nobody's in the group, whether the function is running meanwhile or not.
func TestReplay(t *testing.T) {
	b := recordstest.Start(t)
	c := b.Connect()
	recordstest.Migrate(t, c, 3)
	produce(t, c, 3, 600)
	live := newHandler()
	k, stop := start(t, b.Addr(), live)
	caughtUp(t, k)
	for _, checkpoint := range []int64{-1, 0, 40, 200} {
		at := new(movable)
		at.Store(checkpoint)
		h := newHandler()
		r, err := kafkatrigger.New(kafkatrigger.Config{
			Function: "test", Topics: []event.Topic{event.Sales}, Cluster: recordstest.Connect(t, b.Addr()), Handler: h,
			Checkpoints: at, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		if err := r.Replay(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
		if want := 3 * int(200-max(0, checkpoint)); h.count() != want {
			t.Errorf("from %d on: %d records, want %d", checkpoint, h.count(), want)
		}
	}
	if live.count() != 600 {
		t.Errorf("the function itself was brought %d records, want 600", live.count())
	}
	mustStop(t, stop)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := k.Replay(ctx); err == nil {
		t.Error("it was stopped and says that all was read")
	}
}

// A state that has another epoch is read into from where that epoch is.
func TestBeginningWhereAnotherEpochIs(t *testing.T) {
	b := recordstest.Start(t)
	c := b.Connect()
	recordstest.Migrate(t, c, 1)
	produce(t, c, 1, 100)
	at, h := new(movable), newHandler()
	at.Store(0)
	k, stop := start(t, b.Addr(), h, func(c *kafkatrigger.Config) { c.Checkpoints = at })
	caughtUp(t, k)
	at.Store(30)
	moved := &rewinder{handler: h}
	mustStop(t, stop)
	at.Store(100)
	k, stop = start(t, b.Addr(), moved, func(c *kafkatrigger.Config) { c.Checkpoints = at })
	caughtUp(t, k)
	at.Store(30)
	produce(t, c, 1, 1)
	caughtUp(t, k)
	mustStop(t, stop)
	h.mu.Lock()
	defer h.mu.Unlock()
	// 0 to 99 of the old epoch; then 30 to 100 of the new one.
	if got := h.done["sales/0"]; len(got) != 171 || got[100] != 30 || got[170] != 100 {
		t.Errorf("%d records were handled: %v", len(got), got[min(len(got), 95):])
	}
}

// rewinder says once that the state has another epoch.
type rewinder struct {
	*handler
	done atomic.Bool
}

func (r *rewinder) Handle(ctx context.Context, batch []projection.Delivery) (projection.Outcome, projection.Report) {
	if r.done.CompareAndSwap(false, true) {
		return projection.Outcome{Retry: []projection.Position{projection.Position(batch[0].Origin)}, Rewind: true}, projection.Report{}
	}
	return r.handler.Handle(ctx, batch)
}
