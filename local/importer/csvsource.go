package importer

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
)

// csvSource reads the rows of CSV.
type csvSource struct {
	name string
	in   *input
	csv  *csv.Reader
	last int // row read
}

// openCSV opens a file of CSV. Where any may be, the mark between fields is the
// one that the first line has most of: comma, semicolon or tab.
func openCSV(f File, anyMark bool) (*csvSource, error) {
	in, err := open(f)
	if err != nil {
		return nil, err
	}
	s := &csvSource{name: f.Name, in: in, csv: csv.NewReader(in.Reader)}
	s.csv.FieldsPerRecord = -1
	s.csv.ReuseRecord = true
	if anyMark {
		s.csv.Comma = between(in)
	}
	return s, nil
}

// between finds the mark between fields by the first line.
func between(in *input) rune {
	line, _ := in.Peek(bufferSize / 2) // as much as there is; a fault shows when it is read
	counts, quoted := map[rune]int{}, false
	best := ','
	for _, c := range string(line) {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\n':
			return best
		case c == ',' || c == ';' || c == '\t':
			if counts[c]++; counts[c] > counts[best] {
				best = c
			}
		}
	}
	return best
}

func (s *csvSource) Close() error { return s.in.Close() }

func (s *csvSource) next() (record, error) {
	s.in.budget.refill()
	fields, err := s.csv.Read()
	if errors.Is(err, io.EOF) {
		return record{}, io.EOF
	}
	if err != nil {
		return record{}, s.fault(err)
	}
	s.last, _ = s.csv.FieldPos(0)
	return record{number: s.last, fields: fields}, nil
}

func (s *csvSource) fault(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		switch {
		case errors.Is(parse.Err, csv.ErrQuote) && parse.Line > parse.StartLine:
			return fmt.Errorf("reading %s, row %d: a quotation mark opened there is never closed as it should be (seen at row %d): repair the row", s.name, parse.StartLine, parse.Line)
		case errors.Is(parse.Err, csv.ErrQuote), errors.Is(parse.Err, csv.ErrBareQuote):
			return fmt.Errorf("reading %s, row %d, character %d: a quotation mark stands where none can be: put the field in quotation marks and double those inside it", s.name, parse.Line, parse.Column)
		}
		err = parse.Err
	}
	return readFault(s.name, s.last, err)
}
