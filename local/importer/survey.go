package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"comptoir/local/notation"
	"comptoir/local/workbook"
)

// survey is what a first reading of all files found.
type survey struct {
	tables []surveyed // in the order of Options.Files and of the sheets in each
	rows   int
	// left counts the rows that carry each document number.
	left map[string]int32
	// spoiled are documents of which a row does not have the fields of its header.
	spoiled map[string]bool
	// heads tells that there is a table of invoice heads.
	heads bool
}

// surveyed is a table that is to be imported.
type surveyed struct {
	tableInfo
	FileSummary
	kind kind
}

// Ambiguity is a column whose values can be read in two ways, and in which no
// value decides.
type Ambiguity struct {
	ID                  ColumnID
	File, Sheet, Column string
	Cell                string // of a sheet
	Row                 int
	Value               string
	// Dates: day and month; otherwise the decimal mark.
	Dates bool
}

func (a Ambiguity) String() string {
	where := fmt.Sprintf("%s, row %d, %s", a.File, a.Row, a.Column)
	if a.Sheet != "" {
		where = fmt.Sprintf("%s, %s!%s, %s", a.File, a.Sheet, a.Cell, a.Column)
	}
	if a.Dates {
		return fmt.Sprintf("%s: %q has the day or the month first, and no other date of the column tells which: say it with --dates day-first or --dates month-first", where, shorten(a.Value))
	}
	return fmt.Sprintf("%s: %q has a decimal mark or a mark between thousands, and no other number of the column tells which: say it with --decimal comma or --decimal point", where, shorten(a.Value))
}

// AmbiguousError says that columns have to be asked about before anything can
// be read: Options.Answers are the answers, or Options.Dates and Options.Decimal of all.
type AmbiguousError struct{ Columns []Ambiguity }

func (e *AmbiguousError) Error() string {
	texts := make([]string, len(e.Columns))
	for i, c := range e.Columns {
		texts[i] = c.String()
	}
	return strings.Join(texts, "; ")
}

// look reads everything once: whether each file can be read to its end, what
// it is, how many rows each document has, and how ambiguous columns are to be read.
func (s *session) look(ctx context.Context) (survey, error) {
	v := survey{left: map[string]int32{}, spoiled: map[string]bool{}}
	var unsettled []Ambiguity
	for n, f := range s.Files {
		file, err := openOne(f)
		if err != nil {
			return v, err
		}
		s.files = append(s.files, file)
		known := false
		var nothing error
		for _, sheet := range file.sheets() {
			ambiguous, err := s.lookAt(ctx, &v, tableInfo{file: file, number: n, sheet: sheet})
			var no *notTableError
			if errors.As(err, &no) && file.book != nil {
				nothing = cmp.Or(nothing, err)
				s.note(no.note)
				continue
			}
			if err != nil {
				return v, err
			}
			known = true
			unsettled = append(unsettled, ambiguous...)
		}
		if !known {
			return v, cmp.Or(nothing, fmt.Errorf("reading %s: no sheet of it is one that is known", f.Name))
		}
	}
	if len(unsettled) > 0 {
		return v, &AmbiguousError{unsettled}
	}
	if v.rows == 0 {
		return v, fmt.Errorf("reading %s: there is no row under any header: fill it in, save it, and bring it again", s.Files[0].Name)
	}
	return v, nil
}

// notTableError says that a sheet is none to be imported, which is no fault of its workbook.
type notTableError struct {
	err  error
	note string
}

func (n *notTableError) Error() string { return n.err.Error() }
func (n *notTableError) Unwrap() error { return n.err }

