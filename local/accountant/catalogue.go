package accountant

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

func (a *App) catalogueRoutes(page func(string, func(*request) error)) {
	page("GET /products", (*request).listProducts)
	page("GET /products.csv", (*request).exportProducts)
	page("GET /products.xlsx", (*request).exportProducts)
	page("GET /product", (*request).askProduct)
	page("POST /product", (*request).sendProduct)
	page("GET /clients", (*request).listClients)
	page("GET /clients.csv", (*request).exportClients)
	page("GET /clients.xlsx", (*request).exportClients)
	page("GET /client", (*request).askClient)
	page("POST /client", (*request).sendClient)
}

// listPage is one page of a list of the catalogue.
type listPage[T any] struct {
	*form
	Rows           []T
	Total          int
	Currency       money.Currency
	Previous, Next string
	First, Last    int
	Exports        exports
	Archived       string
	WithArchived   bool
	Saved, Form    string // what was saved, and the key of its form
}

// listed makes a page of a list: searched by q, without the archived unless asked for.
func listed[T any](r *request, x *index[T], path string, archived func(T) bool) (*listPage[T], error) {
	q := r.URL.Query()
	p := &listPage[T]{form: r.blank(q), Currency: r.app.ledger.Currency(), WithArchived: q.Get("archived") == "yes", Saved: q.Get("saved"), Form: r.sentForm()}
	rows, err := x.search(r.Context(), q.Get("q"), int(^uint(0)>>1), func(v T) bool { return p.WithArchived || !archived(v) })
	if err != nil {
		return nil, err
	}
	at, _ := strconv.Atoi(q.Get("page"))
	at = min(max(at, 1), max(1, (len(rows)+onePage-1)/onePage))
	from := (at - 1) * onePage
	p.Total, p.Rows = len(rows), rows[from:min(from+onePage, len(rows))]
	p.First, p.Last = from+1, from+len(p.Rows)
	address := func(page int) string {
		kept := without(q, "page", "saved", "form")
		kept.Set("page", strconv.Itoa(page))
		return path + "?" + kept.Encode()
	}
	if at > 1 {
		p.Previous = address(at - 1)
	}
	if p.Last < p.Total {
		p.Next = address(at + 1)
	}
	p.Exports = exportsOf(path, without(q, "page", "saved", "form"))
	return p, nil
}

func (r *request) listProducts() error {
	p, err := listed(r, r.app.products, "/products", func(v ledger.Listed) bool { return v.Archived })
	if err != nil {
		return err
	}
	return r.show(http.StatusOK, "products", r.say.T("Products"), p)
}

func (r *request) listClients() error {
	p, err := listed(r, r.app.clients, "/clients", func(v ledger.Client) bool { return v.Archived })
	if err != nil {
		return err
	}
	return r.show(http.StatusOK, "clients", r.say.T("Clients"), p)
}

// productPage is the form of a product. ID is "" of a new one.
type productPage struct {
	*form
	ID       string
	Currency money.Currency
	Lots     []event.Lot
	Sum      money.Quantity
	Closed   bool // archived
}

func (r *request) askProduct() error {
	id := r.URL.Query().Get("id")
	if id == "" {
		f := r.blank(url.Values{"kind": {"stock"}, "id": {r.URL.Query().Get("new")}})
		return r.showProduct(http.StatusOK, &productPage{form: f})
	}
	v, ok, err := r.app.products.get(r.Context(), id)
	if err != nil {
		return err
	}
	if !ok {
		return r.missing()
	}
	c := r.app.ledger.Currency()
	amount := func(a money.NullAmount) string {
		if !a.Valid {
			return ""
		}
		return r.say.typed(a.Amount.Format(c))
	}
	share := func(bp money.NullBasisPoints) string {
		if !bp.Valid {
			return ""
		}
		return r.say.typed(bp.BasisPoints.Percent())
	}
	f := r.blank(url.Values{
		"name": {v.Name}, "category": {v.Category}, "kind": {string(v.Kind)}, "buy_price": {amount(v.BuyPrice)}, "sell_price": {amount(v.SellPrice)},
		"min_margin": {share(v.MinMargin)}, "tax_rate": {share(v.TaxRate)}, "barcode": {strings.Join(v.Barcodes, " ")},
	})
	return r.showProduct(http.StatusOK, &productPage{form: f, ID: id, Closed: v.Archived})
}

