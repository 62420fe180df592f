package kafkatrigger

import (
	"context"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	"comptoir/shared/records"
)

// resolve decides where each partition begins; it asks again until it is told.
func (g *generation) resolve(assigned map[string][]kafka.PartitionAssignment) error {
	failing := time.Now()
	for attempt := 1; ; attempt++ {
		err := g.tryResolve(assigned)
		if err == nil || g.take.Err() != nil || needsPerson(err) {
			return err
		}
		if time.Since(failing) > g.k.c.StuckAfter {
			return fmt.Errorf("%w: %w", errStuck, err)
		}
		if attempt > 3 {
			g.k.trouble.met(err)
		}
		pause(g.take, attempt, 2*time.Second)
	}
}

func (g *generation) tryResolve(assigned map[string][]kafka.PartitionAssignment) error {
	ask := map[string][]int32{}
	for topic, ps := range assigned {
		for _, p := range ps {
			ask[topic] = append(ask[topic], int32(p.ID))
		}
	}
	g.partitions = nil
	if len(ask) == 0 {
		return nil
	}
	held, err := g.k.c.Cluster.AllOffsets(g.take, ask)
	if err != nil {
		return err
	}
	for _, topic := range g.k.topics {
		for _, a := range assigned[topic] {
			p := newPartition(g, topic, int32(a.ID))
			from, err := g.k.begin(g.take, p, a.Offset, held[topic][p.number])
			if err != nil {
				return err
			}
			p.begin(from, a.Offset, held[topic][p.number].End)
			g.partitions = append(g.partitions, p)
		}
	}
	return nil
}

// begin returns the offset that a partition is read from: the lower of what the
// group has committed and what the state has applied. So a state that was
// restored, or that lost its last write, catches up. Where either knows nothing
// all is read again, which the documents recognise and only costs time: a log
// that was made anew has no committed offsets, and its old ones mean nothing.
func (k *Consumer) begin(ctx context.Context, p *partition, committed int64, held records.Range) (int64, error) {
	from := committed
	if from < 0 {
		from = held.First
	}
	if k.c.Checkpoints != nil {
		checkpoint, ok, err := k.c.Checkpoints.Offset(ctx, p.topic, p.number)
		if err != nil {
			return 0, fmt.Errorf("asking where %s begins: %w", p, err)
		}
		if ok && checkpoint > held.End {
			return 0, tooShort(k.c.Function, p, checkpoint, held.End)
		}
		if !ok {
			checkpoint = held.First
		}
		from = min(from, checkpoint)
	}
	if from > held.End {
		return 0, tooShort(k.c.Function, p, from, held.End)
	}
	if from < held.First {
		k.log.Warn("the log no longer has records that were not applied; what is missing shows as gaps, and `comptoir republish` brings it again",
			"topic", p.topic, "partition", p.number, "from", from, "first", held.First)
		from = held.First
	}
	return from, nil
}

func tooShort(function string, p *partition, wanted, end int64) error {
	return fmt.Errorf("%w: %s goes on at %s@%d and the log ends at %d: it was removed or made anew; run `comptoir republish --all`", ErrLogTooShort, function, p, wanted, end)
}
