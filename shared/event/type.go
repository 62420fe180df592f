package event

import "strings"

// Type is what happened. The zero Type is none of them.
type Type uint8

// The event types. Their names on the wire are those of String.
const (
	ProductSold Type = iota + 1
	ProductReturned
	ProductSaleVoided
	ProductReturnVoided
	// ProductSaleCosted and ProductReturnCosted give the cost of a sale or
	// return that was recorded without one; nothing else of it changes.
	ProductSaleCosted
	ProductReturnCosted
	ClientInvoiced
	ClientCredited
	ClientInvoiceVoided
	ClientCreditVoided
	ProductChanged
	StockChanged
	ClientChanged
	RelayHeartbeat
	typeEnd
)

// Family groups the types of one entity that share a revision counter.
type Family string

// The families. A sum is added once; of a register the greatest (time,
// revision) holds.
const (
	ProductSums    Family = "product.sums"
	ClientSums     Family = "client.sums"
	ProductEntry   Family = "product.changed"
	StockEntry     Family = "stock.changed"
	ClientEntry    Family = "client.changed"
	HeartbeatEntry Family = "relay.heartbeat"
)

// IsRegister tells whether the greatest (time, revision) of the family holds,
// instead of each event being added.
func (f Family) IsRegister() bool { return f != ProductSums && f != ClientSums }

// Topic is a logical topic; configuration may give it another name on Kafka.
type Topic string

// The logical topics.
const (
	Sales       Topic = "sales"
	Inventory   Topic = "inventory"
	Clients     Topic = "clients"
	Heartbeats  Topic = "heartbeats"
	DeadLetters Topic = "dead-letters"
)

// LedgerTopics lists the topics that a ledger publishes its event log to.
var LedgerTopics = [...]Topic{Sales, Inventory, Clients}

var types = [typeEnd]struct {
	name   string
	topic  Topic
	family Family
}{
	ProductSold:         {"comptoir.product.sold", Sales, ProductSums},
	ProductReturned:     {"comptoir.product.returned", Sales, ProductSums},
	ProductSaleVoided:   {"comptoir.product.sale_voided", Sales, ProductSums},
	ProductReturnVoided: {"comptoir.product.return_voided", Sales, ProductSums},
	ProductSaleCosted:   {"comptoir.product.sale_costed", Sales, ProductSums},
	ProductReturnCosted: {"comptoir.product.return_costed", Sales, ProductSums},
	ClientInvoiced:      {"comptoir.client.invoiced", Sales, ClientSums},
	ClientCredited:      {"comptoir.client.credited", Sales, ClientSums},
	ClientInvoiceVoided: {"comptoir.client.invoice_voided", Sales, ClientSums},
	ClientCreditVoided:  {"comptoir.client.credit_voided", Sales, ClientSums},
	ProductChanged:      {"comptoir.product.changed", Inventory, ProductEntry},
	StockChanged:        {"comptoir.stock.changed", Inventory, StockEntry},
	ClientChanged:       {"comptoir.client.changed", Clients, ClientEntry},
	RelayHeartbeat:      {"comptoir.relay.heartbeat", Heartbeats, HeartbeatEntry},
}

// Types lists every type.
func Types() []Type {
	all := make([]Type, 0, typeEnd-1)
	for t := Type(1); t < typeEnd; t++ {
		all = append(all, t)
	}
	return all
}

var typesByName = func() map[string]Type {
	m := make(map[string]Type, typeEnd)
	for t := Type(1); t < typeEnd; t++ {
		m[types[t].name] = t
	}
	return m
}()

// ParseType returns the type of a name on the wire; ok is false for a name
// that is not one of ours.
func ParseType(name string) (t Type, ok bool) {
	t, ok = typesByName[name]
	return t, ok
}

func (t Type) valid() bool { return t > 0 && t < typeEnd }

// String returns the name on the wire, such as comptoir.product.sold.
func (t Type) String() string {
	if !t.valid() {
		return "unknown"
	}
	return types[t].name
}

// typePrefix begins the name of every type.
const typePrefix = "comptoir."

// short is the name without its prefix, such as product.sold.
func (t Type) short() string { return strings.TrimPrefix(t.String(), typePrefix) }

// Topic returns the logical topic that carries the type.
func (t Type) Topic() Topic { return types[t%typeEnd].topic }

// Family returns the revision family of the type.
func (t Type) Family() Family { return types[t%typeEnd].family }
