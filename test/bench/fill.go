package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/records"
)

// apart is how many days lie between a year and its copy, so that the windows of
// the last one hold nothing of the others.
const apart = 400

// counted is how many events a ledger has.
type counted struct {
	all, sales int64
	// last is the greatest revision of each entity, by family and key.
	last map[string]int64
	// ends is how far each stream goes.
	ends map[string]int64
}

func openLedger(ctx context.Context, dir string) (*ledger.Ledger, error) {
	return ledger.Open(ctx, filepath.Join(dir, "ledger.db"), ledger.Options{})
}

func countEvents(ctx context.Context, dir string) (c counted, err error) {
	l, err := openLedger(ctx, dir)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	c.ends, _, err = l.Heads(ctx)
	if err != nil {
		return c, err
	}
	c.last = map[string]int64{}
	for stream, n := range c.ends {
		c.all += n
		if strings.HasPrefix(stream, "sales/") {
			c.sales += n
		}
		if err := each(ctx, l, stream, func(e *ledger.Logged) error {
			id := string(e.Type.Family()) + " " + e.Key
			c.last[id] = max(c.last[id], e.Revision)
			return nil
		}); err != nil {
			return c, err
		}
	}
	return c, nil
}

// each reads a stream of the ledger.
func each(ctx context.Context, l *ledger.Ledger, stream string, f func(*ledger.Logged) error) error {
	for next := int64(1); ; {
		events, err := l.Events(ctx, stream, next, 5000)
		if err != nil || len(events) == 0 {
			return err
		}
		next = events[len(events)-1].Sequence + 1 // f may change it
		for i := range events {
			if err := f(&events[i]); err != nil {
				return err
			}
		}
	}
}

// fill publishes the year's event log, and of its sales as many copies as make so
// many years, each before the other by whole days and with numbers of its own. It
// returns what the documents must say in the end.
func (b *bench) fill(t *topic, years int) error {
	say("publishing %d × the year for the %s", years, t.place.name)
	dir := filepath.Join(b.dir, "year", "data")
	counts, err := countEvents(b.ctx, dir)
	if err != nil {
		return err
	}
	l, err := openLedger(b.ctx, dir)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }() // it was only read
	c, stop, err := b.connect(t)
	if err != nil {
		return err
	}
	t.want = newExpected()
	var published atomic.Int64
	g, ctx := errgroup.WithContext(b.ctx)
	g.SetLimit(4)
	for stream := range counts.ends {
		g.Go(func() error {
			copies := 1
			if strings.HasPrefix(stream, "sales/") {
				copies = years
			}
			for k := range copies {
				n, err := publish(ctx, c, l, stream, func(e *ledger.Logged) ([]byte, error) {
					if copies == 1 && !strings.HasPrefix(stream, "sales/") {
						return e.Data, nil
					}
					return t.want.copyOf(e, k, copies, &counts)
				})
				if strings.HasPrefix(stream, "sales/") {
					published.Add(n)
				}
				if err != nil {
					return fmt.Errorf("publishing %s: %w", stream, err)
				}
			}
			return nil
		})
	}
	err = g.Wait()
	t.events = published.Load()
	return errors.Join(err, stop())
}

// publish publishes a stream once, each event as change leaves it.
func publish(ctx context.Context, c *records.Cluster, l *ledger.Ledger, stream string, change func(*ledger.Logged) ([]byte, error)) (n int64, err error) {
	logical, number, _ := strings.Cut(stream, "/")
	var partition int32
	if _, err := fmt.Sscan(number, &partition); err != nil {
		return 0, err
	}
	name := c.Topics().Name(event.Topic(logical))
	var batch []event.Message
	size := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		_, err := c.Produce(ctx, name, partition, batch)
		n += int64(len(batch))
		batch, size = batch[:0], 0
		return err
	}
	err = each(ctx, l, stream, func(e *ledger.Logged) error {
		data, err := change(e)
		if err != nil {
			return err
		}
		m := event.Encode(e.Attributes, data)
		if s := records.Size(&m); size+s > records.MaxBatchBytes {
			if err := flush(); err != nil {
				return err
			}
		}
		batch, size = append(batch, m), size+records.Size(&m)
		return nil
	})
	return n, errors.Join(err, flush())
}
