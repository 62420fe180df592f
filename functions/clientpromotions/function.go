package clientpromotions

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"comptoir/shared/event"
	"comptoir/shared/projection"
)

// FunctionName is the name of the function and of what is deployed.
const FunctionName = "client-promotions"

// CollectionName is where the documents are, one a client.
const CollectionName = "clients"

// Document is what is stored of a client.
type Document struct {
	projection.Header
	State
}

// New returns the function.
func New(th Thresholds) projection.Function {
	return projection.Function{
		Name:   FunctionName,
		Topics: []event.Topic{event.Sales, event.Clients},
		Types: []event.Type{
			event.ClientInvoiced, event.ClientCredited, event.ClientInvoiceVoided, event.ClientCreditVoided,
			event.ClientChanged,
		},
		Collection: projection.Collection{
			Name: CollectionName,
			New:  func() projection.Document { return new(Document) },
		},
		RulesHash: th.Hash(),
		Apply: func(doc projection.Document, ev *event.Event, day event.Date) (bool, error) {
			return Apply(state(doc), th, ev, day)
		},
		Review: func(doc projection.Document, day event.Date) (event.Date, error) {
			return Review(state(doc), th, day)
		},
	}
}

// state returns the state in a document that the collection's New made.
func state(doc projection.Document) *State {
	return &doc.(*Document).State //nolint:forcetypeassert // the engine brings no other document; if it did, its panic would be a dead letter
}

// Hash names the thresholds shortly and stably: equal thresholds have equal hashes.
func (t Thresholds) Hash() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "promotion=%d silver=%d gold=%d", t.Promotion, t.Silver, t.Gold))
	return hex.EncodeToString(sum[:6])
}
