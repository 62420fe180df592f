package projection

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"comptoir/shared/event"
)

// fold brings every group's events into their documents, a bounded number of
// documents at a time, and decides the fate of each event.
func (b *run) fold(ctx context.Context, groups []*group) {
	sortByID(groups)
	for part := range slices.Chunk(groups, chunk) {
		b.foldChunk(ctx, part)
	}
}

// sortByID sorts groups for a bulk: overlapping bulks in different orders can
// deadlock a server.
func sortByID(groups []*group) {
	slices.SortFunc(groups, func(x, y *group) int { return strings.Compare(x.id, y.id) })
}

// foldChunk loads, folds and writes until every group is decided or the
// attempts are used up.
func (b *run) foldChunk(ctx context.Context, pending []*group) {
	var last error
	for attempt := 1; len(pending) > 0; attempt++ {
		if attempt > 1 {
			if attempt > maxAttempts {
				b.giveUp(pending, fmt.Errorf("%s: giving up on %d documents after %d attempts: %w", b.e.fn.Name, len(pending), maxAttempts, last))
				return
			}
			if err := wait(ctx, b.e.backoff(attempt-1)); err != nil {
				b.giveUp(pending, errors.Join(err, last))
				return
			}
		}
		if err := ctx.Err(); err != nil {
			b.giveUp(pending, fmt.Errorf("%s: stopping before the batch is done: %w", b.e.fn.Name, err))
			return
		}
		pending, last = b.attempt(ctx, pending)
		sortByID(pending)
	}
}

func (b *run) giveUp(groups []*group, err error) {
	for _, g := range groups {
		for _, i := range g.events {
			b.fail(i, err)
		}
	}
}

// attempt tries once, and returns the groups that are to be tried again with why.
func (b *run) attempt(ctx context.Context, groups []*group) (again []*group, why error) {
	c := &b.e.fn.Collection
	ids := make([]string, len(groups))
	for i, g := range groups {
		ids[i] = g.id
	}
	docs, err := b.e.store.Load(ctx, c, ids)
	if err != nil {
		return groups, fmt.Errorf("reading %d documents of %s: %w", len(ids), c.Name, err)
	}
	var writes []Write
	var written []*group
	for _, g := range groups {
		doc := docs[g.id]
		if doc == nil {
			doc = c.New()
			doc.Head().ID = g.id
		}
		read := doc.Head().Version
		if err := b.outdated(doc.Head()); err != nil {
			b.giveUp([]*group{g}, err)
			continue
		}
		doc, changed, err := b.foldDocument(doc, g)
		if err != nil {
			// An event failed and may have left the document half changed: read it
			// anew and go event by event.
			g.careful = true
			again, why = append(again, g), err
			continue
		}
		if changed {
			doc.Head().Version = read + 1
			writes = append(writes, Write{Doc: doc, Read: read})
			written = append(written, g)
		} else {
			b.decide(g, duplicate)
		}
	}
	if len(writes) == 0 {
		return again, why
	}
	if len(b.reasons) > 0 {
		if err := b.bury(ctx, passedByOffset); err != nil {
			if writes, written = b.withoutFailed(writes, written, err); len(writes) == 0 {
				return again, why
			}
		}
	}
	results, err := b.e.store.Commit(ctx, c, writes)
	if err != nil || len(results) != len(writes) {
		return append(again, written...), fmt.Errorf("writing %d documents of %s: %w", len(writes), c.Name, err)
	}
	for i, result := range results {
		g := written[i]
		switch result {
		case Written:
			b.report.Documents++
			b.decide(g, applied)
		case Refused:
			b.refused(ctx, g)
		default:
			again, why = append(again, g), fmt.Errorf("the document %s of %s was changed by someone else", g.id, c.Name)
		}
	}
	return again, why
}

// withoutFailed gives up the documents that would pass over a record whose letter
// could not be kept.
func (b *run) withoutFailed(writes []Write, groups []*group, why error) (_ []Write, kept []*group) {
	waiting := map[string]bool{}
	for i := range b.batch {
		if b.state[i] == failed && passedByOffset(&b.batch[i]) {
			waiting[b.batch[i].Event.Key] = true
		}
	}
	n := 0
	for i, g := range groups {
		if waiting[g.id] {
			b.giveUp([]*group{g}, why)
			continue
		}
		writes[n] = writes[i]
		kept, n = append(kept, g), n+1
	}
	return writes[:n], kept
}

// outdated refuses a document that newer rules have made.
func (b *run) outdated(h *Header) error {
	if h.RulesVersion <= b.terms.rules {
		return nil
	}
	return fmt.Errorf("%s: the document %s was made by the rules of version %d and this function has version %d: deploy the newer one, or raise RULES_VERSION",
		b.e.fn.Name, h.ID, h.RulesVersion, b.terms.rules)
}

// decide ends a group. Which of its events were new was counted while folding
// into the document that has now been written.
func (b *run) decide(g *group, f fate) {
	for _, i := range g.events {
		switch b.state[i] {
		case poisoned:
		case applied, duplicate:
			if f == duplicate {
				b.state[i] = duplicate
			}
		default:
			b.state[i] = f
		}
		switch b.state[i] {
		case applied:
			b.report.Applied++
		case duplicate:
			b.report.Duplicates++
		}
	}
}

