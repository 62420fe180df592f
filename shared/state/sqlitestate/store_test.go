package sqlitestate

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"comptoir/shared/projection"
	"comptoir/shared/state"
	"comptoir/shared/state/statetest"
)

// execute runs statements on a file as any SQLite tool would.
func execute(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(t *testing.T, path string)
		says string
		is   error
	}{
		{"a newer layout", func(t *testing.T, path string) {
			if err := mustOpen(t, path).Close(); err != nil {
				t.Fatal(err)
			}
			execute(t, path, "PRAGMA user_version = 2")
		}, "newer version of comptoir", state.ErrNewerLayout},
		{"another program's database", func(t *testing.T, path string) {
			execute(t, path, "CREATE TABLE songs (title)")
		}, "another program", nil},
		{"a text", func(t *testing.T, path string) {
			if err := os.WriteFile(path, bytes.Repeat([]byte("no database\n"), 1000), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "no SQLite database", nil},
		{"a folder", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.db")
			c.make(t, path)
			before, _ := os.ReadFile(path) // none of a folder
			s, err := Open(t.Context(), path, testCollections, Options{})
			if err == nil {
				_ = s.Close()
				t.Fatal("opened without an error")
			}
			if !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("the error says: %v; want %q and the path", err, c.says)
			}
			if r, err := OpenReader(t.Context(), path, Options{}); err == nil && c.says != "" {
				_ = r.Close()
				t.Error("opened to read without an error")
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "nowhere", "state.db"), testCollections, Options{})
	if err == nil {
		_ = s.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "folder does not exist") {
		t.Errorf("in a folder that is not there: %v", err)
	}
}

// A newer process may change the file while an older one has it open.
func TestMigrateRefusesWhatBecameNewer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := mustOpen(t, path)
	execute(t, path, "PRAGMA user_version = 2")
	if err := s.Migrate(t.Context()); !errors.Is(err, state.ErrNewerLayout) {
		t.Errorf("error %v, want one that wraps state.ErrNewerLayout", err)
	}
}

func TestAnyPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "50% off? #1 & 'é' ;mode=ro", "state ?mode=memory.db")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	mustCommit(t, mustOpen(t, path), statetest.Sample("a", 1))
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	if _, ok, err := mustOpenReader(t, path).Get(t.Context(), "items", "a"); !ok || err != nil {
		t.Errorf("there %t, error %v", ok, err)
	}
}

func TestFileSettings(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "state.db"))
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "1", "user_version": "1", "busy_timeout": "10000"} {
		var got string
		if err := s.write.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, error %v; want %s", pragma, got, err, want)
		}
	}
}

// Documents may be changed by hand, but not into what is no JSON, and what then
// is no document is named.
func TestChangedByHand(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := mustOpen(t, path)
	mustCommit(t, s, statetest.Sample("a", 1))
	for _, doc := range []string{"{", "", "no JSON", "{} {}"} {
		if _, err := s.write.ExecContext(t.Context(), "UPDATE items SET doc = ? WHERE _id = 'a'", doc); err == nil {
			t.Errorf("%q was stored as a document", doc)
		}
	}
	execute(t, path, `UPDATE items SET doc = json_set(doc, '$.amount', 'ten') WHERE _id = 'a'`)
	if _, err := s.Load(t.Context(), &testCollections[0], []string{"a"}); err == nil || !strings.Contains(err.Error(), `"a"`) || !strings.Contains(err.Error(), "by hand") {
		t.Errorf("the error is %v; want the document's id and a reason", err)
	}
}

