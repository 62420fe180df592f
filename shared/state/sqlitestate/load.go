package sqlitestate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/state/codec"
)

// loadChunk is the number of ids in one statement.
const loadChunk = 250

// Load is projection.Store's. A connection sees all that was committed before
// its statement began, whoever committed it.
func (s *Store) Load(ctx context.Context, c *projection.Collection, ids []string) (map[string]projection.Document, error) {
	t, err := s.table(c)
	if err != nil {
		return nil, err
	}
	docs := make(map[string]projection.Document, len(ids))
	for chunk := range slices.Chunk(ids, loadChunk) {
		if err := t.load(ctx, s.read, chunk, docs); err != nil {
			return nil, fmt.Errorf("reading %d documents of %s from the state %s: %w", len(ids), t.Name, s.path, explain(err))
		}
	}
	return docs, nil
}

func (t *table) load(ctx context.Context, db *sql.DB, ids []string, into map[string]projection.Document) (err error) {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	rows, err := db.QueryContext(ctx, t.loading+" (?"+strings.Repeat(",?", len(ids)-1)+")", args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var raw sql.RawBytes
	for rows.Next() {
		var id string
		if err := rows.Scan(&id, &raw); err != nil {
			return err
		}
		doc := t.New()
		if err := codec.Decode(raw, doc); err != nil {
			return fmt.Errorf("the document %q is not of the form that this version writes (was it changed by hand?): %w", id, err)
		}
		into[id] = doc
	}
	return rows.Err()
}

// Due is projection.Store's.
func (s *Store) Due(ctx context.Context, c *projection.Collection, day event.Date, rules int64, after string, limit int) (ids []string, err error) {
	t, err := s.table(c)
	if err != nil {
		return nil, err
	}
	if limit <= 0 {
		return nil, nil
	}
	defer func() {
		if err != nil {
			ids, err = nil, fmt.Errorf("reading which documents of %s are due in the state %s: %w", t.Name, s.path, explain(err))
		}
	}()
	for i, than := range []any{day.String(), rules} {
		found, err := s.dueFor(ctx, &t.reasons[i], than, after, limit)
		if err != nil {
			return nil, err
		}
		ids = append(ids, found...)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return ids[:min(len(ids), limit)], nil
}

// manyDue is from how many documents on they are looked for in order.
const manyDue = 20_000

func (s *Store) dueFor(ctx context.Context, r *reason, than any, after string, limit int) (ids []string, err error) {
	var many int
	if err := s.read.QueryRowContext(ctx, r.many, than, manyDue).Scan(&many); err != nil {
		return nil, err
	}
	query := r.few
	if many == manyDue {
		query = r.all
	}
	rows, err := s.read.QueryContext(ctx, query, than, after, limit)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
