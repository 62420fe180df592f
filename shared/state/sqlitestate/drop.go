package sqlitestate

import (
	"context"
	"fmt"
)

// Drop removes tables with all that is in them, and returns how many bytes their
// documents had; one that is not there counts as removed. The file keeps its size, and
// what is written next takes the room.
func (s *Store) Drop(ctx context.Context, names []string) (bytes int64, err error) {
	doing := "removing tables of the state " + s.path
	for _, name := range names {
		size, err := s.drop(ctx, name)
		if err != nil {
			return bytes, fmt.Errorf("%s: %s: %w", doing, name, explain(err))
		}
		bytes += size
	}
	return bytes, nil
}

func (s *Store) drop(ctx context.Context, name string) (bytes int64, err error) {
	var there bool
	if err := s.write.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?)", name).Scan(&there); err != nil || !there {
		return 0, err
	}
	if err := s.write.QueryRowContext(ctx, "SELECT coalesce(sum(length(CAST(doc AS BLOB))), 0) FROM "+quote(name)).Scan(&bytes); err != nil {
		return 0, err
	}
	_, err = s.write.ExecContext(ctx, "DROP TABLE IF EXISTS "+quote(name))
	return bytes, err
}
