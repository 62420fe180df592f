package statetest

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"comptoir/shared/event"
	"comptoir/shared/money"
	"comptoir/shared/projection"
	"comptoir/shared/state/codec"
)

var writeChecks = []check{
	{"what is written is read back exactly", readBack},
	{"a write takes effect only where the version is the one that was read", onlyWhatWasRead},
	{"each write of a bulk stands alone", bulkStandsAlone},
	{"what can never be stored is refused alone", refusedAlone},
	{"ids may hold any character", oddIDs},
	{"collections are apart", collectionsApart},
}

func readBack(ctx context.Context, _ Harness, db Database) error {
	shelf, rank := "", int64(math.MinInt64)
	want := []*Item{
		Sample("sample", 1),
		item("empty"),
		item("extremes", func(i *Item) {
			i.Amount, i.Rank, i.Shelf = math.MaxInt64, &rank, &shelf
			i.Units = -125
			i.Windows = map[string]Window{"30d": {Profit: 1<<53 + 1, Margin: money.SomeBasisPoints(-1)}, "7d": {Profit: -(1<<53 + 1)}}
			i.ReviewOn, i.RulesVersion = day0+1, math.MaxInt64
			i.Sources = []projection.Source{{
				Source: "/ledgers/a", Family: event.ProductSums, Late: 2, Recent: []string{"x"},
				Watermark: projection.Watermark{Applied: math.MaxInt64, Missing: []projection.Range{{First: 912, Last: 913}}}, Offsets: map[string]int64{"sales/3": 1 << 60, "a.b/$c": 1},
			}}
		}),
		item("text", func(i *Item) {
			i.Name, i.Note = "Café \u0301 Ünïcode 雪 🎄 \"quoted\" \\ </script> \u2028", "a\n\tb\u001f\x7f"
		}),
	}
	if err := put(ctx, db.Store, want...); err != nil {
		return err
	}
	for _, w := range want {
		got, err := load(ctx, db.Store, w.ID)
		if err != nil {
			return err
		}
		if err := same(w, got); err != nil {
			return err
		}
	}
	return nil
}

// same compares two documents by their JSON.
func same(want, got *Item) error {
	if got == nil {
		return fmt.Errorf("the document %q is absent", want.ID)
	}
	a, errA := codec.Encode(want)
	b, errB := codec.Encode(got)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		return fmt.Errorf("the document %q:\n got %s\nwant %s", want.ID, b, a)
	}
	return nil
}

func onlyWhatWasRead(ctx context.Context, _ Harness, db Database) error {
	steps := []struct {
		id     string
		read   int64
		amount int64
		want   projection.Result
		// What is stored after it; version 0 is nothing.
		version, stored int64
	}{
		{"a", 1, 10, projection.Conflict, 0, 0}, // nothing to replace, and nothing is made
		{"a", 0, 11, projection.Written, 1, 11},
		{"a", 0, 12, projection.Conflict, 1, 11},
		{"a", 2, 13, projection.Conflict, 1, 11},
		{"a", 1, 14, projection.Written, 2, 14},
		{"a", 1, 15, projection.Conflict, 2, 14},
		{"a", 2, 16, projection.Written, 3, 16},
	}
	for n, s := range steps {
		w := item(s.id, func(i *Item) { i.Version, i.Amount = s.read+1, s.amount })
		results, err := commit(ctx, db.Store, []projection.Write{{Doc: w, Read: s.read}})
		if err != nil {
			return fmt.Errorf("step %d: %w", n, err)
		}
		if results[0] != s.want {
			return fmt.Errorf("step %d, a write after reading version %d: result %d, want %d", n, s.read, results[0], s.want)
		}
		got, err := load(ctx, db.Store, s.id)
		if err != nil {
			return err
		}
		if got == nil {
			got = &Item{}
		}
		if got.Version != s.version || got.Amount != s.stored {
			return fmt.Errorf("step %d: stored are version %d, amount %d; want %d, %d", n, got.Version, got.Amount, s.version, s.stored)
		}
	}
	return nil
}

