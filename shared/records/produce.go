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
	ctx, cancel := context.WithTimeout(ctx, produceTimeout)
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

// produceTimeout bounds a produce request, broker and network together.
const produceTimeout = callTimeout
