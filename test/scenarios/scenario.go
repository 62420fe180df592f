// Package scenarios takes shops that an accountant can check by hand, written
// as tables in Markdown, through the whole chain.
package scenarios

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"comptoir/shared/event"
)

// Scenario is one file: a shop over some days.
type Scenario struct {
	Name     string
	Settings map[string]string
	Days     []Day
}

// Day is what is entered and what is expected on one business day, in order.
type Day struct {
	Date   event.Date
	Tables []Table
}

// Table is one table of a scenario. Its first column's heading says what it is.
type Table struct {
	Line   int // of its heading, from 1
	Header []string
	Rows   []Row
}

// Row is one row: its cells by their column's heading.
type Row struct {
	Line  int
	Cells map[string]string
}

// Kind is the heading of the first column.
func (t Table) Kind() string { return t.Header[0] }

// Has tells whether the table has a column.
func (t Table) Has(column string) bool {
	for _, h := range t.Header {
		if h == column {
			return true
		}
	}
	return false
}

// none is how a cell says that there is nothing.
const none = "–"

// Get returns a cell; "" where the column is missing or the cell says "–".
func (r Row) Get(column string) string {
	if v := r.Cells[column]; v != none {
		return v
	}
	return ""
}

// Read reads a scenario from a Markdown file. Text between the tables is for people.
func Read(file string) (*Scenario, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("reading a scenario: %w", err)
	}
	defer f.Close()
	s := &Scenario{Settings: map[string]string{}}
	var table *Table
	end := func() error {
		defer func() { table = nil }()
		switch {
		case table == nil:
		case table.Kind() == "setting":
			for _, r := range table.Rows {
				s.Settings[r.Cells["setting"]] = r.Cells["value"]
			}
		case len(s.Days) == 0:
			return fmt.Errorf("%s:%d: this table stands before the first day", file, table.Line)
		default:
			d := &s.Days[len(s.Days)-1]
			d.Tables = append(d.Tables, *table)
		}
		return nil
	}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if !strings.HasPrefix(line, "|") {
			if err := end(); err != nil {
				return nil, err
			}
			if title, ok := strings.CutPrefix(line, "# "); ok {
				s.Name = title
			}
			if date, ok := strings.CutPrefix(line, "## On "); ok {
				d, err := event.ParseDate(date)
				if err != nil {
					return nil, fmt.Errorf("%s:%d: %w", file, n, err)
				}
				s.Days = append(s.Days, Day{Date: d})
			}
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case table == nil:
			table = &Table{Line: n, Header: cells}
		case strings.HasPrefix(cells[0], "---"):
		case len(cells) != len(table.Header):
			return nil, fmt.Errorf("%s:%d: the row has %d cells and its table %d columns", file, n, len(cells), len(table.Header))
		default:
			row := Row{Line: n, Cells: map[string]string{}}
			for i, h := range table.Header {
				row.Cells[h] = cells[i]
			}
			table.Rows = append(table.Rows, row)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	return s, end()
}
