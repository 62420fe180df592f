package importer

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"comptoir/local/ledger"
	"comptoir/local/tables"
	"comptoir/shared/money"
)

// Reject says why rows of a file were left out. They recorded nothing; only the
// client and the products of a document that the ledger refuses as a whole may
// have been created for it.
type Reject struct {
	File string
	// Row is the line of the file, the header being line 1; or the row of the sheet.
	Row int
	// Rows is how many rows are left out for it: 1, or all of a document that
	// is refused as a whole, Row being the first of them; 0 for another fault of a row.
	Rows   int
	Sheet  string // of a workbook
	Cell   string // B12, where it is one cell of a workbook
	Column string // "" where the row or document as a whole is meant
	Value  string // as it stands in the file
	Rule   string // what holds
	Advice string // what to do
}

func (r Reject) String() string {
	at := fmt.Sprintf("%s, row %d", r.File, r.Row)
	switch {
	case r.Cell != "":
		at = fmt.Sprintf("%s, %s!%s", r.File, r.Sheet, r.Cell)
	case r.Sheet != "":
		at = fmt.Sprintf("%s, %s!%d:%d", r.File, r.Sheet, r.Row, r.Row)
	}
	if r.Rows > 1 {
		at += fmt.Sprintf(" (%d rows)", r.Rows)
	}
	if r.Column != "" {
		at += ", " + r.Column
	}
	return fmt.Sprintf("%s: %q: %s; %s", at, shorten(r.Value), r.Rule, r.Advice)
}

// RuleCount is how many rows one rule left out.
type RuleCount struct {
	Rule string
	Rows int
	// Net is what these rows would have come to, quantity × price, as far as
	// both can be read; minor units, signed as in the file.
	Net money.Amount
}

// refusal is why a row is left out, without where it stands.
type refusal struct {
	column, value string
	rule, advice  string
	cell          string // of a sheet
	at            int    // the row, where it is not that of the document; 0: it is
	head          *head  // nil: it is in the table of the lines
}

// rejected is why a row of the table is left out.
func (t *table) rejected(row int, why *refusal) Reject {
	return Reject{File: t.file.Name, Sheet: t.sheet.Name, Cell: why.cell, Row: row, Rows: 1, Column: why.column, Value: why.value, Rule: why.rule, Advice: why.advice}
}

// Printed is how many rejects a summary shows; all of them go to Options.Rejects.
const Printed = 20

// mostMarked bounds how many faults are marked in a workbook.
const mostMarked = 50_000

// rejects counts what is left out, keeps the first and writes all to a file
// that appears under its name only when it is complete.
type rejects struct {
	first  []Reject
	counts map[string]*RuleCount
	order  []*RuleCount
	rows   int
	err    error // of writing
	held   int   // of rows: good ones whose document or product is left out
	keep   bool  // those in workbooks, to mark them there
	kept   []Reject

	path string
	say  func(string) string
	file *os.File
	out  *bufio.Writer
	csv  tables.Writer
}

// rejectColumns are those of the file of rejects.
var rejectColumns = []tables.Column{
	{Name: "file", Kind: tables.Text},
	{Name: "row", Kind: tables.Number},
	{Name: "rows", Kind: tables.Number},
	{Name: "column", Kind: tables.Text},
	{Name: "value", Kind: tables.Mixed},
	{Name: "rule", Kind: tables.Text},
	{Name: "what_to_do", Kind: tables.Text},
	{Name: "sheet", Kind: tables.Text},
	{Name: "cell", Kind: tables.Text},
}

func newRejects(path string, d tables.Dialect, say func(string) string) (*rejects, error) {
	r := &rejects{counts: map[string]*RuleCount{}, path: path, say: say}
	if path == "" {
		return r, nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, fmt.Errorf("preparing the rejects file %s: choose another place for --rejects: %w", path, err)
	}
	r.file, r.out = f, bufio.NewWriter(f)
	columns := slices.Clone(rejectColumns)
	for i := range columns {
		columns[i].Name = say(columns[i].Name)
	}
	r.csv, r.err = tables.CSV(r.out, d, columns)
	return r, nil
}

func (r *rejects) add(j Reject, net money.Amount) {
	if len(r.first) < Printed {
		j.Value = strings.Clone(j.Value)
		r.first = append(r.first, j)
	}
	if r.keep && j.Sheet != "" && len(r.kept) < mostMarked {
		j.Value = strings.Clone(j.Value)
		r.kept = append(r.kept, j)
	}
	r.count(j.Rule, j.Rows, net)
	if r.file != nil && r.err == nil {
		r.err = r.csv.Row([]string{j.File, strconv.Itoa(j.Row), strconv.Itoa(j.Rows), j.Column, j.Value, r.say(j.Rule), r.say(j.Advice), j.Sheet, j.Cell})
	}
}

// count notes that a rule left out rows.
func (r *rejects) count(rule string, rows int, net money.Amount) {
	c := r.counts[rule]
	if c == nil {
		c = &RuleCount{Rule: rule}
		r.counts[rule] = c
		r.order = append(r.order, c)
	}
	c.Rows += rows
	r.rows += rows
	if sum, err := money.Add(c.Net, net); err == nil {
		c.Net = sum
	}
}

// withhold counts good rows whose document is left out for the fault of another row.
func (r *rejects) withhold(rows int, net money.Amount) {
	r.held += rows
	r.count("a document is recorded as a whole: another row of it has a fault", rows, net)
}

// close puts the file in place.
func (r *rejects) close() error {
	if r.file == nil {
		return nil
	}
	f := r.file
	r.file = nil
	err := r.err
	if err == nil {
		err = r.csv.Close()
	}
	err = errors.Join(err, r.out.Flush(), f.Chmod(0o600), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), r.path)
	}
	if err != nil {
		err = fmt.Errorf("writing the rejects file %s: make room or choose another place for --rejects: %w", r.path, errors.Join(err, os.Remove(f.Name())))
	}
	return err
}

// discard leaves whatever stood under the name as it was.
func (r *rejects) discard() {
	if r.file != nil {
		_ = r.file.Close()
		_ = os.Remove(r.file.Name())
		r.file = nil
	}
}

// refused turns the ledger's verdict into one of the table's; other errors
// stay errors.
func refused(err error, column, value string) (*refusal, error) {
	var rule *ledger.RuleError
	if !errors.As(err, &rule) {
		return nil, err
	}
	if column == "" {
		column = rule.Field
	}
	if value == "" {
		value = rule.Value
	}
	advice := rule.Advice
	if rule.Code == "future" {
		advice = "correct the date" // a file has no place to say that it is on purpose
	}
	return &refusal{column: column, value: value, rule: rule.Rule, advice: advice}, nil
}
