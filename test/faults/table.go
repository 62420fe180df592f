package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// table adds up what came of each fault.
type table struct {
	names []string
	rows  map[string]*row
}

type row struct {
	times                       int
	events, lost, doubled, twos int64
	recovered                   []time.Duration
	answers, behind             int
	faults                      []error
	skipped                     error
}

func newTable(all []fault) *table {
	t := &table{rows: map[string]*row{}}
	for _, f := range all {
		t.names = append(t.names, f.name)
		t.rows[f.name] = &row{}
	}
	return t
}

func (t *table) add(r *result) {
	w := t.rows[r.name]
	w.times++
	w.events += r.events
	w.lost += r.tally.lost
	w.doubled += r.tally.doubled
	w.twos += r.twice
	w.answers += r.answers
	w.behind += r.behind
	w.recovered = append(w.recovered, r.recovered)
	w.faults = append(w.faults, r.faults...)
}

func (t *table) skip(name string, why error) { t.rows[name].skipped = why }

// err joins all that was wrong. What could not be made here is wrong only where all
// is required, as on CI.
func (t *table) err() error {
	var all []error
	for _, name := range t.names {
		for _, err := range t.rows[name].faults {
			all = append(all, fmt.Errorf("%s: %w", name, err))
		}
		if err := t.rows[name].skipped; err != nil && os.Getenv("REQUIRE_ALL") != "" {
			all = append(all, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(all...)
}

func (t *table) print(w io.Writer, title string) error {
	head := []string{"fault", "how often", "events sent", "lost", "doubled", "twice on Kafka", "right again after: median", "at most", "answers checked", "of them while behind"}
	var rows [][]string
	for _, name := range t.names {
		r := t.rows[name]
		if r.times == 0 {
			continue // it was not its turn, or it was skipped, which err says
		}
		slices.Sort(r.recovered)
		rows = append(rows, []string{
			name, count(r.times), count(r.events), count(r.lost), count(r.doubled), count(r.twos),
			seconds(r.recovered[len(r.recovered)/2]), seconds(r.recovered[len(r.recovered)-1]), count(r.answers), count(r.behind),
		})
	}
	return printTable(w, title, head, rows)
}

// count writes a number with its thousands.
func count[T int | int64](n T) string { return humanize.Comma(int64(n)) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// printTable writes a table in Markdown.
func printTable(w io.Writer, title string, head []string, rows [][]string) error {
	widths := make([]int, len(head))
	for _, row := range append([][]string{head}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	var text strings.Builder
	line := func(row []string) {
		text.WriteByte('|')
		for i, cell := range row {
			fmt.Fprintf(&text, " %-*s |", widths[i], cell)
		}
		text.WriteByte('\n')
	}
	fmt.Fprintf(&text, "%s\n\n", title)
	line(head)
	rule := make([]string, len(head))
	for i := range rule {
		rule[i] = strings.Repeat("-", widths[i])
	}
	line(rule)
	for _, row := range rows {
		line(row)
	}
	_, err := io.WriteString(w, text.String())
	return err
}