func (s *session) lookAt(ctx context.Context, v *survey, info tableInfo) (ambiguous []Ambiguity, err error) {
	t, err := openTable(s.profile, info)
	if errors.Is(err, errNoHeader) && info.sheet.Name != "" {
		return nil, &notTableError{err, ""}
	}
	if err != nil {
		if info.sheet.Name != "" && !s.profile.knowsSheet(info.sheet.Name) && !errors.Is(err, workbook.ErrFormat) && !errors.Is(err, workbook.ErrLimit) {
			return nil, &notTableError{err, fmt.Sprintf("%s is none of the sheets that are read", info.place())}
		}
		return nil, err
	}
	defer func() { err = cmp.Or(err, t.Close()) }()
	if len(t.unknown) > 0 {
		s.note(fmt.Sprintf("%s: not read: %s", t.place(), strings.Join(t.unknown, ", ")))
	}
	e := newEvidence(t)
	rows := 0
	for {
		if rows%8192 == 0 {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			s.Progress(Step{Stage: "checking", Done: v.rows + rows})
		}
		r, err := t.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		rows++
		e.see(r)
		if r.beyond != "" && !e.beyond {
			e.beyond = true
			s.note(fmt.Sprintf("%s!%s stands in a column without a header, and is not read", t.place(), r.beyond))
		}
		switch {
		case t.layout.kind != invoices:
		case r.fields != nil:
			v.count(s.profile, r.first)
		default:
			v.spoiled[strings.TrimSpace(strings.Clone(r.first))] = true
		}
	}
	if rows == 0 && t.sheet.Name == "" {
		return nil, fmt.Errorf("reading %s: there is a header and no row under it: save or export it again", t.file.Name)
	}
	info.begins = t.begins
	info.notations, ambiguous = e.settle(s.Options)
	v.rows += rows
	v.heads = v.heads || t.layout.kind == heads
	if rows > 0 {
		v.tables = append(v.tables, surveyed{info, FileSummary{Name: info.file.Name, Sheet: info.sheet.Name, Kind: t.layout.kind.String(), Rows: rows}, t.layout.kind})
	}
	return ambiguous, nil
}

func (p profile) knowsSheet(name string) bool {
	return slices.ContainsFunc(p.layouts, func(l layout) bool { return l.isSheet(name) })
}

// count notes a row of a document.
func (v *survey) count(p profile, number string) {
	if p.exact {
		plain, _, ok := documentNumber(number)
		if !ok {
			return
		}
		number = plain
	}
	if number = strings.TrimSpace(number); number == "" {
		return
	}
	if n, there := v.left[number]; there {
		v.left[number] = n + 1
	} else {
		v.left[strings.Clone(number)] = 1
	}
}

// evidence is what the texts of each column show of how it is written.
type evidence struct {
	table   *table
	columns []columnEvidence
	beyond  bool
}

type columnEvidence struct {
	seen      [3]bool // marks, or orders, that values show
	ambiguous *Ambiguity
}

func newEvidence(t *table) *evidence {
	return &evidence{table: t, columns: make([]columnEvidence, len(t.places))}
}

func (e *evidence) see(r *row) {
	if r.fields == nil {
		return
	}
	for i, c := range e.table.layout.columns {
		if c.holds == someText || e.table.places[i] < 0 || r.fields[i] == "" || r.kinds != nil && r.kinds[i] != workbook.Text {
			continue
		}
		var err error
		var decided uint8
		if c.holds == someDate {
			var order notation.Order
			_, order, err = notation.Date(r.fields[i], notation.EitherOrder)
			decided = uint8(order)
		} else {
			var mark notation.Mark
			_, mark, err = notation.Number(strings.TrimSuffix(strings.TrimSpace(r.fields[i]), "%"), notation.Either)
			decided = uint8(mark)
		}
		one := &e.columns[i]
		if err == nil {
			one.seen[decided] = true
		} else if errors.Is(err, notation.ErrAmbiguous) && one.ambiguous == nil {
			one.ambiguous = &Ambiguity{
				ID: e.table.id(i), File: e.table.file.Name, Sheet: e.table.sheet.Name, Column: e.table.heads[i], Cell: e.table.cell(i, r.number), Row: r.number,
				Value: strings.Clone(r.fields[i]), Dates: c.holds == someDate,
			}
		}
	}
}

// settle decides by the values that show it, then by what was answered; what
// neither decides is to be asked.
func (e *evidence) settle(o Options) ([]columnNotation, []Ambiguity) {
	found := make([]columnNotation, len(e.columns))
	var open []Ambiguity
	for i, c := range e.columns {
		shown := uint8(0)
		if c.seen[1] != c.seen[2] { // both: the column is mixed, and decides nothing
			shown = 1
			if c.seen[2] {
				shown = 2
			}
		}
		answer := o.Answers[e.table.id(i)]
		if e.table.layout.columns[i].holds == someDate {
			found[i].order = cmp.Or(notation.Order(shown), answer.Dates, o.Dates)
		} else {
			found[i].mark = cmp.Or(notation.Mark(shown), answer.Decimal, o.Decimal)
		}
		if c.ambiguous != nil && found[i] == (columnNotation{}) {
			open = append(open, *c.ambiguous)
		}
	}
	return found, open
}
