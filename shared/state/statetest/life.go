package statetest

import (
	"context"
	"fmt"
	"time"

	"comptoir/shared/projection"
	"comptoir/shared/state"
)

var lifeChecks = []check{
	{"migrated again and opened again it holds the same", reopened},
	{"closed it answers with errors", closed},
	{"a cancelled context is an error and spoils nothing", cancelled},
}

func reopened(ctx context.Context, h Harness, db Database) error {
	want := Sample("a", 1)
	if err := put(ctx, db.Store, want, item("b")); err != nil {
		return err
	}
	if err := db.Migrate(ctx); err != nil {
		return fmt.Errorf("migrating again: %w", err)
	}
	if err := db.Close(); err != nil {
		return err
	}
	again, err := h.Open(ctx, collections)
	if err != nil {
		return fmt.Errorf("opening again: %w", err)
	}
	defer func() { _ = again.Close() }()
	got, err := load(ctx, again.Store, "a")
	if err != nil {
		return err
	}
	if err := same(want, got); err != nil {
		return err
	}
	got.Version++
	if err := put(ctx, again.Store, got); err != nil {
		return err
	}
	ids, err := findIDs(ctx, again.Reader, state.Find{Limit: 10})
	if err != nil || fmt.Sprint(ids) != "[a b]" {
		return fmt.Errorf("opened again it holds %v, error %s; want [a b]", ids, says(err))
	}
	return nil
}

// everything calls each method once and returns the errors by name.
func everything(ctx context.Context, db Database) map[string]error {
	errs := map[string]error{}
	_, errs["Load"] = db.Store.Load(ctx, &collections[0], []string{"a"})
	_, errs["Commit"] = db.Store.Commit(ctx, &collections[0], []projection.Write{{Doc: item("new")}})
	_, errs["Due"] = db.Store.Due(ctx, &collections[0], day0, 1, "", 1)
	_, _, errs["Get"] = db.Reader.Get(ctx, items, "a")
	_, errs["Find"] = db.Reader.Find(ctx, items, state.Find{Limit: 1})
	_, errs["Sum"] = db.Reader.Sum(ctx, items, state.Sum{Fields: []string{"amount"}})
	return errs
}

func closed(ctx context.Context, _ Harness, db Database) error {
	if err := db.Close(); err != nil {
		return err
	}
	for name, err := range everything(ctx, db) {
		if err == nil {
			return fmt.Errorf("%s of a closed store: %w", name, errWanted)
		}
	}
	return nil
}

func cancelled(ctx context.Context, _ Harness, db Database) error {
	if err := put(ctx, db.Store, item("a")); err != nil {
		return err
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	for name, err := range everything(ended, db) {
		if err == nil {
			return fmt.Errorf("%s with a cancelled context: %w", name, errWanted)
		}
	}
	// Cancelled in the middle of a bulk: unknown to the caller, and whole documents only.
	short, cancel := context.WithCancel(ctx)
	bulk := make([]projection.Write, 1000)
	for n, i := range numbered(len(bulk), func(_ int, i *Item) { *i = *Sample(i.ID, 1) }) {
		bulk[n].Doc = i
	}
	time.AfterFunc(10*time.Millisecond, cancel)
	_, _ = commit(short, db.Store, bulk) // done or unknown, as it comes
	// The next one who reads and decides again gets everything done.
	var conflicts int
	results, err := commit(ctx, db.Store, bulk)
	if err != nil {
		return fmt.Errorf("after a cancelled bulk: %w", err)
	}
	for n, r := range results {
		if r == projection.Conflict {
			conflicts++
		} else if r != projection.Written {
			return fmt.Errorf("after a cancelled bulk, %s: result %d", bulk[n].Doc.Head().ID, r)
		}
	}
	got, err := db.Reader.Sum(ctx, items, state.Sum{Fields: []string{"version"}})
	if err != nil {
		return err
	}
	if want := int64(len(bulk) + 1); got[0].Count != want && got[0].Count != want+1 { // "new" may have been written
		return fmt.Errorf("%d documents, want %d or one more (%d were written by the cancelled bulk)", got[0].Count, want, conflicts)
	}
	return nil
}
