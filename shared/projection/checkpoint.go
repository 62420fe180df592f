package projection

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"comptoir/shared/event"
)

// Checkpoint tells how far one function has come with one stream. It claims
// only what was done; its version grows whenever there is something to see.
// Its Sources hold the sequences of each producer, under no family.
type Checkpoint struct {
	Header
	Function string `json:"function"`
	// Stream is the logical topic and partition, such as sales/3, or "review".
	Stream string `json:"stream"`
	// Offset is the next offset to read, -1 where the trigger tells none.
	Offset int64 `json:"offset"`
	// Time is the greatest event time seen.
	Time time.Time `json:"time"`
	// Records counts the records done, DeadLetters those kept aside; for the
	// stream "review" Records counts the documents reviewed.
	Records     int64 `json:"records"`
	DeadLetters int64 `json:"dead_letters"`
}

// Checkpoints is the collection of all checkpoints.
var Checkpoints = Collection{Name: "checkpoints", New: func() Document { return &Checkpoint{Offset: -1} }}

// CheckpointID returns the id of the checkpoint of a function and a stream.
func CheckpointID(function, stream string) string { return function + "|" + stream }

// reviewStream is the stream under which a function notes its reviews.
const reviewStream = "review"

// stream is one stream of a batch.
type stream struct {
	name       string
	deliveries []int
	read       *Checkpoint // as it was at the start of the batch
	changed    bool        // of a Bulk: what was read has moved on
}

// streamOf names the stream of a delivery: its place on Kafka under the topic's
// logical name, or what the event says of itself where the trigger tells no place.
func (e *Engine) streamOf(d *Delivery) string {
	if d.Origin.Offset < 0 {
		if d.Event.Stream != "" {
			return d.Event.Stream
		}
		if d.Origin.Partition >= 0 {
			return e.streamAt(d.Origin.Topic, d.Origin.Partition)
		}
		if d.Poison != nil {
			return "unknown/-"
		}
		return string(d.Event.Type.Topic()) + "/-"
	}
	return e.streamAt(d.Origin.Topic, d.Origin.Partition)
}

func (e *Engine) streamAt(topic string, partition int32) string {
	if logical, ok := e.logical[topic]; ok {
		topic = string(logical)
	}
	return topic + "/" + strconv.Itoa(int(partition))
}

// split sorts the batch by streams; their checkpoints are still to be read.
func (b *run) split() map[string]*stream {
	streams := map[string]*stream{}
	// Deliveries come in runs of one partition; the name is made once a run.
	var previous *Delivery
	var s *stream
	for i := range b.batch {
		d := &b.batch[i]
		if previous == nil || d.Origin.Offset < 0 || d.Origin.Partition != previous.Origin.Partition || d.Origin.Topic != previous.Origin.Topic {
			name := b.e.streamOf(d)
			if s = streams[name]; s == nil {
				s = &stream{name: name}
				streams[name] = s
			}
		}
		s.deliveries = append(s.deliveries, i)
		previous = d
	}
	return streams
}

// loadCheckpoints reads the checkpoints of streams that have none yet, and tells
// whether their epoch is closed.
func (b *run) loadCheckpoints(ctx context.Context, streams map[string]*stream) (moved bool, err error) {
	ids := make([]string, 0, len(streams)+1)
	for name, s := range streams {
		if s.read == nil {
			ids = append(ids, CheckpointID(b.e.fn.Name, name))
		}
	}
	if len(ids) == 0 {
		return false, nil
	}
	docs, err := b.terms.in.Load(ctx, &Checkpoints, append(ids, closedID))
	if err != nil {
		return false, fmt.Errorf("reading the checkpoints of %s: %w", b.e.fn.Name, err)
	}
	for name, s := range streams {
		if s.read == nil {
			s.read = b.e.checkpoint(docs, name)
		}
	}
	return closed(docs) && b.e.pinned == 0, nil
}

func (e *Engine) checkpoint(docs map[string]Document, streamName string) *Checkpoint {
	id := CheckpointID(e.fn.Name, streamName)
	if c, ok := docs[id].(*Checkpoint); ok {
		return c
	}
	c, _ := Checkpoints.New().(*Checkpoint)
	c.ID, c.Function, c.Stream = id, e.fn.Name, streamName
	return c
}

