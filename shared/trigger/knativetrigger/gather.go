package knativetrigger

import (
	"context"

	"comptoir/shared/projection"
)

// mostDeliveries bounds a batch.
const mostDeliveries = 1000

// item is what one request brings, and where it waits for what became of it.
type item struct {
	deliveries []projection.Delivery
	result     chan result // has room for one
}

// result is what became of an item.
type result struct {
	again []projection.Delivery // to be brought again
	err   error                 // why
}

// gather handles what waits, all of it at once: requests that come while a batch is
// handled are the next one. So many partitions cost one question to the state, and
// documents have one writer. It ends when the queue is closed.
func (e *Events) gather(ctx context.Context) {
	for first := range e.queue {
		items, n := []item{first}, len(first.deliveries)
	more:
		for n < mostDeliveries {
			select {
			case next, open := <-e.queue:
				if !open {
					break more
				}
				items, n = append(items, next), n+len(next.deliveries)
			default:
				break more
			}
		}
		e.handle(ctx, items, n)
	}
}

func (e *Events) handle(ctx context.Context, items []item, n int) {
	batch := make([]projection.Delivery, 0, n)
	for _, it := range items {
		batch = append(batch, it.deliveries...)
	}
	outcome, report := e.c.Engine.Handle(ctx, batch)
	e.lines.batch(ctx, &report, &outcome)
	at := 0
	for _, it := range items {
		var r result
		for _, d := range it.deliveries {
			if !outcome.Took(at, d.Origin) {
				r.again, r.err = append(r.again, d), outcome.Err
			}
			at++
		}
		it.result <- r
	}
	e.touch()
}
