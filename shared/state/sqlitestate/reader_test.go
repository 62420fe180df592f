package sqlitestate

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"comptoir/shared/projection"
	"comptoir/shared/state"
	"comptoir/shared/state/statetest"
)

var testCollections = []projection.Collection{statetest.SampleCollection()}

// mustOpen opens a migrated store that is closed with the test.
func mustOpen(t *testing.T, path string, collections ...projection.Collection) *Store {
	t.Helper()
	if collections == nil {
		collections = testCollections
	}
	s, err := Open(t.Context(), path, collections, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func mustOpenReader(t *testing.T, path string) *Reader {
	t.Helper()
	r, err := OpenReader(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func mustCommit(t *testing.T, s *Store, docs ...*statetest.Item) {
	t.Helper()
	var writes []projection.Write
	for _, d := range docs {
		writes = append(writes, projection.Write{Doc: d, Read: d.Version - 1})
	}
	results, err := s.Commit(t.Context(), &testCollections[0], writes)
	if err != nil || slices.ContainsFunc(results, func(r projection.Result) bool { return r != projection.Written }) {
		t.Fatalf("results %v, error %v", results, err)
	}
}

// What a Reader cannot do does not depend on what it is asked: the connections
// themselves refuse to write.
func TestReaderCannotWrite(t *testing.T) {
	var methods []string
	for m := range reflect.TypeFor[*Reader]().Methods() {
		methods = append(methods, m.Name)
	}
	if want := []string{"Close", "Find", "Get", "Sum"}; !slices.Equal(methods, want) {
		t.Errorf("the methods of a Reader are %q, want %q", methods, want)
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "state.db")
	s := mustOpen(t, path)
	mustCommit(t, s, statetest.Sample("a", 1))
	if err := s.Close(); err != nil { // with it the log is copied into the file
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := mustOpenReader(t, path)
	c, err := r.db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	for _, statement := range []string{
		"INSERT INTO items VALUES ('b', 1, '{}')", "UPDATE items SET version = 2", "DELETE FROM items", "DROP TABLE items",
		"CREATE TABLE more (a)", "CREATE INDEX more ON items (version)", "PRAGMA user_version = 7", "VACUUM",
		"ATTACH '" + filepath.Join(folder, "other.db") + "' AS other; CREATE TABLE other.more (a)",
		// Taking off one lock leaves the other.
		"PRAGMA query_only = 0; DELETE FROM items", "PRAGMA query_only = 0; PRAGMA journal_mode = DELETE; DELETE FROM items",
	} {
		if _, err := c.ExecContext(t.Context(), statement); err == nil {
			t.Errorf("%s: no error", statement)
		}
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed (error %v)", err)
	}
	if _, err := os.Stat(filepath.Join(folder, "other.db")); err == nil {
		t.Error("another file was made")
	}
}

// A reader that was started first waits for what there is to read.
func TestReaderBeforeTheFirstWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	r := mustOpenReader(t, path)
	ask := func() []error {
		_, _, get := r.Get(t.Context(), "items", "a")
		_, find := r.Find(t.Context(), "items", state.Find{Limit: 1})
		_, sum := r.Sum(t.Context(), "items", state.Sum{Fields: []string{"amount"}})
		return []error{get, find, sum}
	}
	nothingYet := func(when string) {
		t.Helper()
		for n, err := range ask() {
			if !errors.Is(err, state.ErrNothingYet) {
				t.Errorf("%s, question %d: error %v, want one that wraps state.ErrNothingYet", when, n, err)
			}
		}
	}
	nothingYet("without a file")
	if _, err := os.Stat(path); err == nil {
		t.Error("the reader made a file")
	}
	s, err := Open(t.Context(), path, testCollections, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	nothingYet("without tables")
	if _, err := s.Load(t.Context(), &testCollections[0], []string{"a"}); !errors.Is(err, state.ErrNothingYet) {
		t.Errorf("a store without tables: error %v, want one that wraps state.ErrNothingYet", err)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustCommit(t, s, statetest.Sample("a", 1))
	if err := errors.Join(ask()...); err != nil {
		t.Errorf("with a document: %v", err)
	}
	if _, err := r.Find(t.Context(), "clients", state.Find{Limit: 1}); !errors.Is(err, state.ErrNothingYet) {
		t.Errorf("another collection: error %v, want one that wraps state.ErrNothingYet", err)
	}
}

// A page of the greatest size sorts by index entries and not by whole documents.
func TestPlanReadsDocumentsLast(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := mustOpen(t, path)
	mustCommit(t, s, statetest.Sample("a", 1))
	plan, err := mustOpenReader(t, path).plan(context.Background(), "items", &state.Find{Sort: "windows.30d.profit", Descending: true, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	if want := "SCAN items USING COVERING INDEX items__profit_30d\n"; !bytes.Contains([]byte(plan), []byte(want)) {
		t.Errorf("the plan is\n%s\nwant a line %s", plan, want)
	}
}
