package accountant

import (
	"bufio"
	"fmt"
	"strings"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

// sheet writes rows as the reader's own spreadsheet opens them right: a French one
// wants semicolons and decimal commas; all of them a byte order mark and CRLF.
type sheet struct {
	w     *bufio.Writer
	say   *speaker
	wrote bool
}

// figure is a plain decimal: it is a number in the file, whatever it begins with.
type figure string

const byteOrderMark = "\uFEFF"

// row writes cells: a string is a text, a figure a number.
func (s *sheet) row(cells ...any) {
	if !s.wrote {
		_, _ = s.w.WriteString(byteOrderMark) // bufio keeps the error for Flush
		s.wrote = true
	}
	separator := ","
	if s.say.decimal == "," {
		separator = ";"
	}
	for i, cell := range cells {
		if i > 0 {
			_, _ = s.w.WriteString(separator)
		}
		if number, ok := cell.(figure); ok {
			_, _ = s.w.WriteString(s.say.typed(string(number)))
			continue
		}
		_, _ = s.w.WriteString(cellText(fmt.Sprint(cell)))
	}
	_, _ = s.w.WriteString("\r\n")
}

// cellText keeps a spreadsheet from running a text as a formula, and a reader of the
// file from taking what stands in it for the end of the cell.
func cellText(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		s = "'" + s
	}
	if strings.ContainsAny(s, "\"\r\n;,\t") {
		s = `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

// export answers a file.
func (r *request) export(name string, write func(*sheet) error) error {
	h := r.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	s := &sheet{w: bufio.NewWriter(r.w), say: r.say}
	if err := write(s); err != nil {
		return err
	}
	return s.w.Flush()
}

func amountCell(a money.NullAmount, c money.Currency) any {
	if !a.Valid {
		return ""
	}
	return figure(a.Amount.Format(c))
}

func shareCell(bp money.NullBasisPoints) any {
	if !bp.Valid {
		return ""
	}
	return figure(bp.BasisPoints.Percent())
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
	return r.export("entries.csv", func(out *sheet) error {
		out.row(r.say.T("Entry"), r.say.T("Kind"), r.say.T("Number"), r.say.T("Date"), r.say.T("Client code"), r.say.T("Name"), r.say.T("Total, %s", c), r.say.T("Voided on"), r.say.T("Reference"), r.say.T("By"), r.say.T("Recorded at"), r.say.T("Reason"))
		s.Limit = 1000
		for {
			lines, err := r.app.ledger.Journal(r.Context(), s)
			if err != nil {
				return err
			}
			for _, e := range lines {
				total := amountCell(e.Total, c)
				if e.Total.Valid && e.Kind == ledger.EntryCreditNote {
					total = figure((-e.Total.Amount).Format(c))
				}
				out.row(figure(plainInt(e.ID)), r.say.kind(e.Kind), e.Subject, e.Date.String(), e.Client, e.Name, total, e.VoidedOn.String(), e.Reference, e.Who, e.At.Local().Format("2006-01-02 15:04:05"), e.Reason)
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
	c := r.app.ledger.Currency()
	return r.export("products.csv", func(out *sheet) error {
		out.row(r.say.T("Code"), r.say.T("Name"), r.say.T("Category"), r.say.T("Kind"), r.say.T("Buying price, %s", c), r.say.T("Selling price, %s", c), r.say.T("Minimum margin, %"), r.say.T("Tax, %"), r.say.T("Barcodes"), r.say.T("Archived"))
		for _, p := range products {
			out.row(p.ID, p.Name, p.Category, r.kindOf(p), amountCell(p.BuyPrice, c), amountCell(p.SellPrice, c), shareCell(p.MinMargin), shareCell(p.TaxRate), strings.Join(p.Barcodes, " "), r.yes(p.Archived))
		}
		return nil
	})
}

func (r *request) kindOf(p ledger.Listed) string {
	if p.Kind == event.KindService {
		return r.say.T("Service")
	}
	return r.say.T("Goods with a stock")
}

func (r *request) exportClients() error {
	q := r.URL.Query()
	clients, err := r.app.clients.search(r.Context(), q.Get("q"), int(^uint(0)>>1), func(v ledger.Client) bool { return q.Get("archived") == "yes" || !v.Archived })
	if err != nil {
		return err
	}
	return r.export("clients.csv", func(out *sheet) error {
		out.row(r.say.T("Code"), r.say.T("Name"), r.say.T("Archived"))
		for _, v := range clients {
			out.row(v.ID, v.Name, r.yes(v.Archived))
		}
		return nil
	})
}

func (r *request) yes(b bool) string {
	if b {
		return r.say.T("yes")
	}
	return ""
}
