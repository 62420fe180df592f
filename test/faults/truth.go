package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"sync"
	"time"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

// truth is what the ledger's event log says, added up without the functions' rules
// and the codec. It follows the ledger while others write it.
type truth struct {
	ledger *ledger.Ledger

	mu sync.Mutex
	// times holds, per stream, when each of its events was recorded: that of
	// sequence n at n−1.
	times map[string][]time.Time
	// last is the greatest revision of each entity.
	last map[entity]int64
	sums map[entity]sums // of the families that are added up
}

type entity struct {
	family event.Family
	key    string
}

// sums are figures that are added up: documents, thousandths, minor units.
type sums struct{ orders, units, revenue, cost int64 }

func (s sums) plus(o sums) sums {
	return sums{s.orders + o.orders, s.units + o.units, s.revenue + o.revenue, s.cost + o.cost}
}

func newTruth(l *ledger.Ledger) *truth {
	t := &truth{ledger: l, times: map[string][]time.Time{}, last: map[entity]int64{}, sums: map[entity]sums{}}
	for _, topic := range event.LedgerTopics {
		for p := range l.Partitions() {
			t.times[fmt.Sprintf("%s/%d", topic, p)] = nil
		}
	}
	return t
}

func (t *truth) close() error { return t.ledger.Close() }

// follow takes in what was recorded since.
func (t *truth) follow(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for stream := range t.times {
		for {
			events, err := t.ledger.Events(ctx, stream, int64(len(t.times[stream]))+1, 5000)
			if err != nil {
				return err
			}
			if len(events) == 0 {
				break
			}
			for i := range events {
				if err := t.take(stream, &events[i]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (t *truth) take(stream string, e *ledger.Logged) error {
	if want := int64(len(t.times[stream])) + 1; e.Sequence != want {
		return fmt.Errorf("the ledger's %s has sequence %d where %d must be", stream, e.Sequence, want)
	}
	t.times[stream] = append(t.times[stream], e.Time)
	id := entity{e.Type.Family(), e.Key}
	if e.Revision != t.last[id]+1 {
		return fmt.Errorf("the ledger's %s %s has revision %d where %d must be", id.family, id.key, e.Revision, t.last[id]+1)
	}
	t.last[id] = e.Revision
	if id.family.IsRegister() {
		return nil
	}
	var data struct {
		Quantity money.Quantity `json:"quantity"`
		Net      int64          `json:"net"`
		Cost     int64          `json:"cost"`
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return fmt.Errorf("reading the ledger's %s@%d: %w", stream, e.Sequence, err)
	}
	sign, orders := int64(1), int64(0)
	switch e.Type {
	case event.ProductSold, event.ClientInvoiced:
		orders = 1
	case event.ProductReturned, event.ClientCredited:
		sign = -1
	default:
		return fmt.Errorf("the year has no %s, and %s@%d is one", e.Type, stream, e.Sequence)
	}
	t.sums[id] = t.sums[id].plus(sums{orders, sign * int64(data.Quantity), sign * data.Net, sign * data.Cost})
	return nil
}

// heads are the last sequences recorded, and how many events that is.
func (t *truth) heads() (heads map[string]int64, events int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	heads = map[string]int64{}
	for stream, all := range t.times {
		heads[stream] = int64(len(all))
		events += int64(len(all))
	}
	return heads, events
}

// before counts the events of a stream that were recorded before a time.
func (t *truth) before(stream string, at time.Time) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.times[stream] // they never go back
	return int64(sort.Search(len(all), func(i int) bool { return !all[i].Before(at) }))
}

// openTruth follows the ledger of a file, once it is there.
func openTruth(ctx context.Context, path string) (*truth, error) {
	l, err := ledger.Open(ctx, path, ledger.Options{})
	if err != nil {
		return nil, err
	}
	return newTruth(l), nil
}

// tally is how the documents differ from the truth, in events.
type tally struct {
	lost, doubled, wrong int64
	first                string // difference, in words
}

func (t *tally) differ(format string, args ...any) {
	if t.first == "" {
		t.first = fmt.Sprintf(format, args...)
	}
}

func (t tally) err() error {
	if t == (tally{}) {
		return nil
	}
	return errors.New(t.String())
}

func (t tally) String() string {
	return fmt.Sprintf("%d events lost, %d counted twice, %d documents otherwise wrong; the first: %s", t.lost, t.doubled, t.wrong, t.first)
}
