package statetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"

	"comptoir/shared/event"
	"comptoir/shared/state"
)

var sumChecks = []check{
	{"sums are exact, by group, and null counts as nothing", sums},
}

func sums(ctx context.Context, _ Harness, db Database) error {
	empty, err := db.Reader.Sum(ctx, items, state.Sum{Fields: []string{"amount"}})
	if want := []state.Group{{Sums: []int64{0}}}; err != nil || !reflect.DeepEqual(empty, want) {
		return fmt.Errorf("the sum over no documents: %v, error %s; want one group of none", empty, says(err))
	}
	if err := put(ctx, db.Store, shop()...); err != nil {
		return err
	}
	big := []*Item{
		item("big-1", func(i *Item) { i.Amount, i.Name = math.MaxInt64-7, "big" }),
		item("big-2", func(i *Item) { i.Amount, i.Name = 7, "big" }),
		item("huge", func(i *Item) { i.Amount, i.Name = math.MaxInt64, "huge" }),
	}
	if err := put(ctx, db.Store, big...); err != nil {
		return err
	}
	named := func(name string) []state.Filter {
		return []state.Filter{{Field: "name", Op: state.Equal, Value: state.Text(name)}}
	}
	one := []state.Filter{{Field: "amount", Op: state.Equal, Value: state.Number(1)}}
	for _, c := range []struct {
		ask  state.Sum
		want []state.Group
	}{
		{state.Sum{Filters: named("big"), Fields: []string{"amount", "rank"}}, []state.Group{{Count: 2, Sums: []int64{math.MaxInt64, 0}}}},
		{state.Sum{Filters: one, Fields: []string{"amount", "rank", "windows.30d.profit", "nothing"}}, []state.Group{{Count: 10, Sums: []int64{10, 24, 300, 0}}}},
		{state.Sum{Filters: one, GroupBy: "rank", Fields: []string{"amount"}}, []state.Group{{Key: "", Count: 7, Sums: []int64{7}}, {Key: "10", Count: 1, Sums: []int64{1}}, {Key: "7", Count: 2, Sums: []int64{2}}}},
		{state.Sum{GroupBy: "on_sale", Fields: nil}, []state.Group{{Key: "false", Count: 17, Sums: []int64{}}, {Key: "true", Count: 2, Sums: []int64{}}}},
		{state.Sum{GroupBy: "note", Fields: []string{"version"}}, []state.Group{{Key: "", Count: 18, Sums: []int64{18}}, {Key: "noted", Count: 1, Sums: []int64{1}}}},
		{state.Sum{Filters: named("nobody"), GroupBy: "name", Fields: []string{"amount"}}, nil},
		{state.Sum{Filters: named("nobody"), Fields: []string{"amount"}}, []state.Group{{Sums: []int64{0}}}},
	} {
		got, err := db.Reader.Sum(ctx, items, c.ask)
		if err != nil {
			return fmt.Errorf("%+v: %w", c.ask, err)
		}
		if len(got) != len(c.want) || len(got) > 0 && !reflect.DeepEqual(got, c.want) {
			return fmt.Errorf("%+v:\n got %v\nwant %v", c.ask, got, c.want)
		}
	}
	if got, err := db.Reader.Sum(ctx, items, state.Sum{Fields: []string{"amount"}}); err == nil {
		return fmt.Errorf("a total beyond 64 bits is %v: %w", got, errWanted)
	}
	for _, s := range []state.Sum{{GroupBy: "a b"}, {Fields: []string{""}}, {Fields: []string{"a'b"}}, {Filters: []state.Filter{{Field: "-"}}}} {
		if _, err := db.Reader.Sum(ctx, items, s); !errors.Is(err, state.ErrAsked) {
			return fmt.Errorf("%+v: error %s, want one that wraps state.ErrAsked", s, says(err))
		}
	}
	return nil
}

var dueChecks = []check{{"due are those whose day has come or whose rules are old, in pages by id", due}}

func due(ctx context.Context, _ Harness, db Database) error {
	all := []*Item{
		item("a", func(i *Item) { i.ReviewOn = day0 }),
		item("b", func(i *Item) { i.ReviewOn = day0 + 1 }),
		item("c", func(i *Item) { i.RulesVersion = 0 }),
		item("d", func(i *Item) { i.ReviewOn, i.RulesVersion = day0-400, 0 }), // both, once
		item("e"), // never by itself
		item("f", func(i *Item) { i.RulesVersion = 3 }), // made by newer rules
		item("g", func(i *Item) { i.RulesVersion, i.ReviewOn = 3, day0 }),
	}
	if err := put(ctx, db.Store, all...); err != nil {
		return err
	}
	for _, c := range []struct {
		day   event.Date
		rules int64
		after string
		limit int
		want  string
	}{
		{day0, 1, "", 10, "[a c d g]"},
		{day0, 1, "", 2, "[a c]"},
		{day0, 1, "c", 10, "[d g]"},
		{day0, 1, "bb", 1, "[c]"},
		{day0, 1, "g", 10, "[]"},
		{day0 + 1, 1, "", 10, "[a b c d g]"},
		{day0, 0, "", 10, "[a d g]"},
		{day0 - 401, 2, "", 10, "[a b c d e]"},
		{day0 - 1, 0, "", 10, "[d]"},
	} {
		got, err := db.Store.Due(ctx, &collections[0], c.day, c.rules, c.after, c.limit)
		if err != nil {
			return err
		}
		if fmt.Sprint(got) != c.want {
			return fmt.Errorf("due on %s with rules %d after %q, at most %d: %v, want %s", c.day, c.rules, c.after, c.limit, got, c.want)
		}
	}
	// Reviewed, a document leaves the list.
	all[0].Version, all[0].ReviewOn = 2, event.NoDate
	if err := put(ctx, db.Store, all[0]); err != nil {
		return err
	}
	if got, err := db.Store.Due(ctx, &collections[0], day0, 1, "", 1); err != nil || fmt.Sprint(got) != "[c]" {
		return fmt.Errorf("due after a was reviewed: %v, error %s; want [c]", got, says(err))
	}
	return nil
}