// refused deals with a document that the store will never take. Event by event
// shows which of them it is.
func (b *run) refused(ctx context.Context, g *group) {
	var left []int
	for _, i := range g.events {
		if b.state[i] != poisoned {
			left = append(left, i)
		}
	}
	if len(left) == 1 {
		b.poison(left[0], fmt.Errorf("the state refuses the document %s of %s that this event would make: it is too large or not valid there", g.id, b.e.fn.Collection.Name))
		return
	}
	for _, i := range left {
		b.state[i] = undecided
		b.foldChunk(ctx, []*group{{id: g.id, events: []int{i}, careful: true}})
		if b.state[i] == failed {
			// The order of a document's events is kept: what follows waits too.
			b.giveUp([]*group{g}, b.err)
			return
		}
	}
}

// foldDocument applies the group's events that are new to the document and
// reviews it. In careful mode an event that fails is poisoned and the document
// goes on without it; otherwise the first failure is returned.
func (b *run) foldDocument(doc Document, g *group) (_ Document, changed bool, err error) {
	day := max(doc.Head().Day, b.today)
	for _, i := range g.events {
		var before []byte
		if g.careful {
			if before, err = json.Marshal(doc); err != nil {
				return nil, false, fmt.Errorf("copying the document %s: %w", g.id, err)
			}
		}
		// Decided anew at each attempt: an earlier one may have seen a stale document.
		isNew, err := b.e.applyOne(doc, &b.batch[i], day)
		if err == nil && isNew && g.careful {
			err = b.e.review(doc, day)
		}
		switch {
		case err != nil && !g.careful:
			return nil, false, err
		case err != nil:
			b.poison(i, err)
			doc = b.e.fn.Collection.New()
			if err := json.Unmarshal(before, doc); err != nil {
				return nil, false, fmt.Errorf("copying the document %s: %w", g.id, err)
			}
		case isNew:
			b.state[i] = applied
			changed = true
		case b.state[i] != poisoned || b.batch[i].Event.Revision > 0:
			b.state[i] = duplicate
			// Otherwise an earlier attempt has written what comes after it, whose offset
			// speaks for it now: it stays poison.
		}
	}
	if changed {
		if err := b.e.review(doc, day); err != nil {
			return nil, false, err
		}
	}
	return doc, changed, nil
}

// applyOne applies one event where the document does not hold it yet.
func (e *Engine) applyOne(doc Document, d *Delivery, day event.Date) (isNew bool, err error) {
	ev := &d.Event
	h := doc.Head()
	if ev.Revision == 0 && ev.Type.Family().IsRegister() {
		// The greatest time holds: bringing it again says nothing new.
		return e.apply(doc, ev, day)
	}
	src := h.source(ev.Source, ev.Type.Family())
	if ev.Revision > 0 {
		added, late, err := src.Add(ev.Revision)
		if err != nil || !added {
			return false, err
		}
		if late {
			src.Late++
		}
	} else if !src.admit(ev.ID, e.streamOf(d), d.Origin.Offset) {
		return false, nil
	}
	_, err = e.apply(doc, ev, day)
	return true, err
}

// source returns the entry of a producer and family, made where there was none, at
// its place in the order of both: topics arrive in any order, and documents that say
// the same are to be the same bytes. An entry returned before moves.
func (h *Header) source(name string, f event.Family) *Source {
	for i := range h.Sources {
		if s := &h.Sources[i]; s.Source == name && s.Family == f {
			return s
		}
	}
	i := 0
	for i < len(h.Sources) && (h.Sources[i].Source < name || h.Sources[i].Source == name && h.Sources[i].Family < f) {
		i++
	}
	h.Sources = slices.Insert(h.Sources, i, Source{Source: name, Family: f})
	return &h.Sources[i]
}

// recentIDs is how many ids of a producer without revisions a document keeps.
const recentIDs = 64

// admit decides on an event without a revision: a redelivery is known by its
// offset where the trigger tells it, a producer's own repetition by its id
// among the last ones.
func (s *Source) admit(id, stream string, offset int64) bool {
	if slices.Contains(s.Recent, id) {
		return false
	}
	if offset >= 0 {
		if last, ok := s.Offsets[stream]; ok && offset <= last {
			return false
		}
		if s.Offsets == nil {
			s.Offsets = map[string]int64{}
		}
		s.Offsets[stream] = offset
	}
	if len(s.Recent) >= recentIDs {
		s.Recent = slices.Delete(s.Recent, 0, len(s.Recent)-recentIDs+1)
	}
	s.Recent = append(s.Recent, id)
	return true
}

// apply calls the rule; a panic in it is an error like any other.
func (e *Engine) apply(doc Document, ev *event.Event, day event.Date) (changed bool, err error) {
	defer recovered(e.fn.Name, &err)
	changed, err = e.fn.Apply(doc, ev, day)
	if err != nil {
		err = fmt.Errorf("the rules of %s refuse %s of %s: %w", e.fn.Name, ev.Type, ev.Key, err)
	}
	return changed, err
}

// review brings the document up to day and stamps it with it.
func (e *Engine) review(doc Document, day event.Date) (err error) {
	defer recovered(e.fn.Name, &err)
	on, err := e.fn.Review(doc, day)
	if err != nil {
		return fmt.Errorf("the rules of %s cannot review %s: %w", e.fn.Name, doc.Head().ID, err)
	}
	h := doc.Head()
	h.Day, h.ReviewOn, h.RulesVersion, h.RulesHash = day, on, e.terms.Load().rules, e.fn.RulesHash
	return nil
}

func recovered(function string, err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the rules of %s panicked: %v", function, p)
	}
}
