// Package query is the read-only HTTP function over the state: what the page
// and every other reader sees. Nothing in it can write, or reach Kafka or a ledger.
package query

import (
	"context"
	"encoding/json"

	"comptoir/shared/state"
)

// Reader is all that the query function needs of a state database. It has no
// writing method. Documents come as JSON, encoded by the same tags in every store.
type Reader interface {
	// Get reads one document; ok is false where there is none.
	Get(ctx context.Context, collection, id string) (doc json.RawMessage, ok bool, err error)
	// Find reads documents in order.
	Find(ctx context.Context, collection string, f state.Find) ([]json.RawMessage, error)
	// Sum adds up fields.
	Sum(ctx context.Context, collection string, s state.Sum) ([]state.Group, error)
}
