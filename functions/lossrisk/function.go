package lossrisk

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"comptoir/shared/event"
	"comptoir/shared/projection"
)

// FunctionName is the name of the function and of what is deployed.
const FunctionName = "loss-risk"

// CollectionName is where the documents are, one a product, its lots inside.
const CollectionName = "loss_risk_products"

// Document is what is stored of a product.
type Document struct {
	projection.Header
	State
}

// New returns the function.
func New(th Thresholds) projection.Function {
	return projection.Function{
		Name:   FunctionName,
		Topics: []event.Topic{event.Inventory},
		Types:  []event.Type{event.ProductChanged, event.StockChanged},
		Collection: projection.Collection{
			Name: CollectionName,
			New:  func() projection.Document { return new(Document) },
		},
		RulesHash: th.Hash(),
		Apply: func(doc projection.Document, ev *event.Event, _ event.Date) (bool, error) {
			return Apply(state(doc), ev)
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
	sum := sha256.Sum256(fmt.Appendf(nil, "expiring=%d watch=%d dead=%d", t.Expiring, t.Watch, t.Dead))
	return hex.EncodeToString(sum[:6])
}
