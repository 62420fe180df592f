package simulation

import (
	"bytes"
	"context"
	"slices"
	"sort"
	"strings"

	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/state/codec"
)

// stored is a document in the simulated store, as its JSON and its header.
type stored struct {
	body []byte
	head projection.Header
}

// database is the simulated store's content, by collection and id.
type database struct {
	h           *history
	collections map[string]map[string]*stored
}

// store is the database as one process sees it. It is projection.Store.
type store struct {
	d *database
	p *process
}

// unstorableMark in a document makes the store refuse it, until it is mended.
const unstorableMark = "/unstorable"

func (s *store) Load(_ context.Context, c *projection.Collection, ids []string) (map[string]projection.Document, error) {
	docs := make(map[string]projection.Document, len(ids))
	err := s.p.call("load "+c.Name, nil, func() {
		for _, id := range ids {
			if found := s.d.collections[c.Name][id]; found != nil {
				doc := c.New()
				if err := codec.Decode(found.body, doc); err != nil {
					s.d.h.fail("reading %s of %s: %v", id, c.Name, err)
				}
				docs[id] = doc
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return docs, nil
}

func (s *store) Commit(_ context.Context, c *projection.Collection, writes []projection.Write) ([]projection.Result, error) {
	results := make([]projection.Result, len(writes))
	bodies := make([][]byte, len(writes))
	heads := make([]projection.Header, len(writes))
	for i, w := range writes {
		body, err := codec.Encode(w.Doc)
		if err != nil {
			s.d.h.fail("encoding %s of %s: %v", w.Doc.Head().ID, c.Name, err)
		}
		bodies[i], heads[i] = body, cloneHeader(w.Doc.Head())
	}
	if !slices.IsSortedFunc(heads, func(a, b projection.Header) int { return strings.Compare(a.ID, b.ID) }) {
		s.d.h.fail("a bulk of %s is not sorted by id", c.Name)
	}
	name, reads := c.Name, make([]int64, len(writes))
	for i, w := range writes {
		reads[i] = w.Read
	}
	err := s.p.call("commit "+name, nil, func() {
		for i := range writes {
			results[i] = s.d.put(name, heads[i], reads[i], bodies[i])
		}
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

func cloneHeader(h *projection.Header) projection.Header {
	c := *h
	c.Sources = slices.Clone(h.Sources)
	for i := range c.Sources {
		s := &c.Sources[i]
		s.Missing, s.Recent = slices.Clone(s.Missing), slices.Clone(s.Recent)
		offsets := map[string]int64{}
		for k, v := range s.Offsets {
			offsets[k] = v
		}
		s.Offsets = offsets
	}
	return c
}

// put writes a document where it still has the version that was read.
func (d *database) put(collection string, head projection.Header, read int64, body []byte) projection.Result {
	docs := d.collections[collection]
	if docs == nil {
		docs = map[string]*stored{}
		d.collections[collection] = docs
	}
	old := docs[head.ID]
	var version int64
	if old != nil {
		version = old.head.Version
	}
	if !d.h.mended && bytes.Contains(body, []byte(unstorableMark)) {
		d.h.count("document refused")
		return projection.Refused
	}
	if version != read {
		d.h.count("conflict")
		d.h.note("conflict on %s %s", collection, head.ID)
		return projection.Conflict
	}
	if head.Version != read+1 {
		d.h.fail("%s of %s is written with version %d over %d", head.ID, collection, head.Version, read)
	}
	if old != nil {
		d.h.checkSuccession(collection, &old.head, &head)
	}
	d.h.note("write %s %s", collection, body)
	d.h.count("document written")
	docs[head.ID] = &stored{body, head}
	d.h.noteApplied(collection, &docs[head.ID].head)
	switch plain, epoch := epochOf(collection); plain {
	case projection.Checkpoints.Name:
		d.h.checkCheckpoint(epoch, old, body)
	case projection.SettingsCollection.Name:
		d.h.checkSettings(epoch, old, body)
	}
	return projection.Written
}

func (s *store) Due(_ context.Context, c *projection.Collection, day event.Date, rules int64, after string, limit int) (ids []string, err error) {
	err = s.p.call("due "+c.Name, nil, func() {
		for id, doc := range s.d.collections[c.Name] {
			if id > after && (doc.head.RulesVersion < rules || doc.head.ReviewOn != event.NoDate && doc.head.ReviewOn <= day) {
				ids = append(ids, id)
			}
		}
		sort.Strings(ids)
		ids = ids[:min(len(ids), limit, 3)] // pages are small here, so that a review has several
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}
