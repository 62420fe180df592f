package statetest

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"testing"

	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/state"
)

// broken is the model with one fault.
type broken struct {
	*model
	commit func(m *model, writes []projection.Write) []projection.Write                          // what is asked for
	result func(w projection.Write, r projection.Result) projection.Result                       // what is said of it
	find   func(f state.Find, docs []json.RawMessage) []json.RawMessage                          // what is found
	asked  func(f state.Find) state.Find                                                         // what is looked for
	summed func(groups []state.Group) []state.Group                                              // what is added up
	due    func(m *model, day event.Date, rules int64, after string) (event.Date, int64, string) // which are due
	loaded func(docs map[string]projection.Document)                                             // what is loaded
	ended  func(ctx context.Context) context.Context                                             // how a cancelled context is seen
}

func (b *broken) Commit(ctx context.Context, c *projection.Collection, writes []projection.Write) ([]projection.Result, error) {
	asked := writes
	if b.commit != nil {
		asked = b.commit(b.model, slices.Clone(writes))
	}
	results, err := b.model.Commit(ctx, c, asked)
	for len(results) < len(writes) && err == nil {
		results = append(results, projection.Written)
	}
	for i := range results {
		if b.result != nil {
			results[i] = b.result(writes[i], results[i])
		}
	}
	return results, err
}

func (b *broken) Load(ctx context.Context, c *projection.Collection, ids []string) (map[string]projection.Document, error) {
	if b.ended != nil {
		ctx = b.ended(ctx)
	}
	docs, err := b.model.Load(ctx, c, ids)
	if b.loaded != nil {
		b.loaded(docs)
	}
	return docs, err
}

func (b *broken) Find(ctx context.Context, collection string, f state.Find) ([]json.RawMessage, error) {
	limit := f.Limit
	if b.asked != nil {
		f = b.asked(f)
	}
	docs, err := b.model.Find(ctx, collection, f)
	if b.find != nil {
		docs = b.find(f, docs)
	}
	return docs[:min(len(docs), max(limit, 0))], err
}

func (b *broken) Sum(ctx context.Context, collection string, s state.Sum) ([]state.Group, error) {
	groups, err := b.model.Sum(ctx, collection, s)
	if b.summed != nil {
		groups = b.summed(groups)
	}
	return groups, err
}

func (b *broken) Due(ctx context.Context, c *projection.Collection, day event.Date, rules int64, after string, limit int) ([]string, error) {
	if b.due != nil {
		day, rules, after = b.due(b.model, day, rules, after)
	}
	return b.model.Due(ctx, c, day, rules, after, limit)
}

// harness opens b as a database, again and again the same.
func (b broken) harness() Harness {
	shared := newModel().contents
	return Harness{Open: func(context.Context, []projection.Collection) (Database, error) {
		b := b
		b.model = &model{contents: shared}
		return Database{
			Store: &b, Reader: &b,
			Migrate: func(context.Context) error { return nil },
			Close:   func() error { b.closed.Store(true); return nil },
		}, nil
	}}
}

