package sqlitestate

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"comptoir/shared/projection"
	"comptoir/shared/state"
	"comptoir/shared/state/statetest"
)

func TestStore(t *testing.T) {
	statetest.Run(t, func(t *testing.T) statetest.Harness {
		path := filepath.Join(t.TempDir(), "state.db")
		return statetest.Harness{
			Open: func(ctx context.Context, collections []projection.Collection) (statetest.Database, error) {
				return open(ctx, path, collections)
			},
			Explain: func(ctx context.Context, collection string, f state.Find) (string, bool, error) {
				r, err := OpenReader(ctx, path, Options{})
				if err != nil {
					return "", false, err
				}
				plan, err := r.plan(ctx, collection, &f)
				return plan, !strings.Contains(plan, "SCAN items\n"), errors.Join(err, r.Close())
			},
		}
	})
}

func open(ctx context.Context, path string, collections []projection.Collection) (statetest.Database, error) {
	s, err := Open(ctx, path, collections, Options{})
	if err != nil {
		return statetest.Database{}, err
	}
	if err := s.Migrate(ctx); err != nil {
		return statetest.Database{}, errors.Join(err, s.Close())
	}
	r, err := OpenReader(ctx, path, Options{})
	if err != nil {
		return statetest.Database{}, errors.Join(err, s.Close())
	}
	return statetest.Database{
		Store: s, Reader: r, Migrate: s.Migrate,
		Close: func() error { return errors.Join(s.Close(), r.Close()) },
	}, nil
}

// plan returns SQLite's plans for a question, a line a step.
func (r *Reader) plan(ctx context.Context, collection string, f *state.Find) (plan string, err error) {
	var all []string
	for _, q := range findQueries(collection, f) {
		steps, err := r.steps(ctx, q, f.Limit)
		if err != nil {
			return "", err
		}
		all = append(all, steps...)
	}
	return strings.Join(all, "\n") + "\n", nil
}

func (r *Reader) steps(ctx context.Context, q query, limit int) (steps []string, err error) {
	rows, err := r.db.QueryContext(ctx, "EXPLAIN QUERY PLAN "+q.text, append(q.args, limit)...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			return nil, err
		}
		steps = append(steps, detail)
	}
	return steps, rows.Err()
}
