package records

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	"comptoir/shared/event"
	"comptoir/shared/projection"
)

// Range is what a partition holds: the offset of its first record, and the one
// that the next record will have.
type Range struct{ First, End int64 }

// Offsets returns what a partition of a topic (by its name on Kafka) holds.
func (c *Cluster) Offsets(ctx context.Context, topic string, partition int32) (Range, error) {
	all, err := c.AllOffsets(ctx, map[string][]int32{topic: {partition}})
	return all[topic][partition], err
}

// AllOffsets returns what each of several partitions holds.
func (c *Cluster) AllOffsets(ctx context.Context, partitions map[string][]int32) (map[string]map[int32]Range, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	request := &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{}}
	for topic, ps := range partitions {
		for _, p := range ps {
			request.Topics[topic] = append(request.Topics[topic], kafka.FirstOffsetOf(int(p)), kafka.LastOffsetOf(int(p)))
		}
	}
	r, err := c.client.ListOffsets(ctx, request)
	if err != nil {
		return nil, c.unreachable(err)
	}
	all := make(map[string]map[int32]Range, len(partitions))
	for topic, ps := range partitions {
		all[topic] = make(map[int32]Range, len(ps))
		for _, p := range r.Topics[topic] {
			if p.Error != nil {
				return nil, fmt.Errorf("asking for the offsets of %s/%d: %w", topic, p.Partition, p.Error)
			}
			if p.FirstOffset < 0 || p.LastOffset < 0 {
				return nil, fmt.Errorf("asking for the offsets of %s/%d: the broker gave none", topic, p.Partition)
			}
			all[topic][int32(p.Partition)] = Range{p.FirstOffset, p.LastOffset}
		}
		if len(all[topic]) != len(ps) {
			return nil, fmt.Errorf("asking for the offsets of %s: the broker left partitions out", topic)
		}
	}
	return all, nil
}

const scanBytes = 1 << 20

// errStop ends a scan early.
var errStop = errors.New("stop")

// Scan calls f with each record of a partition from an offset up to, not
// including, another. The record is f's until it returns. Records that
// compaction or retention removed are left out. It ends at the first error of f.
func (c *Cluster) Scan(ctx context.Context, topic string, partition int32, from, to int64, f func(*Record) error) error {
	var (
		reader BatchReader
		rec    Record
		buf    []byte
		empty  int
	)
	for from < to {
		var got Fetched
		var err error
		got, buf, err = c.Fetch(ctx, FetchRequest{Topic: topic, Partition: partition, Offset: from, MaxBytes: scanBytes, MaxWait: time.Second}, buf)
		if err != nil {
			return err
		}
		reader.Reset(got, from)
		for {
			ok, err := reader.Read(&rec)
			if err != nil {
				return fmt.Errorf("reading %s/%d@%d: %w", topic, partition, reader.NextOffset(), err)
			}
			if !ok || rec.Offset >= to {
				break
			}
			if err := f(&rec); err != nil {
				return err
			}
		}
		if reader.NextOffset() == from {
			if empty++; empty == 10 {
				return fmt.Errorf("reading %s/%d@%d: the broker gives nothing although the partition should reach %d", topic, partition, from, to)
			}
			continue
		}
		empty, from = 0, reader.NextOffset()
	}
	return nil
}

// Reread reads a record again. It is projection.Rereader.
func (c *Cluster) Reread(ctx context.Context, o projection.Origin) (event.Message, error) {
	var m event.Message
	err := c.Scan(ctx, o.Topic, o.Partition, o.Offset, o.Offset+1, func(r *Record) error {
		if r.Offset != o.Offset {
			return fmt.Errorf("reading %s again: it is no longer there", o)
		}
		m = CloneMessage(&r.Message)
		return errStop
	})
	if errors.Is(err, errStop) {
		return m, nil
	}
	if err == nil {
		err = fmt.Errorf("reading %s again: it is no longer there", o)
	}
	return event.Message{}, err
}

var _ projection.Rereader = (*Cluster)(nil)

// Tail reads the end of a partition backwards, a window at a time, until done
// says that what it has seen is enough or the partition's first record was
// among it. Within a window f gets the records in ascending order.
func (c *Cluster) Tail(ctx context.Context, topic string, partition int32, f func(*Record) error, done func() bool) error {
	held, err := c.Offsets(ctx, topic, partition)
	if err != nil {
		return err
	}
	to, window := held.End, int64(64)
	for to > held.First && !done() {
		from := max(held.First, to-window)
		if err := c.Scan(ctx, topic, partition, from, to, f); err != nil {
			return err
		}
		to, window = from, window*8
	}
	return nil
}
