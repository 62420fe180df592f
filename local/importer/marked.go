package importer

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"comptoir/local/workbook"
)

const (
	// author is whose comments ours are: what a copy said of faults that are gone is taken away by it.
	author = "Comptoir"
	// markedRows bounds the workbooks that are marked: all of one is held in memory for it.
	markedRows = 100_000
	// uncompressed bounds what it unpacks to.
	uncompressed = 512 << 20
)

// ErrNotMarked says that faults cannot be marked in what is imported.
var ErrNotMarked = errors.New("list the faults with --rejects FILE.csv")

// markable finds the workbook that is to be marked, before anything is recorded.
func (s *session) markable() (*openFile, error) {
	if s.Marked == "" {
		return nil, nil
	}
	var found *openFile
	for _, f := range s.files {
		if f.book == nil {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("marking faults in %s: there are two workbooks, %s and %s: import them one by one, or %w", s.Marked, found.Name, f.Name, ErrNotMarked)
		}
		found = f
	}
	if found == nil {
		return nil, fmt.Errorf("marking faults in %s: no file of the import is a workbook: %w", s.Marked, ErrNotMarked)
	}
	rows := 0
	for _, t := range s.survey.tables {
		if t.file == found {
			rows += t.Rows
		}
	}
	if rows > markedRows {
		return nil, fmt.Errorf("marking faults in %s: %s has %s rows, at most %s are marked: %w", s.Marked, found.Name, number(rows), number(markedRows), ErrNotMarked)
	}
	return found, nil
}

// mark writes a copy of the workbook with its faulty cells coloured and commented.
// Where that cannot be, the summary says why: what is recorded is recorded, and
// the faults are listed all the same.
func (s *session) mark(source *openFile) {
	if source == nil || len(s.rejects.kept) == 0 {
		return
	}
	if err := markIn(source, s.Marked, s.rejects.kept, s.Say); err != nil {
		s.summary.Unmarked = fmt.Sprintf("the faults could not be marked in a copy of %s (%v): list them with --rejects FILE.csv", source.Name, err)
		return
	}
	s.summary.MarkedFile = s.Marked
}

// markIn marks faults in a copy of a workbook. One that a program wrote may lack
// what excelize takes for granted, and panic it; that is no reason to end with it.
func markIn(source *openFile, path string, faults []Reject, say func(string) string) (err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = fmt.Errorf("it lacks what a copy needs: %v", thrown)
		}
	}()
	raw, err := source.Open()
	if err != nil {
		return err
	}
	f, err := excelize.OpenReader(raw, excelize.Options{UnzipSizeLimit: uncompressed, UnzipXMLSizeLimit: uncompressed})
	if err = errors.Join(err, raw.Close()); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	m := marker{file: f, say: say, styles: map[int]int{}, plain: map[int]int{}}
	if err := m.markAll(faults); err != nil {
		return err
	}
	return m.write(path)
}

// markAll marks every fault.
func (m marker) markAll(faults []Reject) error {
	if err := m.clean(); err != nil {
		return err
	}
	for i := range faults {
		if faults[i].Cell == "" {
			faults[i].Cell = workbook.Name(0, faults[i].Row)
		}
	}
	slices.SortStableFunc(faults, func(a, b Reject) int { return strings.Compare(a.Sheet+"!"+a.Cell, b.Sheet+"!"+b.Cell) })
	for len(faults) > 0 {
		n := 1
		for n < len(faults) && faults[n].Sheet == faults[0].Sheet && faults[n].Cell == faults[0].Cell {
			n++
		}
		if err := m.mark(faults[:n]); err != nil {
			return err
		}
		faults = faults[n:]
	}
	return nil
}

type marker struct {
	file   *excelize.File
	say    func(string) string
	styles map[int]int // marked, by the style that it was
	plain  map[int]int // without a mark
}

// clean takes away what an earlier copy said.
func (m marker) clean() error {
	for _, sheet := range m.file.GetSheetList() {
		comments, err := m.file.GetComments(sheet)
		if err != nil {
			return err
		}
		for _, c := range comments {
			if c.Author != author || strings.HasSuffix(c.Cell, "1") && strings.Trim(c.Cell, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "1" {
				continue // somebody's own, or the template's note on a header
			}
			if err := errors.Join(m.file.DeleteComment(sheet, c.Cell), m.restyle(sheet, c.Cell, m.plain, excelize.Fill{})); err != nil {
				return err
			}
		}
	}
	return nil
}

// mark marks a cell for its faults.
func (m marker) mark(faults []Reject) error {
	texts := make([]string, len(faults))
	for i, f := range faults {
		texts[i] = m.say(f.Rule) + "; " + m.say(f.Advice)
	}
	sheet, cell := faults[0].Sheet, faults[0].Cell
	return errors.Join(
		m.restyle(sheet, cell, m.styles, excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"FFC7CE"}}),
		m.file.AddComment(sheet, excelize.Comment{Author: author, Cell: cell, Text: strings.Join(texts, "\n"), Width: 320, Height: 100}),
	)
}

// restyle changes the fill of a cell and nothing else of its style.
func (m marker) restyle(sheet, cell string, made map[int]int, fill excelize.Fill) error {
	was, err := m.file.GetCellStyle(sheet, cell)
	if err != nil {
		return err
	}
	style, known := made[was]
	if !known {
		s, err := m.file.GetStyle(was)
		if err != nil {
			return err
		}
		s.Fill = fill
		if style, err = m.file.NewStyle(s); err != nil {
			return err
		}
		made[was] = style
	}
	return m.file.SetCellStyle(sheet, cell, cell, style)
}

// write puts the copy in place when it is complete.
func (m marker) write(path string) error {
	out, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	err = errors.Join(m.file.Write(io.Writer(out)), out.Chmod(0o600), out.Sync(), out.Close())
	if err == nil {
		err = os.Rename(out.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(out.Name()))
	}
	return nil
}
