package statetest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"comptoir/shared/event"
	"comptoir/shared/money"
	"comptoir/shared/projection"
	"comptoir/shared/state"
	"comptoir/shared/state/codec"
)

// model is a store in a map, as simple as the promises can be written down. It
// says what a real store has to answer, and is broken on purpose to try the suite.
type model struct {
	*contents
	closed atomic.Bool
}

// contents is what all openings of one database share.
type contents struct {
	mu   sync.Mutex
	docs map[string]map[string]stored // by collection, id
}

type stored struct {
	version int64
	raw     []byte
}

var errClosed = errors.New("the store is closed")

func newModel() *model {
	return &model{contents: &contents{docs: map[string]map[string]stored{}}}
}

// enter locks the model, unless it cannot answer.
func (m *model) enter(ctx context.Context) error {
	m.mu.Lock()
	err := ctx.Err()
	if m.closed.Load() {
		err = errClosed
	}
	if err != nil {
		m.mu.Unlock()
	}
	return err
}

func (m *model) Load(ctx context.Context, c *projection.Collection, ids []string) (map[string]projection.Document, error) {
	if err := m.enter(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	docs := map[string]projection.Document{}
	for _, id := range ids {
		if s, ok := m.docs[c.Name][id]; ok {
			docs[id] = c.New()
			if err := codec.Decode(s.raw, docs[id]); err != nil {
				return nil, err
			}
		}
	}
	return docs, nil
}

func (m *model) Commit(ctx context.Context, c *projection.Collection, writes []projection.Write) ([]projection.Result, error) {
	if err := m.enter(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	if m.docs[c.Name] == nil {
		m.docs[c.Name] = map[string]stored{}
	}
	results := make([]projection.Result, len(writes))
	for i, w := range writes {
		head := w.Doc.Head()
		raw, err := codec.Encode(w.Doc)
		switch {
		case err != nil || len(raw) > codec.MaxBytes || head.ID == "":
			results[i] = projection.Refused
		case m.docs[c.Name][head.ID].version != w.Read:
			results[i] = projection.Conflict
		default:
			m.docs[c.Name][head.ID] = stored{head.Version, raw}
			results[i] = projection.Written
		}
	}
	return results, nil
}

func (m *model) Due(ctx context.Context, c *projection.Collection, day event.Date, rules int64, after string, limit int) ([]string, error) {
	if err := m.enter(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	var ids []string
	for id, s := range m.docs[c.Name] {
		var head projection.Header
		if err := json.Unmarshal(s.raw, &head); err != nil {
			return nil, err
		}
		due := head.ReviewOn != event.NoDate && head.ReviewOn <= day || head.RulesVersion < rules
		if due && id > after {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids[:min(limit, len(ids))], nil
}

func (m *model) Get(ctx context.Context, collection, id string) (json.RawMessage, bool, error) {
	if err := m.enter(ctx); err != nil {
		return nil, false, err
	}
	defer m.mu.Unlock()
	s, ok := m.docs[collection][id]
	return s.raw, ok, nil
}

func (m *model) Find(ctx context.Context, collection string, f state.Find) ([]json.RawMessage, error) {
	if err := errors.Join(state.CheckCollection(collection), f.Check()); err != nil {
		return nil, err
	}
	rows, err := m.matching(ctx, collection, f.Filters)
	if err != nil {
		return nil, err
	}
	order := func(a, b row) int {
		c := compare(a.value(f.Sort), b.value(f.Sort))
		if f.Descending {
			c = -c
		}
		return cmp.Or(c, cmp.Compare(a.id, b.id))
	}
	slices.SortFunc(rows, order)
	var docs []json.RawMessage
	for _, r := range rows {
		if f.After != nil {
			last := row{id: f.After.ID, cursor: f.After}
			if order(r, last) <= 0 {
				continue
			}
		}
		if len(docs) < f.Limit {
			docs = append(docs, r.raw)
		}
	}
	return docs, nil
}

func (m *model) Sum(ctx context.Context, collection string, s state.Sum) ([]state.Group, error) {
	if err := errors.Join(state.CheckCollection(collection), s.Check()); err != nil {
		return nil, err
	}
	rows, err := m.matching(ctx, collection, s.Filters)
	if err != nil {
		return nil, err
	}
	groups := map[string]*state.Group{}
	if s.GroupBy == "" {
		groups[""] = &state.Group{Sums: make([]int64, len(s.Fields))}
	}
	for _, r := range rows {
		key := ""
		if s.GroupBy != "" {
			key = asText(r.value(s.GroupBy))
		}
		g := groups[key]
		if g == nil {
			g = &state.Group{Key: key, Sums: make([]int64, len(s.Fields))}
			groups[key] = g
		}
		g.Count++
		for i, field := range s.Fields {
			if n, ok := r.value(field).(*big.Rat); ok {
				if g.Sums[i], err = money.Add(g.Sums[i], n.Num().Int64()); err != nil {
					return nil, err
				}
			}
		}
	}
	var all []state.Group
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		all = append(all, *groups[key])
	}
	return all, nil
}

// row is a document in the form that questions need.
type row struct {
	id     string
	raw    []byte
	fields map[string]any
	cursor *state.Cursor // instead of fields: the place of a document that is not there
}

func (m *model) matching(ctx context.Context, collection string, filters []state.Filter) ([]row, error) {
	if err := m.enter(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	var rows []row
	for id, s := range m.docs[collection] {
		r := row{id: id, raw: s.raw}
		d := json.NewDecoder(bytes.NewReader(s.raw))
		d.UseNumber()
		if err := d.Decode(&r.fields); err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(filters, func(f state.Filter) bool { return !matches(f, r.value(f.Field)) }) {
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// value returns what is at a path: nil for null and absent, a bool, a *big.Rat or a string.
func (r row) value(path string) any {
	if r.cursor != nil && path != "" && path != "_id" {
		return valueOf(r.cursor.Value)
	}
	if path == "" || path == "_id" {
		return r.id
	}
	var v any = r.fields
	for name := range strings.SplitSeq(path, ".") {
		members, _ := v.(map[string]any)
		v = members[name]
	}
	if n, ok := v.(json.Number); ok {
		number, _ := new(big.Rat).SetString(n.String())
		return number
	}
	return v
}

func valueOf(v state.Value) any {
	switch v.Kind() {
	case state.TextValue:
		return v.Text()
	case state.NumberValue:
		return new(big.Rat).SetInt64(v.Number())
	case state.BoolValue:
		return v.Number() == 1
	}
	return nil
}

func matches(f state.Filter, v any) bool {
	want := valueOf(f.Value)
	if kind(v) != kind(want) {
		return false
	}
	switch f.Op {
	case state.Equal:
		return compare(v, want) == 0
	case state.AtLeast:
		return compare(v, want) >= 0
	case state.AtMost:
		return compare(v, want) <= 0
	default:
		return strings.HasPrefix(asText(v), asText(want))
	}
}

// kind orders values of different kinds; null and absent are the lowest.
func kind(v any) int {
	switch v.(type) {
	case nil:
		return 0
	case bool:
		return 1
	case *big.Rat:
		return 2
	case string:
		return 3
	}
	return 4
}

func compare(a, b any) int {
	if c := cmp.Compare(kind(a), kind(b)); c != 0 {
		return c
	}
	switch a := a.(type) {
	case bool:
		return strings.Compare(asText(a), asText(b))
	case *big.Rat:
		if b, ok := b.(*big.Rat); ok {
			return a.Cmp(b)
		}
	case string:
		return strings.Compare(a, asText(b))
	}
	return 0
}

func asText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		if v {
			return "true"
		}
		return "false"
	case *big.Rat:
		return v.RatString()
	}
	return ""
}
