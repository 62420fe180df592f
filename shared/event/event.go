// Package event defines what happens in a shop as CloudEvents 1.0: the types,
// their data, and the codec between them and the records that carry them.
package event

import (
	"time"

	"comptoir/shared/money"
)

// Attributes are the CloudEvents attributes and extensions of an event.
type Attributes struct {
	// ID is unique within Source; ledgers write UUIDv7.
	ID string
	// Source names the producer. A ledger's is /ledgers/<ledger id>.
	Source string
	// Type says what happened.
	Type Type
	// Subject names the business document: an invoice, a product, a client.
	Subject string
	// Time is when the event was recorded (UTC). That of one ledger never goes back.
	Time time.Time
	// Key is the entity that the event is about (partitionkey), which is the key of its Kafka record.
	Key string
	// Revision numbers the events of (Source, Type.Family, Key), dense from 1.
	// It is what makes each event count once. 0: the producer gives none.
	Revision int64
	// Stream is the logical topic and partition, such as sales/3; "" where the producer gives none.
	Stream string
	// Sequence numbers the events of (Source, Stream), dense from 1. It serves
	// progress, lag and order, never counting. 0: the producer gives none.
	Sequence int64
	// TraceParent is the W3C trace context, or "".
	TraceParent string
}

// Event is a decoded and validated event.
type Event struct {
	Attributes
	// Data is one of *ProductSale, *ClientDocument, *Product, *Stock, *Client
	// and *Heartbeat, as Type says; nil where only the attributes were decoded.
	Data Data
}

// Data is the typed content of an event. Its implementations are in this package.
type Data interface{ data() }

// ProductSale is the data of every product.sold, product.returned, their voids
// and their later costings: what one document says of one product, however
// many lines the product has in it. Quantity, Net and Cost are magnitudes
// (never below zero); the type gives their sign.
type ProductSale struct {
	DocumentID string
	// Date is the business date of the sale or of the return itself.
	Date Date
	// VoidedOn is the business date of the void; set for voids only.
	VoidedOn Date
	// Name is the product's name as sold; may be empty.
	Name     string
	Quantity money.Quantity
	// Net is the revenue without tax after all discounts, in minor units.
	Net money.Amount
	// Cost is what the goods cost, frozen when the sale was recorded; null where
	// unknown, never null in a costing.
	Cost     money.NullAmount
	Currency money.Currency
	// FirstSoldOn and LastSoldOn are those of the product in the source's books
	// once this entry stands (a register inside the event); NoDate where no sale stands,
	// or where the producer does not know.
	FirstSoldOn, LastSoldOn Date
}

// ClientDocument is the data of client.invoiced, client.credited and their
// voids. Net is a magnitude; the type gives its sign.
type ClientDocument struct {
	DocumentID string
	Date       Date
	VoidedOn   Date
	Net        money.Amount
	Currency   money.Currency
	// FirstPurchase and LastPurchase are those of the client in the source's
	// books once this entry stands; NoDate where none stands or unknown.
	FirstPurchase, LastPurchase Date
}

// Kind tells goods from services, which have no stock and are not ranked.
type Kind string

// The kinds of product.
const (
	KindStock   Kind = "stock"
	KindService Kind = "service"
)

// Product is the data of product.changed: the product's whole catalogue entry.
type Product struct {
	Name     string
	Category string
	Kind     Kind
	// BuyPrice and SellPrice are of one unit, in minor units; null where unknown.
	BuyPrice, SellPrice money.NullAmount
	// MinMargin is the least margin wanted; null where none is set.
	MinMargin money.NullBasisPoints
	Currency  money.Currency
}

// Stock is the data of stock.changed: the whole stock of a product.
type Stock struct {
	LastSoldOn Date
	Lots       []Lot
}

// Lot is a batch of goods with one receipt, one cost and one expiry. The lot
// with the empty name holds, below zero, what was sold beyond all lots.
type Lot struct {
	Lot    string
	OnHand money.Quantity
	// UnitCost is in minor units; null where unknown.
	UnitCost               money.NullAmount
	ReceivedOn, ExpiryDate Date // NoDate where there is none
}

// Client is the data of client.changed.
type Client struct{ Name string }

// Heartbeat is the data of relay.heartbeat: all that the source recorded
// before the event's time has been published, up to these sequences.
type Heartbeat struct {
	Currency money.Currency
	// Streams gives for each stream, such as sales/3, the last sequence published.
	Streams map[string]int64
}

func (*ProductSale) data()    {}
func (*ClientDocument) data() {}
func (*Product) data()        {}
func (*Stock) data()          {}
func (*Client) data()         {}
func (*Heartbeat) data()      {}
