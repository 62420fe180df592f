package sqlitestate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"comptoir/shared/state"
)

// Sum adds up fields. Totals are exact: one that does not fit in 64 bits is an error.
func (r *Reader) Sum(ctx context.Context, collection string, s state.Sum) ([]state.Group, error) {
	if err := errors.Join(state.CheckCollection(collection), s.Check()); err != nil {
		return nil, err
	}
	groups, err := r.sum(ctx, collection, &s)
	if err != nil {
		return nil, r.failed(collection, err)
	}
	return groups, nil
}

func (r *Reader) sum(ctx context.Context, collection string, s *state.Sum) (groups []state.Group, err error) {
	key, tail := "''", ""
	if s.GroupBy != "" {
		key, tail = groupKey(s.GroupBy), " GROUP BY 1 ORDER BY 1"
	}
	columns := []string{key, "count(*)"}
	for _, field := range s.Fields {
		columns = append(columns, "sum("+column(field)+")")
	}
	c := where(s.Filters)
	rows, err := r.db.QueryContext(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM "+quote(collection)+c.String()+tail, c.args...) //nolint:gosec // names are checked, values are arguments
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	totals := make([]any, len(s.Fields))
	for rows.Next() {
		g := state.Group{Sums: make([]int64, len(s.Fields))}
		into := []any{&g.Key, &g.Count}
		for i := range totals {
			into = append(into, &totals[i])
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		for i, total := range totals {
			switch v := total.(type) {
			case nil: // nothing but null and absent
			case int64:
				g.Sums[i] = v
			default:
				return nil, fmt.Errorf("adding up %s: it holds values that are no whole numbers: %w", s.Fields[i], state.ErrAsked)
			}
		}
		groups = append(groups, g)
	}
	return groups, rows.Err()
}

// groupKey returns the value of a field as a text. Null and absent are "".
func groupKey(field string) string {
	if field == "_id" {
		return "_id"
	}
	return "CASE json_type(doc, " + path(field) + ") WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE ifnull(CAST(" + column(field) + " AS TEXT), '') END"
}
