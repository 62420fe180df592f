package accountant

import (
	"net/http"
	"net/url"
	"strings"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

// documentPage is the form of a sale or of a free return.
type documentPage struct {
	*form
	Return   bool
	Path     string
	Draft    string // under which the browser keeps what is typed
	Lines    []Line
	Extra    Line // an empty one, from which the script makes new lines
	Quote    *quote
	Currency money.Currency
	Closed   event.Date
	// ClientName is that of the client who was named.
	ClientName string
	// AskFuture: the date lies ahead, and is to be confirmed.
	AskFuture bool
	Recorded  *recorded
	// NoInvoice: the invoice of which something was to come back is not there.
	NoInvoice bool
}

func (a *App) saleRoutes(page func(string, func(*request) error)) {
	page("GET /sales/new", func(r *request) error { return r.newDocument(false) })
	page("POST /sales/new", func(r *request) error { return r.sendDocument(false) })
	page("POST /sales/preview", func(r *request) error { return r.previewDocument(false) })
	page("POST /numbers", (*request).rewriteNumbers)
	page("GET /find/products", (*request).findProducts)
	page("GET /find/clients", (*request).findClients)
}

func documentPath(credit bool) string {
	if credit {
		return "/returns/new"
	}
	return "/sales/new"
}

func (r *request) newDocument(credit bool) error {
	f := r.blank(url.Values{"date": {r.app.ledger.Today().String()}, "product": {""}})
	like := ""
	if !credit {
		var err error
		if like, err = r.fillLike(f); err != nil {
			return err
		}
	}
	p, err := r.documentPage(f, credit, f.typedLines(credit))
	if err != nil {
		return err
	}
	if like != "" {
		p.Draft = with(p.Path, "like", like)
	}
	if number := strings.ToUpper(strings.TrimSpace(r.URL.Query().Get("invoice"))); credit && number != "" {
		d, ok, err := r.app.ledger.Document(r.Context(), number)
		if err != nil {
			return err
		}
		if ok && d.Kind == ledger.KindInvoice {
			return r.redirect("/entries/" + plainInt(d.Entry) + "/return")
		}
		p.NoInvoice = true
		f.Set("invoice", number)
	}
	if p.Recorded, err = r.justRecorded(); err != nil {
		return err
	}
	return r.showDocument(http.StatusOK, p)
}

// fillLike fills a form with what an invoice says that was voided, to be corrected and
// recorded anew, and returns its number; "" where the address names none. The new one has
// a number of its own, and what the old one had in other books stays with that.
func (r *request) fillLike(f *form) (string, error) {
	d, ok, err := r.app.ledger.Document(r.Context(), r.URL.Query().Get("like"))
	if err != nil || !ok || d.Kind != ledger.KindInvoice {
		return "", err
	}
	c := r.app.ledger.Currency()
	f.Set("date", d.Date.String())
	f.Set("client", d.Client)
	if d.Discount != 0 {
		f.Set("discount-all", r.say.typed(d.Discount.Format(c)))
	}
	f.Values["product"] = nil
	for _, l := range d.Lines {
		less := ""
		switch {
		case l.DiscountShare != 0:
			less = r.say.typed(l.DiscountShare.Percent()) + "%"
		case l.Discount != 0:
			less = r.say.typed(l.Discount.Format(c))
		}
		for field, text := range map[string]string{
			"product": l.Product, "quantity": r.say.typed(l.Quantity.String()), "price": r.say.typed(fullPrice(l.UnitPrice, c)), "discount": less, "tax": r.say.typed(l.TaxRate.Percent()),
		} {
			f.Add(field, text)
		}
	}
	return d.ID, nil
}

func (r *request) showDocument(status int, p *documentPage) error {
	title := r.say.T("New sale")
	if p.Return {
		title = r.say.T("New return")
	}
	return r.show(status, "document", title, p)
}

func (r *request) documentPage(f *form, credit bool, lines []Line) (*documentPage, error) {
	counts, err := r.app.ledger.Counts(r.Context())
	if err != nil {
		return nil, err
	}
	p := &documentPage{
		form: f, Return: credit, Path: documentPath(credit), Draft: documentPath(credit), Lines: lines, Currency: r.app.ledger.Currency(), Closed: counts.ClosedThrough,
		Extra: Line{N: 0, Restock: true, Returns: credit, form: f}, AskFuture: f.Get("future") != "",
	}
	if c, ok, err := r.app.clients.resolve(r.Context(), f.text("client")); err != nil {
		return nil, err
	} else if ok {
		p.ClientName = c.Name
	}
	return p, nil
}

// typedDocument is a form read: what it says in the ledger's terms.
type typedDocument struct {
	lines  []Line // of the form
	at     []int  // of each line of the ledger's: its place in the form
	head   ledger.Invoice
	ahead  bool // the ledger refuses the date for lying in the future
	credit bool
}

// readDocument reads a form as far as it can be read.
func (r *request) readDocument(f *form, credit bool) (*typedDocument, error) {
	d := &typedDocument{lines: f.typedLines(credit), credit: credit}
	d.head = ledger.Invoice{
		Reference: f.text("reference"), Date: f.date("date"), Discount: f.amount("discount-all", f.Get("discount-all")).Amount, AllowFuture: f.Get("future") == "yes",
	}
	if f.text("date") == "" {
		f.fault("date", r.say.T("Fill this in."))
	}
	if name := f.text("client"); name != "" {
		c, ok, err := r.app.clients.resolve(r.Context(), name)
		if err != nil {
			return nil, err
		}
		if !ok {
			f.fault("client", r.say.T("There is no client “%s”: choose one of the list, add the client under Clients, or leave this empty.", name))
		}
		d.head.Client = c.ID
		if ok {
			f.Set("client", c.ID)
		}
	}
	var err error
	d.head.Lines, d.at, err = r.readLines(f, d.lines)
	return d, err
}

// enter records the document in a transaction.
func (d *typedDocument) enter(tx *ledger.Tx) (ledger.Document, error) {
	if !d.credit {
		return tx.Invoice(d.head)
	}
	lines := make([]ledger.ReturnLine, len(d.head.Lines))
	for i, line := range d.head.Lines {
		lines[i] = ledger.ReturnLine{Line: line, Restock: d.lines[d.at[i]].Restock}
	}
	return tx.CreditNote(ledger.CreditNote{
		Reference: d.head.Reference, Client: d.head.Client, Date: d.head.Date, Lines: lines, Discount: d.head.Discount, AllowFuture: d.head.AllowFuture,
	})
}

func (d *typedDocument) refused(f *form, err error) error {
	place := inForm(d.at)
	return f.refused(err, func(field string) string {
		if field == "discount" {
			return "discount-all"
		}
		if field == "date" && isRule(err, "future") {
			d.ahead = true
		}
		return place(field)
	})
}

// sendDocument records a form, or shows it again with what is wrong.
func (r *request) sendDocument(credit bool) error {
	f := r.form()
	if f.Get("do") == "add" { // without a script
		f.Values["product"] = append(f.Values["product"], "", "", "")
		p, err := r.documentPage(f, credit, f.typedLines(credit))
		if err != nil {
			return err
		}
		return r.showDocument(http.StatusOK, p)
	}
	d, err := r.readDocument(f, credit)
	if err != nil {
		return err
	}
	if f.good() && f.Get("do") != "quote" {
		entry, again, err := r.record(f, func(tx *ledger.Tx) (int64, error) {
			doc, err := d.enter(tx)
			if err != nil || d.credit {
				return doc.Entry, err
			}
			// Who sends it before the preview answered reads them behind it.
			warnings, err := tx.Warn(&doc)
			if err != nil {
				return 0, err
			}
			return doc.Entry, tx.Warned(doc.Entry, warnings)
		})
		if err == nil {
			return r.redirectRecorded(documentPath(credit), f, entry, again)
		}
		if err := d.refused(f, err); err != nil {
			return err
		}
	}
	var q *quote
	status := http.StatusUnprocessableEntity
	if f.good() {
		status = http.StatusOK
		if q, err = r.quoteDocument(f, d); err != nil {
			return err
		}
	}
	p, err := r.documentPage(f, credit, f.marked(d.lines))
	if err != nil {
		return err
	}
	p.Quote, p.AskFuture = q, p.AskFuture || d.ahead
	return r.showDocument(status, p)
}