func (r *request) showProduct(status int, p *productPage) (err error) {
	p.Currency = r.app.ledger.Currency()
	title := r.say.T("New product")
	if p.ID != "" {
		title = cmp.Or(p.text("name"), p.ID)
		if p.Lots, p.Sum, err = r.app.ledger.Shelf(r.Context(), p.ID); err != nil {
			return err
		}
	}
	return r.show(status, "product", title, p)
}

func (r *request) sendProduct() error {
	f := r.form()
	id := r.URL.Query().Get("id")
	v := ledger.Product{
		ID: id, Name: f.needed("name"), Category: f.text("category"), Kind: event.Kind(f.Get("kind")),
		BuyPrice: f.amount("buy_price", f.Get("buy_price")), SellPrice: f.amount("sell_price", f.Get("sell_price")),
		MinMargin: f.percent("min_margin", f.Get("min_margin")), Archived: f.Get("archived") == "yes",
	}
	selling := ledger.Selling{Barcodes: strings.Fields(f.Get("barcode")), TaxRate: f.percent("tax_rate", f.Get("tax_rate"))}
	if id == "" {
		v.ID = f.needed("id")
		if _, taken, err := r.app.products.get(r.Context(), v.ID); err != nil {
			return err
		} else if taken {
			f.fault("id", r.say.T("There is a product “%s” already: open it under Products.", v.ID))
		}
	}
	if f.good() {
		err := r.app.ledger.Record(r.Context(), r.who, func(tx *ledger.Tx) error {
			if _, err := tx.PutProduct(v); err != nil {
				return err
			}
			_, err := tx.PutSelling(v.ID, selling)
			return err
		})
		if err == nil {
			r.app.c.Wake()
			return r.redirect(with("/products", "saved", v.ID, "form", f.Key))
		}
		if err := f.refused(err, nil); err != nil {
			return err
		}
	}
	return r.showProduct(http.StatusUnprocessableEntity, &productPage{form: f, ID: id, Closed: v.Archived})
}

// clientPage is the form of a client. ID is "" of a new one.
type clientPage struct {
	*form
	ID     string
	Closed bool
}

func (r *request) askClient() error {
	id := r.URL.Query().Get("id")
	if id == "" {
		return r.showClient(http.StatusOK, &clientPage{form: r.blank(url.Values{"id": {r.URL.Query().Get("new")}})})
	}
	v, ok, err := r.app.clients.get(r.Context(), id)
	if err != nil {
		return err
	}
	if !ok {
		return r.missing()
	}
	return r.showClient(http.StatusOK, &clientPage{form: r.blank(url.Values{"name": {v.Name}}), ID: id, Closed: v.Archived})
}

func (r *request) showClient(status int, p *clientPage) error {
	title := r.say.T("New client")
	if p.ID != "" {
		title = cmp.Or(p.text("name"), p.ID)
	}
	return r.show(status, "client", title, p)
}

func (r *request) sendClient() error {
	f := r.form()
	id := r.URL.Query().Get("id")
	v := ledger.Client{ID: id, Name: f.text("name"), Archived: f.Get("archived") == "yes"}
	if id == "" {
		v.ID, v.Name = f.needed("id"), f.needed("name") // those of an import may have none
		if _, taken, err := r.app.clients.get(r.Context(), v.ID); err != nil {
			return err
		} else if taken {
			f.fault("id", r.say.T("There is a client “%s” already: open it under Clients.", v.ID))
		}
	}
	if f.good() {
		err := r.app.ledger.Record(r.Context(), r.who, func(tx *ledger.Tx) error {
			_, err := tx.PutClient(v)
			return err
		})
		if err == nil {
			r.app.c.Wake()
			return r.redirect(with("/clients", "saved", v.ID, "form", f.Key))
		}
		if err := f.refused(err, nil); err != nil {
			return err
		}
	}
	return r.showClient(http.StatusUnprocessableEntity, &clientPage{form: f, ID: id, Closed: v.Archived})
}
