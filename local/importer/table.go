package importer

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// table is an open file whose header was recognised.
type table struct {
	file   File
	layout layout
	in     *input
	csv    *csv.Reader
	places []int
	row    row
}

// row is one record. Its fields are valid until the next one is read.
type row struct {
	// number is the line of the file that it begins on; the header is line 1.
	number int
	// fields are in the order of the layout's columns; nil where the row does
	// not have as many fields as the header.
	fields []string
	// width is how many fields the row has.
	width int
}

func openTable(p profile, f File) (*table, error) {
	in, err := open(f)
	if err != nil {
		return nil, err
	}
	t := &table{file: f, in: in, csv: csv.NewReader(in.Reader)}
	t.csv.FieldsPerRecord = -1
	t.csv.ReuseRecord = true
	header, err := t.csv.Read()
	switch {
	case errors.Is(err, io.EOF):
		err = fmt.Errorf("reading %s: the file has no rows, not even a header: save or export it again", f.Name)
	case err != nil:
		err = t.fault(err)
	default:
		if err = t.checkText(1, header, nil); err == nil {
			t.layout, t.places, err = p.recognise(f.Name, header)
		}
	}
	if err != nil {
		return nil, cmp.Or(err, in.Close())
	}
	t.row.fields = make([]string, len(t.places))
	return t, nil
}

func (t *table) Close() error { return t.in.Close() }

// next reads a row, or returns io.EOF after the last one. Any other error
// means that the file as a whole cannot be trusted.
func (t *table) next() (*row, error) {
	t.in.budget.refill()
	record, err := t.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	if err != nil {
		return nil, t.fault(err)
	}
	t.row.number, _ = t.csv.FieldPos(0)
	t.row.width = len(record)
	if err := t.checkText(t.row.number, record, t.places); err != nil {
		return nil, err
	}
	r := &t.row
	if len(record) != len(t.places) {
		r.fields = nil
		return r, nil
	}
	if r.fields == nil {
		r.fields = make([]string, len(t.places))
	}
	for i, place := range t.places {
		r.fields[i] = record[place]
	}
	return r, nil
}

func (t *table) checkText(number int, record []string, places []int) error {
	for i, v := range record {
		if utf8.ValidString(v) {
			continue
		}
		column := fmt.Sprintf("field %d", i+1)
		for c, place := range places {
			if place == i {
				column = "column " + t.layout.columns[c]
			}
		}
		return fmt.Errorf("reading %s, row %d, %s: %q is not UTF-8, so names would come out wrong: save the file as CSV UTF-8",
			t.file.Name, number, column, shorten(v))
	}
	return nil
}

func (t *table) fault(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		switch {
		case errors.Is(parse.Err, csv.ErrQuote) && parse.Line > parse.StartLine:
			return fmt.Errorf("reading %s, row %d: a quotation mark opened there is never closed as it should be (seen at row %d): repair the row", t.file.Name, parse.StartLine, parse.Line)
		case errors.Is(parse.Err, csv.ErrQuote), errors.Is(parse.Err, csv.ErrBareQuote):
			return fmt.Errorf("reading %s, row %d, character %d: a quotation mark stands where none can be: put the field in quotation marks and double those inside it", t.file.Name, parse.Line, parse.Column)
		}
		err = parse.Err
	}
	return readFault(t.file.Name, t.row.number, err)
}
