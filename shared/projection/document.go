// Package projection folds batches of events into documents so that each event
// counts exactly once, whatever is repeated, late, reordered or interrupted.
package projection

import (
	"comptoir/shared/event"
)

// Document is one stored document: a struct that embeds Header and holds the
// state of one entity beside it. It is plain data with json tags, readable by
// hand; every store encodes it by those tags.
type Document interface {
	// Head returns the document's own header, to be read and written in place.
	Head() *Header
}

// Header is the part of a document that the engine owns.
type Header struct {
	// ID is the entity: a product, a client, a ledger.
	ID string `json:"_id"`
	// Version counts the writes of the document, from 1. A write replaces the
	// document only where it still has the version that was read.
	Version int64 `json:"version"`
	// Day is the business day that the document was made for. It never goes back.
	Day event.Date `json:"day"`
	// ReviewOn is the next day on which the document changes by itself
	// (a window moves, a flag appears); NoDate where no day does that.
	ReviewOn event.Date `json:"review_on"`
	// RulesVersion and RulesHash tell which rules and thresholds made the document.
	RulesVersion int64  `json:"rules_version"`
	RulesHash    string `json:"rules_hash"`
	// Sources holds, per producer and family, which events were applied.
	Sources []Source `json:"sources"`
}

// Head returns the header itself, which makes a struct that embeds it a Document.
func (h *Header) Head() *Header { return h }

// Source tells which events of one producer and family a document holds.
type Source struct {
	Source string       `json:"source"`
	Family event.Family `json:"family"`
	Watermark
	// Late counts the events that were applied after a later one had been.
	Late int64 `json:"late,omitempty"`
	// Recent holds the ids of the last events without a revision, oldest first, at most 64.
	Recent []string `json:"recent,omitempty"`
	// Offsets gives per Kafka topic and partition, such as sales/3, the greatest
	// offset of an event without a revision that was applied.
	Offsets map[string]int64 `json:"offsets,omitempty"`
}

// Collection says where documents of one kind are kept and how they are found.
type Collection struct {
	// Name is the collection's or table's name.
	Name string
	// New returns an empty document of the collection's type.
	New func() Document
	// Indexes are made by `comptoir migrate` and at local start.
	Indexes []Index
}

// Index orders the documents of a collection by one field, then _id.
type Index struct {
	// Name is unique within the collection.
	Name string
	// Field is a path of JSON names with dots, such as windows.30d.profit.
	Field string
}
