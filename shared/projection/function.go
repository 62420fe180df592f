package projection

import (
	"context"
	"fmt"
	"slices"

	"comptoir/shared/event"
)

// Function is one analytic: which events it takes, and the pure rules that fold
// them into its documents. It holds no state, and its two rules do no I/O.
type Function struct {
	// Name is that of the folder and of the deployed function: product-winners.
	Name string
	// Topics are the logical topics it reads.
	Topics []event.Topic
	// Types are the event types it uses. Other types of its topics are passed
	// over by their header.
	Types []event.Type
	// Collection holds its documents. A document's id is the event's Key.
	Collection Collection
	// RulesHash identifies the rules' thresholds; another hash needs another
	// RulesVersion.
	RulesHash string

	// Apply folds one event, in order and once, into the document. changed is
	// false where the event says nothing new (an older value of a register).
	// day is the business day of the document. An error means that the event can
	// never be applied: it becomes a dead letter, and the document is read anew
	// (Apply may leave it half changed). A panic counts as an error.
	Apply func(doc Document, ev *event.Event, day event.Date) (changed bool, err error)
	// Review brings all that depends on the day or the thresholds up to day, and
	// returns the next day on which it would change something with no new event
	// (NoDate: none). It is called once after the events of a batch, and by the
	// review tick. The same state and day give the same document.
	Review func(doc Document, day event.Date) (reviewOn event.Date, err error)
}

// Uses tells whether the function takes events of the type.
func (f *Function) Uses(t event.Type) bool {
	for _, u := range f.Types {
		if u == t {
			return true
		}
	}
	return false
}

// Origin is the place of a record on Kafka.
type Origin struct {
	// Topic is the topic's name on Kafka; Partition and Offset are its place
	// there. Offset is -1 where the trigger does not tell the place.
	Topic     string
	Partition int32
	Offset    int64
}

// Unplaced is the Origin of a record whose trigger does not tell its place.
var Unplaced = Origin{Partition: -1, Offset: -1}

// String writes topic/partition@offset.
func (o Origin) String() string {
	if o.Offset < 0 {
		return "a record whose place is not known"
	}
	return fmt.Sprintf("%s/%d@%d", o.Topic, o.Partition, o.Offset)
}

// Delivery is one record as a trigger hands it to the engine: a decoded event,
// or the reason why there is none.
type Delivery struct {
	Event  event.Event
	Origin Origin
	// More counts the records that follow and are of no use to the function either;
	// see Absorb. 0 where the delivery is one record.
	More int
	// Poison is why the record could not be decoded; nil where it could.
	Poison error
	// Message is the record itself. Triggers that hold the records of a batch in
	// memory anyway set it always; one that does not sets it with Poison, and gives
	// the engine a way to read a record again.
	Message *event.Message
}

// Records counts the records that the delivery stands for.
func (d *Delivery) Records() int { return 1 + d.More }

// Absorb makes d stand for next too, and reports whether it does: where both are
// records of which only the attributes were decoded, which follow each other in
// their partition and in their stream. Most records of a topic may be of no use to
// a function; then a batch holds few deliveries for many records. Event is that of
// the last one, with the latest Time; Origin is that of the first.
func (d *Delivery) Absorb(next *Delivery) bool {
	a, b := &d.Event, &next.Event
	if a.Data != nil || b.Data != nil || d.Poison != nil || next.Poison != nil || next.More != 0 ||
		d.Origin.Offset < 0 || next.Origin.Offset != d.Origin.Offset+int64(d.Records()) ||
		next.Origin.Partition != d.Origin.Partition || next.Origin.Topic != d.Origin.Topic ||
		a.Source != b.Source || a.Stream != b.Stream || a.Sequence > 0 && b.Sequence != a.Sequence+1 {
		return false
	}
	if b.Time.Before(a.Time) {
		b.Time = a.Time
	}
	d.Event, d.More = *b, d.More+1
	return true
}

// DeadLetter is a record that can never be applied, with why.
type DeadLetter struct {
	Function string
	Origin   Origin
	Reason   string
	Message  event.Message
}

// Morgue takes dead letters.
type Morgue interface {
	// Bury publishes the letters; nil means that all of them are durable. An error
	// means unknown: they are brought again.
	Bury(ctx context.Context, letters []DeadLetter) error
}

// Rereader reads a record again from its origin.
type Rereader interface {
	Reread(ctx context.Context, o Origin) (event.Message, error)
}

// Position is a place in a partition. A retry starts there.
type Position struct {
	Topic     string
	Partition int32
	Offset    int64
}

// Outcome is what a trigger does next with a batch. With Retry empty all of it is
// done and may be acknowledged. Otherwise, in each partition named, the records
// from the position on are to be brought again and nothing from there on may be
// acknowledged; the records before it, and partitions not named, are done.
type Outcome struct {
	Retry []Position
	// Unplaced are the records without a place that are to be brought again, by their
	// indexes in the batch, ascending.
	Unplaced []int
	// Err is why there is something to retry.
	Err error
}

// Done tells whether the whole batch may be acknowledged.
func (o *Outcome) Done() bool { return len(o.Retry) == 0 && len(o.Unplaced) == 0 }

// Took tells whether the record at an index of the batch, which came from at, is
// done and may be acknowledged.
func (o *Outcome) Took(index int, at Origin) bool {
	if at.Offset < 0 {
		_, again := slices.BinarySearch(o.Unplaced, index)
		return !again
	}
	for _, r := range o.Retry {
		if r.Topic == at.Topic && r.Partition == at.Partition {
			return at.Offset < r.Offset
		}
	}
	return true
}

// Report is what a batch did, for one log line.
type Report struct {
	Records, Applied, Duplicates, Skipped, DeadLetters int
	// Documents counts the documents written.
	Documents int
	// Reasons says of the first dead letters where they stood and why they are.
	Reasons []string
}
