package statetest

import (
	"context"
	"fmt"
	"slices"

	"comptoir/shared/state"
)

var pageChecks = []check{
	{"pages give each document once, whatever the order and the page", pages},
	{"pages hold while others insert", pagesWhileInserting},
}

// walk reads all pages of f and returns the ids in order. between is called
// after each page.
func walk(ctx context.Context, r Reader, f state.Find, between func(page int) error) ([]string, error) {
	var all []string
	for page := 0; ; page++ {
		docs, err := r.Find(ctx, items, f)
		if err != nil {
			return nil, err
		}
		if len(docs) > f.Limit {
			return nil, fmt.Errorf("%d documents on a page of %d", len(docs), f.Limit)
		}
		ids, err := idsOf(docs)
		if err != nil {
			return nil, err
		}
		all = append(all, ids...)
		if len(docs) < f.Limit {
			return all, nil
		}
		if page > 120 {
			return nil, fmt.Errorf("the pages do not end: %q", all[:10])
		}
		at, err := state.CursorAt(&f, docs[len(docs)-1])
		if err != nil {
			return nil, err
		}
		f.After = &at
		if between != nil {
			if err := between(page); err != nil {
				return nil, err
			}
		}
	}
}

// tied returns documents of which many share a value or have none.
func tied() []*Item {
	return numbered(97, func(n int, i *Item) {
		i.Amount = int64(n % 5)
		i.Name = []string{"", "%", "_", "'", "a.b", "雪"}[n%6]
		i.OnSale = n%3 == 0
		if n%4 != 0 {
			i.Rank = ref(int64(n%7 - 3))
		}
		if n%2 == 0 {
			i.Note = "n"
		}
		i.Windows["30d"] = Window{Profit: int64(n * n % 11)}
	})
}

func pages(ctx context.Context, _ Harness, db Database) error {
	if err := put(ctx, db.Store, tied()...); err != nil {
		return err
	}
	for _, sort := range []string{"", "_id", "amount", "name", "on_sale", "rank", "note", "windows.30d.profit", "nothing"} {
		for _, descending := range []bool{false, true} {
			f := state.Find{Sort: sort, Descending: descending, Limit: 500}
			if sort != "" && sort != "_id" {
				f.Filters = []state.Filter{{Field: "amount", Op: state.AtLeast, Value: state.Number(1)}}
			}
			want, err := walk(ctx, db.Reader, f, nil)
			if err != nil {
				return err
			}
			small := 5
			if sort == "rank" {
				small = 1
			}
			for _, f.Limit = range []int{small, 13, len(want)} {
				got, err := walk(ctx, db.Reader, f, nil)
				if err != nil {
					return fmt.Errorf("pages of %d by %q: %w", f.Limit, sort, err)
				}
				if !slices.Equal(got, want) {
					return fmt.Errorf("pages of %d by %q, descending %t:\n got %q\nwant %q", f.Limit, sort, descending, got, want)
				}
			}
		}
	}
	return nil
}

func pagesWhileInserting(ctx context.Context, _ Harness, db Database) error {
	if err := put(ctx, db.Store, tied()...); err != nil {
		return err
	}
	f := state.Find{Sort: "rank", Limit: 10}
	for round, descending := range []bool{false, true} {
		f.Descending = descending
		before, err := walk(ctx, db.Reader, state.Find{Sort: f.Sort, Descending: f.Descending, Limit: 500}, nil)
		if err != nil {
			return err
		}
		got, err := walk(ctx, db.Reader, f, func(page int) error {
			// New ones before, among and behind the page that was read.
			id := func(s string) string { return fmt.Sprintf("%s-%d-%02d", s, round, page) }
			return put(ctx, db.Store, item(id("a")), item(id("item-0050"), func(i *Item) { i.Rank = ref(int64(page%7 - 3)) }), item(id("z"), func(i *Item) { i.Rank = ref(int64(3)) }))
		})
		if err != nil {
			return err
		}
		seen := map[string]bool{}
		for _, id := range got {
			if seen[id] {
				return fmt.Errorf("%s came twice", id)
			}
			seen[id] = true
		}
		old := slices.DeleteFunc(got, func(id string) bool { return !slices.Contains(before, id) })
		if !slices.Equal(old, before) {
			return fmt.Errorf("what was there before the pages, descending %t:\n got %q\nwant %q", f.Descending, old, before)
		}
	}
	return nil
}
