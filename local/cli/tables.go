package cli

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"comptoir/local/workbook"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

// holds is what the values of an exported column are.
type holds uint8

const (
	aText holds = iota
	aNumber
	aDate // YYYY-MM-DD
)

// column is one column of an exported table. Its text is plain: a number has a
// point and no grouping.
type column[T any] struct {
	name  string
	holds holds
	text  func(item *T, c money.Currency) string
}

// writeCSV writes a table as CSV: with commas and points (RFC 4180, but for its
// line ends), or as a French Excel reads it: semicolons, decimal commas, a byte order
// mark and CRLF.
func writeCSV[T any](out io.Writer, french bool, currency money.Currency, items []T, columns []column[T]) error {
	w := csv.NewWriter(out)
	if french {
		w.Comma, w.UseCRLF = ';', true
		if _, err := io.WriteString(out, "\ufeff"); err != nil {
			return fmt.Errorf("writing CSV: %w", err)
		}
	}
	row := make([]string, len(columns))
	for i, col := range columns {
		row[i] = col.name
	}
	if err := w.Write(row); err != nil {
		return fmt.Errorf("writing CSV: %w", err)
	}
	for i := range items {
		for j, col := range columns {
			text := col.text(&items[i], currency)
			switch {
			case col.holds == aText:
				text = harmless(text)
			case col.holds == aNumber && french:
				text = strings.Replace(text, ".", ",", 1)
			}
			row[j] = text
		}
		if err := w.Write(row); err != nil {
			return fmt.Errorf("writing CSV: %w", err)
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return fmt.Errorf("writing CSV: %w", err)
	}
	return nil
}

// harmless keeps a spreadsheet from taking a text that somebody typed for a formula.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// writeWorkbook writes a table as a workbook: numbers are numbers, dates are
// dates, and a text is never a formula.
func writeWorkbook[T any](out io.Writer, currency money.Currency, items []T, columns []column[T]) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing a workbook: %w", err)
		}
	}()
	f := excelize.NewFile()
	defer func() { err = errors.Join(err, f.Close()) }()
	day := "yyyy-mm-dd"
	date, err := f.NewStyle(&excelize.Style{CustomNumFmt: &day})
	if err != nil {
		return err
	}
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	if err := errors.Join(w.SetColWidth(1, len(columns), 16), w.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})); err != nil {
		return err
	}
	row := make([]any, len(columns))
	for i, col := range columns {
		row[i] = excelize.Cell{StyleID: bold, Value: col.name}
	}
	if err := w.SetRow("A1", row); err != nil {
		return err
	}
	for i := range items {
		for j, col := range columns {
			row[j] = cellOf(col.holds, col.text(&items[i], currency), date)
		}
		if err := w.SetRow(workbook.Name(0, i+2), row); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Write(out)
}

// cellOf gives a value its type. A workbook holds doubles: what has up to 15
// significant digits is written as it is, and Excel shows no more.
func cellOf(h holds, text string, date int) any {
	switch h {
	case aNumber:
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			return v
		}
	case aDate:
		if d, err := event.ParseDate(text); err == nil {
			return excelize.Cell{StyleID: date, Value: d.Time()}
		}
	}
	if text == "" {
		return nil
	}
	return text
}
