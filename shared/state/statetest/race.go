package statetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"comptoir/shared/event"
	"comptoir/shared/projection"
)

var raceChecks = []check{
	{"many add at once and nothing is lost or counted twice", addAtOnce},
	{"of many who insert the same document one does", insertAtOnce},
	{"a lost reply is read again and decided again", lostReplies},
}

// addAtOnce lets goroutines, over two openings of the database, each add 1 to
// every document many times.
func addAtOnce(parent context.Context, h Harness, db Database) error {
	const adders, rounds = 8, 15
	ids := []string{"a", "b", "c"}
	second, err := h.Open(parent, collections)
	if err != nil {
		return err
	}
	defer func() { _ = second.Close() }()
	var conflicts atomic.Int64
	all := &barrier{size: adders, open: make(chan struct{})}
	g, ctx := errgroup.WithContext(parent)
	for n := range adders {
		s := db.Store
		if n%2 == 1 {
			s = second.Store
		}
		g.Go(func() error {
			for range rounds {
				if err := addOne(ctx, s, ids, all, &conflicts); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	docs, err := db.Store.Load(parent, &collections[0], ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		got, err := itemOf(docs, id)
		if err != nil {
			return err
		}
		if got == nil || got.Amount != adders*rounds || got.Version != adders*rounds {
			return fmt.Errorf("%d additions of 1 to %q made %+v, with %d conflicts", adders*rounds, id, got, conflicts.Load())
		}
	}
	return nil
}

// barrier lets goroutines go on when all of them have come to it.
type barrier struct {
	mu           sync.Mutex
	size, inside int
	open         chan struct{}
}

func (b *barrier) wait(ctx context.Context) error {
	b.mu.Lock()
	open := b.open
	if b.inside++; b.inside == b.size {
		b.inside, b.open = 0, make(chan struct{})
		close(open)
	}
	b.mu.Unlock()
	select {
	case <-open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// addOne adds 1 to each document, as the engine does it: load, change, commit,
// and again what had a conflict. All have loaded before the first one commits.
func addOne(ctx context.Context, s projection.Store, ids []string, all *barrier, conflicts *atomic.Int64) error {
	for first := true; len(ids) > 0; first = false {
		docs, err := s.Load(ctx, &collections[0], ids)
		if err != nil {
			return err
		}
		if first {
			if err := all.wait(ctx); err != nil {
				return err
			}
		}
		var writes []projection.Write
		for _, id := range ids {
			i, err := itemOf(docs, id)
			if err != nil {
				return err
			}
			if i == nil {
				i = item(id, func(i *Item) { i.Version = 0 })
			}
			i.Version++
			i.Amount++
			writes = append(writes, projection.Write{Doc: i, Read: i.Version - 1})
		}
		results, err := commit(ctx, s, writes)
		if err != nil {
			return err
		}
		var again []string
		for k, r := range results {
			switch r {
			case projection.Written:
			case projection.Conflict:
				conflicts.Add(1)
				again = append(again, ids[k])
			default:
				return fmt.Errorf("the write of %q: result %d", ids[k], r)
			}
		}
		ids = again
	}
	return nil
}

func insertAtOnce(ctx context.Context, _ Harness, db Database) error {
	const inserters, n = 8, 40
	won := make([]atomic.Int64, n)
	var owner [n]atomic.Int64
	var g errgroup.Group
	for who := range inserters {
		g.Go(func() error {
			var writes []projection.Write
			for _, i := range numbered(n, func(_ int, i *Item) { i.Amount = int64(who) }) {
				writes = append(writes, projection.Write{Doc: i})
			}
			results, err := commit(ctx, db.Store, writes)
			if err != nil {
				return err
			}
			for k, r := range results {
				if r == projection.Written {
					won[k].Add(1)
					owner[k].Store(int64(who))
				} else if r != projection.Conflict {
					return fmt.Errorf("an insert that lost: result %d, want Conflict", r)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for k, i := range numbered(n, nil) {
		got, err := load(ctx, db.Store, i.ID)
		if err != nil {
			return err
		}
		if won[k].Load() != 1 || got == nil || got.Amount != owner[k].Load() {
			return fmt.Errorf("%s was inserted by %d of %d; stored is %+v", i.ID, won[k].Load(), inserters, got)
		}
	}
	return nil
}

// errReplyLost is what a caller sees of a commit whose reply never came.
var errReplyLost = errors.New("the reply was lost")

// lossy loses the replies of some commits: of some before they were done, of
// others after.
type lossy struct {
	projection.Store
	mu     sync.Mutex
	random *rand.Rand
	lost   int
}

func (l *lossy) Commit(ctx context.Context, c *projection.Collection, writes []projection.Write) ([]projection.Result, error) {
	l.mu.Lock()
	dice := l.random.IntN(3)
	if dice > 0 {
		l.lost++
	}
	l.mu.Unlock()
	if dice == 1 {
		return nil, errReplyLost
	}
	results, err := l.Store.Commit(ctx, c, writes)
	if dice == 2 && err == nil {
		return nil, errReplyLost
	}
	return results, err
}

// lostReplies feeds numbered events to documents by two writers whose replies
// get lost: the numbers that a document holds decide what is still to be added.
func lostReplies(ctx context.Context, _ Harness, db Database) error {
	const events = 40
	s := &lossy{Store: db.Store, random: rand.New(rand.NewPCG(1, 2))}
	ids := []string{"a", "b", "c", "d"}
	var g errgroup.Group
	for range 2 {
		g.Go(func() error {
			for n := int64(1); n <= events; n++ {
				if err := applyEvent(ctx, s, ids, n); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, id := range ids {
		got, err := load(ctx, db.Store, id)
		if err != nil {
			return err
		}
		if want := int64(events * (events + 1) / 2); got == nil || got.Amount != want || got.Version != events {
			return fmt.Errorf("after %d lost replies %q is %+v; want the amount %d in %d versions", s.lost, id, got, want, events)
		}
	}
	return nil
}

// applyEvent adds n to each document that does not hold event n yet.
func applyEvent(ctx context.Context, s projection.Store, ids []string, n int64) error {
	for {
		docs, err := s.Load(ctx, &collections[0], ids)
		if err != nil {
			return err
		}
		var writes []projection.Write
		for _, id := range ids {
			i, err := itemOf(docs, id)
			if err != nil {
				return err
			}
			if i == nil {
				i = item(id, func(i *Item) {
					i.Version, i.Sources = 0, []projection.Source{{Source: "/ledgers/a", Family: event.ProductSums}}
				})
			}
			if added, _, err := i.Sources[0].Add(n); err != nil {
				return err
			} else if added {
				i.Version++
				i.Amount += n
				writes = append(writes, projection.Write{Doc: i, Read: i.Version - 1})
			}
		}
		if len(writes) == 0 {
			return nil
		}
		if _, err := commit(ctx, s, writes); err != nil && !errors.Is(err, errReplyLost) {
			return err
		}
	}
}
