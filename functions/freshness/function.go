package freshness

import (
	"comptoir/shared/event"
	"comptoir/shared/projection"
)

// FunctionName is the name of the function and of what is deployed.
const FunctionName = "freshness"

// CollectionName is where the documents are, one a ledger; their id is its source.
const CollectionName = "heartbeats"

// rulesHash names the rules themselves: they have no thresholds to configure.
const rulesHash = "latest"

// Document is what is stored of a ledger.
type Document struct {
	projection.Header
	State
}

// New returns the function.
func New() projection.Function {
	return projection.Function{
		Name:   FunctionName,
		Topics: []event.Topic{event.Heartbeats},
		Types:  []event.Type{event.RelayHeartbeat},
		Collection: projection.Collection{
			Name: CollectionName,
			New:  func() projection.Document { return new(Document) },
		},
		RulesHash: rulesHash,
		Apply: func(doc projection.Document, ev *event.Event, _ event.Date) (bool, error) {
			return Apply(state(doc), ev)
		},
		// No day changes a heartbeat: how old it is, the reader computes.
		Review: func(projection.Document, event.Date) (event.Date, error) { return event.NoDate, nil },
	}
}

// state returns the state in a document that the collection's New made.
func state(doc projection.Document) *State {
	return &doc.(*Document).State //nolint:forcetypeassert // the engine brings no other document; if it did, its panic would be a dead letter
}
