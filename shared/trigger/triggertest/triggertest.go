// Package triggertest is the suite that every trigger passes: the same records on
// a Kafka, the same faults, and in the end the same documents byte for byte, the
// same dead letters, and nothing acknowledged before it was done.
package triggertest

import (
	"context"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/records"
	"comptoir/shared/records/recordstest"
	"comptoir/shared/state/sqlitestate"
)

// Bench is what a trigger is tried on: topics on a Kafka, a state in a file, the
// topic of dead letters, and an engine of the suite's own function on them.
type Bench struct {
	// Cluster has the topics, with Partitions partitions each.
	Cluster *records.Cluster
	// Engine folds what the trigger brings.
	Engine *projection.Engine

	store  *store
	morgue *morgue
}

// Partitions is how many each topic has.
const Partitions = 2

// Trigger is one way of bringing records, at work on a Bench.
type Trigger interface {
	// Bring brings, as the trigger's source does, every record that is not
	// acknowledged, until all are or one is to be brought again. It returns the next
	// offset of each partition, such as sales/0 by the name on Kafka, as its source
	// has it acknowledged then. ctx is that of the work: a deadline, or a stop.
	Bring(ctx context.Context) (acknowledged map[string]int64)
	// Close ends the trigger in an orderly way.
	Close()
}

// Kind is a trigger with what is special about it.
type Kind struct {
	// Open starts the trigger on a bench.
	Open func(*testing.T, *Bench) Trigger
	// CheckpointsApart says how the engine is made.
	CheckpointsApart bool
	// Unplaced: the trigger is not told where a CloudEvent lay on Kafka. Origins of
	// dead letters then have no offset, and a partition only where the event names its
	// stream.
	Unplaced bool
}

// Run runs the suite, on the Kafka that the environment names or on one that it
// starts.
func Run(t *testing.T, k Kind) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.run(t, k)
		})
	}
}

// open makes a bench with the scenario's records on it.
func open(t *testing.T, log []logged, apart bool) *Bench {
	t.Helper()
	c := recordstest.Kafka(t)
	recordstest.Migrate(t, c, Partitions)
	for _, r := range log {
		if _, err := c.Produce(t.Context(), c.Topics().Name(r.topic), r.partition, []event.Message{r.message}); err != nil {
			t.Fatal(err)
		}
	}
	b := &Bench{Cluster: c, store: openStore(t), morgue: &morgue{Morgue: records.NewMorgue(c, time.Now)}}
	e, err := projection.New(projection.Config{
		Function: tallies(), Store: b.store, Morgue: b.morgue, Rereader: c, Currency: "GBP", Topics: c.Topics().Map(), CheckpointsApart: apart,
		Today:   func() event.Date { return today },
		Backoff: func(int) time.Duration { return time.Millisecond },
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Engine = e
	return b
}

func openStore(t *testing.T) *store {
	t.Helper()
	s, err := sqlitestate.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), []projection.Collection{projection.Checkpoints, projection.SettingsCollection, tallies().Collection}, sqlitestate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &store{Store: s}
}

// Records returns what lies on the topics of the function, by partition as Bring
// names it, in the order of the offsets.
func (b *Bench) Records(t *testing.T) map[string][]records.Record {
	t.Helper()
	all := map[string][]records.Record{}
	for _, topic := range b.Engine.Function().Topics {
		for p := range int32(Partitions) {
			all[Name(b.Cluster.Topics().Name(topic), p)] = recordstest.ReadAll(t, b.Cluster, topic, p)
		}
	}
	return all
}

// Name is how a partition is named.
func Name(topic string, partition int32) string {
	return topic + "/" + strconv.Itoa(int(partition))
}
