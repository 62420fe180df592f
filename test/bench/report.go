package main

import (
	"fmt"
	"io"
	"strings"
)

// report is what is printed: tables in Markdown.
type report struct {
	title  string
	tables []*table
}

type table struct {
	title, note string
	head        []string
	rows        [][]string
}

func (r *report) add(t *table) { r.tables = append(r.tables, t) }

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (r *report) print(w io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n", r.title)
	for _, t := range r.tables {
		fmt.Fprintf(&text, "\n### %s\n\n", t.title)
		widths := make([]int, len(t.head))
		for _, row := range append([][]string{t.head}, t.rows...) {
			for i, cell := range row {
				widths[i] = max(widths[i], len([]rune(cell)))
			}
		}
		line := func(row []string) {
			text.WriteByte('|')
			for i, cell := range row {
				fmt.Fprintf(&text, " %-*s |", widths[i], cell)
			}
			text.WriteByte('\n')
		}
		line(t.head)
		rule := make([]string, len(t.head))
		for i := range rule {
			rule[i] = strings.Repeat("-", widths[i])
		}
		line(rule)
		for _, row := range t.rows {
			line(row)
		}
		if t.note != "" {
			fmt.Fprintf(&text, "\n%s\n", t.note)
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}
