package triggertest

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/records"
	"comptoir/shared/state/codec"
)

// expected is what comes of a log when every record is brought by itself, once, in
// order, and nothing fails.
type expected struct {
	log     []logged
	fates   []fate // of log
	docs    map[string]string
	streams map[string]string // what the checkpoints say of sequences
	letters []letter
}

// fate is what a record comes to.
type fate struct {
	poison bool
	event  event.Event
}

// letter is a dead letter without what a trigger may not know.
type letter struct {
	function, reason, message string
	topic                     string
	partition                 int32
}

type kept struct{ letters []projection.DeadLetter }

func (k *kept) Bury(_ context.Context, letters []projection.DeadLetter) error {
	k.letters = append(k.letters, letters...)
	return nil
}

func expect(t *testing.T, log []logged) *expected {
	t.Helper()
	s, dead := openStore(t), &kept{}
	e, err := projection.New(projection.Config{
		Function: tallies(), Store: s, Morgue: dead, Currency: "GBP", Today: func() event.Date { return today },
	})
	if err != nil {
		t.Fatal(err)
	}
	x := &expected{log: log, fates: make([]fate, len(log))}
	next, decoder := map[string]int64{}, event.NewDecoder()
	for i, r := range log {
		name := Name(string(r.topic), r.partition)
		d := projection.Delivery{Origin: projection.Origin{Topic: string(r.topic), Partition: r.partition, Offset: next[name]}, Message: &r.message}
		next[name]++
		if d.Event, err = decoder.Decode(r.message, e.Uses); err != nil {
			d.Poison, d.Event = err, event.Event{}
		}
		buried := len(dead.letters)
		if out, _ := e.Handle(t.Context(), []projection.Delivery{d}); !out.Done() {
			t.Fatal(out.Err)
		}
		x.fates[i] = fate{poison: len(dead.letters) > buried, event: d.Event}
	}
	x.docs, x.streams = s.contents(t)
	for _, l := range dead.letters {
		x.letters = append(x.letters, letterOf(l.Origin.Topic, &l))
	}
	slices.SortFunc(x.letters, func(a, b letter) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return x
}

func letterOf(topic string, l *projection.DeadLetter) letter {
	headers := make([]string, 0, len(l.Message.Headers))
	for _, h := range l.Message.Headers {
		headers = append(headers, fmt.Sprintf("%s=%q", h.Key, h.Value))
	}
	slices.Sort(headers)
	return letter{
		function: l.Function, reason: l.Reason, topic: topic, partition: l.Origin.Partition,
		message: fmt.Sprintf("%q %q %v", l.Message.Key, l.Message.Value, headers),
	}
}

// contents returns the documents of a state without what depends on how records
// were brought: in how many writes, and at which places.
func (s *store) contents(t *testing.T) (docs, streams map[string]string) {
	t.Helper()
	docs, streams = map[string]string{}, map[string]string{}
	c := tallies().Collection
	found, err := s.Store.Load(t.Context(), &c, keys)
	if err != nil {
		t.Fatal(err)
	}
	for id, doc := range found {
		h := doc.Head()
		h.Version = 0
		for i := range h.Sources {
			h.Sources[i].Offsets = nil
		}
		docs[id] = encoded(t, doc)
	}
	var ids []string
	for _, topic := range tallies().Topics {
		for p := range int32(Partitions) {
			ids = append(ids, projection.CheckpointID(tallies().Name, Name(string(topic), p)))
		}
	}
	found, err = s.Store.Load(t.Context(), &projection.Checkpoints, ids)
	if err != nil {
		t.Fatal(err)
	}
	for id, doc := range found {
		sources := doc.Head().Sources
		for i := range sources {
			sources[i].Late = 0
		}
		if len(sources) > 0 {
			streams[id] = fmt.Sprint(sources)
		}
	}
	return docs, streams
}

func encoded(t *testing.T, doc projection.Document) string {
	t.Helper()
	b, err := codec.Encode(doc)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// judged says of the records of each partition which of them are poison.
func (b *Bench) judged(t *testing.T, want *expected) map[string][]placedRecord {
	t.Helper()
	log := map[string][]placedRecord{}
	for name := range b.Records(t) {
		log[name] = nil
	}
	for i, r := range want.log {
		name := Name(b.Cluster.Topics().Name(r.topic), r.partition)
		log[name] = append(log[name], placedRecord{want.fates[i].poison})
	}
	return log
}

// compare holds state and dead letters against what is expected.
func (b *Bench) compare(t *testing.T, k Kind, want *expected, faults bool) {
	t.Helper()
	docs, streams := b.store.contents(t)
	same(t, "document", docs, want.docs)
	same(t, "checkpoint", streams, want.streams)
	got := b.letters(t, k, want)
	if faults { // a letter may have been kept whose acknowledgement was lost
		got = slices.Compact(got)
	}
	wanted := slices.Clone(want.letters)
	if faults {
		wanted = slices.Compact(wanted)
	}
	if len(got) != len(wanted) {
		t.Errorf("%d dead letters, want %d", len(got), len(wanted))
	}
	for i := range min(len(got), len(wanted)) {
		if got[i] != wanted[i] {
			t.Fatalf("dead letter\n  %+v\nwant\n  %+v", got[i], wanted[i])
		}
	}
}

func same(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for _, id := range slices.Sorted(maps.Keys(want)) {
		if got[id] != want[id] {
			t.Errorf("%s %s\n  %s\nwant\n  %s", what, id, got[id], want[id])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d of %s, want %d", len(got), what, len(want))
	}
}

// letters reads the topic of dead letters.
func (b *Bench) letters(t *testing.T, k Kind, want *expected) []letter {
	t.Helper()
	var all []letter
	err := b.Cluster.ReadDeadLetters(t.Context(), func(l records.StoredLetter) error {
		topic, _ := b.Cluster.Topics().Logical(l.Origin.Topic)
		got := letterOf(string(topic), &l.DeadLetter)
		if k.Unplaced && got.partition < 0 {
			// Where it lay is known to the suite alone.
			for _, w := range want.letters {
				if w.message == got.message {
					got.topic, got.partition = w.topic, w.partition
				}
			}
		} else if !k.Unplaced {
			if at := b.at(t, &l.Origin); !bytes.Equal(at.Value, l.Message.Value) {
				t.Errorf("the dead letter of %s is not what lies there: %q", l.Origin, l.Message.Value)
			}
		}
		all = append(all, got)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b letter) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return all
}

func (b *Bench) at(t *testing.T, o *projection.Origin) event.Message {
	t.Helper()
	m, err := b.Cluster.Reread(t.Context(), *o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// claims holds that what was acknowledged since before is durable: in its document
// or with the dead letters; and that nothing is taken back.
func (b *Bench) claims(t *testing.T, k Kind, want *expected, before, now map[string]int64) {
	t.Helper()
	c := tallies().Collection
	docs, err := b.store.Store.Load(t.Context(), &c, keys)
	if err != nil {
		t.Fatal(err)
	}
	dead := map[string]bool{}
	for _, l := range b.letters(t, k, want) {
		dead[l.message] = true
	}
	next := map[string]int64{}
	for i, r := range want.log {
		name := Name(b.Cluster.Topics().Name(r.topic), r.partition)
		offset := next[name]
		next[name]++
		if now[name] < before[name] {
			t.Fatalf("%s goes back from %d to %d", name, before[name], now[name])
		}
		if offset >= now[name] {
			continue
		}
		f := want.fates[i]
		switch {
		case f.poison:
			if l := letterOf("", &projection.DeadLetter{Message: r.message}); !dead[l.message] {
				t.Errorf("%s@%d is acknowledged, and is poison that is not kept", name, offset)
			}
		case f.event.Data != nil && !holds(docs[f.event.Key], &f.event):
			t.Errorf("%s@%d is acknowledged, and no document holds it", name, offset)
		}
	}
}

func holds(doc projection.Document, e *event.Event) bool {
	if doc == nil {
		return false
	}
	for _, s := range doc.Head().Sources {
		if s.Source == e.Source && s.Family == e.Type.Family() {
			return e.Revision > 0 && s.Has(e.Revision) || slices.Contains(s.Recent, e.ID)
		}
	}
	return false
}
