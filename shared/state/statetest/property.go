package statetest

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/state"
)

// likeMap does random writes and asks random questions of the database and of
// the model, which must agree. The runs of the property share a database: each
// has ids of its own, greater than those of the runs before it.
func likeMap(t *testing.T, h Harness) {
	ctx := t.Context()
	db, err := h.Open(ctx, collections)
	if err != nil {
		t.Fatalf("opening the database: %v", err)
	}
	defer func() { _ = db.Close() }()
	var runs atomic.Int64
	rapid.Check(t, func(t *rapid.T) {
		r := &run{db: db, model: newModel(), name: fmt.Sprintf("run-%06d", runs.Add(1))}
		t.Repeat(map[string]func(*rapid.T){
			"commit": func(t *rapid.T) { r.check(t, r.commit(ctx, t)) },
			"load":   func(t *rapid.T) { r.check(t, r.load(ctx, t)) },
			"find":   func(t *rapid.T) { r.check(t, r.find(ctx, t)) },
			"sum":    func(t *rapid.T) { r.check(t, r.sum(ctx, t)) },
			"due":    func(t *rapid.T) { r.check(t, r.due(ctx, t)) },
		})
	})
}

// run is one run of the property.
type run struct {
	db    Database
	model *model
	name  string
}

func (r *run) check(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var (
	anyText   = rapid.SampledFrom([]string{"", "a", "A", "ab", "a%", "a_", "'", `"`, "$a", "a.b", "é", "e\u0301", "雪", "雪🎄", "\U0010ffff", "10", "null"})
	anyNumber = rapid.SampledFrom([]int64{0, 1, -1, 2, 10, 1 << 53, 1<<53 + 1, -1 << 60})
	anyField  = rapid.SampledFrom([]string{"name", "note", "shelf", "amount", "rank", "on_sale", "windows.30d.profit", "windows.30d.margin", "review_on", "nothing", "_id"})
)

func (r *run) id(t *rapid.T) string {
	return r.name + "/" + rapid.SampledFrom([]string{"", "a", "b", "B", "a'b", "%", "雪", "a.b"}).Draw(t, "id")
}

func (r *run) item(t *rapid.T, id string, version int64) *Item {
	return item(id, func(i *Item) {
		i.Version, i.Run = version, r.name
		i.Name = anyText.Draw(t, "name")
		i.Note = anyText.Draw(t, "note")
		i.Shelf = rapid.Ptr(anyText, true).Draw(t, "shelf")
		i.Rank = rapid.Ptr(anyNumber, true).Draw(t, "rank")
		i.Amount = anyNumber.Draw(t, "amount") / 16 // sums stay within 64 bits
		i.OnSale = rapid.Bool().Draw(t, "on_sale")
		i.ReviewOn = event.Date(rapid.SampledFrom([]int32{0, int32(day0), int32(day0) + 1}).Draw(t, "review_on"))
		i.RulesVersion = rapid.Int64Range(0, 2).Draw(t, "rules")
		if rapid.Bool().Draw(t, "windows") {
			i.Windows["30d"] = Window{Profit: anyNumber.Draw(t, "profit")}
		} else {
			i.Windows = nil
		}
	})
}

func (r *run) commit(ctx context.Context, t *rapid.T) error {
	writes := map[string]projection.Write{}
	for range rapid.IntRange(1, 6).Draw(t, "writes") {
		id := r.id(t)
		read := r.model.docs[items][id].version
		if rapid.IntRange(0, 4).Draw(t, "stale") == 0 {
			read = rapid.Int64Range(0, 3).Draw(t, "read")
		}
		writes[id] = projection.Write{Doc: r.item(t, id, read+1), Read: read}
	}
	bulk := rapid.Permutation(slices.SortedFunc(maps.Values(writes), func(a, b projection.Write) int {
		return len(a.Doc.Head().ID) - len(b.Doc.Head().ID)
	})).Draw(t, "bulk")
	got, err := commit(ctx, r.db.Store, bulk)
	return r.compare(got, err)(r.model.Commit(ctx, &collections[0], bulk))
}

// compare returns a function of what the model says to what is wrong.
func (r *run) compare(got any, err error) func(want any, wantErr error) error {
	return func(want any, wantErr error) error {
		switch {
		case err != nil || wantErr != nil:
			return fmt.Errorf("error: %s; of the map: %s", says(err), says(wantErr))
		case reflect.ValueOf(got).Len() == 0 && reflect.ValueOf(want).Len() == 0, reflect.DeepEqual(got, want):
			return nil
		}
		return fmt.Errorf("the store says\n%s\nthe map\n%s", got, want)
	}
}

func (r *run) load(ctx context.Context, t *rapid.T) error {
	ids := rapid.SliceOfNDistinct(rapid.Custom(r.id), 0, 5, rapid.ID[string]).Draw(t, "ids")
	got, err := r.db.Store.Load(ctx, &collections[0], ids)
	return r.compare(got, err)(r.model.Load(ctx, &collections[0], ids))
}

func (r *run) filters(t *rapid.T) []state.Filter {
	all := []state.Filter{{Field: "run", Op: state.Equal, Value: state.Text(r.name)}}
	for range rapid.IntRange(0, 2).Draw(t, "filters") {
		f := state.Filter{Field: anyField.Draw(t, "field"), Op: state.Op(rapid.IntRange(int(state.Equal), int(state.AtMost)).Draw(t, "op"))}
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			f.Value = state.Number(anyNumber.Draw(t, "number"))
		case 1:
			f.Value = state.Bool(rapid.Bool().Draw(t, "bool"))
		case 2:
			f.Op = state.Prefix
			fallthrough
		default:
			f.Value = state.Text(anyText.Draw(t, "text"))
			if f.Field == "_id" {
				f.Value = state.Text(r.id(t))
			}
		}
		all = append(all, f)
	}
	return all
}

