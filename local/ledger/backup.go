package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Backup writes the ledger as it is at this moment into a new file. It works
// while others record, and what it writes is whole: a file under another name takes
// the name at the end. An existing file is refused.
func (l *Ledger) Backup(ctx context.Context, path string) (err error) {
	doing := fmt.Sprintf("backing up the ledger %s into %s", l.path, path)
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s: there is a file of that name already; name a new one", doing)
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".backup-")
	if err != nil {
		return fmt.Errorf("%s: %w; name a folder that you may write to", doing, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	made := filepath.Join(dir, "ledger.db")
	if err := private(made); err != nil { // VACUUM takes an empty file for none
		return fmt.Errorf("%s: %w; name a folder that you may write to", doing, err)
	}
	// A connection of its own: those that read may not even write elsewhere.
	db, err := sql.Open("sqlite", source(l.path))
	if err != nil {
		return l.explain("backing up", err)
	}
	// One statement is one snapshot: https://www.sqlite.org/lang_vacuum.html#vacuuminto
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", made)
	if err := errors.Join(err, db.Close()); err != nil {
		return l.explain("backing up", err)
	}
	if err := Check(ctx, made); err != nil {
		return err
	}
	if err := flush(made); err != nil {
		return fmt.Errorf("%s: %w; free some space and do it again", doing, err)
	}
	// Not Rename, which would take the place of a file that has come meanwhile.
	if err := os.Link(made, path); err != nil {
		return fmt.Errorf("%s: %w; name a new file", doing, err)
	}
	return flush(filepath.Dir(path))
}

// flush has a file, or the names in a folder, reach the disk.
func flush(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Check looks at a ledger's file that nobody uses: whether SQLite finds it
// undamaged, every reference leads somewhere, and the event log has each number
// that was given out. It changes nothing.
func Check(ctx context.Context, path string) (err error) {
	if err := check(path); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", source(path, "query_only(1)"))
	if err != nil {
		return explain("checking", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	const advice = "it is damaged, or cut off: take an older backup"
	var found string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&found); err != nil {
		return fmt.Errorf("checking the ledger %s: %w; %s", path, err, advice)
	}
	if found != "ok" {
		return fmt.Errorf("checking the ledger %s: SQLite finds %s; %s", path, found, advice)
	}
	var table string
	switch err := db.QueryRowContext(ctx, `SELECT "table" FROM pragma_foreign_key_check LIMIT 1`).Scan(&table); {
	case err == nil:
		return fmt.Errorf("checking the ledger %s: a row of %s names another that is not there; %s", path, table, advice)
	case !errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("checking the ledger %s: %w; %s", path, err, advice)
	}
	var stream string
	switch err := db.QueryRowContext(ctx, `SELECT name FROM streams s WHERE last_sequence <>
		(SELECT count(*) FROM event_log WHERE id > s.number << ?1 AND id < (s.number + 1) << ?1) LIMIT 1`, sequenceBits).Scan(&stream); {
	case err == nil:
		return fmt.Errorf("checking the ledger %s: the event log of %s lacks events; %s", path, stream, advice)
	case !errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("checking the ledger %s: %w; %s", path, err, advice)
	}
	return nil
}
