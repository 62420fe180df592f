package sqlitestate

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/state/codec"
)

// transactionBytes bounds the documents of one transaction, so that a bulk of
// any size takes bounded memory and log, and others get their turn to write.
const transactionBytes = 8 << 20

// encoded is a write that is ready for the file.
type encoded struct {
	index int // in writes and results
	doc   string
}

// Commit is projection.Store's. Writes of one bulk share transactions of up to
// 8 MiB; an error leaves those that were done before it done.
func (s *Store) Commit(ctx context.Context, c *projection.Collection, writes []projection.Write) ([]projection.Result, error) {
	t, err := s.table(c)
	if err != nil {
		return nil, err
	}
	results := make([]projection.Result, len(writes))
	order := make([]int, len(writes))
	for i, w := range writes {
		order[i] = i
		if head := w.Doc.Head(); head.Version != w.Read+1 {
			return nil, fmt.Errorf("writing the document %q of %s: its version is %d and %d was read: a write's version is one more than what was read", head.ID, c.Name, head.Version, w.Read)
		}
	}
	// In the order of the ids: neighbours lie in the same pages of the index.
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(writes[a].Doc.Head().ID, writes[b].Doc.Head().ID) })
	batch, size := make([]encoded, 0, min(len(writes), 4096)), 0
	for _, i := range order {
		doc := writes[i].Doc
		b, err := codec.Encode(doc)
		if err != nil || len(b) > codec.MaxBytes || doc.Head().ID == "" {
			results[i] = projection.Refused
			continue
		}
		if size+len(b) > transactionBytes && len(batch) > 0 {
			if err := s.commit(ctx, t, writes, batch, results); err != nil {
				return nil, err
			}
			batch, size = batch[:0], 0
		}
		batch, size = append(batch, encoded{i, string(b)}), size+len(b)
	}
	if err := s.commit(ctx, t, writes, batch, results); err != nil {
		return nil, err
	}
	return results, nil
}

// commit writes a batch in one transaction and sets its results.
func (s *Store) commit(ctx context.Context, t *table, writes []projection.Write, batch []encoded, results []projection.Result) error {
	if len(batch) == 0 {
		return nil
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err == nil {
		defer func() { _ = tx.Rollback() }() // does nothing after Commit
		if err = put(ctx, tx, t, writes, batch, results); err == nil {
			err = tx.Commit()
		}
	}
	if err != nil {
		return fmt.Errorf("writing %d documents of %s into the state %s: %w", len(batch), t.Name, s.path, explain(err))
	}
	return nil
}

func put(ctx context.Context, tx *sql.Tx, t *table, writes []projection.Write, batch []encoded, results []projection.Result) error {
	var insert, update *sql.Stmt
	var err error
	for _, e := range batch {
		var done sql.Result
		head, read := writes[e.index].Doc.Head(), writes[e.index].Read
		id := head.ID
		var reviewOn any
		if head.ReviewOn != event.NoDate {
			reviewOn = head.ReviewOn.String()
		}
		if read == 0 {
			if insert == nil {
				if insert, err = tx.PrepareContext(ctx, t.insert); err != nil { //nolint:gosec // names are checked where they are declared
					return err
				}
				defer func() { _ = insert.Close() }()
			}
			done, err = insert.ExecContext(ctx, id, 1, reviewOn, head.RulesVersion, e.doc)
		} else {
			if update == nil {
				if update, err = tx.PrepareContext(ctx, t.update); err != nil { //nolint:gosec // names are checked where they are declared
					return err
				}
				defer func() { _ = update.Close() }()
			}
			done, err = update.ExecContext(ctx, read+1, reviewOn, head.RulesVersion, e.doc, id, read)
		}
		if results[e.index], err = outcome(done, err); err != nil {
			return fmt.Errorf("the document %q: %w", id, err)
		}
	}
	return nil
}

// outcome reads what became of one statement. SQLite undoes a statement that a
// constraint refuses and lets its transaction go on.
func outcome(done sql.Result, err error) (projection.Result, error) {
	if code := sqliteCode(err); code == codeConstraint || code == codeTooBig {
		return projection.Refused, nil
	}
	if err != nil {
		return 0, err
	}
	rows, err := done.RowsAffected()
	if err != nil {
		return 0, err
	}
	if rows == 0 {
		return projection.Conflict, nil
	}
	return projection.Written, nil
}
