package sender

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"comptoir/shared/event"
	"comptoir/shared/records"
)

const (
	// maxBatch bounds the records of a batch.
	maxBatch = 2000
	// maxWaiting bounds the bytes that wait for Kafka. Beyond it reading stops, and
	// what is read later is late by its own time.
	maxWaiting = 64 << 20
	// patience is how long a batch is tried.
	patience = time.Minute
)

// place is a partition.
type place struct {
	topic     string
	partition int32
}

// waiting is a message that waits for its partition.
type waiting struct {
	message event.Message
	due     time.Time // zero: at once
}

// lanes send to the partitions side by side, to each of them in order and one
// batch at a time.
type lanes struct {
	cluster *records.Cluster
	room    *semaphore.Weighted // bytes
	late    lateness
	sent    atomic.Int64

	ctx     context.Context //nolint:containedctx // of all lanes, which begin one by one
	fail    context.CancelCauseFunc
	all     map[place]*lane
	running sync.WaitGroup

	mu     sync.Mutex
	failed error
}

// lane is the way to one partition.
type lane struct {
	at    place
	mu    sync.Mutex
	queue []waiting
	ended bool
	more  chan struct{}
}

func newLanes(ctx context.Context, fail context.CancelCauseFunc, c *records.Cluster) *lanes {
	return &lanes{cluster: c, room: semaphore.NewWeighted(maxWaiting), ctx: ctx, fail: fail, all: map[place]*lane{}}
}

// add lets a message wait for its partition. It waits itself only where too much does.
func (l *lanes) add(ctx context.Context, at place, w waiting) error {
	if err := l.room.Acquire(ctx, int64(records.Size(&w.message))); err != nil {
		return context.Cause(ctx)
	}
	n := l.all[at]
	if n == nil {
		n = &lane{at: at, more: make(chan struct{}, 1)}
		l.all[at] = n
		l.running.Go(func() { l.run(n) })
	}
	n.mu.Lock()
	n.queue = append(n.queue, w)
	n.mu.Unlock()
	n.touch()
	return nil
}

// finish waits until all that was added is acknowledged, or the first error.
func (l *lanes) finish() error {
	for _, n := range l.all {
		n.mu.Lock()
		n.ended = true
		n.mu.Unlock()
		n.touch()
	}
	l.running.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}

func (n *lane) touch() {
	select {
	case n.more <- struct{}{}:
	default:
	}
}

// take returns the next messages of a batch; none where there is nothing just now.
func (n *lane) take() (batch []waiting, size int, ended bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, w := range n.queue[:min(len(n.queue), maxBatch)] {
		s := records.Size(&w.message)
		if len(batch) > 0 && size+s > records.MaxBatchBytes {
			break
		}
		batch, size = append(batch, w), size+s
	}
	n.queue = n.queue[len(batch):]
	return batch, size, n.ended
}

func (l *lanes) run(n *lane) {
	for {
		batch, size, ended := n.take()
		if len(batch) == 0 {
			if ended {
				return
			}
			select {
			case <-n.more:
			case <-l.ctx.Done():
				return
			}
			continue
		}
		if err := l.send(n.at, batch); err != nil {
			l.give(err)
			return
		}
		l.room.Release(int64(size))
		l.sent.Add(int64(len(batch)))
		l.late.add(batch, time.Now())
	}
}

// give ends everything with an error.
func (l *lanes) give(err error) {
	l.mu.Lock()
	if l.failed == nil {
		l.failed = fmt.Errorf("%w; %d events were acknowledged before; send the rest again, what came twice is recognised", err, l.sent.Load())
	}
	l.mu.Unlock()
	l.fail(err)
}

// send publishes a batch. What is not acknowledged may be there: it is sent again
// as it is, and its ids tell it apart.
func (l *lanes) send(at place, batch []waiting) error {
	messages := make([]event.Message, len(batch))
	for i := range batch {
		messages[i] = batch[i].message
	}
	began := time.Now()
	for attempt := 1; ; attempt++ {
		_, err := l.cluster.Produce(l.ctx, at.topic, at.partition, messages)
		if err == nil || l.ctx.Err() != nil || time.Since(began) > patience {
			return err
		}
		l.cluster.Reset()
		if !until(l.ctx, time.Now().Add(min(time.Duration(attempt)*100*time.Millisecond, time.Second))) {
			return err
		}
	}
}
