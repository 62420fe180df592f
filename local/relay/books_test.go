package relay_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

// books is a ledger of generated events, in memory.
type books struct {
	source     string
	partitions int

	mu      sync.Mutex
	streams map[string][]ledger.Logged
	marks   map[string]int64
	version int64
	n       int
}

func newBooks(partitions int) *books {
	return &books{source: "/ledgers/" + uuid.NewString(), partitions: partitions, streams: map[string][]ledger.Logged{}, marks: map[string]int64{}}
}

func (b *books) Source() string           { return b.source }
func (b *books) Currency() money.Currency { return "GBP" }
func (b *books) Partitions() int          { return b.partitions }

// record adds n events, spread over all streams.
func (b *books) record(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.version++
	for range n {
		key := strconv.Itoa(20000 + b.n%997)
		topic, kind := event.Sales, event.ProductSold
		if b.n%5 == 0 {
			topic, kind = event.Clients, event.ClientChanged
		}
		b.n++
		stream := fmt.Sprintf("%s/%d", topic, event.Partition(key, b.partitions))
		var data event.Data = &event.Client{Name: "client " + key}
		if kind == event.ProductSold {
			data = &event.ProductSale{
				DocumentID: fmt.Sprintf("INV-%06d", b.n/20), Date: event.NewDate(2011, 12, 9), Name: "PRODUCT " + key, Quantity: money.Quantity(3000),
				Net: money.Amount(b.n % 9999), Cost: money.NullAmount{}, Currency: "GBP", FirstSoldOn: event.NewDate(2010, 12, 1), LastSoldOn: event.NewDate(2011, 12, 9),
			}
		}
		sequence := int64(len(b.streams[stream]) + 1)
		b.streams[stream] = append(b.streams[stream], ledger.Logged{
			Attributes: event.Attributes{
				ID: uuid.NewString(), Source: b.source, Type: kind, Subject: key, Time: time.Now().UTC(), Key: key,
				Revision: sequence, Stream: stream, Sequence: sequence,
			},
			Data: event.MarshalData(data),
		})
	}
}

func (b *books) log(stream string) []ledger.Logged {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.streams[stream]
}

func (b *books) heads() map[string]int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	heads := map[string]int64{}
	for stream, all := range b.streams {
		heads[stream] = int64(len(all))
	}
	return heads
}

func (b *books) published() map[string]int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.marks)
}

// clone is a backup.
func (b *books) clone() *books {
	c := newBooks(b.partitions)
	c.source, c.marks, c.n = b.source, b.published(), b.n
	for stream := range b.heads() {
		c.streams[stream] = slices.Clone(b.log(stream))
	}
	return c
}

// forget takes the notes back by some events, as a crash does.
func (b *books) forget(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for stream := range b.marks {
		b.marks[stream] = max(0, b.marks[stream]-n)
	}
}

func (b *books) recordedBefore(stream string, t time.Time) (n int64) {
	for _, e := range b.log(stream) {
		if !e.Time.Before(t) {
			break
		}
		n = e.Sequence
	}
	return n
}

func (b *books) Events(_ context.Context, stream string, from int64, limit int) ([]ledger.Logged, error) {
	all := b.log(stream)
	if from > int64(len(all)) {
		return nil, nil
	}
	all = all[from-1:]
	return all[:min(limit, len(all))], nil
}

func (b *books) Heads(context.Context) (map[string]int64, time.Time, error) {
	at := time.Now().UTC()
	return b.heads(), at, nil
}

func (b *books) Pulse(ctx context.Context) (map[string]int64, time.Time, error) { return b.Heads(ctx) }

func (b *books) Published(context.Context) (map[string]int64, error) { return b.published(), nil }

func (b *books) MarkPublished(_ context.Context, marks map[string]int64, _ ...ledger.Run) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.version++
	for stream, n := range marks {
		b.marks[stream] = max(b.marks[stream], n)
	}
	return nil
}

func (b *books) DataVersion(context.Context) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.version, nil
}
