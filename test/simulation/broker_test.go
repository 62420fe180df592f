package simulation

import (
	"bytes"
	"context"
	"fmt"
	"strconv"

	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/records"
)

// entry is a record in a partition.
type entry struct {
	message event.Message
	fact    *fact
}

// broker is a simulated Kafka: logs by topic and partition, such as sales/0,
// and what groups have committed.
type broker struct {
	h          *history
	partitions int
	logs       map[string][]entry
	committed  map[string]map[string]int64 // by function
	// published is the last sequence of each of the ledger's streams.
	published map[string]int64
}

func at(topic string, partition int32) string { return topic + "/" + strconv.Itoa(int(partition)) }

func newBroker(h *history, partitions int) *broker {
	return &broker{h: h, partitions: partitions, logs: map[string][]entry{}, committed: map[string]map[string]int64{}, published: map[string]int64{}}
}

// partitionsOf lists a topic's partitions.
func (b *broker) partitionsOf(topic event.Topic) []string {
	n := b.partitions
	if topic == event.Heartbeats {
		n = 1
	}
	all := make([]string, n)
	for p := range all {
		all[p] = at(string(topic), int32(p))
	}
	return all
}

// append puts messages at the end of a partition, in their order.
func (b *broker) append(topic string, partition int32, messages []event.Message) {
	where := at(topic, partition)
	for _, m := range messages {
		f := b.h.factOf(m)
		if f.entries++; f.entries == 1 {
			f.topic, f.partition, f.appeared = topic, partition, event.DateOf(b.h.now())
		} else {
			b.h.count("appended again")
			if !same(f.message, m) {
				b.h.fail("%s was published again as another record", f)
			}
		}
		b.logs[where] = append(b.logs[where], entry{f.message, f})
		b.h.note("%s@%d %s", where, len(b.logs[where])-1, f)
		if f.source == b.h.ledgerSource {
			b.checkPublished(where, f)
		}
	}
}

// checkPublished holds what the relay promises of the ledger's records: each
// stream in its own partition, in order, none left out.
func (b *broker) checkPublished(where string, f *fact) {
	if f.kind == event.RelayHeartbeat {
		b.h.checkHeartbeat(f)
		return
	}
	if f.stream != where {
		b.h.fail("%s of the stream %s went to %s", f, f.stream, where)
	}
	if last := b.published[where]; f.sequence > last+1 {
		b.h.fail("%s: sequence %d comes after %d", where, f.sequence, last)
	} else if f.sequence == last+1 {
		b.published[where] = f.sequence
	}
}

func same(a, b event.Message) bool {
	if !bytes.Equal(a.Key, b.Key) || !bytes.Equal(a.Value, b.Value) || len(a.Headers) != len(b.Headers) {
		return false
	}
	for i := range a.Headers {
		if a.Headers[i].Key != b.Headers[i].Key || !bytes.Equal(a.Headers[i].Value, b.Headers[i].Value) {
			return false
		}
	}
	return true
}

// client is the broker as one process sees it: relay.Cluster, projection.Morgue
// and projection.Rereader.
type client struct {
	b *broker
	p *process
}

func (c *client) Topics() records.Topics { return records.Topics{} }
func (c *client) Reset()                 {}

func (c *client) Check(context.Context, records.Layout) error {
	return c.p.call("check", nil, func() {})
}

func (c *client) Produce(_ context.Context, topic string, partition int32, messages []event.Message) (base int64, err error) {
	// The caller may use the array again once it has been told something.
	messages = append([]event.Message(nil), messages...)
	err = c.p.call("produce "+at(topic, partition), nil, func() {
		base = int64(len(c.b.logs[at(topic, partition)]))
		c.b.append(topic, partition, messages)
		if c.b.h.draw(duplicates, 10) {
			c.b.h.count("batch appended twice")
			c.b.append(topic, partition, messages)
		}
	})
	return base, err
}

func (c *client) Tail(_ context.Context, topic string, partition int32, f func(*records.Record) error, done func() bool) error {
	var log []entry
	if err := c.p.call("tail "+at(topic, partition), nil, func() { log = c.b.logs[at(topic, partition)] }); err != nil {
		return err
	}
	const window = 7
	for to := len(log); to > 0 && !done(); to -= window {
		for i := max(0, to-window); i < to; i++ {
			if err := f(&records.Record{Offset: int64(i), Message: log[i].message}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *client) Bury(_ context.Context, letters []projection.DeadLetter) error {
	return c.p.call("bury", nil, func() {
		for _, l := range letters {
			c.b.h.bury(l)
		}
	})
}

func (c *client) Reread(_ context.Context, o projection.Origin) (m event.Message, err error) {
	found := false
	err = c.p.call("reread", nil, func() {
		if log := c.b.logs[at(o.Topic, o.Partition)]; o.Offset < int64(len(log)) {
			m, found = log[o.Offset].message, true
		}
	})
	if err == nil && !found {
		err = fmt.Errorf("reading %s again: it is not there", o)
	}
	return m, err
}

// offset is what a function's group has committed of a partition; −1 nothing.
func (b *broker) offset(function, where string) int64 {
	if o, ok := b.committed[function][where]; ok {
		return o
	}
	return -1
}

func (b *broker) commit(function string, offsets map[string]int64) {
	if b.committed[function] == nil {
		b.committed[function] = map[string]int64{}
	}
	for where, o := range offsets {
		b.committed[function][where] = o
	}
}
