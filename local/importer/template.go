package importer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/xuri/excelize/v2"

	"comptoir/local/workbook"
)

// Language is that of a template.
type Language uint8

// The languages.
const (
	English Language = iota
	French
)

// Surface is where a template is given, and brought back filled in.
type Surface uint8

// The surfaces.
const (
	Command Surface = iota
	App
)

// WriteTemplate makes the workbook to be filled in at a path. A file that is
// there is left alone.
func WriteTemplate(path string, l Language) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("making the template %s: a file of that name is there already: name another one", path)
	case err != nil:
		return fmt.Errorf("making the template %s: choose another place: %w", path, err)
	}
	err = Template(f, l, Command)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("making the template %s: %w", path, errors.Join(err, os.Remove(path)))
	}
	return nil
}

// filledRows is for how many rows of a sheet formats and drop-downs are made.
const filledRows = 20_000

// Template writes the workbook to be filled in.
func Template(w io.Writer, l Language, at Surface) (err error) {
	f := excelize.NewFile()
	defer func() { err = errors.Join(err, f.Close()) }()
	t := template{file: f, language: l}
	if err := t.styles(); err != nil {
		return err
	}
	words := templateSheets(at)
	for i, s := range words {
		name := s.name.in(l)
		if i == 0 {
			err = f.SetSheetName("Sheet1", name)
		} else {
			_, err = f.NewSheet(name)
		}
		if err == nil {
			err = t.sheet(name, s, words)
		}
		if err != nil {
			return err
		}
	}
	if err := t.explain(words, templateAdvice(at)); err != nil {
		return err
	}
	f.SetActiveSheet(0)
	return f.Write(w)
}

type template struct {
	file                       *excelize.File
	language                   Language
	head, headNeeded, wrap     int
	text, date, number, amount int
}

func (t *template) styles() (err error) {
	thin := []excelize.Border{{Type: "bottom", Color: "808080", Style: 1}}
	fill := func(colour string) excelize.Fill {
		return excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{colour}}
	}
	day := "yyyy-mm-dd"
	if t.language == French {
		day = "dd/mm/yyyy"
	}
	const textFormat, thousandths = 49, "0.###"
	for _, s := range []struct {
		to    *int
		style excelize.Style
	}{
		{&t.head, excelize.Style{Font: &excelize.Font{Bold: true}, Fill: fill("E7ECEF"), Border: thin}},
		{&t.headNeeded, excelize.Style{Font: &excelize.Font{Bold: true}, Fill: fill("C9DDE8"), Border: thin}},
		{&t.wrap, excelize.Style{Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}}},
		{&t.text, excelize.Style{NumFmt: textFormat}},
		{&t.date, excelize.Style{CustomNumFmt: &day}},
		{&t.number, excelize.Style{CustomNumFmt: ptr(thousandths)}},
		{&t.amount, excelize.Style{NumFmt: 4}},
	} {
		if *s.to, err = t.file.NewStyle(&s.style); err != nil {
			return err
		}
	}
	return nil
}

func ptr[T any](v T) *T { return &v }

// sheet makes a sheet with its header, formats and drop-downs.
func (t *template) sheet(name string, s templateSheet, all []templateSheet) error {
	for i, c := range s.columns {
		column, _ := excelize.ColumnNumberToName(i + 1) // the columns are few
		style := t.head
		if c.needed {
			style = t.headNeeded
		}
		if err := errors.Join(
			t.file.SetColStyle(name, column, t.styleOf(c)),
			t.file.SetColWidth(name, column, column, max(14, float64(len(c.label.in(t.language)))+4)),
			t.file.SetCellStr(name, column+"1", c.label.in(t.language)),
			t.file.SetCellStyle(name, column+"1", column+"1", style),
			t.file.AddComment(name, excelize.Comment{Author: author, Cell: column + "1", Text: c.note.in(t.language), Width: 320, Height: 90}),
			t.dropDown(name, column, c, all),
		); err != nil {
			return err
		}
	}
	return t.file.SetPanes(name, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
}

func (t *template) styleOf(c templateColumn) int {
	switch {
	case c.holds == someDate:
		return t.date
	case c.holds == someText:
		return t.text
	case c.amount:
		return t.amount
	}
	return t.number
}

// dropDown offers words, or the codes of another sheet; what is not among them may be written too
// and is judged at the import.
func (t *template) dropDown(name, column string, c templateColumn, all []templateSheet) error {
	if c.words == nil && c.from == 0 {
		return nil
	}
	v := excelize.NewDataValidation(true)
	v.SetSqref(fmt.Sprintf("%s2:%s%d", column, column, filledRows+1))
	if c.from == 0 {
		words := make([]string, len(c.words))
		for i, w := range c.words {
			words[i] = w.in(t.language)
		}
		if err := v.SetDropList(words); err != nil {
			return err
		}
	} else {
		v.SetSqrefDropList(fmt.Sprintf("'%s'!$A$2:$A$%d", all[c.from-1].name.in(t.language), filledRows+1))
	}
	v.ShowErrorMessage = false
	return t.file.AddDataValidation(name, v)
}

// explain makes the sheet that says what each column is, with an example.
func (t *template) explain(all []templateSheet, advice wording) error {
	name := wording{"Read me", "Lisez-moi"}.in(t.language)
	if _, err := t.file.NewSheet(name); err != nil {
		return err
	}
	rows := [][]string{{advice.in(t.language)}, {}}
	var heads []int
	for _, s := range all {
		heads = append(heads, len(rows)+1)
		rows = append(rows, []string{s.name.in(t.language), wording{"what it is", "ce que c’est"}.in(t.language), wording{"example", "un cas"}.in(t.language)})
		for _, c := range s.columns {
			rows = append(rows, []string{c.label.in(t.language), c.note.in(t.language), c.example.in(t.language)})
		}
		rows = append(rows, nil)
	}
	for i, row := range rows {
		for j, text := range row {
			if err := t.file.SetCellStr(name, workbook.Name(j, i+1), text); err != nil {
				return err
			}
		}
	}
	err := errors.Join(t.file.SetColWidth(name, "A", "A", 24), t.file.SetColWidth(name, "B", "B", 90), t.file.SetColWidth(name, "C", "C", 24),
		t.file.SetCellStyle(name, "A1", workbook.Name(2, len(rows)), t.wrap), t.file.MergeCell(name, "A1", "C1"), t.file.SetRowHeight(name, 1, 110))
	for _, h := range heads {
		err = errors.Join(err, t.file.SetCellStyle(name, workbook.Name(0, h), workbook.Name(2, h), t.headNeeded))
	}
	return err
}
