package simulation

import (
	"context"
	"fmt"
	"slices"

	"comptoir/functions/lossrisk"
	"comptoir/functions/productwinners"
	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/state/codec"
)

// What is checked here is checked at every write and every commit, while
// everything misbehaves.

// checkSuccession holds what one document promises of its next version.
func (h *history) checkSuccession(collection string, old, now *projection.Header) {
	if now.Day < old.Day {
		h.fail("the day of %s of %s goes back from %s to %s", now.ID, collection, old.Day, now.Day)
	}
	if now.RulesVersion < old.RulesVersion {
		h.fail("the rules of %s of %s go back from version %d to %d", now.ID, collection, old.RulesVersion, now.RulesVersion)
	}
	for i := range old.Sources {
		was := &old.Sources[i]
		is := sourceOf(now, was.Source, was.Family)
		if is == nil {
			h.fail("%s of %s forgets the source %s", now.ID, collection, was.Source)
			return
		}
		if is.Applied < was.Applied {
			h.fail("%s of %s forgets what was applied of %s: %d after %d", now.ID, collection, was.Source, is.Applied, was.Applied)
		}
		for _, r := range is.Missing {
			for n := r.First; n <= min(r.Last, was.Applied); n++ {
				if was.Has(n) {
					h.fail("%s of %s says that %d of %s is missing, which was applied", now.ID, collection, n, was.Source)
				}
			}
		}
	}
}

func sourceOf(h *projection.Header, source string, family event.Family) *projection.Source {
	for i := range h.Sources {
		if s := &h.Sources[i]; s.Source == source && s.Family == family {
			return s
		}
	}
	return nil
}

// done tells whether nothing is left to do of a fact for a function: its
// document holds it durably, or the dead letters do, or the function has no use for it.
func (h *history) done(fn *projection.Function, f *fact, in places) bool {
	return h.doneIn(fn, f, in[0]) || in[1] != in[0] && h.doneIn(fn, f, in[1])
}

func (h *history) doneIn(fn *projection.Function, f *fact, epoch int64) bool {
	if h.buried[fn.Name+" "+f.id] || f.ill != unreadable && !fn.Uses(f.kind) {
		return true
	}
	if f.ill == unreadable {
		return false
	}
	doc := h.database.in(fn.Collection.Name, epoch)[f.key]
	if doc == nil {
		return false
	}
	s := sourceOf(&doc.head, f.source, f.kind.Family())
	switch {
	case f.revision > 0:
		return s != nil && s.Has(f.revision)
	case f.kind.Family().IsRegister():
		return holds(fn, doc, f)
	}
	return h.applied[projection.NameIn(fn.Collection.Name, epoch)+" "+f.key+" "+f.id]
}

// noteApplied remembers the ids of events without revisions that a document has
// ever held: it keeps but the last ones itself, and offsets, which say nothing of
// a record that was passed over.
func (h *history) noteApplied(collection string, head *projection.Header) {
	for i := range head.Sources {
		s := &head.Sources[i]
		for _, id := range slices.Backward(s.Recent) {
			key := collection + " " + head.ID + " " + s.Source + " " + id
			if h.applied[key] {
				break
			}
			h.applied[key] = true
		}
	}
}

// holds tells whether a register is at least as late as a fact without a revision.
func holds(fn *projection.Function, doc *stored, f *fact) bool {
	full := fn.Collection.New()
	if codec.Decode(doc.body, full) != nil {
		return false
	}
	switch d := full.(type) {
	case *productwinners.Document:
		return !d.Catalogue.Time.Before(f.time)
	case *lossrisk.Document:
		if f.kind == event.StockChanged {
			return !d.Stock.Time.Before(f.time)
		}
		return !d.Catalogue.Time.Before(f.time)
	}
	return true // checked by its figures at the end
}

// checkClaim holds that everything in a partition before an offset is done for
// a function: whoever acknowledges the offset claims so.
func (h *history) checkClaim(fn *projection.Function, where string, offset int64, who string, in places) {
	log := h.broker.logs[where]
	if offset > int64(len(log)) {
		h.fail("%s of %s claims %s up to %d, and it ends at %d", who, fn.Name, where, offset, len(log))
		return
	}
	key := fmt.Sprintf("%s %s %v", fn.Name, where, in)
	for o := h.verified[key]; o < offset; o++ {
		if f := log[o].fact; !h.done(fn, f, in) {
			h.fail("%s of %s claims %s up to %d, and %s@%d is not done: %s", who, fn.Name, where, offset, where, o, f)
			return
		}
		h.verified[key] = o + 1
	}
}

// checkCheckpoint holds that a checkpoint claims only what was done.
func (h *history) checkCheckpoint(epoch int64, old *stored, body []byte) {
	if h.removed[epoch] {
		return // what a rebuild that was killed still had under way: nobody will ever read it
	}
	var now, was projection.Checkpoint
	if err := codec.Decode(body, &now); err != nil {
		h.fail("reading a checkpoint: %v", err)
		return
	}
	if now.Stream == "review" || now.Function == "" { // or the mark of a closed epoch
		return
	}
	if old != nil {
		if err := codec.Decode(old.body, &was); err != nil {
			h.fail("reading a checkpoint: %v", err)
			return
		}
		if now.Offset < was.Offset && !h.redelivering {
			h.fail("the checkpoint of %s for %s goes back from %d to %d", now.Function, now.Stream, was.Offset, now.Offset)
		}
	}
	fn := h.function(now.Function)
	if now.Offset >= 0 {
		h.checkClaim(fn, now.Stream, now.Offset, "the checkpoint", inOnly(epoch))
	}
	// Of each producer it says which numbers of the stream were done.
	for i := range now.Sources {
		s := &now.Sources[i]
		before := sourceOf(&was.Header, s.Source, "")
		for n := int64(1); n <= s.Applied; n++ {
			if !s.Has(n) || before != nil && before.Has(n) {
				continue
			}
			f := h.numbered[numbering{s.Source, now.Stream, n}]
			if f == nil {
				h.fail("the checkpoint of %s for %s claims sequence %d of %s, which is not in the log", now.Function, now.Stream, n, s.Source)
			} else if !h.doneIn(fn, f, epoch) {
				h.fail("the checkpoint of %s claims sequence %d of %s, which is not done: %s", now.Function, n, now.Stream, f)
			}
		}
	}
}

// checkHeartbeat holds that a heartbeat tells the truth: what was recorded
// before its time is published, and what it says is published too.
func (h *history) checkHeartbeat(f *fact) {
	var says said
	if err := says.read(f.message.Value); err != nil {
		h.fail("%s: %v", f, err)
		return
	}
	for stream, n := range says.Streams {
		if n > h.broker.published[stream] {
			h.fail("a heartbeat says that %s is published up to %d, and it is up to %d", stream, n, h.broker.published[stream])
		}
	}
	for _, stream := range h.streams {
		// The first one that it does not say was recorded no earlier than it is.
		next, err := h.ledger.Events(context.Background(), stream, says.Streams[stream]+1, 1)
		if err != nil {
			h.fail("reading the event log: %v", err)
		} else if len(next) > 0 && next[0].Time.Before(f.time) {
			h.fail("a heartbeat of %s says %s up to %d, and the next was recorded before it, at %s", f.time, stream, says.Streams[stream], next[0].Time)
		}
	}
}
