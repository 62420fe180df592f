package importer

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"comptoir/local/notation"
	"comptoir/local/tables"
	"comptoir/local/workbook"
)

// source gives the rows of a table, the header first.
type source interface {
	// next returns the next row, valid until the call after it, or io.EOF. Any
	// other error means that the file as a whole cannot be trusted.
	next() (record, error)
	Close() error
}

// record is a row as its file has it.
type record struct {
	number int // of CSV the line that it begins on; of a sheet its row
	fields []string
	kinds  []workbook.Kind // of each field; nil: all are texts
	// beyond is a cell that stands outside of the header's columns; "" for none.
	beyond string
}

// table is an open table whose header was recognised.
type table struct {
	recognised
	tableInfo
	source source
	heads  []string // as the file has them, in the order of the layout
	kinds  []workbook.Kind
	width  int  // of the header
	marked bool // texts of CSV may have a mark before what looks like a formula
	row    row
}

// tableInfo is where a table is, and how its ambiguous values are read.
type tableInfo struct {
	file   *openFile
	number int            // of the file, in Options.Files
	sheet  workbook.Sheet // its Name is "" of CSV
	// begins is the row of the header.
	begins int
	// notations are those of each column of the layout; nil while they are being found out.
	notations []columnNotation
}

// columnNotation is how a column writes what can be read in two ways.
type columnNotation struct {
	mark  notation.Mark
	order notation.Order
}

func (i tableInfo) place() string { return placeName(i.file.Name, i.sheet.Name) }

// row is one record. Its fields are valid until the next one is read.
type row struct {
	number int
	// fields are in the order of the layout's columns; nil where a row of CSV does
	// not have as many fields as the header. kinds are what they are.
	fields []string
	kinds  []workbook.Kind
	// width is how many fields the row has.
	width int
	// first is the first column of the layout, also where fields is nil.
	first string
	// beyond is a cell outside of the columns; "" for none.
	beyond string
}

// openTable opens a table of a file and recognises its header.
func openTable(p profile, info tableInfo) (*table, error) {
	src, err := info.file.rows(p, info.sheet)
	if err != nil {
		return nil, err
	}
	t := &table{tableInfo: info, source: src}
	if err := t.begin(p); err != nil {
		return nil, cmp.Or(err, src.Close())
	}
	return t, nil
}

func (t *table) begin(p profile) error {
	header, err := t.source.next()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("reading %s: %w", t.place(), errNoHeader)
	}
	if err != nil {
		return err
	}
	if err := t.checkText(header); err != nil {
		return err
	}
	if t.recognised, err = p.recognise(t.file.Name, t.sheet.Name, header.fields); err != nil {
		return err
	}
	t.begins = header.number
	t.heads = make([]string, len(t.places))
	for i, at := range t.places {
		if at >= 0 {
			t.heads[i] = strings.Clone(strings.TrimSpace(header.fields[at]))
		} else {
			t.heads[i] = t.layout.columns[i].name
		}
	}
	if p.exact {
		t.heads = t.layout.names()
	}
	t.row.fields, t.kinds = make([]string, len(t.places)), make([]workbook.Kind, len(t.places))
	t.width, t.marked = len(header.fields), !p.exact
	return nil
}

var errNoHeader = errors.New("it has no rows, not even a header: save or export it again")

func (t *table) Close() error { return t.source.Close() }

// next reads a row, or returns io.EOF after the last one. Any other error
// means that the file as a whole cannot be trusted.
func (t *table) next() (*row, error) {
	rec, err := t.source.next()
	if err != nil {
		return nil, err
	}
	if err := t.checkText(rec); err != nil {
		return nil, err
	}
	t.row.number, t.row.beyond = rec.number, rec.beyond
	return t.arrange(rec), nil
}

// arrange puts the fields of a record into the order of the layout.
func (t *table) arrange(rec record) *row {
	r := &t.row
	r.width, r.first = len(rec.fields), ""
	if at := t.places[0]; at >= 0 && at < len(rec.fields) {
		r.first = t.typed(0, rec, at)
	}
	if rec.kinds == nil && r.width != t.width {
		r.fields = nil
		return r
	}
	if r.fields == nil {
		r.fields = make([]string, len(t.places))
	}
	r.kinds = nil
	if rec.kinds != nil {
		r.kinds = t.kinds
	}
	for i, at := range t.places {
		r.fields[i] = ""
		if at >= 0 && at < len(rec.fields) {
			r.fields[i] = t.typed(i, rec, at)
		}
		if r.kinds != nil {
			r.kinds[i] = workbook.Text
			if at >= 0 && at < len(rec.kinds) {
				r.kinds[i] = rec.kinds[at]
			}
		}
	}
	return r
}

func (t *table) id(column int) ColumnID {
	return ColumnID{t.number, t.sheet.Name, t.heads[column]}
}

// typed is a field as it was typed: lists of Comptoir's as CSV keep a spreadsheet from
// taking a text for a formula.
func (t *table) typed(column int, rec record, at int) string {
	if rec.kinds == nil && t.marked && t.layout.columns[column].holds == someText {
		return tables.Typed(rec.fields[at])
	}
	return rec.fields[at]
}

func (t *table) checkText(rec record) error {
	if rec.kinds != nil {
		return nil // XML is UTF-8
	}
	for i, v := range rec.fields {
		if utf8.ValidString(v) {
			continue
		}
		column := fmt.Sprintf("field %d", i+1)
		for c, place := range t.places {
			if place == i {
				column = "column " + t.heads[c]
			}
		}
		return fmt.Errorf("reading %s, row %d, %s: %q is not UTF-8, so names would come out wrong: save the file as CSV UTF-8",
			t.file.Name, rec.number, column, shorten(v))
	}
	return nil
}

// cell names the cell of a column: B12; "" of CSV.
func (t *table) cell(column, row int) string {
	if t.sheet.Name == "" || column < 0 || t.places[column] < 0 {
		return ""
	}
	return workbook.Name(t.places[column], row)
}
