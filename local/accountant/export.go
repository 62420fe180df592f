package accountant

import (
	"errors"
	"net/url"
	"strings"

	"comptoir/local/importer"
	"comptoir/local/ledger"
	"comptoir/local/tables"
	"comptoir/shared/money"
)

// exports are where a list is to be had as a file.
type exports struct{ CSV, Workbook string }

func exportsOf(list string, query url.Values) exports {
	return exports{list + ".csv?" + query.Encode(), list + ".xlsx?" + query.Encode()}
}

// export answers a file: a workbook where its address ends so, else CSV as the
// reader's own spreadsheet opens it right, which for a French one is with semicolons
// and decimal commas.
func (r *request) export(name string, columns []tables.Column, write func(row func(cells ...string) error) error) (err error) {
	var out tables.Writer
	h := r.w.Header()
	if strings.HasSuffix(r.URL.Path, ".xlsx") {
		h.Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
		h.Set("Content-Disposition", `attachment; filename="`+name+`.xlsx"`)
		out, err = tables.Workbook(r.w, columns)
	} else {
		h.Set("Content-Type", "text/csv; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
		out, err = tables.CSV(r.w, r.say.csv(), columns)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	return write(func(cells ...string) error { return out.Row(cells) })
}

func amountCell(a money.NullAmount, c money.Currency) string {
	if !a.Valid {
		return ""
	}
	return a.Amount.Format(c)
}

// exportEntries writes every entry that is looked for, whatever page is shown.
func (r *request) exportEntries() error {
	f := r.blank(without(r.URL.Query(), "before", "after"))
	s, err := r.searched(f)
	if err != nil {
		return err
	}
	if !f.good() {
		return r.failedAs(422, r.say.T("That did not work"), f.Wrong()[0].Text)
	}
	c := r.app.ledger.Currency()
	columns := []tables.Column{
		{Name: r.say.T("Entry"), Kind: tables.Number},
		{Name: r.say.T("Kind")},
		{Name: r.say.T("Number")},
		{Name: r.say.T("Date"), Kind: tables.Date},
		{Name: r.say.T("Client code")},
		{Name: r.say.T("Name")},
		{Name: r.say.T("Total, %s", c), Kind: tables.Number},
		{Name: r.say.T("Voided on"), Kind: tables.Date},
		{Name: r.say.T("Reference")},
		{Name: r.say.T("By")},
		{Name: r.say.T("Recorded at")},
		{Name: r.say.T("Reason")},
	}
	return r.export("entries", columns, func(row func(...string) error) error {
		s.Limit = 1000
		for {
			lines, err := r.app.ledger.Journal(r.Context(), s)
			if err != nil {
				return err
			}
			for _, e := range lines {
				total := amountCell(e.Total, c)
				if e.Total.Valid && e.Kind == ledger.EntryCreditNote {
					total = (-e.Total.Amount).Format(c)
				}
				if err := row(plainInt(e.ID), r.say.kind(e.Kind), e.Subject, e.Date.String(), e.Client, e.Name, total, e.VoidedOn.String(), e.Reference, e.Who, e.At.Local().Format("2006-01-02 15:04:05"), e.Reason); err != nil {
					return err
				}
			}
			if len(lines) < s.Limit {
				return nil
			}
			s.Before = lines[len(lines)-1].ID
		}
	})
}

func (r *request) exportProducts() error {
	q := r.URL.Query()
	products, err := r.app.products.search(r.Context(), q.Get("q"), int(^uint(0)>>1), func(p ledger.Listed) bool { return q.Get("archived") == "yes" || !p.Archived })
	if err != nil {
		return err
	}
	language := r.say.importer()
	return r.export("products", importer.ProductColumns(language), func(row func(...string) error) error {
		for _, p := range products {
			if err := row(importer.ProductCells(p, r.app.ledger.Currency(), language)...); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *request) exportClients() error {
	q := r.URL.Query()
	clients, err := r.app.clients.search(r.Context(), q.Get("q"), int(^uint(0)>>1), func(v ledger.Client) bool { return q.Get("archived") == "yes" || !v.Archived })
	if err != nil {
		return err
	}
	language := r.say.importer()
	return r.export("clients", importer.ClientColumns(language), func(row func(...string) error) error {
		for _, v := range clients {
			if err := row(importer.ClientCells(v, language)...); err != nil {
				return err
			}
		}
		return nil
	})
}