// find walks over the pages of a question, each compared.
func (r *run) find(ctx context.Context, t *rapid.T) error {
	f := state.Find{
		Filters: r.filters(t), Sort: rapid.OneOf(rapid.Just(""), anyField).Draw(t, "sort"),
		Descending: rapid.Bool().Draw(t, "descending"), Limit: rapid.IntRange(1, 9).Draw(t, "limit"),
	}
	for {
		want, wantErr := r.model.Find(ctx, items, f)
		got, err := r.db.Reader.Find(ctx, items, f)
		if err := r.compare(got, err)(want, wantErr); err != nil {
			return fmt.Errorf("%+v after %+v: %w", f, f.After, err)
		}
		if len(got) < f.Limit {
			return nil
		}
		at, err := state.CursorAt(&f, got[len(got)-1])
		if err != nil {
			return err
		}
		f.After = &at
	}
}

func (r *run) sum(ctx context.Context, t *rapid.T) error {
	s := state.Sum{Filters: r.filters(t), GroupBy: rapid.OneOf(rapid.Just(""), anyField).Draw(t, "by"), Fields: []string{"amount", "nothing"}}
	got, err := r.db.Reader.Sum(ctx, items, s)
	if err := r.compare(got, err)(r.model.Sum(ctx, items, s)); err != nil {
		return fmt.Errorf("%+v: %w", s, err)
	}
	return nil
}

func (r *run) due(ctx context.Context, t *rapid.T) error {
	after := rapid.OneOf(rapid.Just(r.name), rapid.Custom(r.id)).Draw(t, "after")
	day, rules := day0+event.Date(rapid.Int32Range(-1, 1).Draw(t, "day")), rapid.Int64Range(0, 3).Draw(t, "rules")
	limit := rapid.IntRange(1, 9).Draw(t, "limit")
	got, err := r.db.Store.Due(ctx, &collections[0], day, rules, after, limit)
	return r.compare(got, err)(r.model.Due(ctx, &collections[0], day, rules, after, limit))
}
