package sqlitestate

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"comptoir/shared/state"
)

// Reader answers questions about a state database in a SQLite file, and cannot
// write to it: its connections are read-only in the operating system's eyes and
// in SQLite's. It is safe for concurrent use, beside any number of readers and
// a writer, in this process or others.
type Reader struct {
	path string
	db   *sql.DB
}

// OpenReader opens the file at path to be read. The file need not be there yet:
// until it is, and until the collection asked for is, every question is
// answered with an error that wraps state.ErrNothingYet; from then on it is
// answered. A file of a newer version is refused (state.ErrNewerLayout), and one
// of another program.
func OpenReader(ctx context.Context, path string, o Options) (*Reader, error) {
	db, err := openPool(path, reading, o.withDefaults())
	if err == nil {
		err = checkLayout(ctx, db)
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("opening the state %s to read: %w", path, explain(err))
	}
	return &Reader{path: path, db: db}, nil
}

// Close lets go of the file.
func (r *Reader) Close() error {
	if err := r.db.Close(); err != nil {
		return fmt.Errorf("closing the state %s: %w", r.path, err)
	}
	return nil
}

// failed completes the error of a question. A missing file or table is
// state.ErrNothingYet.
func (r *Reader) failed(collection string, err error) error {
	if sqliteCode(err) == codeCantOpen {
		if there, statErr := exists(r.path); statErr == nil && !there {
			return fmt.Errorf("reading %s: %w (there is no file %s)", collection, state.ErrNothingYet, r.path)
		}
	}
	if isNoTable(err) {
		return fmt.Errorf("reading %s: %w (the state %s has no such table)", collection, state.ErrNothingYet, r.path)
	}
	return fmt.Errorf("reading %s from the state %s: %w", collection, r.path, explain(err))
}

// Get reads one document by its id; ok is false where there is none.
func (r *Reader) Get(ctx context.Context, collection, id string) (doc json.RawMessage, ok bool, err error) {
	if err := state.CheckCollection(collection); err != nil {
		return nil, false, err
	}
	err = r.db.QueryRowContext(ctx, "SELECT doc FROM "+quote(collection)+" WHERE _id = ?", id).Scan((*[]byte)(&doc))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, false, nil
	case err != nil:
		return nil, false, r.failed(collection, err)
	}
	return doc, true, nil
}

// Find reads documents in order, all of them as they were at one moment.
func (r *Reader) Find(ctx context.Context, collection string, f state.Find) ([]json.RawMessage, error) {
	if err := errors.Join(state.CheckCollection(collection), f.Check()); err != nil {
		return nil, err
	}
	docs, err := r.find(ctx, collection, &f)
	if err != nil {
		return nil, r.failed(collection, err)
	}
	return docs, nil
}

func (r *Reader) find(ctx context.Context, collection string, f *state.Find) ([]json.RawMessage, error) {
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // it only reads
	var docs []json.RawMessage
	for _, q := range findQueries(collection, f) {
		if len(docs) == f.Limit {
			break
		}
		if docs, err = appendDocs(ctx, tx, docs, q, f); err != nil {
			return nil, err
		}
	}
	return docs, nil
}

func appendDocs(ctx context.Context, tx *sql.Tx, docs []json.RawMessage, q query, f *state.Find) (_ []json.RawMessage, err error) {
	rows, err := tx.QueryContext(ctx, q.text, append(q.args, f.Limit-len(docs))...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var raw sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&raw); err != nil {
			return nil, err
		}
		doc, err := pick(raw, f.Fields)
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return docs, rows.Err()
}
