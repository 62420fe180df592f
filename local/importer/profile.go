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
	clients
	stock
	heads
	invoices // with their lines
)

func (k kind) String() string {
	return [...]string{"catalogue", "clients", "stock count", "invoice heads", "invoices"}[k]
}

// holds is what the values of a column are.
type holds uint8

const (
	someText holds = iota
	someNumber
	somePercent
	someDate
)

// column is a column of a table.
type column struct {
	name   string
	also   []string // other names that it goes by
	holds  holds
	needed bool
	net    bool // an amount without tax, which its head may say too
}

// layout is the columns of one kind of table. Rows are handed on in their order.
type layout struct {
	kind    kind
	columns []column
	sheets  []string // the names that a sheet of it goes by
}

func (l layout) names() []string {
	names := make([]string, len(l.columns))
	for i, c := range l.columns {
		names[i] = c.name
	}
	return names
}

// profile is a family of tables that are read by the same rules.
type profile struct {
	name    string
	layouts []layout
	// exact: a table has all the columns of its layout, and no others.
	exact bool
}

func (p profile) layout(k kind) layout {
	i := slices.IndexFunc(p.layouts, func(l layout) bool { return l.kind == k })
	return p.layouts[i]
}

// The columns of the profile online-retail, by their place in its layouts.
const (
	colInvoice, colCode, colDescription, colQuantity, colDate, colPrice, colClient = 0, 1, 2, 3, 4, 5, 6

	colProduct, colName, colCategory, colBuy, colSell, colMargin = 0, 1, 2, 3, 4, 5

	colLot, colOnHand, colUnitCost, colReceived, colExpiry = 1, 2, 3, 4, 5
)

const (
	// Comptoir names the profile of Comptoir's own workbook: the sheets Products,
	// Clients, Invoices, Invoice_Details and Stock, or CSV files with their columns.
	Comptoir = "comptoir"
	// OnlineRetail names the profile of the UCI table "Online Retail", with the
	// catalogue and the stock count that go with it.
	OnlineRetail = "online-retail"
)

func profiles() []profile {
	exactly := func(k kind, names ...string) layout {
		l := layout{kind: k}
		for _, n := range names {
			l.columns = append(l.columns, column{name: n, needed: true})
		}
		return l
	}
	return []profile{
		{name: Comptoir, layouts: ownLayouts()},
		{
			name: OnlineRetail, exact: true,
			layouts: []layout{
				exactly(catalogue, "product_id", "name", "category", "buy_price", "sell_price", "min_margin_pct"),
				exactly(stock, "product_id", "lot", "quantity", "unit_cost", "received_on", "expiry_date"),
				exactly(invoices, "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"),
			},
		},
	}
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

// recognised is a header that is known.
type recognised struct {
	layout  layout
	places  []int    // of each column of the layout in the file; -1: it is not there
	unknown []string // headers that are not read
}

// recognise finds the layout that a header is of. The order of columns and
// their capitals do not matter. sheet is "" of CSV.
func (p profile) recognise(file, sheet string, header []string) (recognised, error) {
	where := placeName(file, sheet)
	names := make([]string, len(header))
	for i, h := range header {
		if names[i] = plainName(h); p.exact {
			names[i] = strings.ToLower(strings.TrimSpace(h))
		}
		if names[i] != "" && slices.Contains(names[:i], names[i]) {
			return recognised{}, fmt.Errorf("reading %s, row 1: the column %q stands twice: keep one of them", where, strings.TrimSpace(h))
		}
	}
	if !p.exact {
		return p.recogniseOwn(file, sheet, header)
	}
	var best layout
	bestFound, bestPlaces := 0, []int(nil)
	for _, l := range p.layouts {
		found, places := 0, make([]int, len(l.columns))
		for i, c := range l.columns {
			if places[i] = slices.Index(names, strings.ToLower(c.name)); places[i] >= 0 {
				found++
			}
		}
		if found > bestFound {
			best, bestFound, bestPlaces = l, found, places
		}
	}
	if bestFound == len(best.columns) && bestFound == len(header) && bestFound > 0 {
		return recognised{layout: best, places: bestPlaces}, nil
	}
	return recognised{}, p.wrongHeader(where, header, best, bestFound)
}

func (p profile) wrongHeader(file string, header []string, best layout, found int) error {
	if len(header) == 1 && strings.ContainsAny(header[0], ";\t|") {
		return fmt.Errorf("reading %s, row 1: the columns are not separated by commas: save the file as CSV with commas", file)
	}
	if found < 2 {
		var expected []string
		for _, l := range p.layouts {
			expected = append(expected, fmt.Sprintf("%s (%s)", strings.Join(l.names(), ","), l.kind))
		}
		return fmt.Errorf("reading %s, row 1: %q is not a header that the profile %s knows: the first row must be %s",
			file, shorten(strings.Join(header, ",")), p.name, strings.Join(expected, ", or "))
	}
	var missing, unknown, faults []string
	for _, c := range best.names() {
		if !containsFold(header, c) {
			missing = append(missing, c)
		}
	}
	for _, h := range header {
		if !containsFold(best.names(), h) {
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
		file, best.kind, strings.Join(faults, "; "), strings.Join(best.names(), ","))
}

// placeName names a table for a message.
func placeName(file, sheet string) string {
	if sheet == "" {
		return file
	}
	return file + ", sheet " + sheet
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
