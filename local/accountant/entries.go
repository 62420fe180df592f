package accountant

import (
	"net/http"
	"net/url"
	"slices"

	"comptoir/local/ledger"
	"comptoir/shared/money"
)

func (a *App) entryRoutes(page func(string, func(*request) error)) {
	page("GET /entries", (*request).listEntries)
	page("GET /entries.csv", (*request).exportEntries)
	page("GET /entries.xlsx", (*request).exportEntries)
	page("GET /entries/{id}", (*request).showEntry)
	page("GET /entries/{id}/delivery", (*request).watchDelivery)
	page("GET /entries/{id}/print", (*request).printDocument)
	page("GET /entries/{id}/void", (*request).askVoid)
	page("POST /entries/{id}/void", (*request).sendVoid)
	page("GET /entries/{id}/cost", (*request).askCost)
	page("POST /entries/{id}/cost", (*request).sendCost)
}

// onePage is how many rows a list shows at once.
const onePage = 50

type entriesPage struct {
	*form
	Rows         []EntryRow
	Currency     money.Currency
	Newer, Older string // addresses of the pages beside this one; "" for none
	Exports      exports
	Filtered     bool
	Import       int64 // that they are of; 0: of all
}

// EntryRow is an entry in the list.
type EntryRow struct {
	ledger.JournalLine
	Title, Kind, Total string
}

// searched reads what a list of entries is asked for.
func (r *request) searched(f *form) (ledger.Search, error) {
	s := ledger.Search{Text: f.text("q"), Kind: ledger.EntryKind(f.text("kind")), From: f.date("from"), To: f.date("to"), Amount: f.amount("amount", f.Get("amount")), Limit: onePage + 1}
	s.Import = entryID(f.Get("import"))
	s.Before, s.After = entryID(f.Get("before")), entryID(f.Get("after"))
	if text := f.text("client"); text != "" {
		c, ok, err := r.app.clients.resolve(r.Context(), text)
		if err != nil {
			return s, err
		}
		if s.Client = c.ID; !ok {
			f.fault("client", r.say.T("There is no client “%s”.", text))
		}
	}
	if text := f.text("product"); text != "" {
		p, ok, err := r.app.products.resolve(r.Context(), text)
		if err != nil {
			return s, err
		}
		if s.Product = p.ID; !ok {
			f.fault("product", r.say.T("There is no product “%s”.", text))
		}
	}
	return s, nil
}

func (r *request) listEntries() error {
	f := r.blank(r.URL.Query())
	s, err := r.searched(f)
	if err != nil {
		return err
	}
	p := entriesPage{form: f, Import: s.Import, Currency: r.app.ledger.Currency(), Exports: exportsOf("/entries", without(f.Values, "before", "after"))}
	for name, values := range f.Values {
		p.Filtered = p.Filtered || (name != "before" && name != "after" && slices.ContainsFunc(values, func(v string) bool { return v != "" }))
	}
	var lines []ledger.JournalLine
	if f.good() {
		if lines, err = r.app.ledger.Journal(r.Context(), s); err != nil {
			return err
		}
	}
	more := len(lines) > onePage
	if more && s.After > 0 {
		lines = lines[1:]
	} else if more {
		lines = lines[:onePage]
	}
	p.Rows = r.entryRows(lines)
	if len(lines) > 0 {
		first, last := plainInt(lines[0].ID), plainInt(lines[len(lines)-1].ID)
		if s.Before > 0 || (s.After > 0 && more) {
			p.Newer = "/entries?" + paged(f.Values, "after", first)
		}
		if s.After > 0 || more {
			p.Older = "/entries?" + paged(f.Values, "before", last)
		}
	}
	return r.show(http.StatusOK, "entries", r.say.T("Entries"), p)
}

func (r *request) entryRows(lines []ledger.JournalLine) []EntryRow {
	rows := make([]EntryRow, len(lines))
	for i, line := range lines {
		rows[i] = EntryRow{JournalLine: line, Title: r.say.title(line.Entry), Kind: r.say.kind(line.Kind)}
		if line.Total.Valid {
			total := line.Total.Amount
			if line.Kind == ledger.EntryCreditNote {
				total = -total
			}
			rows[i].Total = r.say.Amount(total, r.app.ledger.Currency())
		}
	}
	return rows
}

func without(q url.Values, names ...string) url.Values {
	kept := url.Values{}
	for name, values := range q {
		if !slices.Contains(names, name) {
			for _, v := range values {
				if v != "" {
					kept.Add(name, v)
				}
			}
		}
	}
	return kept
}

func paged(q url.Values, name, value string) string {
	kept := without(q, "before", "after")
	kept.Set(name, value)
	return kept.Encode()
}

// kind names what an entry records.
func (s *speaker) kind(k ledger.EntryKind) string {
	switch k {
	case ledger.EntryInvoice:
		return s.T("Sale")
	case ledger.EntryCreditNote:
		return s.T("Return")
	case ledger.EntryVoid:
		return s.T("Void")
	case ledger.EntryReceipt:
		return s.T("Receipt")
	case ledger.EntryCount:
		return s.T("Stock count")
	case ledger.EntryCost:
		return s.T("Cost")
	case ledger.EntryProduct:
		return s.T("Product")
	case ledger.EntryClient:
		return s.T("Client")
	case ledger.EntryClose:
		return s.T("Closing")
	}
	return string(k)
}

// title names an entry: by its document, or by what it is about.
func (s *speaker) title(e ledger.Entry) string {
	switch e.Kind {
	case ledger.EntryInvoice, ledger.EntryCreditNote:
		return e.Subject
	case ledger.EntryCount:
		return s.T("Stock count of %s", s.Day(e.Date))
	case ledger.EntryClose:
		return s.T("Books closed through %s", s.Day(e.Date))
	case ledger.EntryVoid:
		return s.T("Void of %s", e.Subject)
	case ledger.EntryCost:
		return s.T("Cost in %s", e.Subject)
	}
	return s.kind(e.Kind) + " " + e.Subject
}
