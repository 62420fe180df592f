package simulation

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/projection"
)

// illness is why a record can never be applied.
type illness uint8

const (
	well       illness = iota
	unreadable         // its attributes: for every function that reads the topic
	unfitting          // its data, its currency, its ledger, its sums: for functions that use the type
	unstorable         // the store refuses its document until it is mended; for functions that use the type
)

// fact is what one record says, however often the record was published. It is
// read here without the codec.
type fact struct {
	id       string // of the record: source and id, or its very bytes
	source   string
	kind     event.Type
	key      string
	revision int64
	time     time.Time
	stream   string
	sequence int64
	message  event.Message
	ill      illness
	entries  int // how often it stands in a log
	order    int // of its first entry, among all
	// topic and partition of its first entry.
	topic     string
	partition int32
	appeared  event.Date // when
}

// numbering is a place in a producer's stream.
type numbering struct {
	source, stream string
	sequence       int64
}

// String names the fact for a person.
func (f *fact) String() string {
	return fmt.Sprintf("%s of %s (%s, revision %d)", f.kind, f.key, f.id, f.revision)
}

// factOf returns what a message says, the same fact for the same record.
func (h *history) factOf(m event.Message) *fact {
	f := &fact{key: string(m.Key), message: m, order: len(h.facts)}
	var id string
	for _, header := range m.Headers {
		v := string(header.Value)
		switch header.Key {
		case "ce_id":
			id = v
		case "ce_source":
			f.source = v
		case "ce_type":
			f.kind, _ = event.ParseType(v)
		case "ce_revision":
			f.revision, _ = strconv.ParseInt(v, 10, 64)
		case "ce_time":
			f.time, _ = time.Parse(time.RFC3339Nano, v)
		case "ce_stream":
			f.stream = v
		case "ce_sequence":
			f.sequence, _ = strconv.ParseInt(v, 10, 64)
		}
	}
	if f.id = f.source + " " + id; id == "" {
		f.id = string(m.Value)
	}
	if known := h.byID[f.id]; known != nil {
		return known
	}
	f.ill = h.illnesses[f.id]
	h.byID[f.id] = f
	if f.sequence > 0 {
		h.numbered[numbering{f.source, f.stream, f.sequence}] = f
	}
	h.facts = append(h.facts, f)
	return f
}

// sick tells whether the fact can never be applied by a function, as things stand.
func (h *history) sick(fn *projection.Function, f *fact) bool {
	switch f.ill {
	case unreadable:
		return true
	case unfitting:
		return fn.Uses(f.kind)
	case unstorable:
		return fn.Uses(f.kind) && !h.mended
	case well:
	}
	return fn.Uses(f.kind) && h.buggy(fn.Name, f.id)
}

// buggy tells whether a function's rules fail on an event, until they are mended.
func (h *history) buggy(function, id string) bool {
	if !h.plan.faults[bugs] || h.mended {
		return false
	}
	sum := h.plan.seed
	for _, c := range []byte(function + id) {
		sum = sum*1099511628211 ^ uint64(c)
	}
	often := uint64(23)
	if strings.HasPrefix(id, "/old-till ") {
		often = 5 // what has no revision is the more delicate
	}
	return (sum>>20)%often == 0
}

// letter is a dead letter.
type letter struct {
	function string
	fact     *fact
	origin   projection.Origin
	reason   string
}

// bury keeps a dead letter.
func (h *history) bury(l projection.DeadLetter) {
	f := h.factOf(l.Message)
	h.note("dead letter of %s: %s %s: %s", l.Function, f, l.Origin, l.Reason)
	if f.entries == 0 {
		h.fail("%s buried a record that nobody published: %s", l.Function, f)
		return
	}
	if !same(f.message, l.Message) {
		h.fail("%s buried %s with other bytes", l.Function, f)
	}
	if l.Origin.Offset >= 0 {
		if log := h.broker.logs[at(l.Origin.Topic, l.Origin.Partition)]; l.Origin.Offset >= int64(len(log)) || log[l.Origin.Offset].fact != f {
			h.fail("%s buried %s from %s, where it is not", l.Function, f, l.Origin)
		}
	}
	if fn := h.function(l.Function); !h.mended && !h.sick(fn, f) {
		h.fail("%s buried %s, with which nothing is wrong: %s", l.Function, f, l.Reason)
	}
	h.count("dead letter")
	h.letters = append(h.letters, letter{l.Function, f, l.Origin, l.Reason})
	h.buried[l.Function+" "+f.id] = true
}
