// Package statetest is what every store of the state has to pass: the promises
// of projection.Store and of the query function's reader, checked against a
// database that the store's own test brings along. A store passes with
//
//	statetest.Run(t, func(t *testing.T) statetest.Harness { … })
package statetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"comptoir/shared/projection"
	"comptoir/shared/state"
)

// Reader is the query function's interface, written again here because shared
// packages do not import functions.
type Reader interface {
	Get(ctx context.Context, collection, id string) (doc json.RawMessage, ok bool, err error)
	Find(ctx context.Context, collection string, f state.Find) ([]json.RawMessage, error)
	Sum(ctx context.Context, collection string, s state.Sum) ([]state.Group, error)
}

// Database is a state database that was opened.
type Database struct {
	Store  projection.Store
	Reader Reader
	// Migrate makes the tables and indexes again.
	Migrate func(ctx context.Context) error
	// Close closes the store and the reader.
	Close func() error
}

// Harness is one database, empty at first, under test.
type Harness struct {
	// Open opens the database, with tables and indexes made, for the given
	// collections. Opened again it is the same database, in a connection of its own.
	Open func(ctx context.Context, collections []projection.Collection) (Database, error)
	// Explain tells how the store would answer: the plan as a text, and whether it
	// reads an index instead of every document. nil where the store cannot tell.
	Explain func(ctx context.Context, collection string, f state.Find) (plan string, indexed bool, err error)
}

// check is one promise. It returns what is wrong as an error, so that the suite
// can be tried on stores that are broken on purpose.
type check struct {
	name string
	run  func(ctx context.Context, h Harness, db Database) error
}

func checks() []check {
	var all []check
	for _, group := range [][]check{writeChecks, raceChecks, findChecks, pageChecks, sumChecks, dueChecks, lifeChecks} {
		all = append(all, group...)
	}
	return all
}

// Run checks the store that newHarness brings, with a fresh database for each
// promise. It takes some seconds.
func Run(t *testing.T, newHarness func(t *testing.T) Harness) {
	t.Helper()
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			if err := try(t.Context(), c, newHarness(t)); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("any questions and writes give what a map gives", func(t *testing.T) { likeMap(t, newHarness(t)) })
}

// try runs one check on a database that it opens and closes.
func try(ctx context.Context, c check, h Harness) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	db, err := h.Open(ctx, collections)
	if err != nil {
		return fmt.Errorf("opening the database: %w", err)
	}
	// A check may have closed it already; what a second closing says is no matter.
	defer func() { _ = db.Close() }()
	return c.run(ctx, h, db)
}

// put writes documents that must all be Written.
func put(ctx context.Context, s projection.Store, items ...*Item) error {
	writes := make([]projection.Write, len(items))
	for i, item := range items {
		writes[i] = projection.Write{Doc: item, Read: item.Version - 1}
	}
	results, err := commit(ctx, s, writes)
	if err != nil {
		return err
	}
	for i, item := range items {
		if results[i] != projection.Written {
			return fmt.Errorf("the write of %q at version %d: result %d, want Written", item.ID, item.Version, results[i])
		}
	}
	return nil
}

// commit is Commit, with as many results as writes.
func commit(ctx context.Context, s projection.Store, writes []projection.Write) ([]projection.Result, error) {
	results, err := s.Commit(ctx, &collections[0], writes)
	if err == nil && len(results) != len(writes) {
		err = fmt.Errorf("%d results for %d writes", len(results), len(writes))
	}
	return results, err
}

// load loads one item; nil where there is none.
func load(ctx context.Context, s projection.Store, id string) (*Item, error) {
	docs, err := s.Load(ctx, &collections[0], []string{id})
	if err != nil {
		return nil, err
	}
	return itemOf(docs, id)
}

func itemOf(docs map[string]projection.Document, id string) (*Item, error) {
	doc, ok := docs[id]
	if !ok {
		return nil, nil
	}
	item, ok := doc.(*Item)
	if !ok {
		return nil, fmt.Errorf("the document %q is a %T, not what New returns", id, doc)
	}
	return item, nil
}

// says writes an error, or that there is none.
func says(err error) string {
	if err == nil {
		return "none"
	}
	return err.Error()
}

// errWanted is what a check says where an error did not come.
var errWanted = errors.New("no error, want one")
