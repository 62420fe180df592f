package accountant

import (
	"context"
	"net/http"
	"strconv"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

func (r *request) entryInPath() (e ledger.Entry, ok bool, err error) {
	return r.app.ledger.Entry(r.Context(), entryID(r.PathValue("id")))
}

// entryID reads the number of an entry; 0, which no entry has, where it is none.
func entryID(text string) int64 {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return id
}

type entryPage struct {
	Entry    ledger.Entry
	Title    string
	Kind     string
	Currency money.Currency
	Document *DocumentView
	Moved    []ledger.Moved
	Product  *ledger.Listed
	Client   *ledger.Client
	// Others are the entries about the same document: voids, credit notes, costs.
	Others   []EntryRow
	Delivery delivery
	Seller   ledger.Seller // of what is printed
	Recorded bool
	Again    bool
	Form     string // the key of the form that it was
}

// DocumentView is a document as a page shows it.
type DocumentView struct {
	ledger.Document
	ClientName string
	Rows       []DocumentRow
	Totals     []Total
	Sum        string
	Warnings   []string // of when it was recorded
	// CostUnknown: a line was recorded without a cost, which can be set once.
	CostUnknown bool
	// Open: something of it can still come back.
	Open bool
}

// DocumentRow is a line as it is read.
type DocumentRow struct {
	ledger.DocumentLine
	Price, Less, Amount string
	Shelved             bool // of a return: the goods went back on the shelf
}

func (r *request) documentView(ctx context.Context, id string) (*DocumentView, error) {
	d, ok, err := r.app.ledger.Document(ctx, id)
	if err != nil || !ok {
		return nil, err
	}
	v := &DocumentView{Document: d, Totals: r.totals(&d), Sum: r.say.Money(d.Total, r.app.ledger.Currency())}
	if v.Warnings, err = r.warningsOf(&d); err != nil {
		return nil, err
	}
	if d.Client != "" {
		c, _, err := r.app.clients.get(ctx, d.Client)
		if err != nil {
			return nil, err
		}
		v.ClientName = c.Name
	}
	for i := range d.Lines {
		line := &d.Lines[i]
		v.Rows = append(v.Rows, r.documentRow(&d, line))
		v.CostUnknown = v.CostUnknown || (!line.Cost.Valid && d.Invoice == "" && d.VoidedOn == event.NoDate)
		v.Open = v.Open || (d.Kind == ledger.KindInvoice && line.Returned < line.Quantity && d.VoidedOn == event.NoDate)
	}
	return v, nil
}

func (r *request) documentRow(d *ledger.Document, line *ledger.DocumentLine) DocumentRow {
	c := r.app.ledger.Currency()
	row := DocumentRow{DocumentLine: *line, Price: r.say.Price(line.UnitPrice, c), Amount: r.say.Amount(line.Net+line.DocumentDiscount, c)}
	row.Shelved = d.Kind == ledger.KindCreditNote && line.Restock
	switch {
	case line.DiscountShare > 0:
		row.Less = r.say.Percent(line.DiscountShare)
	case line.Discount > 0:
		row.Less = r.say.Amount(line.Discount, c)
	}
	return row
}

func (r *request) showEntry() error {
	e, ok, err := r.entryInPath()
	if err != nil {
		return err
	}
	if !ok {
		return r.missing()
	}
	q := r.URL.Query()
	p := entryPage{Entry: e, Title: r.say.title(e), Kind: r.say.kind(e.Kind), Currency: r.app.ledger.Currency(), Recorded: q.Has("recorded"), Again: q.Get("again") != "", Form: r.sentForm()}
	ctx := r.Context()
	switch e.Kind {
	case ledger.EntryInvoice, ledger.EntryCreditNote, ledger.EntryVoid, ledger.EntryCost:
		if p.Document, err = r.documentView(ctx, e.Subject); err == nil {
			p.Others, err = r.othersOn(ctx, e)
		}
	case ledger.EntryReceipt, ledger.EntryCount:
		p.Moved, err = r.app.ledger.MovedBy(ctx, e.ID)
	case ledger.EntryProduct:
		var v ledger.Listed
		if v, ok, err = r.app.products.get(ctx, e.Subject); ok {
			p.Product = &v
		}
	case ledger.EntryClient:
		var v ledger.Client
		if v, ok, err = r.app.clients.get(ctx, e.Subject); ok {
			p.Client = &v
		}
	}
	if err == nil {
		p.Delivery, err = r.deliveryOf(ctx, e)
	}
	if err != nil {
		return err
	}
	return r.show(http.StatusOK, "entry", p.Title, p)
}

// othersOn lists the entries about the document of an entry, without that one.
func (r *request) othersOn(ctx context.Context, e ledger.Entry) ([]EntryRow, error) {
	all, err := r.app.ledger.EntriesOn(ctx, e.Subject)
	var lines []ledger.JournalLine
	for _, one := range all {
		if one.ID != e.ID {
			lines = append(lines, ledger.JournalLine{Entry: one})
		}
	}
	return r.entryRows(lines), err
}

func (r *request) printDocument() error {
	e, ok, err := r.entryInPath()
	if err != nil {
		return err
	}
	if !ok || (e.Kind != ledger.EntryInvoice && e.Kind != ledger.EntryCreditNote) {
		return r.missing()
	}
	d, err := r.documentView(r.Context(), e.Subject)
	if err != nil {
		return err
	}
	seller, err := r.app.ledger.Seller(r.Context())
	if err != nil {
		return err
	}
	return r.show(http.StatusOK, "print", e.Subject, entryPage{Entry: e, Title: e.Subject, Currency: r.app.ledger.Currency(), Document: d, Seller: seller})
}