func TestAMapPasses(t *testing.T) {
	for _, c := range checks() {
		if err := try(t.Context(), c, broken{}.harness()); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// Each fault is found by the check that is there for it.
func TestFaultsAreFound(t *testing.T) {
	for _, fault := range []struct {
		name   string
		check  string
		broken broken
	}{
		{"the version is not compared", "many add at once and nothing is lost or counted twice", broken{commit: anyVersion}},
		{"the version is not compared", "a write takes effect only where the version is the one that was read", broken{commit: anyVersion}},
		{"an insert replaces", "of many who insert the same document one does", broken{commit: func(m *model, writes []projection.Write) []projection.Write {
			for i, w := range writes {
				if w.Read == 0 {
					writes[i].Read = m.version(w)
				}
			}
			return writes
		}}},
		{"a conflict is called written", "each write of a bulk stands alone", broken{result: func(_ projection.Write, r projection.Result) projection.Result {
			if r == projection.Conflict {
				return projection.Written
			}
			return r
		}}},
		{"the end of a large bulk is forgotten", "each write of a bulk stands alone", broken{commit: func(_ *model, writes []projection.Write) []projection.Write {
			return writes[:min(len(writes), 4096)]
		}}},
		{"a refused document is a conflict", "what can never be stored is refused alone", broken{result: func(_ projection.Write, r projection.Result) projection.Result {
			return min(r, projection.Conflict)
		}}},
		{"numbers pass through floats", "what is written is read back exactly", broken{loaded: func(docs map[string]projection.Document) {
			for _, doc := range docs {
				i := doc.(*Item)
				for name, w := range i.Windows {
					w.Profit = int64(float64(w.Profit))
					i.Windows[name] = w
				}
			}
		}}},
		{"equal values come with their ids descending", "documents come in order, null and absent lowest, equal ones by id", broken{
			asked: func(f state.Find) state.Find {
				f.Descending = !f.Descending
				return f
			},
			find: func(_ state.Find, docs []json.RawMessage) []json.RawMessage {
				slices.Reverse(docs)
				return docs
			},
		}},
		{"a cursor passes over equal values", "pages give each document once, whatever the order and the page", broken{asked: func(f state.Find) state.Find {
			if f.After != nil && f.Sort != "" {
				f.After = &state.Cursor{Value: f.After.Value, ID: "\U0010ffff"}
			}
			return f
		}}},
		{"a cursor forgets the id", "pages hold while others insert", broken{asked: func(f state.Find) state.Find {
			if f.After != nil {
				f.After = &state.Cursor{Value: f.After.Value}
			}
			return f
		}}},
		{"a prefix is any match", "filters match values of their own kind, byte for byte", broken{asked: func(f state.Find) state.Find {
			f.Filters = slices.Clone(f.Filters)
			for i, filter := range f.Filters {
				if filter.Op == state.Prefix {
					f.Filters[i].Op = state.AtLeast
				}
			}
			return f
		}}},
		{"any limit will do", "only wanted fields and known questions", broken{asked: func(f state.Find) state.Find {
			f.Limit = max(f.Limit, 1)
			return f
		}}},
		{"documents are stored in another form", "documents are readable by hand", broken{commit: func(_ *model, writes []projection.Write) []projection.Write {
			for _, w := range writes {
				w.Doc.(*Item).Units *= 1000
			}
			return writes
		}}},
		{"an empty group is left out", "sums are exact, by group, and null counts as nothing", broken{summed: func(groups []state.Group) []state.Group {
			return slices.DeleteFunc(groups, func(g state.Group) bool { return g.Key == "" })
		}}},
		{"old rules are not due", "due are those whose day has come or whose rules are old, in pages by id", broken{due: func(_ *model, day event.Date, _ int64, after string) (event.Date, int64, string) {
			return day, 0, after
		}}},
		{"a page of due ids begins again", "due are those whose day has come or whose rules are old, in pages by id", broken{due: func(_ *model, day event.Date, rules int64, _ string) (event.Date, int64, string) {
			return day, rules, ""
		}}},
		{"a cancelled context is not seen", "a cancelled context is an error and spoils nothing", broken{ended: context.WithoutCancel}},
	} {
		t.Run(fault.name, func(t *testing.T) {
			at := slices.IndexFunc(checks(), func(c check) bool { return c.name == fault.check })
			if at < 0 {
				t.Fatalf("there is no check %q", fault.check)
			}
			err := try(t.Context(), checks()[at], fault.broken.harness())
			if err == nil {
				t.Fatalf("the check %q does not find it", fault.check)
			}
			t.Logf("found: %.300s", bytes.TrimSpace([]byte(err.Error())))
		})
	}
}

// version returns the version that is stored of a write's document.
func (m *model) version(w projection.Write) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.docs[items][w.Doc.Head().ID].version
}

func anyVersion(m *model, writes []projection.Write) []projection.Write {
	for i, w := range writes {
		writes[i].Read = m.version(w)
	}
	return writes
}
