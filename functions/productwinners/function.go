package productwinners

import (
	"comptoir/shared/event"
	"comptoir/shared/projection"
)

// FunctionName is the name of the function and of what is deployed.
const FunctionName = "product-winners"

// CollectionName is where the documents are, one a product.
const CollectionName = "product_winners"

// rulesHash names the rules themselves: they have no thresholds to configure.
const rulesHash = "7-30-65"

// Document is what is stored of a product.
type Document struct {
	projection.Header
	State
}

// New returns the function.
func New() projection.Function {
	return projection.Function{
		Name:   FunctionName,
		Topics: []event.Topic{event.Sales, event.Inventory},
		Types: []event.Type{
			event.ProductSold, event.ProductReturned, event.ProductSaleVoided, event.ProductReturnVoided,
			event.ProductSaleCosted, event.ProductReturnCosted, event.ProductChanged,
		},
		Collection: projection.Collection{
			Name: CollectionName,
			New:  func() projection.Document { return new(Document) },
		},
		RulesHash: rulesHash,
		Apply: func(doc projection.Document, ev *event.Event, day event.Date) (bool, error) {
			return Apply(state(doc), ev, day)
		},
		Review: func(doc projection.Document, day event.Date) (event.Date, error) {
			return Review(state(doc), day)
		},
	}
}

// state returns the state in a document that the collection's New made.
func state(doc projection.Document) *State {
	return &doc.(*Document).State //nolint:forcetypeassert // the engine brings no other document; if it did, its panic would be a dead letter
}