func TestIndexesFollowTheDeclaration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	declared := func(indexes ...projection.Index) string {
		t.Helper()
		c := testCollections[0]
		c.Indexes = indexes
		s := mustOpen(t, path, c)
		defer func() { _ = s.Close() }()
		var all string
		err := s.read.QueryRowContext(t.Context(), "SELECT group_concat(name || replace(substr(sql, instr(sql, '(')), '\"', ''), ' ' ORDER BY name) FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").Scan(&all)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	own := "items__due(review_on, _id)"
	rules := "items__rules(rules_version, _id)"
	for _, c := range []struct {
		declared []projection.Index
		want     string
	}{
		{nil, own + " " + rules},
		{[]projection.Index{{Name: "by", Field: "name"}, {Name: "day", Field: "review_on"}}, "items__by(json_extract(doc, '$.name'), _id) " + own + " " + rules},
		{[]projection.Index{{Name: "by", Field: "windows.7d.profit"}}, "items__by(json_extract(doc, '$.windows.7d.profit'), _id) " + own + " " + rules},
		{nil, own + " " + rules},
	} {
		if got := declared(c.declared...); got != c.want {
			t.Errorf("declared %v, the indexes are\n %s\nwant\n %s", c.declared, got, c.want)
		}
	}
	for _, c := range []projection.Collection{
		{Name: "a b"},
		{Name: ""},
		{Name: "sqlite_master"},
		{Name: "a", Indexes: []projection.Index{{Name: "x", Field: "a'b"}}},
		{Name: "a", Indexes: []projection.Index{{Name: "x y", Field: "a"}}},
		{Name: "a", Indexes: []projection.Index{{Name: "due", Field: "a"}}},
		{Name: "a", Indexes: []projection.Index{{Name: "x", Field: "a"}, {Name: "x", Field: "b"}}},
	} {
		if s, err := Open(t.Context(), path, []projection.Collection{c}, Options{}); err == nil {
			_ = s.Close()
			t.Errorf("%+v was opened", c)
		}
	}
}

// A disk that is full is an error with nothing written, and no more than that.
func TestFullDisk(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "state.db"))
	mustCommit(t, s, statetest.Sample("a", 1))
	ctx, c := t.Context(), &testCollections[0]
	var writes []projection.Write
	for _, id := range strings.Split(strings.Repeat("x,", 500), ",") {
		writes = append(writes, projection.Write{Doc: statetest.Sample(id+string(rune('a'+len(writes)%26))+strings.Repeat("y", len(writes)), 1)})
	}
	limit(ctx, t, s, 40)
	if results, err := s.Commit(ctx, c, writes); err == nil || !strings.Contains(err.Error(), "disk is full") {
		t.Errorf("results %v, error %v; want the sentence about a full disk", results, err)
	}
	limit(ctx, t, s, 1<<30)
	results, err := s.Commit(ctx, c, writes)
	if err != nil || results[0] != projection.Written {
		t.Errorf("with space again: error %v", err)
	}
	if docs, err := s.Load(ctx, c, []string{"a"}); err != nil || len(docs) != 1 {
		t.Errorf("what was there before: %d documents, error %v", len(docs), err)
	}
}

func limit(ctx context.Context, t *testing.T, s *Store, pages int) {
	t.Helper()
	if _, err := s.write.ExecContext(ctx, "PRAGMA max_page_count = "+strconv.Itoa(pages)); err != nil {
		t.Fatal(err)
	}
}

func TestWrongVersionIsTheCallersFault(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "state.db"))
	_, err := s.Commit(t.Context(), &testCollections[0], []projection.Write{{Doc: statetest.Sample("a", 1)}, {Doc: statetest.Sample("b", 3), Read: 1}})
	if err == nil || !strings.Contains(err.Error(), `"b"`) {
		t.Errorf("error %v, want one that names the document", err)
	}
	if docs, err := s.Load(t.Context(), &testCollections[0], []string{"a", "b"}); err != nil || len(docs) != 0 {
		t.Errorf("%d documents were written, error %v", len(docs), err)
	}
}

// Several parts start at once on a fresh data directory.
func TestMadeByManyAtOnce(t *testing.T) {
	for round := range 5 {
		path := filepath.Join(t.TempDir(), "state.db")
		var g errgroup.Group
		for n := range 6 {
			g.Go(func() error {
				s, err := Open(t.Context(), path, testCollections, Options{})
				if err != nil {
					return err
				}
				err = s.Migrate(t.Context())
				if err == nil {
					_, err = s.Commit(t.Context(), &testCollections[0], []projection.Write{{Doc: statetest.Sample(strconv.Itoa(n), 1)}})
				}
				return errors.Join(err, s.Close())
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		groups, err := mustOpenReader(t, path).Sum(t.Context(), "items", state.Sum{})
		if err != nil || groups[0].Count != 6 {
			t.Fatalf("round %d: %v documents, error %v", round, groups, err)
		}
	}
}
