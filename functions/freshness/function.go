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
			return Apply(&doc.(*Document).State, ev)
		},
		// No day changes a heartbeat: how old it is, the reader computes.
		Review: func(projection.Document, event.Date) (event.Date, error) { return event.NoDate, nil },
	}
}
