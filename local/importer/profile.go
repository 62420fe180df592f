package importer

import (
	"fmt"
	"slices"
	"strings"
)

// kind is what a table holds, in the order in which tables are applied.
type kind int

const (
	catalogue kind = iota
	stock
	invoices
)

func (k kind) String() string { return [...]string{"catalogue", "stock count", "invoices"}[k] }

// layout is the columns of one kind of table. Rows are handed on in their order.
type layout struct {
	kind    kind
	columns []string
}

// profile is a family of tables that are read by the same rules.
type profile struct {
	name    string
	layouts []layout
}

// The columns of the profile online-retail, by their place in its layouts.
const (
	colInvoice, colCode, colDescription, colQuantity, colDate, colPrice, colClient = 0, 1, 2, 3, 4, 5, 6

	colProduct, colName, colCategory, colBuy, colSell, colMargin = 0, 1, 2, 3, 4, 5

	colLot, colOnHand, colUnitCost, colReceived, colExpiry = 1, 2, 3, 4, 5
)

// OnlineRetail names the profile of the UCI table "Online Retail", with the
// catalogue and the stock count that go with it.
const OnlineRetail = "online-retail"

func profiles() []profile {
	return []profile{{
		name: OnlineRetail,
		layouts: []layout{
			{catalogue, []string{"product_id", "name", "category", "buy_price", "sell_price", "min_margin_pct"}},
			{stock, []string{"product_id", "lot", "quantity", "unit_cost", "received_on", "expiry_date"}},
			{invoices, []string{"InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"}},
		},
	}}
}

// Profiles lists the names that Options.Profile knows.
func Profiles() []string {
	var names []string
	for _, p := range profiles() {
		names = append(names, p.name)
	}
	return names
}

func findProfile(name string) (profile, error) {
	for _, p := range profiles() {
		if p.name == name {
			return p, nil
		}
	}
	return profile{}, fmt.Errorf("choosing the profile %q: there is none of that name: choose one of %s", name, strings.Join(Profiles(), ", "))
}

// recognise finds the layout that a header is of, and where each of its
// columns stands. The order of columns and their capitals do not matter.
func (p profile) recognise(file string, header []string) (layout, []int, error) {
	names := make([]string, len(header))
	for i, h := range header {
		names[i] = strings.ToLower(strings.TrimSpace(h))
		if slices.Contains(names[:i], names[i]) {
			return layout{}, nil, fmt.Errorf("reading %s, row 1: the column %q stands twice: keep one of them", file, strings.TrimSpace(h))
		}
	}
	var best layout
	bestFound, bestPlaces := 0, []int(nil)
	for _, l := range p.layouts {
		found, places := 0, make([]int, len(l.columns))
		for i, c := range l.columns {
			if places[i] = slices.Index(names, strings.ToLower(c)); places[i] >= 0 {
				found++
			}
		}
		if found > bestFound {
			best, bestFound, bestPlaces = l, found, places
		}
	}
	if bestFound == len(best.columns) && bestFound == len(header) && bestFound > 0 {
		return best, bestPlaces, nil
	}
	return layout{}, nil, p.wrongHeader(file, header, best, bestFound)
}

func (p profile) wrongHeader(file string, header []string, best layout, found int) error {
	if len(header) == 1 && strings.ContainsAny(header[0], ";\t|") {
		return fmt.Errorf("reading %s, row 1: the columns are not separated by commas: save the file as CSV with commas", file)
	}
	if found < 2 {
		var expected []string
		for _, l := range p.layouts {
			expected = append(expected, fmt.Sprintf("%s (%s)", strings.Join(l.columns, ","), l.kind))
		}
		return fmt.Errorf("reading %s, row 1: %q is not a header that the profile %s knows: the first row must be %s",
			file, shorten(strings.Join(header, ",")), p.name, strings.Join(expected, ", or "))
	}
	var missing, unknown, faults []string
	for _, c := range best.columns {
		if !containsFold(header, c) {
			missing = append(missing, c)
		}
	}
	for _, h := range header {
		if !containsFold(best.columns, h) {
			unknown = append(unknown, fmt.Sprintf("%q", shorten(strings.TrimSpace(h))))
		}
	}
	if len(missing) > 0 {
		faults = append(faults, "missing: "+strings.Join(missing, ", "))
	}
	if len(unknown) > 0 {
		faults = append(faults, "unknown: "+strings.Join(unknown, ", "))
	}
	return fmt.Errorf("reading %s, row 1: the header is nearly that of the table %q but not quite (%s): the first row must be %s",
		file, best.kind, strings.Join(faults, "; "), strings.Join(best.columns, ","))
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(v string) bool {
		return strings.EqualFold(strings.TrimSpace(v), strings.TrimSpace(s))
	})
}

// shorten cuts a value for a terminal.
func shorten(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
