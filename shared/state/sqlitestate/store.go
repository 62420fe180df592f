package sqlitestate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"comptoir/shared/projection"
	"comptoir/shared/state"
)

// Options are optional; the zero value is right for the local runner.
type Options struct {
	// BusyTimeout is how long a write waits for another process that writes;
	// 10 seconds where it is 0.
	BusyTimeout time.Duration
	// Readers is the number of connections that read at once; 4 where it is 0.
	Readers int
}

func (o Options) withDefaults() Options {
	if o.BusyTimeout <= 0 {
		o.BusyTimeout = 10 * time.Second
	}
	if o.Readers <= 0 {
		o.Readers = 4
	}
	return o
}

// Store is a state database in a SQLite file. It is safe for concurrent use,
// and several processes may have the same file open.
type Store struct {
	path string
	// write has one connection: SQLite has one writer, and waiting for a
	// connection is fair where waiting for the file's lock is not.
	write, read *sql.DB

	declared []string // the tables that Migrate makes

	mu     sync.Mutex
	tables map[string]*table
}

var _ projection.Store = (*Store)(nil)

// Open opens the file at path, or makes it, . Its
// folder must exist. The collections are those that Migrate makes. A file that is no state database, or one of a newer
// version (state.ErrNewerLayout), is refused and left as it was. Tables and
// indexes are made by Migrate.
func Open(ctx context.Context, path string, collections []projection.Collection, o Options) (*Store, error) {
	o = o.withDefaults()
	s := &Store{path: path, tables: make(map[string]*table, len(collections))}
	for _, c := range collections {
		t, err := newTable(c)
		if err != nil {
			return nil, fmt.Errorf("opening the state %s: %w", path, err)
		}
		if s.tables[c.Name] != nil {
			return nil, fmt.Errorf("opening the state %s: the collection %s is declared twice: keep one", path, c.Name)
		}
		s.tables[c.Name], s.declared = t, append(s.declared, c.Name)
	}
	if err := s.connect(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the state %s: %w", path, explain(err)), s.Close())
	}
	return s, nil
}

func (s *Store) connect(ctx context.Context, o Options) error {
	// What the file is must be known before the first connection that may write:
	// a file of another program or version is not even to be set to WAL.
	probe, err := openPool(s.path, probing, o)
	if err != nil {
		return err
	}
	err = checkLayout(ctx, probe)
	if err = errors.Join(err, probe.Close()); err != nil {
		return err
	}
	// SQLite would let others read a file that it makes; its log and its shared memory follow the file.
	private, err := os.OpenFile(s.path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := private.Close(); err != nil {
		return err
	}
	if s.write, err = openPool(s.path, writing, o); err != nil {
		return err
	}
	if err := s.write.PingContext(ctx); err != nil {
		return err
	}
	s.read, err = openPool(s.path, reading, o)
	return err
}

// Close lets go of the file. A Commit that is under way still ends as it would
// have.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("closing the state %s: %w", s.path, err)
	}
	return nil
}

// table returns the table of a collection: one that was declared, or one that was
// made by somebody else since, for another epoch.
func (s *Store) table(c *projection.Collection) (*table, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tables[c.Name]; t != nil {
		return t, nil
	}
	t, err := newTable(*c)
	if err != nil {
		return nil, fmt.Errorf("in the state %s: %w", s.path, err)
	}
	s.tables[c.Name] = t
	return t, nil
}

// explain adds to an error of SQLite what the reader can do.
func explain(err error) error {
	switch code := sqliteCode(err); {
	case code == codeNotADB:
		return fmt.Errorf("it is no SQLite database: name another data directory, or move the file away (%w)", err)
	case code == codeCantOpen, errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("its folder does not exist or may not be written to: make it, or name another data directory (%w)", err)
	case code == codeFull:
		return fmt.Errorf("the disk is full: free some space; nothing that was written before is lost (%w)", err)
	case isNoTable(err):
		return fmt.Errorf("a table is not there yet: run `comptoir migrate` (%w): %w", state.ErrNothingYet, err)
	}
	return err
}
