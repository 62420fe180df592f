package records

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/projection"
)

// The headers that a dead letter has beside those of the original record.
const (
	deadPrefix    = "comptoir_dead_"
	deadFunction  = deadPrefix + "function"
	deadTopic     = deadPrefix + "topic"
	deadPartition = deadPrefix + "partition"
	deadOffset    = deadPrefix + "offset"
	deadReason    = deadPrefix + "reason"
	deadTime      = deadPrefix + "time"
)

// maxReason bounds the reason kept with a letter, in bytes.
const maxReason = 2000

// Morgue keeps dead letters in the topic for them. It is projection.Morgue.
type Morgue struct {
	cluster *Cluster
	now     func() time.Time
}

var _ projection.Morgue = (*Morgue)(nil)

// NewMorgue returns a morgue on the cluster.
func NewMorgue(c *Cluster, now func() time.Time) *Morgue { return &Morgue{cluster: c, now: now} }

// Bury publishes each letter as a record with the original's key, value and
// headers, and with why, whence and when in headers of its own. nil means that
// all of them are with all in-sync replicas.
func (m *Morgue) Bury(ctx context.Context, letters []projection.DeadLetter) error {
	topic := m.cluster.config.Topics.Name(event.DeadLetters)
	var batch []event.Message
	size := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		if _, err := m.cluster.Produce(ctx, topic, 0, batch); err != nil {
			return fmt.Errorf("keeping %d dead letters: %w", len(batch), err)
		}
		batch, size = batch[:0], 0
		return nil
	}
	for i := range letters {
		msg := m.message(&letters[i])
		n := Size(&msg)
		if size+n > MaxBatchBytes {
			if err := flush(); err != nil {
				return err
			}
		}
		batch, size = append(batch, msg), size+n
	}
	return flush()
}

func (m *Morgue) message(l *projection.DeadLetter) event.Message {
	reason := l.Reason
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "")
	}
	headers := make([]event.Header, 0, len(l.Message.Headers)+6)
	for _, h := range l.Message.Headers {
		if !strings.HasPrefix(h.Key, deadPrefix) {
			headers = append(headers, h)
		}
	}
	add := func(key, value string) { headers = append(headers, event.Header{Key: key, Value: []byte(value)}) }
	add(deadFunction, l.Function)
	add(deadTopic, l.Origin.Topic)
	add(deadPartition, strconv.Itoa(int(l.Origin.Partition)))
	add(deadOffset, strconv.FormatInt(l.Origin.Offset, 10))
	add(deadReason, reason)
	add(deadTime, m.now().UTC().Format(time.RFC3339Nano))
	return event.Message{Key: l.Message.Key, Value: l.Message.Value, Headers: headers}
}

// StoredLetter is a dead letter as the topic holds it.
type StoredLetter struct {
	projection.DeadLetter
	// Offset is the letter's own place in the topic of dead letters (partition Partition).
	Partition int32
	Offset    int64
	// Time is when it was kept aside (UTC).
	Time time.Time
}

// ReadDeadLetters calls f with each dead letter that the topic holds now, in
// the order in which they were kept. The message is the original record. It ends
// at the first error of f and returns it.
func (c *Cluster) ReadDeadLetters(ctx context.Context, f func(StoredLetter) error) error {
	topic := c.config.Topics.Name(event.DeadLetters)
	n, err := c.Partitions(ctx, topic)
	if err != nil {
		return err
	}
	if n == 0 {
		return enough(event.DeadLetters, topic, 0, 1)
	}
	for p := range int32(n) {
		held, err := c.Offsets(ctx, topic, p)
		if err != nil {
			return err
		}
		err = c.Scan(ctx, topic, p, held.First, held.End, func(r *Record) error { return f(readLetter(p, r)) })
		if err != nil {
			return fmt.Errorf("reading dead letters: %w", err)
		}
	}
	return nil
}

func readLetter(partition int32, r *Record) StoredLetter {
	l := StoredLetter{Partition: partition, Offset: r.Offset, Time: r.Timestamp()}
	l.Message = CloneMessage(&r.Message)
	l.Origin = projection.Unplaced
	kept := l.Message.Headers[:0]
	for _, h := range l.Message.Headers {
		v := string(h.Value)
		switch h.Key {
		case deadFunction:
			l.Function = v
		case deadTopic:
			l.Origin.Topic = v
		case deadPartition:
			if n, err := strconv.ParseInt(v, 10, 32); err == nil {
				l.Origin.Partition = int32(n)
			}
		case deadOffset:
			if n, err := strconv.ParseInt(v, 10, 64); err == nil {
				l.Origin.Offset = n
			}
		case deadReason:
			l.Reason = v
		case deadTime:
			if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
				l.Time = t
			}
		default:
			kept = append(kept, h)
		}
	}
	l.Message.Headers = kept
	return l
}