// writeCheckpoints notes what the batch has done, after the documents are
// written and the dead letters are kept. An error means that nothing of the
// batch may be acknowledged.
func (b *run) writeCheckpoints(ctx context.Context, streams map[string]*stream) error {
	limits := b.outcome()
	pending := make([]*stream, 0, len(streams))
	for _, s := range streams {
		pending = append(pending, s)
	}
	slices.SortFunc(pending, func(x, y *stream) int {
		if x.name < y.name {
			return -1
		}
		return 1
	})
	for attempt := 1; ; attempt++ {
		var writes []Write
		var which []*stream
		for _, s := range pending {
			read := s.read.Version
			if b.advance(s, limits) {
				b.e.stamp(s.read, b.today, b.terms.rules)
				writes, which = append(writes, Write{Doc: s.read, Read: read}), append(which, s)
			}
		}
		if len(writes) == 0 {
			return nil
		}
		results, err := b.terms.in.Commit(ctx, &Checkpoints, writes)
		pending = pending[:0]
		for i, s := range which {
			if err != nil || results[i] != Written {
				pending = append(pending, s)
			}
		}
		if len(pending) == 0 {
			return nil
		}
		if err == nil {
			err = fmt.Errorf("%d checkpoints were changed by someone else", len(pending))
		}
		if attempt == maxAttempts {
			return fmt.Errorf("writing the checkpoints of %s: %w", b.e.fn.Name, err)
		}
		if werr := wait(ctx, b.e.backoff(attempt)); werr != nil {
			return fmt.Errorf("writing the checkpoints of %s: %w", b.e.fn.Name, werr)
		}
		ids := make([]string, len(pending))
		for i, s := range pending {
			ids[i] = CheckpointID(b.e.fn.Name, s.name)
		}
		docs, err := b.terms.in.Load(ctx, &Checkpoints, ids)
		if err != nil {
			return fmt.Errorf("reading the checkpoints of %s: %w", b.e.fn.Name, err)
		}
		for _, s := range pending {
			s.read = b.e.checkpoint(docs, s.name)
		}
	}
}

// stamp makes the next version of a checkpoint. Neither its day nor its rules go
// back: a process with older rules may still be at work beside the new one.
func (e *Engine) stamp(c *Checkpoint, today event.Date, rules int64) {
	c.Version++
	c.Day = max(c.Day, today)
	if rules >= c.RulesVersion {
		c.RulesVersion, c.RulesHash = rules, e.fn.RulesHash
	}
}

// advance merges, by maximum, what the batch has done of a stream into its
// checkpoint, and reports whether that changed anything.
func (b *run) advance(s *stream, limits Outcome) bool {
	c := s.read
	start, changed := c.Offset, false
	var src *Source
	for _, i := range s.deliveries {
		d := &b.batch[i]
		if !limits.Took(i, d.Origin) {
			continue
		}
		if o, n := d.Origin.Offset, int64(d.Records()); o < 0 || o+n > start {
			if o >= 0 {
				n = min(n, o+n-start) // those of a run that were counted before are not again
				c.Offset = max(c.Offset, o+int64(d.Records()))
			}
			c.Records += n
			if b.state[i] == poisoned {
				c.DeadLetters++
			}
			// Records without a place are counted, but repeating them is no news.
			changed = changed || o >= 0 || b.state[i] != duplicate
		}
		if d.Poison != nil {
			continue
		}
		if d.Event.Time.After(c.Time) {
			c.Time, changed = d.Event.Time, true
		}
		if d.Event.Sequence > 0 && d.Event.Stream == s.name {
			if src == nil || src.Source != d.Event.Source {
				src = c.source(d.Event.Source, "")
			}
			for n := d.Event.Sequence - int64(d.More); n <= d.Event.Sequence; n++ {
				// Too many gaps only mean that this number is not noted.
				if added, late, err := src.Add(n); err == nil && added {
					changed = true
					if late {
						src.Late++
					}
				}
			}
		}
	}
	return changed
}

// Offset returns the next offset that the function's checkpoint asks for of a
// topic (its name on Kafka) and partition; ok is false where there is none. Whoever
// asks begins there or before, and brings every record from there on.
func (e *Engine) Offset(ctx context.Context, topic string, partition int32) (offset int64, ok bool, err error) {
	name := e.streamAt(topic, partition)
	t, err := e.open(ctx)
	if err != nil {
		return 0, false, err
	}
	docs, err := t.in.Load(ctx, &Checkpoints, []string{CheckpointID(e.fn.Name, name)})
	if err != nil {
		return 0, false, fmt.Errorf("reading the checkpoint of %s for %s: %w", e.fn.Name, name, err)
	}
	e.beginning.Lock()
	e.begun[name] = t.epoch
	e.beginning.Unlock()
	c := e.checkpoint(docs, name)
	return c.Offset, c.Offset >= 0, nil
}

// Rewind forgets the offsets of the function's streams, so that they are read
// from their start again: the log was made anew. What was applied stays known.
func (e *Engine) Rewind(ctx context.Context, topic event.Topic, partitions int) error {
	ids := make([]string, partitions)
	for p := range ids {
		ids[p] = CheckpointID(e.fn.Name, string(topic)+"/"+strconv.Itoa(p))
	}
	t, err := e.open(ctx)
	if err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		docs, err := t.in.Load(ctx, &Checkpoints, ids)
		if err != nil {
			return fmt.Errorf("reading the checkpoints of %s: %w", e.fn.Name, err)
		}
		var writes []Write
		for _, id := range ids {
			if c, ok := docs[id].(*Checkpoint); ok && c.Offset > 0 {
				c.Offset = 0
				c.Version++
				writes = append(writes, Write{Doc: c, Read: c.Version - 1})
			}
		}
		if len(writes) == 0 {
			return nil
		}
		if attempt > maxAttempts {
			return fmt.Errorf("rewinding %s on %s: %d checkpoints could not be written", e.fn.Name, topic, len(writes))
		}
		if _, err := t.in.Commit(ctx, &Checkpoints, writes); err != nil {
			if werr := wait(ctx, e.backoff(attempt)); werr != nil {
				return werr
			}
		}
	}
}
