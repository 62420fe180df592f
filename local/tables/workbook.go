package tables

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/xuri/excelize/v2"

	"comptoir/local/workbook"
	"comptoir/shared/event"
)

type workbookWriter struct {
	out     io.Writer
	file    *excelize.File
	sheet   *excelize.StreamWriter
	columns []Column
	date    int // the style of dates
	row     []any
	rows    int
}

// Workbook begins a table with its head: numbers will be numbers, dates dates. It is
// written at Close, which must be called after an error too.
func Workbook(out io.Writer, columns []Column) (Writer, error) {
	w := &workbookWriter{out: out, file: excelize.NewFile(), columns: columns, row: make([]any, len(columns))}
	if err := w.head(); err != nil {
		return nil, fmt.Errorf("writing a workbook: %w", errors.Join(err, w.file.Close()))
	}
	return w, nil
}

func (w *workbookWriter) head() (err error) {
	day := "yyyy-mm-dd"
	if w.date, err = w.file.NewStyle(&excelize.Style{CustomNumFmt: &day}); err != nil {
		return err
	}
	bold, err := w.file.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	if w.sheet, err = w.file.NewStreamWriter("Sheet1"); err != nil {
		return err
	}
	if err := errors.Join(w.sheet.SetColWidth(1, len(w.columns), 16), w.sheet.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})); err != nil {
		return err
	}
	for i, c := range w.columns {
		w.row[i] = excelize.Cell{StyleID: bold, Value: c.Name}
	}
	w.rows++
	return w.sheet.SetRow("A1", w.row)
}

func (w *workbookWriter) Row(cells []string) error {
	for i, c := range w.columns {
		w.row[i] = w.cell(c.Kind, cells[i])
	}
	w.rows++
	if err := w.sheet.SetRow(workbook.Name(0, w.rows), w.row); err != nil {
		return fmt.Errorf("writing a workbook: %w", err)
	}
	return nil
}

// cell gives a value its type. A workbook holds doubles: what has up to 15
// significant digits is written as it is, and Excel shows no more.
func (w *workbookWriter) cell(k Kind, text string) any {
	switch k {
	case Number:
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			return v
		}
	case Date:
		if d, err := event.ParseDate(text); err == nil {
			return excelize.Cell{StyleID: w.date, Value: d.Time()}
		}
	}
	if text == "" {
		return nil
	}
	return text
}

func (w *workbookWriter) Close() error {
	err := w.sheet.Flush()
	if err == nil {
		err = w.file.Write(w.out)
	}
	if err = errors.Join(err, w.file.Close()); err != nil {
		return fmt.Errorf("writing a workbook: %w", err)
	}
	return nil
}
