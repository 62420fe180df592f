package ledger

import (
	"database/sql/driver"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrNewer says that a ledger was made by a newer version of the program.
var ErrNewer = errors.New("the ledger was made by a newer version")

// ErrNotLedger says that a file is no ledger.
var ErrNotLedger = errors.New("the file is not a ledger")

// ErrClosed says that the ledger was closed, or lost its connection.
var ErrClosed = errors.New("the ledger is closed")

// explain turns a failure of the database into one sentence. doing says what
// was being done ("recording in"); nothing of it was kept.
func (l *Ledger) explain(doing string, err error) error { return explain(doing, l.path, err) }

func explain(doing, path string, err error) error {
	if err == nil {
		return nil
	}
	var rule *RuleError
	if errors.As(err, &rule) {
		return err
	}
	advice := ""
	var failure *sqlite.Error
	if errors.As(err, &failure) {
		switch failure.Code() & 0xff {
		case sqlite3.SQLITE_FULL:
			advice = "the disk is full; nothing was recorded: free some space and do it again"
		case sqlite3.SQLITE_IOERR:
			advice = "the disk could not be read or written; nothing was recorded: check the disk and do it again"
		case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN:
			advice = "the file cannot be opened for writing: check the rights of the file and its folder"
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			advice = "another process kept the ledger locked for too long; nothing was recorded: do it again when it has finished"
		case sqlite3.SQLITE_CORRUPT:
			advice = "the file is damaged: restore the last backup"
		case sqlite3.SQLITE_NOTADB:
			return fmt.Errorf("%s the ledger %s: it is not a database of SQLite: name the right file: %w", doing, path, errors.Join(ErrNotLedger, err))
		case sqlite3.SQLITE_CONSTRAINT:
			advice = "the database refuses what its rules forbid; nothing was recorded"
		}
	}
	if errors.Is(err, driver.ErrBadConn) {
		err = ErrClosed
	}
	if advice == "" {
		return fmt.Errorf("%s the ledger %s: %w", doing, path, err)
	}
	return fmt.Errorf("%s the ledger %s: %s: %w", doing, path, advice, err)
}

// asRule tells whether an error is a refusal.
func asRule(err error) (*RuleError, bool) {
	var rule *RuleError
	ok := errors.As(err, &rule)
	return rule, ok
}

func refuse(code, field, value, rule, advice string) *RuleError {
	return &RuleError{Code: code, Field: field, Value: value, Rule: rule, Advice: advice}
}

func tooLarge(field, value string) *RuleError {
	return refuse("too_large", field, value, "the number is too large to be added up", "check it, and write a smaller one")
}
