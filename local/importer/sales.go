package importer

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"comptoir/local/ledger"
	"comptoir/shared/money"
)

// A transaction takes so many documents, or fewer where they are long. Where
// one ends depends on the files alone, not on what is recorded already, so an
// import that continues an interrupted one makes the same transactions.
const (
	documentsPerBatch = 250
	linesPerBatch     = 20_000
	// A dry run puts the products of each batch again, so larger ones are cheaper.
	documentsPerTrial = 500
)

// salesReader gathers the rows of documents, wherever they stand, and records
// each document when its last row has been read.
type salesReader struct {
	*session
	rules saleReader
	open  map[string]*document
	texts interner

	batch      []*document
	batchLines int
	file       File
	row        int // the last one read
}

func newSalesReader(s *session) *salesReader {
	return &salesReader{
		session: s,
		rules:   saleReader{currency: s.summary.Currency, columns: s.profile.layouts[invoices].columns},
		open:    map[string]*document{},
		texts:   interner{},
	}
}

func (v *survey) count(number string) {
	number, _, ok := documentNumber(number)
	if !ok {
		return
	}
	if n, there := v.left[number]; there {
		v.left[number] = n + 1
	} else {
		v.left[strings.Clone(number)] = 1
	}
}

func (s *salesReader) read(ctx context.Context, t *table) error {
	return s.each(ctx, t, func(r *row) error {
		s.row = r.number
		v, why := s.rules.read(r)
		var d *document
		if r.fields != nil {
			if _, _, ok := documentNumber(v.number); ok {
				d = s.document(t, r, v)
				if why == nil && v.client != d.client {
					why = &refusal{s.rules.columns[colClient], strings.Clone(v.client), "all rows of a document have the client of its first one", "correct the client, or give the row a document of its own"}
				}
			}
		}
		if why != nil {
			s.rejects.add(Reject{File: t.file.Name, Row: r.number, Rows: 1, Column: why.column, Value: why.value, Rule: why.rule, Advice: why.advice}, v.net)
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
func (s *salesReader) document(t *table, r *row, v saleRow) *document {
	d := s.open[v.number]
	if d == nil {
		d = &document{number: strings.Clone(v.number), credit: v.credit, file: t.file.Name, first: r.number}
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

// ended hands a document on when its last row has been read.
func (s *salesReader) ended(ctx context.Context, d *document) error {
	left := s.survey.left[d.number] - int32(d.rows)
	if left > 0 {
		return nil
	}
	if left < 0 {
		return fmt.Errorf("reading %s, row %d: the file changed while it was read: let its writer finish and import it again", d.file, s.row)
	}
	delete(s.open, d.number)
	s.survey.left[d.number] = 0
	if len(d.lines) == 0 {
		s.summary.Empty++
		return nil
	}
	s.batch = append(s.batch, d)
	s.batchLines += len(d.lines)
	most := documentsPerBatch
	if s.DryRun {
		most = documentsPerTrial
	}
	if len(s.batch) >= most || s.batchLines >= linesPerBatch {
		return s.flush(ctx)
	}
	return nil
}

// finish records the last documents.
func (s *salesReader) finish(ctx context.Context) error {
	for number, d := range s.open {
		return fmt.Errorf("reading %s: the file changed while it was read: rows of the document %s that were there are gone: let its writer finish and import it again", d.file, number)
	}
	return s.flush(ctx)
}

func (s *salesReader) flush(ctx context.Context) error {
	if len(s.batch) == 0 {
		return nil
	}
	err := s.books.batch(ctx, func(tx *ledger.Tx) error {
		for _, d := range s.batch {
			if err := s.record(tx, d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return recording("documents", s.row, err)
	}
	clear(s.batch)
	s.batch, s.batchLines = s.batch[:0], 0
	return nil
}

// record records one document, or says why not.
func (s *salesReader) record(tx *ledger.Tx, d *document) error {
	if have, ok, err := tx.ByReference(d.number); err != nil {
		return err
	} else if ok {
		return s.known(d, have)
	}
	if err := s.prepare(tx, d); err != nil || len(d.lines) == 0 {
		return err
	}
	net, err := d.net()
	if err == nil {
		var made ledger.Document
		made, err = s.write(tx, d)
		net = made.Net
	}
	if err != nil {
		return s.rejectDocument(d, "", "", err)
	}
	totals := &s.summary.Sales
	if d.credit {
		totals = &s.summary.Returns
	}
	totals.Documents++
	totals.Lines += len(d.lines)
	totals.Net, err = money.Add(totals.Net, net)
	return err
}

func (s *salesReader) write(tx *ledger.Tx, d *document) (ledger.Document, error) {
	if !d.credit {
		return tx.Invoice(ledger.Invoice{Reference: d.number, Client: d.client, Date: d.date, Lines: d.ledgerLines()})
	}
	note := ledger.CreditNote{Reference: d.number, Client: d.client, Date: d.date, Lines: make([]ledger.ReturnLine, len(d.lines))}
	for i, l := range d.ledgerLines() {
		note.Lines[i].Line = l
	}
	return tx.CreditNote(note)
}

// prepare makes sure that the client and the products exist; a line whose
// product cannot be created is left out.
func (s *salesReader) prepare(tx *ledger.Tx, d *document) error {
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
		s.rejects.add(Reject{File: d.file, Row: l.row, Rows: 1, Column: why.column, Value: why.value, Rule: why.rule, Advice: why.advice}, d.signed(l.net))
	}
	d.lines = kept
	return nil
}

// known counts a document that is in the ledger already.
func (s *salesReader) known(d *document, have ledger.Document) error {
	if !d.same(have) {
		return s.rejectDocument(d, s.rules.columns[colInvoice], d.number, &ledger.RuleError{
			Rule:   "a document that is recorded already keeps its content",
			Advice: "compare it with " + have.ID + " in the ledger; to correct that one, void it and enter it anew under a number of its own",
		})
	}
	s.summary.Already.Documents++
	s.summary.Already.Lines += len(d.lines)
	net, err := money.Add(s.summary.Already.Net, d.signed(have.Net))
	s.summary.Already.Net = net
	return err
}

// rejectDocument leaves out a document as a whole.
func (s *salesReader) rejectDocument(d *document, column, value string, err error) error {
	var why *refusal
	if errors.Is(err, money.ErrOverflow) {
		why = &refusal{s.rules.columns[colInvoice], d.number, "the lines of a document add up to an amount that books can hold", "correct its quantities and prices"}
	} else if why, err = refused(err, column, value); err != nil {
		return err
	}
	switch why.column { // the ledger's word for what the table calls otherwise
	case "date":
		why.column = s.rules.columns[colDate]
	case "client":
		why.column = s.rules.columns[colClient]
	}
	net, _ := d.net()
	s.rejects.add(Reject{File: d.file, Row: d.first, Rows: len(d.lines), Column: why.column, Value: why.value, Rule: why.rule, Advice: why.advice}, d.signed(net))
	return nil
}

// signed gives a magnitude the sign of the document.
func (d *document) signed(a money.Amount) money.Amount {
	if d.credit {
		return -a
	}
	return a
}

// interner keeps one copy of each text that is seen again and again, and
// forgets them all when they are many, so that it does not grow with the file.
type interner map[string]string

func (m interner) get(s string) string {
	if v, ok := m[s]; ok {
		return v
	}
	if len(m) >= 1<<16 {
		clear(m)
	}
	v := strings.Clone(s)
	m[v] = v
	return v
}
