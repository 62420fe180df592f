package statetest

import (
	"fmt"

	"comptoir/shared/event"
	"comptoir/shared/money"
	"comptoir/shared/projection"
)

// Item is the suite's document: every sort of field that real ones have.
type Item struct {
	projection.Header
	// Run tells apart what one database holds of several runs.
	Run  string `json:"run"`
	Name string `json:"name"`
	// Note is absent where empty, Shelf null.
	Note    string            `json:"note,omitempty"`
	Shelf   *string           `json:"shelf"`
	Amount  int64             `json:"amount"`
	Rank    *int64            `json:"rank"`
	OnSale  bool              `json:"on_sale"`
	Units   money.Quantity    `json:"units"`
	Windows map[string]Window `json:"windows"`
	Days    []Day             `json:"days"`
}

// Window is a nested object.
type Window struct {
	Profit int64                 `json:"profit"`
	Margin money.NullBasisPoints `json:"margin"`
}

// Day is an element of a list.
type Day struct {
	Day     event.Date     `json:"day"`
	Units   money.Quantity `json:"units"`
	Revenue money.Amount   `json:"revenue"`
	Cost    money.Amount   `json:"cost"`
	Costed  money.Amount   `json:"costed_revenue"`
	Orders  int64          `json:"orders"`
}

// collections are those of the suite: the first is used throughout, the second
// shows that collections are apart.
var collections = []projection.Collection{
	{Name: "items", New: newItem, Indexes: []projection.Index{
		{Name: "profit_30d", Field: "windows.30d.profit"},
		{Name: "rank", Field: "rank"},
		{Name: "name", Field: "name"},
		{Name: "due", Field: "review_on"},
	}},
	{Name: "other_items", New: newItem},
}

const items = "items"

func newItem() projection.Document { return new(Item) }

// day0 is a day that matters to nothing.
var day0 = event.NewDate(2011, 12, 9)

// item returns a new document.
func item(id string, change ...func(*Item)) *Item {
	i := &Item{Header: projection.Header{ID: id, Version: 1, Day: day0, RulesVersion: 1, RulesHash: "h"}, Name: "item " + id, Windows: map[string]Window{"30d": {}}}
	for _, c := range change {
		c(i)
	}
	return i
}

// numbered returns n items, item-0000 and on.
func numbered(n int, change func(n int, i *Item)) []*Item {
	all := make([]*Item, n)
	for k := range all {
		all[k] = item(fmt.Sprintf("item-%04d", k))
		if change != nil {
			change(k, all[k])
		}
	}
	return all
}

// Sample returns a document of about 5 kB as a JSON text: a product's 65 days.
// Stores measure themselves with it.
func Sample(id string, version int64) *Item {
	i := item(id, func(i *Item) { i.Version = version })
	i.Sources = []projection.Source{{Source: "/ledgers/0190a5b2-7b1c-7d3e-8f4a-5b6c7d8e9f00", Family: event.ProductSums, Watermark: projection.Watermark{Applied: 918 + version}}}
	i.Windows = map[string]Window{}
	for _, w := range []string{"7d", "30d", "7d_before", "30d_before", "all"} {
		i.Windows[w] = Window{Profit: 1234567 + version, Margin: money.SomeBasisPoints(4321)}
	}
	for d := range 65 {
		i.Days = append(i.Days, Day{day0 - 65 + event.Date(d), money.Quantity(1000 * (d + 1)), 12345, 6789, 12345, int64(d)})
	}
	return i
}

// SampleCollection is where Samples belong.
func SampleCollection() projection.Collection { return collections[0] }
