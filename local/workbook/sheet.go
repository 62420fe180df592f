package workbook

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Kind is what a cell holds.
type Kind uint8

// The kinds of cell.
const (
	Text Kind = iota
	// Number is a decimal number: -1234.5, without exponent or grouping.
	Number
	// Percent is a number that is shown as a percentage: 0.2 is 20 %.
	Percent
	// Date is a day, with a time where the cell has one: 2026-04-03, 2026-04-03 12:30:00.
	Date
	// Boolean is TRUE or FALSE.
	Boolean
	// Fault is a value that Excel could not work out: #N/A, #REF!.
	Fault
	// Unknown is a formula without a stored value, as programs write it that do not calculate.
	Unknown
)

// Cell is a cell that is not empty. Its text is as its kind says.
type Cell struct {
	Column int // 0 is A
	Kind   Kind
	Text   string
}

// Row is a row that is not empty.
type Row struct {
	Number int // 1 is the first of the sheet
	Cells  []Cell
}

// Rows reads the rows of a sheet.
type Rows struct {
	p       *part
	row     Row
	cells   int
	rows    int
	began   bool
	scratch strings.Builder
}

// Rows opens a sheet. Close it.
func (b *Book) Rows(s Sheet) (*Rows, error) {
	p, err := b.part(s.part)
	if err != nil {
		return nil, err
	}
	return &Rows{p: p}, nil
}

// Close ends the reading.
func (r *Rows) Close() error { return r.p.file.Close() }

// Next returns the next row that is not empty, valid until the call after it,
// or io.EOF when the sheet has ended as it should.
func (r *Rows) Next() (*Row, error) {
	for {
		t, err := r.p.next()
		if errors.Is(err, io.EOF) {
			if !r.began {
				return nil, fmt.Errorf("%w: %s has no rows element", ErrFormat, r.p.name)
			}
			return nil, io.EOF
		}
		if err != nil {
			return nil, err
		}
		e, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		switch e.Name.Local {
		case "sheetData":
			r.began = true
		case "row":
			if err := r.read(e); err != nil {
				return nil, err
			}
			if len(r.row.Cells) > 0 {
				return &r.row, nil
			}
		}
	}
}

// read reads a row (ECMA-376 Part 1, 18.3.1.73) up to its end.
func (r *Rows) read(e xml.StartElement) error {
	number := r.row.Number + 1
	if text := attr(e, "r"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < number {
			return fmt.Errorf("%w: %s: row %q stands where row %d or a later one is due", ErrFormat, r.p.name, shorten(text), number)
		}
		number = n
	}
	if r.rows++; number > r.p.book.limits.Rows || r.rows > r.p.book.limits.Rows {
		return fmt.Errorf("%w: %s has more than %d rows", ErrLimit, r.p.name, r.p.book.limits.Rows)
	}
	r.row.Number, r.row.Cells = number, r.row.Cells[:0]
	column := 0
	for depth := r.p.depth; ; {
		t, err := r.p.next()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.EndElement:
			if r.p.depth < depth {
				return nil
			}
		case xml.StartElement:
			if t.Name.Local != "c" {
				continue
			}
			if column, err = r.cell(t, column); err != nil {
				return err
			}
		}
	}
}

// cell reads a cell (ECMA-376 Part 1, 18.3.1.4) and returns the column after it.
func (r *Rows) cell(e xml.StartElement, column int) (int, error) {
	var kind, style string
	for _, a := range e.Attr {
		switch a.Name.Local {
		case "r":
			at, ok := columnOf(a.Value)
			if !ok || at < column {
				return 0, fmt.Errorf("%w: %s: the cell %q stands where it cannot", ErrFormat, r.p.name, shorten(a.Value))
			}
			column = at
		case "t":
			kind = a.Value
		case "s":
			style = a.Value
		}
	}
	if column >= mostColumns {
		return 0, fmt.Errorf("%w: %s has more than %d columns", ErrLimit, r.p.name, mostColumns)
	}
	if r.cells++; r.cells > r.p.book.limits.Cells {
		return 0, fmt.Errorf("%w: %s has more than %d cells", ErrLimit, r.p.name, r.p.book.limits.Cells)
	}
	value, formula, err := r.value(kind)
	if err != nil {
		return 0, err
	}
	c := Cell{Column: column, Text: value}
	if err := r.p.book.read(&c, kind, style); err != nil {
		return 0, fmt.Errorf("%s, %s: %w", r.p.name, Name(column, r.row.Number), err)
	}
	if formula && value == "" && kind != "str" {
		c.Kind = Unknown
	}
	if c.Text != "" || c.Kind == Unknown {
		r.row.Cells = append(r.row.Cells, c)
	}
	return column + 1, nil
}

