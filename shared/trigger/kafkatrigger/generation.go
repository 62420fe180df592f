package kafkatrigger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
)

// generation is the time between two rebalances: the partitions are ours.
type generation struct {
	k          *Consumer
	offsets    committer
	partitions []*partition
	dirty      chan struct{}
	alone      map[int32]*sync.Mutex // by the partitions' numbers
	woken      chan struct{}         // the level loop has something to look at
	waking     atomic.Bool           // it is woken before long

	// take ends when no more is to be taken in; work, a while after that.
	take, work context.Context //nolint:containedctx // both are as long as the generation, and each goroutine needs both
	stop       context.CancelCauseFunc
}

// committer is what commits offsets; *kafka.Generation is one.
type committer interface {
	CommitOffsets(offsets map[string]map[int]int64) error
}

// serve consumes the partitions of a generation until it ends or ctx does.
func (k *Consumer) serve(ctx context.Context, gen *kafka.Generation) error {
	result := make(chan error, 1)
	gen.Start(func(ended context.Context) { result <- k.consume(ctx, ended, gen.Assignments, gen) })
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
	}
	// A handler that does not heed its context must not keep the program from ending.
	select {
	case err := <-result:
		return err
	case <-time.After(k.c.DrainTimeout + leaveTimeout):
		return fmt.Errorf("draining %s: the batch in hand did not end in time; it will be brought again", k.c.Function)
	}
}

func (k *Consumer) consume(ctx, ended context.Context, assigned map[string][]kafka.PartitionAssignment, offsets committer) error {
	take, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(ended, func() { stop(kafka.ErrGenerationEnded) })()
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(take, func() { time.AfterFunc(k.c.DrainTimeout, cancel) })()

	g := &generation{k: k, offsets: offsets, dirty: make(chan struct{}, 1), alone: map[int32]*sync.Mutex{}, woken: make(chan struct{}, 1), take: take, work: work, stop: stop}
	if err := g.resolve(assigned); err != nil {
		if take.Err() != nil {
			return nil
		}
		return err
	}
	k.began(g)
	defer k.ended(g)

	var running sync.WaitGroup
	running.Go(g.level)
	for _, p := range g.partitions {
		running.Go(p.gather)
		running.Go(p.handle)
	}
	committing := make(chan struct{})
	finished := make(chan struct{})
	go func() {
		defer close(committing)
		g.commitUntil(finished)
	}()
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-take.Done() // without partitions there is nothing else to wait for
		running.Wait()
	}()
	stuck := g.watch(done)
	close(finished)
	if !stuck {
		<-committing
		// What was handled last; on a generation that has ended Kafka refuses it, and
		// it is brought again.
		_ = g.commit()
	}
	if cause := context.Cause(take); stuck || errors.Is(cause, errStuck) || errors.Is(cause, errRewind) || needsPerson(cause) {
		return cause
	}
	return nil
}

// watch waits until the partitions' goroutines have ended. It returns true where
// they had to be left behind.
func (g *generation) watch(done chan struct{}) (stuck bool) {
	tick := time.NewTicker(g.k.c.StuckAfter / 4)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return false
		case <-tick.C:
			for _, p := range g.partitions {
				if p.hangs() {
					g.stop(fmt.Errorf("fetching %s: %w", p, errStuck))
				}
			}
		case <-g.take.Done():
			g.k.draining(g)
			if !errors.Is(context.Cause(g.take), errStuck) {
				<-done // bounded: every wait in it ends with take or work
				return false
			}
			select {
			case <-done:
				return false
			case <-time.After(leaveTimeout):
				return true
			}
		}
	}
}

// commitEvery spaces commits. An offset that is committed late costs nothing but
// a few records read again, which the documents recognise.
const commitEvery = 50 * time.Millisecond

func (g *generation) commitUntil(finished chan struct{}) {
	failing := time.Time{}
	for {
		select {
		case <-finished:
			return
		case <-g.dirty:
		}
		select {
		case <-finished:
			return
		case <-time.After(commitEvery):
		}
		err := g.commit()
		switch {
		case err == nil:
			failing = time.Time{}
			continue
		case g.take.Err() != nil:
			continue // the generation has ended
		case failing.IsZero():
			failing = time.Now()
		case time.Since(failing) > g.k.c.StuckAfter:
			g.stop(fmt.Errorf("committing offsets: %w: %w", errStuck, err))
		}
		g.touch()
	}
}

// touch says that there is something to commit.
func (g *generation) touch() {
	select {
	case g.dirty <- struct{}{}:
	default:
	}
}

// commit commits what was handled since the last time.
func (g *generation) commit() error {
	offsets := map[string]map[int]int64{}
	for _, p := range g.partitions {
		done := p.done.Load()
		if done == p.committed.Load() {
			continue
		}
		if offsets[p.topic] == nil {
			offsets[p.topic] = map[int]int64{}
		}
		offsets[p.topic][int(p.number)] = done
	}
	if len(offsets) == 0 {
		return nil
	}
	if err := g.offsets.CommitOffsets(offsets); err != nil {
		return fmt.Errorf("committing the offsets of %s: %w", g.k.c.Function, err)
	}
	for _, p := range g.partitions {
		if done, ok := offsets[p.topic][int(p.number)]; ok {
			p.committed.Store(done)
		}
	}
	return nil
}
