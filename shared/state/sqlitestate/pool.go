package sqlitestate

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"
)

// access is what a pool of connections may do with the file.
type access uint8

const (
	// probing reads a file that may be anything.
	probing access = iota
	// reading cannot write: the file is opened read-only, and every statement
	// that would write is refused besides.
	reading
	// writing makes the file where it is absent.
	writing
)

// onlyReads opens connections that take no statement but one that reads. The
// file is read-only to them in any case; this keeps them from other files too
// (ATTACH) and from taking off that they only query.
type onlyReads struct{ driver.Connector }

func (o onlyReads) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := o.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	guarded, ok := c.(sqlite.AuthorizerRegisterer)
	if !ok {
		return nil, errors.Join(errors.New("the SQLite driver cannot guard a connection"), c.Close())
	}
	if err := guarded.RegisterAuthorizer(authorizeReads); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func authorizeReads(action sqlite.AuthorizerActionCode, _, argument, _, _ string) sqlite.AuthorizerReturnCode {
	switch action {
	case sqlite.AuthSelect, sqlite.AuthRead, sqlite.AuthFunction, sqlite.AuthTransaction:
		return sqlite.AuthorizerOK
	case sqlite.AuthPragma:
		if argument == "" { // it asks and does not set
			return sqlite.AuthorizerOK
		}
	default: // whatever else there is, or will be
	}
	return sqlite.AuthorizerDeny
}

// walPages is the size of the write-ahead log, in pages of 4 KiB, at which a
// commit copies it into the file: 16 MiB, so that a large bulk is copied once
// and not once in each of its transactions.
const walPages = 4096

func openPool(path string, a access, o Options) (*sql.DB, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	q := url.Values{"_busy_timeout": {strconv.FormatInt(o.BusyTimeout.Milliseconds(), 10)}, "_dqs": {"0"}}
	connections := o.Readers
	if a == writing {
		q.Set("mode", "rwc")
		q.Set("_journal_mode", "WAL")
		q.Set("_synchronous", "NORMAL")
		q.Set("_txlock", "immediate")
		q["_pragma"] = []string{fmt.Sprintf("wal_autocheckpoint(%d)", walPages), "journal_size_limit(67108864)", "cache_size(-16384)"}
		connections = 1
	} else {
		q.Set("mode", "ro")
		q.Set("_query_only", "1")
	}
	// A path may hold any character; as a URL none of them is an option.
	u := url.URL{Scheme: "file", Path: absolute, RawQuery: q.Encode()}
	c, err := sqlite.NewConnector(u.String())
	if err != nil {
		return nil, err
	}
	if a != writing {
		c = onlyReads{c}
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	if a == reading {
		// A file that was replaced (a restore, a data directory made anew) is
		// seen after this time at the latest.
		db.SetConnMaxLifetime(time.Minute)
	}
	return db, nil
}

// The primary result codes that lead to a decision or a sentence.
const (
	codeConstraint = sqlitelib.SQLITE_CONSTRAINT
	codeTooBig     = sqlitelib.SQLITE_TOOBIG
	codeNotADB     = sqlitelib.SQLITE_NOTADB
	codeCantOpen   = sqlitelib.SQLITE_CANTOPEN
	codeFull       = sqlitelib.SQLITE_FULL
)

// sqliteCode returns the primary result code of an error, 0 for none of SQLite's.
func sqliteCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

// isNoTable tells whether a statement named a table that is not there: SQLite
// has no result code for it but the general one.
func isNoTable(err error) bool {
	return sqliteCode(err) == sqlitelib.SQLITE_ERROR && strings.Contains(err.Error(), "no such table")
}