// value reads what a cell holds up to its end: its stored value, or its text
// where that stands in the cell itself.
func (r *Rows) value(kind string) (value string, formula bool, err error) {
	for depth := r.p.depth; ; {
		t, err := r.p.next()
		if err != nil {
			return "", false, err
		}
		switch t := t.(type) {
		case xml.EndElement:
			if r.p.depth < depth {
				return value, formula, nil
			}
		case xml.StartElement:
			r.scratch.Reset()
			switch t.Name.Local {
			case "f":
				formula = true
			case "v":
				if err := r.p.text(&r.scratch, ""); err != nil {
					return "", false, err
				}
				value = r.scratch.String()
			case "is":
				if err := r.p.richText(&r.scratch); err != nil {
					return "", false, err
				}
				if kind == "inlineStr" {
					value = r.scratch.String()
				}
			}
		}
	}
}

// read gives a cell its kind and text by its type and style.
func (b *Book) read(c *Cell, kind, style string) error {
	switch kind {
	case "s":
		if c.Text == "" {
			return nil
		}
		i, err := strconv.Atoi(strings.TrimSpace(c.Text))
		if err != nil || i < 0 || i >= len(b.texts) {
			return fmt.Errorf("%w: it names the text %q, and there are %d", ErrFormat, shorten(c.Text), len(b.texts))
		}
		c.Text = b.texts[i]
	case "inlineStr", "str":
		c.Text = unescape(c.Text)
	case "b":
		c.Kind, c.Text = Boolean, map[bool]string{true: "TRUE", false: "FALSE"}[truth(c.Text)]
	case "e":
		c.Kind = Fault
	case "d":
		c.Kind, c.Text = Date, strings.Replace(strings.TrimSuffix(c.Text, "Z"), "T", " ", 1)
	case "n", "":
		return b.number(c, style)
	default:
		return fmt.Errorf("%w: its type %q is not known", ErrFormat, shorten(kind))
	}
	return nil
}

func (b *Book) number(c *Cell, style string) error {
	if c.Text == "" {
		return nil
	}
	text, ok := decimal(c.Text)
	if !ok {
		return fmt.Errorf("%w: %q is not a number", ErrFormat, shorten(c.Text))
	}
	c.Kind, c.Text = Number, text
	i := 0
	if style != "" {
		var err error
		if i, err = strconv.Atoi(style); err != nil || i < 0 {
			return fmt.Errorf("%w: its style %q is not known", ErrFormat, shorten(style))
		}
	}
	if i >= len(b.kinds) {
		return nil
	}
	switch b.kinds[i] {
	case Percent:
		c.Kind = Percent
	case Date:
		if day, ok := b.day(text); ok {
			c.Kind, c.Text = Date, day
		}
	}
	return nil
}

// columnOf reads the column of a reference such as AB12.
func columnOf(reference string) (int, bool) {
	column := 0
	for i := range len(reference) {
		letter := reference[i] &^ 0x20
		if letter < 'A' || letter > 'Z' {
			return column - 1, i > 0
		}
		if column = column*26 + int(letter-'A') + 1; column > mostColumns {
			return 0, false
		}
	}
	return 0, false
}

// Name is how Excel calls a cell: B12 is the column 1 in the row 12.
func Name(column, row int) string {
	var letters []byte
	for n := column + 1; n > 0; n = (n - 1) / 26 {
		letters = append([]byte{byte('A' + (n-1)%26)}, letters...)
	}
	return string(letters) + strconv.Itoa(row)
}

func shorten(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
