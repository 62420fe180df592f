package records

import (
	"context"
	"fmt"

	"github.com/segmentio/kafka-go"

	"comptoir/shared/event"
)

// Produce appends messages, in their order and as one batch, to a partition of
// a topic (by its name on Kafka). nil means that all in-sync replicas have them
// and base is the offset of the first. An error means unknown: they may be there,
// once. Nothing is tried again here; the caller alone knows in which order.
//
// Send one batch at a time to a partition, at most MaxBatchBytes of it.
func (c *Cluster) Produce(ctx context.Context, topic string, partition int32, messages []event.Message) (base int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	r, err := c.client.Produce(ctx, &kafka.ProduceRequest{
		Topic:        topic,
		Partition:    int(partition),
		RequiredAcks: kafka.RequireAll,
		Compression:  kafka.Lz4,
		Records:      &messageReader{messages: messages},
	})
	// What the broker refuses comes in the response, with err nil.
	if err == nil {
		err = r.Error
	}
	if err != nil {
		return 0, fmt.Errorf("publishing %d records to %s/%d: %w", len(messages), topic, partition, err)
	}
	return r.BaseOffset, nil
}

// MaxBatchBytes is how much of keys, values and headers goes into one batch
// before compression. Brokers take a million bytes unless told otherwise, and
// what does not compress must fit too.
const MaxBatchBytes = 800_000

// Size returns how much of MaxBatchBytes a message takes.
func Size(m *event.Message) int {
	n := 24 + len(m.Key) + len(m.Value) // lengths, offset and time deltas
	for i := range m.Headers {
		n += 4 + len(m.Headers[i].Key) + len(m.Headers[i].Value)
	}
	return n
}

// Send appends messages of any producer, each to the partition that its key
// belongs to (as Kafka's own clients choose it), those of a key in their order.
// An error means unknown for those that were not yet acknowledged, whose number
// it does not tell; sent counts the others.
func (c *Cluster) Send(ctx context.Context, topic event.Topic, messages []event.Message) (sent int, err error) {
	name := c.config.Topics.Name(topic)
	n, err := c.Partitions(ctx, name)
	if err != nil {
		return 0, err
	}
	if n == 0 {
		return 0, enough(topic, name, 0, 1)
	}
	type batch struct {
		messages []event.Message
		size     int
	}
	batches := make([]batch, n)
	flush := func(p int) error {
		b := &batches[p]
		if len(b.messages) == 0 {
			return nil
		}
		if _, err := c.Produce(ctx, name, int32(p), b.messages); err != nil {
			return err
		}
		sent += len(b.messages)
		b.messages, b.size = b.messages[:0], 0
		return nil
	}
	for i := range messages {
		m := &messages[i]
		p := event.Partition(string(m.Key), n)
		size := Size(m)
		if batches[p].size+size > MaxBatchBytes {
			if err := flush(p); err != nil {
				return sent, err
			}
		}
		batches[p].messages, batches[p].size = append(batches[p].messages, *m), batches[p].size+size
	}
	for p := range batches {
		if err := flush(p); err != nil {
			return sent, err
		}
	}
	return sent, nil
}
