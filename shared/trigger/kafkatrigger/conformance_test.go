package kafkatrigger_test

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"comptoir/shared/projection"
	"comptoir/shared/trigger/kafkatrigger"
	"comptoir/shared/trigger/triggertest"
)

func TestConformance(t *testing.T) {
	triggertest.Run(t, triggertest.Kind{Open: func(t *testing.T, b *triggertest.Bench) triggertest.Trigger { return &member{t: t, b: b} }})
}

func TestConformanceInBulk(t *testing.T) {
	triggertest.Run(t, triggertest.Kind{Open: func(t *testing.T, b *triggertest.Bench) triggertest.Trigger {
		return &member{t: t, b: b, bulk: func() kafkatrigger.Bulk { return b.Engine.Bulk() }}
	}})
}

// member joins the group for as long as records are brought, and leaves it when
// something is to be brought again.
type member struct {
	t    *testing.T
	b    *triggertest.Bench
	bulk func() kafkatrigger.Bulk
}

// telling says when each partition is at its end or has something to be brought again.
type telling struct {
	*projection.Engine
	mu      sync.Mutex
	ends    map[string]int64 // of the partitions
	waiting map[string]int64 // those of them that are to be waited for
	over    chan struct{}    // closed when none is left
}

func (h *telling) Handle(ctx context.Context, batch []projection.Delivery) (projection.Outcome, projection.Report) {
	outcome, report := h.Engine.Handle(ctx, batch)
	for _, r := range outcome.Retry {
		h.met(r.Topic, r.Partition)
	}
	return outcome, report
}

// met notes that nothing more is to be waited for of a partition.
func (h *telling) met(topic string, partition int32) {
	h.mu.Lock()
	defer h.mu.Unlock()
	name := triggertest.Name(topic, partition)
	if _, ok := h.waiting[name]; ok {
		if delete(h.waiting, name); len(h.waiting) == 0 {
			close(h.over)
		}
	}
}

// watch notes partitions that have come to their ends.
func (h *telling) watch(ctx context.Context, k *kafkatrigger.Consumer) {
	for ; ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
		for _, p := range k.Status().Partitions {
			if p.Handled >= h.ends[triggertest.Name(p.Topic, p.Partition)] {
				h.met(p.Topic, p.Partition)
			}
		}
	}
}

// Offset is where a partition begins; while that is not known nothing is brought.
func (h *telling) Offset(ctx context.Context, topic string, partition int32) (int64, bool, error) {
	offset, ok, err := h.Engine.Offset(ctx, topic, partition)
	if h.mu.Lock(); err != nil && len(h.waiting) > 0 {
		clear(h.waiting)
		close(h.over)
	}
	h.mu.Unlock()
	return offset, ok, err
}

func (m *member) Bring(ctx context.Context) map[string]int64 {
	m.t.Helper()
	e := m.b.Engine
	h := &telling{Engine: e, ends: map[string]int64{}, over: make(chan struct{})}
	for name, log := range m.b.Records(m.t) {
		h.ends[name] = int64(len(log))
	}
	h.waiting = maps.Clone(h.ends)
	c := kafkatrigger.Config{
		Function: e.Function().Name, Topics: e.Function().Topics, Uses: e.Uses, Cluster: m.b.Cluster, Handler: h, Checkpoints: h,
		Log: slog.New(slog.DiscardHandler), SessionTimeout: session(), DrainTimeout: 200 * time.Millisecond,
	}
	if m.bulk != nil {
		c.Bulk, c.BehindBy = m.bulk, 1
	}
	k, err := kafkatrigger.New(c)
	if err != nil {
		m.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- k.Run(ctx) }()
	go h.watch(ctx, k)
	select {
	case <-h.over:
	case <-ctx.Done():
	}
	cancel()
	if err := <-ended; err != nil {
		m.t.Fatal(err)
	}
	return m.committed()
}

// session is the shortest that the broker takes.
func session() time.Duration {
	if os.Getenv("COMPTOIR_TEST_KAFKA_BOOTSTRAP_SERVERS") != "" {
		return 6 * time.Second
	}
	return time.Second
}

// committed asks Kafka for the group's offsets.
func (m *member) committed() map[string]int64 {
	m.t.Helper()
	ask := map[string][]int{}
	for _, topic := range m.b.Engine.Function().Topics {
		for p := range triggertest.Partitions {
			name := m.b.Cluster.Topics().Name(topic)
			ask[name] = append(ask[name], p)
		}
	}
	r, err := m.b.Cluster.Client().OffsetFetch(context.Background(), &kafka.OffsetFetchRequest{GroupID: m.b.Cluster.Group(m.b.Engine.Function().Name), Topics: ask})
	if err != nil || r.Error != nil {
		m.t.Fatal(err, r)
	}
	all := map[string]int64{}
	for topic, partitions := range r.Topics {
		for _, p := range partitions {
			all[triggertest.Name(topic, int32(p.Partition))] = max(0, p.CommittedOffset)
		}
	}
	return all
}

func (m *member) Close() {}
