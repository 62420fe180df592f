package kafkatrigger

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/segmentio/kafka-go"

	"comptoir/shared/records"
)

// nobody takes offsets of what is read without a group.
type nobody struct{}

func (nobody) CommitOffsets(map[string]map[int]int64) error { return nil }

// Replay reads all of the function's topics, from where the checkpoints say (the
// start, where they say nothing) to the ends as they are at the call, and returns when
// all of that is handled. It is no member of the function's group and commits nothing
// there; Run must not be running. While Kafka cannot be reached it tries again, until ctx
// ends. An error is that of ctx, or one that needs a person.
func (k *Consumer) Replay(ctx context.Context) error {
	if k.c.Checkpoints == nil {
		return errors.New("reading without a group: the checkpoints are required")
	}
	if err := k.topicsExist(ctx); err != nil {
		return err
	}
	var ends map[string]map[int32]records.Range
	for attempt := 1; ctx.Err() == nil; attempt++ {
		var err error
		if ends == nil {
			ends, err = k.ends(ctx)
		}
		if err == nil {
			if err = k.replay(ctx, ends); err == nil {
				k.lines.flush()
				return nil
			}
		}
		if needsPerson(err) {
			return err
		}
		if ctx.Err() == nil {
			k.trouble.met(err)
			k.c.Cluster.Reset()
			pause(ctx, attempt, 5*time.Second)
		}
	}
	return fmt.Errorf("reading the topics of %s to their ends: %w", k.c.Function, ctx.Err())
}

func (k *Consumer) replay(ctx context.Context, ends map[string]map[int32]records.Range) error {
	assigned := map[string][]kafka.PartitionAssignment{}
	for topic, partitions := range ends {
		for p := range partitions {
			// Nobody has committed anything: the checkpoints alone say where it begins.
			assigned[topic] = append(assigned[topic], kafka.PartitionAssignment{ID: int(p), Offset: math.MaxInt64})
		}
	}
	reading, done := context.WithCancel(ctx)
	defer done()
	ended := make(chan error, 1)
	go func() { ended <- k.consume(reading, context.Background(), assigned, nobody{}) }() //nolint:gosec // there is no group whose generation ends
	for {
		select {
		case err := <-ended:
			switch {
			case reading.Err() != nil && ctx.Err() == nil:
				return nil
			case err == nil:
				err = errors.Join(ctx.Err(), errStuck)
			}
			return err
		case <-time.After(10 * time.Millisecond):
			if k.handled(ends) {
				done()
			}
		}
	}
}

// handled tells whether everything up to the ends is.
func (k *Consumer) handled(ends map[string]map[int32]records.Range) bool {
	s, want := k.Status(), 0
	for _, partitions := range ends {
		want += len(partitions)
	}
	if s.Phase == Joining || len(s.Partitions) != want {
		return false
	}
	for _, p := range s.Partitions {
		if p.Handled < ends[p.Topic][p.Partition].End {
			return false
		}
	}
	return true
}
