package harness

import (
	"context"
	"encoding/json"
	"fmt"

	"comptoir/local/runner"
	"comptoir/shared/state"
)

// Documents reads a whole collection.
func Documents[T any](ctx context.Context, r runner.Reader, collection string) ([]T, error) {
	var all []T
	find := state.Find{Limit: 1000}
	for {
		page, err := r.Find(ctx, collection, find)
		if err != nil {
			return nil, err
		}
		for _, raw := range page {
			var d T
			if err := json.Unmarshal(raw, &d); err != nil {
				return nil, fmt.Errorf("reading %s: %w", collection, err)
			}
			all = append(all, d)
		}
		if len(page) < find.Limit {
			return all, nil
		}
		last, err := state.CursorAt(&find, page[len(page)-1])
		if err != nil {
			return nil, err
		}
		find.After = &last
	}
}
