package kafkatrigger_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"comptoir/shared/projection"
	"comptoir/shared/records"
)

// handler notes what it is given and checks the promises of Handler.
type handler struct {
	pause  time.Duration
	fail   func([]projection.Delivery) *projection.Position
	morgue projection.Morgue

	mu     sync.Mutex
	done   map[string][]int64 // offsets handled, by partition, in order
	busy   map[string]bool
	faults []string
	n      int
	called int
	most   int
}

func newHandler() *handler { return &handler{done: map[string][]int64{}, busy: map[string]bool{}} }

func nameOf(d *projection.Delivery) string {
	return fmt.Sprintf("%s/%d", d.Origin.Topic, d.Origin.Partition)
}

func (h *handler) Handle(ctx context.Context, batch []projection.Delivery) (projection.Outcome, projection.Report) {
	all := projection.Outcome{Err: ctx.Err()}
	h.mu.Lock()
	h.called++
	h.most = max(h.most, len(batch))
	last := map[string]int64{}
	for i := range batch {
		name, o := nameOf(&batch[i]), batch[i].Origin.Offset
		before, seen := last[name]
		if !seen {
			if h.busy[name] {
				h.faults = append(h.faults, name+" has two batches at a time")
			}
			h.busy[name] = true
			all.Retry = append(all.Retry, projection.Position(batch[i].Origin))
		}
		if seen && (o <= before || nameOf(&batch[i-1]) != name) {
			h.faults = append(h.faults, "a batch of "+name+" is mixed or out of order")
		}
		last[name] = o
	}
	pause := h.pause
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		for name := range last {
			h.busy[name] = false
		}
	}()
	var letters []projection.DeadLetter
	for _, d := range batch {
		if d.Poison != nil {
			letters = append(letters, projection.DeadLetter{Function: "test", Origin: d.Origin, Reason: d.Poison.Error(), Message: *d.Message})
		}
	}
	select {
	case <-time.After(pause):
	case <-ctx.Done():
		all.Err = ctx.Err()
		return all, projection.Report{}
	}
	if h.morgue != nil && len(letters) > 0 {
		if err := h.morgue.Bury(ctx, letters); err != nil {
			all.Err = err
			return all, projection.Report{}
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var outcome projection.Outcome
	if h.fail != nil {
		if p := h.fail(batch); p != nil {
			outcome = projection.Outcome{Retry: []projection.Position{*p}, Err: fmt.Errorf("%d is not to be done yet", p.Offset)}
		}
	}
	for i := range batch {
		d := &batch[i]
		if r := outcome.Retry; len(r) > 0 && r[0].Topic == d.Origin.Topic && r[0].Partition == d.Origin.Partition && d.Origin.Offset >= r[0].Offset {
			continue
		}
		h.done[nameOf(d)] = append(h.done[nameOf(d)], d.Origin.Offset)
		h.n++
	}
	return outcome, projection.Report{Records: len(batch), Applied: len(batch), Documents: 1, DeadLetters: len(letters)}
}

// complete checks that every record of every partition was handled, in order:
// one that comes again is one that came before.
func (h *handler) complete(t *testing.T, c *records.Cluster, partitions int) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.faults {
		t.Error(f)
	}
	for p := range partitions {
		held, err := c.Offsets(t.Context(), "sales", int32(p))
		if err != nil {
			t.Fatal(err)
		}
		next := int64(0)
		for _, o := range h.done[fmt.Sprintf("sales/%d", p)] {
			if o > next {
				t.Fatalf("partition %d: %d was handled after %d", p, o, next-1)
			}
			next = max(next, o+1)
		}
		if next != held.End {
			t.Fatalf("partition %d was handled up to %d of %d", p, next, held.End)
		}
	}
}

func (h *handler) count() int   { h.mu.Lock(); defer h.mu.Unlock(); return h.n }
func (h *handler) calls() int   { h.mu.Lock(); defer h.mu.Unlock(); return h.called }
func (h *handler) largest() int { h.mu.Lock(); defer h.mu.Unlock(); return h.most }

func (h *handler) first(topic string, partition int) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if all := h.done[fmt.Sprintf("%s/%d", topic, partition)]; len(all) > 0 {
		return all[0]
	}
	return -1
}
