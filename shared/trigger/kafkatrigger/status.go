package kafkatrigger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	"comptoir/shared/records"
)

// Phase is what a consumer is doing.
type Phase string

// The phases.
const (
	Joining  Phase = "joining"
	Reading  Phase = "reading"
	Draining Phase = "draining"
	Stopped  Phase = "stopped"
)

// Status is how far a consumer is.
type Status struct {
	Function   string
	Phase      Phase
	Partitions []PartitionStatus
	// Trouble is why nothing can be read just now, "" where it can.
	Trouble string
}

// PartitionStatus is how far one partition is. Its offsets are those after the
// last record in question.
type PartitionStatus struct {
	Topic     string // by its name on Kafka
	Partition int32
	Handled   int64
	Committed int64 // −1: nothing
	End       int64
}

// Lag is how many offsets are not handled yet.
func (s PartitionStatus) Lag() int64 { return max(0, s.End-s.Handled) }

// Lag is that of all partitions together.
func (s Status) Lag() int64 {
	var n int64
	for _, p := range s.Partitions {
		n += p.Lag()
	}
	return n
}

// Status returns how far the consumer is.
func (k *Consumer) Status() Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := Status{Function: k.c.Function, Phase: k.phase, Trouble: k.trouble.now()}
	if k.serving != nil {
		for _, p := range k.serving.partitions {
			s.Partitions = append(s.Partitions, PartitionStatus{
				Topic: p.topic, Partition: p.number, Handled: p.done.Load(), Committed: p.committed.Load(), End: p.end.Load(),
			})
		}
	}
	return s
}

func (k *Consumer) setPhase(p Phase) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.phase = p
}

func (k *Consumer) began(g *generation) {
	k.mu.Lock()
	k.serving, k.phase = g, Reading
	var lag int64
	for _, p := range g.partitions {
		lag += max(0, p.end.Load()-p.done.Load())
	}
	k.mu.Unlock()
	k.trouble.over()
	if lag == 0 {
		k.log.Info("waiting for events", "topics", k.topics, "partitions", len(g.partitions))
	} else {
		k.log.Info("catching up", "topics", k.topics, "partitions", len(g.partitions), "behind", lag)
	}
}

func (k *Consumer) draining(g *generation) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.serving != g || k.phase != Reading {
		return
	}
	k.phase = Draining
	if errors.Is(context.Cause(g.take), kafka.ErrGenerationEnded) {
		k.log.Info("the group shares out its partitions anew")
	} else {
		k.log.Info("stopping: draining", "partitions", len(g.partitions))
	}
}

func (k *Consumer) ended(g *generation) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.serving == g {
		k.serving = nil
	}
	k.lines.stop()
}

// CaughtUp waits until all that Kafka has of the function's topics now is
// handled and committed, whoever of the group does it. Run must be running; while
// Kafka cannot be asked it waits. The error is that of ctx, with what was in the way.
func (k *Consumer) CaughtUp(ctx context.Context) error {
	var ends map[string]map[int32]records.Range
	for {
		var err error
		if ends == nil {
			ends, err = k.ends(ctx)
		}
		if err == nil {
			var level bool
			if level, err = k.level(ctx, ends); level {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (k *Consumer) ends(ctx context.Context) (map[string]map[int32]records.Range, error) {
	ask := map[string][]int32{}
	for _, topic := range k.topics {
		n, err := k.c.Cluster.Partitions(ctx, topic)
		if err != nil {
			return nil, err
		}
		for p := range int32(n) {
			ask[topic] = append(ask[topic], p)
		}
	}
	return k.c.Cluster.AllOffsets(ctx, ask)
}

// level tells whether everything up to the ends is done. Of our own partitions we
// know it; of those of other members the committed offsets tell.
func (k *Consumer) level(ctx context.Context, ends map[string]map[int32]records.Range) (bool, error) {
	s := k.Status()
	if s.Phase != Reading {
		return false, nil
	}
	own := map[string]map[int32]bool{}
	for _, p := range s.Partitions {
		if end := ends[p.Topic][p.Partition].End; p.Handled < end || (p.Committed < end && end > ends[p.Topic][p.Partition].First) {
			return false, nil
		}
		if own[p.Topic] == nil {
			own[p.Topic] = map[int32]bool{}
		}
		own[p.Topic][p.Partition] = true
	}
	others := map[string][]int{}
	for topic, ps := range ends {
		for p, held := range ps {
			if !own[topic][p] && held.End > held.First {
				others[topic] = append(others[topic], int(p))
			}
		}
	}
	if len(others) == 0 {
		return true, nil
	}
	r, err := k.c.Cluster.Client().OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: k.group, Topics: others})
	if err == nil {
		err = r.Error
	}
	if err != nil {
		return false, fmt.Errorf("asking for the committed offsets of %s: %w", k.c.Function, err)
	}
	for topic, ps := range r.Topics {
		for _, p := range ps {
			if p.CommittedOffset < ends[topic][int32(p.Partition)].End {
				return false, nil
			}
		}
	}
	return true, nil
}

// Forget removes the committed offsets of functions, so that they begin at the
// start of their topics: the log was made anew. None of them may be running.
func Forget(ctx context.Context, c *records.Cluster, functions ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for _, f := range functions {
		r, err := c.Client().DeleteGroups(ctx, &kafka.DeleteGroupsRequest{GroupIDs: []string{c.Group(f)}})
		if err != nil {
			return fmt.Errorf("forgetting the offsets of %s: %w", f, err)
		}
		if err := r.Errors[c.Group(f)]; err != nil && !errors.Is(err, kafka.GroupIdNotFound) {
			return fmt.Errorf("forgetting the offsets of %s: %w; stop the function first", f, err)
		}
	}
	return nil
}
