package sqlitestate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"comptoir/shared/projection"
	"comptoir/shared/state"
)

const (
	// layout numbers the way tables are laid out, in the file's user_version; 0
	// is a file that holds nothing yet. What a document holds is no part of it.
	layout = 1
	// application marks the file as a state database ("cmps"), in its application_id.
	application = 0x636d7073
)

// checkLayout tells whether the file behind db is absent, empty, or a state
// database that this version knows.
func checkLayout(ctx context.Context, db *sql.DB) error {
	var version, id, objects int
	err := db.QueryRowContext(ctx, `SELECT (SELECT user_version FROM pragma_user_version),
		(SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_master)`).Scan(&version, &id, &objects)
	switch {
	case err != nil && sqliteCode(err) == codeCantOpen:
		return nil // absent, or what opening it for writing will say
	case err != nil:
		return err
	case id == 0 && version == 0 && objects == 0:
		return nil
	case id != application:
		return errors.New("it is the database of another program: name another data directory, or move the file away")
	case version > layout:
		return fmt.Errorf("%w (its layout is %d, this version knows %d)", state.ErrNewerLayout, version, layout)
	}
	return nil
}

// Migrate makes what is missing of the tables and indexes, and removes indexes
// that are no longer declared; documents stay as they are. All of it happens or
// nothing. It can be run again at any time, also beside others that read and write.
func (s *Store) Migrate(ctx context.Context) error {
	if err := s.migrate(ctx, s.declared); err != nil {
		return fmt.Errorf("making the tables of the state %s: %w", s.path, explain(err))
	}
	return nil
}

// Make makes the tables of collections, beside those that Migrate makes.
func (s *Store) Make(ctx context.Context, collections []projection.Collection) error {
	var names []string
	for i := range collections {
		if _, err := s.table(&collections[i]); err != nil {
			return err
		}
		names = append(names, collections[i].Name)
	}
	if err := s.migrate(ctx, names); err != nil {
		return fmt.Errorf("making tables in the state %s: %w", s.path, explain(err))
	}
	return nil
}

func (s *Store) migrate(ctx context.Context, names []string) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	// Another process may have migrated the file since it was opened.
	var version int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version > layout {
		return fmt.Errorf("%w (its layout is %d, this version knows %d)", state.ErrNewerLayout, version, layout)
	}
	var statements []string
	if version < layout {
		statements = append(statements, fmt.Sprintf("PRAGMA user_version = %d", layout), fmt.Sprintf("PRAGMA application_id = %d", application))
	}
	for _, name := range slices.Sorted(slices.Values(names)) {
		s.mu.Lock()
		t := s.tables[name]
		s.mu.Unlock()
		statements = append(statements, t.create()...)
		stale, missing, err := t.compareIndexes(ctx, tx)
		if err != nil {
			return err
		}
		for _, index := range stale {
			statements = append(statements, "DROP INDEX "+quote(index))
		}
		for _, index := range missing {
			statements = append(statements, t.indexes[index])
		}
	}
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, statement); err != nil { //nolint:gosec // names are checked where they are declared
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return tx.Commit()
}

// compareIndexes returns the names of indexes in the file that are not declared
// (or are declared otherwise), and of those to be made.
func (t *table) compareIndexes(ctx context.Context, tx *sql.Tx) (stale, missing []string, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL ORDER BY name", t.Name)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	there := map[string]bool{}
	for rows.Next() {
		var name, statement string
		if err := rows.Scan(&name, &statement); err != nil {
			return nil, nil, err
		}
		if t.indexes[name] == statement {
			there[name] = true
		} else {
			stale = append(stale, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.indexes)) {
		if !there[name] {
			missing = append(missing, name)
		}
	}
	return stale, missing, rows.Err()
}

// exists tells whether there is a file at path.
func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