func bulkStandsAlone(ctx context.Context, _ Harness, db Database) error {
	const n = 5000
	// Some 10 MB in all: a store may have to divide that.
	first := numbered(n, func(_ int, i *Item) { i.Note = strings.Repeat("n", 2000) })
	// Every third one is there before and at version 2, every seventh of the rest
	// is not there and a replacement of it is asked for.
	var before []*Item
	for k := 0; k < n; k += 3 {
		before = append(before, item(first[k].ID))
	}
	if err := put(ctx, db.Store, before...); err != nil {
		return err
	}
	for _, i := range before {
		i.Version = 2
	}
	if err := put(ctx, db.Store, before...); err != nil {
		return err
	}
	writes, want, byID := make([]projection.Write, 0, n), map[string]projection.Result{}, map[string]*Item{}
	for k, i := range first {
		byID[i.ID] = i
		i.Amount, want[i.ID] = int64(1000+k), projection.Written
		switch {
		case k%3 == 0 && k%2 == 0:
			i.Version = 3
		case k%3 == 0: // a stale one: version 1 was read
			i.Version, want[i.ID] = 2, projection.Conflict
		case k%7 == 0:
			i.Version, want[i.ID] = 2, projection.Conflict
		}
		writes = append(writes, projection.Write{Doc: i, Read: i.Version - 1})
	}
	// In no order, so that a store that sorts has to put its results back in place.
	slices.SortFunc(writes, func(a, b projection.Write) int {
		return strings.Compare(backwards(a.Doc.Head().ID), backwards(b.Doc.Head().ID))
	})
	results, err := commit(ctx, db.Store, writes)
	if err != nil {
		return err
	}
	ids := make([]string, 0, n+1)
	for i, w := range writes {
		if id := w.Doc.Head().ID; results[i] != want[id] {
			return fmt.Errorf("the write of %s after reading version %d: result %d, want %d", id, w.Read, results[i], want[id])
		}
		ids = append(ids, w.Doc.Head().ID)
	}
	docs, err := db.Store.Load(ctx, &collections[0], append(ids, "nobody"))
	if err != nil {
		return err
	}
	for i := range writes {
		stored, err := itemOf(docs, ids[i])
		if err != nil {
			return err
		}
		written := stored != nil && stored.Amount >= 1000
		if written != (want[ids[i]] == projection.Written) {
			return fmt.Errorf("%s: written %t, but its result was %d", ids[i], written, results[i])
		}
		if written {
			if err := same(byID[ids[i]], stored); err != nil {
				return err
			}
		}
	}
	if docs["nobody"] != nil {
		return fmt.Errorf("a document that is not there was loaded")
	}
	return nil
}

func backwards(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

func refusedAlone(ctx context.Context, _ Harness, db Database) error {
	bulk := map[string]*Item{
		"b-too-large": item("b-too-large", func(i *Item) { i.Note = strings.Repeat("x", codec.MaxBytes) }),
		"":            item(""),
		"c-no-text":   item("c-no-text", func(i *Item) { i.Name = "\xff\xfe" }),
		"a-good":      item("a-good"),
		"d-large":     item("d-large", func(i *Item) { i.Note = strings.Repeat("x", 1<<20) }),
	}
	good := []string{"a-good", "d-large"}
	var writes []projection.Write
	for _, id := range slices.Sorted(maps.Keys(bulk)) {
		writes = append(writes, projection.Write{Doc: bulk[id]})
	}
	results, err := commit(ctx, db.Store, writes)
	if err != nil {
		return err
	}
	for i, w := range writes {
		id, want := w.Doc.Head().ID, projection.Refused
		if slices.Contains(good, id) {
			want = projection.Written
		}
		if results[i] != want {
			return fmt.Errorf("the write of %q: result %d, want %d", id, results[i], want)
		}
		if got, err := load(ctx, db.Store, id); err != nil || (got != nil) != (want == projection.Written) {
			return fmt.Errorf("the document %q is there: %t, error %s", id, got != nil, says(err))
		}
	}
	return nil
}

// oddNames are ids with every character that a query language could mistake.
var oddNames = []string{
	" ", " lead", "trail ", "a", "A", "é", "e\u0301", "雪", "🎄", "%", "_", "'", `"`, "`", "$", "$where", "a.b", ".", "/", `\`, "\n", "\t",
	"product-winners|sales/3", "/ledgers/0190", "'; DROP TABLE items; --", "null", "0", "00", "-1", strings.Repeat("x", 500), "\u007f", "\uffff", "{}", "[1]",
}

func oddIDs(ctx context.Context, _ Harness, db Database) error {
	var all []*Item
	for _, id := range oddNames {
		all = append(all, item(id, func(i *Item) { i.ReviewOn = day0 }))
	}
	if err := put(ctx, db.Store, all...); err != nil {
		return err
	}
	docs, err := db.Store.Load(ctx, &collections[0], oddNames)
	if err != nil {
		return err
	}
	for _, id := range oddNames {
		got, err := itemOf(docs, id)
		if err != nil {
			return err
		}
		if got == nil || got.ID != id {
			return fmt.Errorf("the document %q was not loaded as itself", id)
		}
		if _, ok, err := db.Reader.Get(ctx, items, id); !ok || err != nil {
			return fmt.Errorf("getting the document %q: there %t, error %s", id, ok, says(err))
		}
		got.Version++
		if err := put(ctx, db.Store, got); err != nil {
			return err
		}
	}
	due, err := db.Store.Due(ctx, &collections[0], day0, 0, "", 1000)
	if err != nil {
		return err
	}
	if want := slices.Sorted(slices.Values(oddNames)); !slices.Equal(due, want) {
		return fmt.Errorf("the ids in order are %q, want %q", due, want)
	}
	return nil
}

func collectionsApart(ctx context.Context, _ Harness, db Database) error {
	if err := put(ctx, db.Store, item("a")); err != nil {
		return err
	}
	docs, err := db.Store.Load(ctx, &collections[1], []string{"a"})
	if err != nil || len(docs) != 0 {
		return fmt.Errorf("the other collection has %d documents, error %s", len(docs), says(err))
	}
	results, err := db.Store.Commit(ctx, &collections[1], []projection.Write{{Doc: item("a")}})
	if err != nil || results[0] != projection.Written {
		return fmt.Errorf("the same id in the other collection: results %v, error %s", results, says(err))
	}
	return nil
}
