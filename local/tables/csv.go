package tables

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
)

// Dialect is how CSV is written. The zero value is that of RFC 4180, but for its line
// ends, which are LF.
type Dialect struct {
	// Semicolons stand between cells, and decimal commas in numbers, as a French
	// Excel reads and writes it.
	Semicolons bool
	// Excel adds a byte order mark, without which Excel does not read UTF-8, and CRLF.
	Excel bool
}

const byteOrderMark = "\uFEFF"

type csvWriter struct {
	w       *csv.Writer
	d       Dialect
	columns []Column
	row     []string
}

// CSV begins a table with its head.
func CSV(out io.Writer, d Dialect, columns []Column) (Writer, error) {
	w := &csvWriter{w: csv.NewWriter(out), d: d, columns: columns, row: make([]string, len(columns))}
	if d.Semicolons {
		w.w.Comma = ';'
	}
	if d.Excel {
		w.w.UseCRLF = true
		if _, err := io.WriteString(out, byteOrderMark); err != nil {
			return nil, fmt.Errorf("writing CSV: %w", err)
		}
	}
	for i, c := range columns {
		w.row[i] = c.Name
	}
	return w, w.write()
}

func (w *csvWriter) Row(cells []string) error {
	for i, c := range w.columns {
		text := cells[i]
		switch {
		case c.Kind == Text:
			text = Harmless(text)
		case c.Kind == Mixed:
			text = harmlessMixed(text)
		case c.Kind == Number && w.d.Semicolons:
			text = strings.Replace(text, ".", ",", 1)
		}
		w.row[i] = text
	}
	return w.write()
}

func (w *csvWriter) write() error {
	if err := w.w.Write(w.row); err != nil {
		return fmt.Errorf("writing CSV: %w", err)
	}
	return nil
}

func (w *csvWriter) Close() error {
	w.w.Flush()
	if err := w.w.Error(); err != nil {
		return fmt.Errorf("writing CSV: %w", err)
	}
	return nil
}
