package projection_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"

	"comptoir/shared/event"
	"comptoir/shared/projection"
)

// tally is the test's document: a sum and a register.
type tally struct {
	projection.Header
	Total    int64  `json:"total"`
	Orders   int64  `json:"orders"`
	Name     string `json:"name"`
	NameTime int64  `json:"name_time"`
	NameRev  int64  `json:"name_revision"`
	Grade    int64  `json:"grade"`
	Padding  string `json:"padding,omitempty"`
}

const (
	poisonNet = 666 // the rule refuses it
	panicNet  = 777 // the rule panics at it
	fatNet    = 888 // the store refuses what it makes
)

func tallies() projection.Function {
	return projection.Function{
		Name:       "tallies",
		Topics:     []event.Topic{event.Sales, event.Inventory},
		Types:      []event.Type{event.ProductSold, event.ProductReturned, event.ProductChanged},
		RulesHash:  "one",
		Collection: projection.Collection{Name: "tallies", New: func() projection.Document { return &tally{} }},
		Apply: func(doc projection.Document, ev *event.Event, _ event.Date) (bool, error) {
			t := doc.(*tally)
			switch d := ev.Data.(type) {
			case *event.ProductSale:
				t.Orders++ // half changed on purpose when the rule then fails
				switch d.Net {
				case poisonNet:
					return false, errors.New("no such amount")
				case panicNet:
					panic("boom")
				case fatNet:
					t.Padding = "fat"
				}
				if ev.Type == event.ProductReturned {
					t.Total -= int64(d.Net)
				} else {
					t.Total += int64(d.Net)
				}
			case *event.Product:
				at := ev.Time.UnixNano()
				if at < t.NameTime || (at == t.NameTime && ev.Revision <= t.NameRev) {
					return false, nil
				}
				t.Name, t.NameTime, t.NameRev = d.Name, at, ev.Revision
			}
			return true, nil
		},
		Review: func(doc projection.Document, day event.Date) (event.Date, error) {
			t := doc.(*tally)
			t.Grade = t.Total/1000 + int64(day)
			return day + 1, nil
		},
	}
}

// memory is a store that compares and replaces, and that fails as told.
type memory struct {
	mu   sync.Mutex
	docs map[string][]byte // collection/id → JSON
	// fault is asked before each operation: lose the reply before or after it.
	fault  func(op string) fault
	writes int
}

type fault uint8

const (
	fine fault = iota
	before
	after
	between // someone else writes the same documents first
)

var errLost = errors.New("the reply was lost")

func newMemory() *memory {
	return &memory{docs: map[string][]byte{}, fault: func(string) fault { return fine }}
}

func (m *memory) Load(_ context.Context, c *projection.Collection, ids []string) (map[string]projection.Document, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fault("load") != fine {
		return nil, errLost
	}
	docs := map[string]projection.Document{}
	for _, id := range ids {
		if raw, ok := m.docs[c.Name+"/"+id]; ok {
			doc := c.New()
			if err := json.Unmarshal(raw, doc); err != nil {
				return nil, err
			}
			docs[id] = doc
		}
	}
	return docs, nil
}

func (m *memory) version(key string) int64 {
	var h projection.Header
	if raw, ok := m.docs[key]; ok {
		if err := json.Unmarshal(raw, &h); err != nil {
			panic(err)
		}
	}
	return h.Version
}

func (m *memory) Commit(_ context.Context, c *projection.Collection, writes []projection.Write) ([]projection.Result, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !slices.IsSortedFunc(writes, func(a, b projection.Write) int {
		if a.Doc.Head().ID < b.Doc.Head().ID {
			return -1
		}
		return 1
	}) {
		return nil, errors.New("the bulk is not sorted by id")
	}
	f := m.fault("commit")
	if f == before {
		return nil, errLost
	}
	results := make([]projection.Result, len(writes))
	for i, w := range writes {
		key := c.Name + "/" + w.Doc.Head().ID
		if f == between && i%2 == 0 {
			// A foreign write that only moves the version on.
			if raw, ok := m.docs[key]; ok {
				doc := c.New()
				if err := json.Unmarshal(raw, doc); err != nil {
					return nil, err
				}
				doc.Head().Version++
				m.docs[key], _ = json.Marshal(doc)
			}
		}
		if t, ok := w.Doc.(*tally); ok && t.Padding == "fat" {
			results[i] = projection.Refused
			continue
		}
		if m.version(key) != w.Read {
			results[i] = projection.Conflict
			continue
		}
		raw, err := json.Marshal(w.Doc)
		if err != nil {
			return nil, err
		}
		m.docs[key] = raw
		m.writes++
		results[i] = projection.Written
	}
	if f == after {
		return nil, errLost
	}
	return results, nil
}

func (m *memory) Due(_ context.Context, c *projection.Collection, day event.Date, rules int64, after string, limit int) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ids []string
	for key, raw := range m.docs {
		var h projection.Header
		if err := json.Unmarshal(raw, &h); err != nil {
			return nil, err
		}
		if key == c.Name+"/"+h.ID && h.ID > after && (h.RulesVersion < rules || (h.ReviewOn != event.NoDate && h.ReviewOn <= day)) {
			ids = append(ids, h.ID)
		}
	}
	slices.Sort(ids)
	return ids[:min(len(ids), limit)], nil
}

// morgue keeps dead letters, and fails as told.
type morgue struct {
	letters []projection.DeadLetter
	fault   func() bool
}

func (m *morgue) Bury(_ context.Context, letters []projection.DeadLetter) error {
	if m.fault != nil && m.fault() {
		return errLost
	}
	m.letters = append(m.letters, letters...)
	return nil
}
