package importer

import (
	"context"
	"strings"

	"comptoir/local/ledger"
)

// retailSales gathers the rows of the documents of the profile online-retail,
// wherever they stand. Rows that break a rule are left out of their document.
type retailSales struct {
	*recorder
	rules saleReader
}

func newRetailSales(s *session) *retailSales {
	r := &retailSales{recorder: newRecorder(s), rules: saleReader{currency: s.summary.Currency, columns: s.profile.layout(invoices).names()}}
	r.prepare, r.locate = r.ready, r.name
	return r
}

func (s *retailSales) read(ctx context.Context, t *table) error {
	s.at = t
	return s.each(ctx, t, func(r *row) error {
		s.row = r.number
		v, why := s.rules.read(r, t.width)
		var d *document
		if r.fields != nil {
			if _, _, ok := documentNumber(v.number); ok {
				d = s.document(t, r, v)
				if why == nil && v.client != d.client {
					why = &refusal{column: s.rules.columns[colClient], value: strings.Clone(v.client), rule: "all rows of a document have the client of its first one", advice: "correct the client, or give the row a document of its own"}
				}
			}
		}
		if why != nil {
			s.rejects.add(t.rejected(r.number, why), v.net)
		} else {
			d.lines = append(d.lines, line{
				row: r.number, code: s.texts.get(v.code), description: s.texts.get(strings.TrimSpace(r.fields[colDescription])),
				quantity: max(v.quantity, -v.quantity), price: v.price, net: max(v.net, -v.net),
			})
		}
		if d == nil {
			return nil
		}
		return s.ended(ctx, d)
	})
}

// document returns the document that a row belongs to, begun by its first row.
func (s *retailSales) document(t *table, r *row, v saleRow) *document {
	d := s.open[v.number]
	if d == nil {
		d = &document{number: strings.Clone(v.number), credit: v.credit, at: t, first: r.number}
		s.open[d.number] = d
	}
	d.rows++
	if !d.begun {
		d.client = s.texts.get(v.client)
		d.date = v.date
		d.begun = v.date != 0
	}
	return d
}

// ready makes sure that the client and the products exist; a line whose
// product cannot be created is left out.
func (s *retailSales) ready(tx *ledger.Tx, d *document) error {
	if err := s.books.client(tx, d.client); err != nil {
		if err := s.rejectDocument(d, s.rules.columns[colClient], d.client, err); err != nil {
			return err
		}
		d.lines = nil
		return nil
	}
	kept := d.lines[:0]
	for _, l := range d.lines {
		err := s.books.product(tx, l.code, l.description)
		if err == nil {
			kept = append(kept, l)
			continue
		}
		why, err := refused(err, s.rules.columns[colCode], l.code)
		if err != nil {
			return err
		}
		s.rejects.add(d.at.rejected(l.row, why), d.signed(l.net))
	}
	d.lines = kept
	return nil
}

// name gives the ledger's word what the table calls otherwise.
func (s *retailSales) name(_ *document, why *refusal) {
	switch why.column {
	case "date":
		why.column = s.rules.columns[colDate]
	case "client":
		why.column = s.rules.columns[colClient]
	}
}
