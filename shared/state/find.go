// Package state says how documents are asked for. The stores beneath it
// (sqlitestate, mongostate) answer; the query function asks through an
// interface of its own that has no writing method.
package state

// Value is what a field is compared with: a text, a whole number or a truth value.
type Value struct {
	text   string
	number int64
	kind   ValueKind
}

// ValueKind tells what a Value holds.
type ValueKind uint8

// The kinds of value.
const (
	TextValue ValueKind = iota + 1
	NumberValue
	BoolValue
)

// Text returns a text value. Dates are texts of the form YYYY-MM-DD.
func Text(s string) Value { return Value{text: s, kind: TextValue} }

// Number returns a whole number.
func Number(n int64) Value { return Value{number: n, kind: NumberValue} }

// Bool returns a truth value.
func Bool(b bool) Value {
	v := Value{kind: BoolValue}
	if b {
		v.number = 1
	}
	return v
}

// Kind tells what the value holds.
func (v Value) Kind() ValueKind { return v.kind }

// Text returns the text of a TextValue.
func (v Value) Text() string { return v.text }

// Number returns the number of a NumberValue; of a BoolValue 0 or 1.
func (v Value) Number() int64 { return v.number }

// Op is how a field is compared.
type Op uint8

// The comparisons. Values of another kind than the field's, null and absent
// fields never match.
const (
	Equal Op = iota + 1
	AtLeast
	AtMost
	// Prefix matches texts that begin with the value, byte for byte.
	Prefix
)

// Filter is one condition on a field: a path of JSON names with dots, without arrays.
type Filter struct {
	Field string
	Op    Op
	Value Value
}

// Find asks for documents of a collection. All filters must hold.
type Find struct {
	Filters []Filter
	// Sort is the field to order by; "" or "_id" orders by id alone. Equal values
	// are ordered by _id, ascending. Null and absent values sort lowest; texts
	// and ids by their bytes. A field of decimals can be sorted by, but a page
	// cannot continue behind a decimal that is no whole number.
	Sort string
	// Descending turns the order of Sort (that of the ids where Sort is "" or
	// "_id"); not that of the ids among equal values.
	Descending bool
	// After continues behind a document that an earlier answer ended with; nil
	// starts at the first.
	After *Cursor
	// Limit is the greatest number of documents, 1 to 1000.
	Limit int
	// Fields names the top-level fields that are wanted, beside _id; a store may
	// return others too. Empty means all.
	Fields []string
}

// Cursor is the place of a document in an order: its value of the sort field and
// its id. CursorAt makes it. The document itself need not be there any more.
type Cursor struct {
	// Value is the document's value; its Kind is 0 for null or absent, and where
	// the order is by id alone.
	Value Value
	ID    string
}

// Sum asks for totals of whole-number fields over documents that match. Totals
// are exact; one that does not fit in 64 bits is an error.
type Sum struct {
	Filters []Filter
	// GroupBy is a field whose distinct values make the groups; "" makes exactly
	// one group of all, also where no document matches.
	GroupBy string
	// Fields are added; null and absent count as nothing.
	Fields []string
}

// Group is one row of a Sum's answer. Groups come in the order of Key.
type Group struct {
	// Key is the value of GroupBy as a text (truth values: true, false), "" for
	// null, absent and no group.
	Key string
	// Count is the number of documents, Sums belongs to Sum.Fields.
	Count int64
	Sums  []int64
}
