package projection

import (
	"context"

	"comptoir/shared/event"
)

// Store keeps documents. The engine needs nothing else of a database.
//
// Every implementation passes the conformance suite in shared/state/statetest.
type Store interface {
	// Load reads the documents of the given ids, in any number, as they are now
	// (a linearizable read). An id without a document is absent from the map.
	// The documents are the caller's own. An error means that nothing was read.
	Load(ctx context.Context, c *Collection, ids []string) (map[string]Document, error)

	// Commit writes documents of one collection: each replaces the stored one
	// where that still has the version Read, or is inserted where Read is 0 and
	// there is none. Writes stand alone: one that is not done does not keep
	// others from being done. results[i] belongs to writes[i]. What is Written is
	// durable. An error means unknown for all of them: each may or may not have
	// been written. No two writes have the same id.
	Commit(ctx context.Context, c *Collection, writes []Write) ([]Result, error)

	// Due returns the ids of at most limit documents, in the order of their ids
	// and greater than after, that a review has to look at: review_on is set and
	// not later than day, or rules_version is below rules.
	Due(ctx context.Context, c *Collection, day event.Date, rules int64, after string, limit int) ([]string, error)
}

// Write is one document to be written.
type Write struct {
	// Doc is written as it is; its header's Version is Read + 1.
	Doc Document
	// Read is the version that was read, 0 where there was no document.
	Read int64
}

// Result is what became of a write.
type Result uint8

const (
	// Written says that the document is stored.
	Written Result = iota + 1
	// Conflict says that the stored document has another version, or that there is
	// one where none was read. Read again and decide again.
	Conflict
	// Refused says that the store will never take this document (its size, its validation).
	Refused
)
