// Package verify checks the state against the books. It computes what every
// document must say from the ledger's own tables, in SQL and not through the
// rules that made the documents, so that it can disagree with them.
package verify

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	_ "modernc.org/sqlite" // the driver

	"comptoir/functions"
	"comptoir/functions/query"
	"comptoir/shared/state"
)

// Config is what is compared.
type Config struct {
	// LedgerPath is the ledger's file; Source the source of its events.
	LedgerPath, Source string
	// State is read; nothing is written anywhere.
	State query.Reader
	// Rules are the thresholds that the state was made with.
	Rules functions.Config
	// Limit bounds the differences that are listed; all are counted.
	Limit int
}

// Report is what a verification found.
type Report struct {
	// Documents counts the documents that were compared, by collection.
	Documents map[string]int
	// Found counts the differences; Differences lists the first of them.
	Found       int
	Differences []Difference
	// Behind counts the events that are recorded and not applied yet, by function.
	Behind map[string]int64
	// Gaps counts the events that documents know to be missing, by collection.
	Gaps map[string]int64
	// Foreign lists what other producers added, apart: the books cannot confirm it.
	Foreign []Difference
}

// Difference is one figure of one document that is not what the books say.
type Difference struct {
	Collection string `json:"collection"`
	ID         string `json:"id"`
	Field      string `json:"field"`
	// Ledger is what the books say, State what the document says; "" is null or absent.
	Ledger string `json:"ledger"`
	State  string `json:"state"`
	// Explanation says which entries the difference is as large as, or which events the
	// document lacks; "" where none is.
	Explanation string `json:"explanation,omitempty"`
}

// String is one line.
func (d Difference) String() string {
	show := func(s string) string {
		if s == "" {
			return "nothing"
		}
		return s
	}
	text := fmt.Sprintf("%s %s: %s is %s, the ledger says %s", d.Collection, d.ID, d.Field, show(d.State), show(d.Ledger))
	if d.Explanation != "" {
		text += ": " + d.Explanation
	}
	return text
}

// Run compares each document with the ledger at the document's own revisions and
// day, so it may run while events are being applied.
func Run(ctx context.Context, c Config) (*Report, error) {
	v := &verification{Config: c, report: &Report{Documents: map[string]int{}, Behind: map[string]int64{}, Gaps: map[string]int64{}}}
	db, err := sql.Open("sqlite", "file:verify?mode=memory&_pragma=temp_store(2)")
	if err != nil {
		return nil, fmt.Errorf("verifying: opening a database in memory: %w", err)
	}
	defer db.Close()
	v.conn, err = db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("verifying: opening a database in memory: %w", err)
	}
	defer v.conn.Close()
	if _, err := v.conn.ExecContext(ctx, workTables); err != nil {
		return nil, fmt.Errorf("verifying: preparing: %w", err)
	}
	// Checkpoints before documents before books: whatever moves meanwhile only
	// makes the later ones newer, and documents are compared at their own revisions.
	if err := v.loadState(ctx); err != nil {
		return nil, err
	}
	attach := "file:" + (&url.URL{Path: c.LedgerPath}).EscapedPath() + "?mode=ro"
	if _, err := v.conn.ExecContext(ctx, "ATTACH ? AS books", attach); err != nil {
		return nil, fmt.Errorf("verifying: opening the ledger %s: %w", c.LedgerPath, err)
	}
	for _, step := range []func(context.Context) error{v.progress, v.products, v.stock, v.clients, v.explain} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("verifying: %w", err)
		}
	}
	return v.report, nil
}

type verification struct {
	Config
	conn   *sql.Conn
	report *Report
}

func (v *verification) differ(d Difference) {
	v.report.Found++
	if len(v.report.Differences) < v.Limit {
		v.report.Differences = append(v.report.Differences, d)
	}
}

// each reads all documents of a collection, in pages.
func (v *verification) each(ctx context.Context, collection string, f func(json.RawMessage) error) error {
	find := state.Find{Limit: 500}
	for {
		docs, err := v.State.Find(ctx, collection, find)
		if err != nil {
			return fmt.Errorf("verifying: reading %s: %w", collection, err)
		}
		for _, raw := range docs {
			if err := f(raw); err != nil {
				return fmt.Errorf("verifying: reading a document of %s: %w", collection, err)
			}
		}
		if len(docs) < find.Limit {
			return nil
		}
		var last struct {
			ID string `json:"_id"`
		}
		if err := json.Unmarshal(docs[len(docs)-1], &last); err != nil {
			return fmt.Errorf("verifying: reading a document of %s: %w", collection, err)
		}
		find.After = &state.Cursor{ID: last.ID}
	}
}

// compare runs a query whose first column is the document's id, the second a
// label that goes before the field's name ("" for none), and then, for each of
// fields, the ledger's value and the state's.
func (v *verification) compare(ctx context.Context, collection string, fields []string, query string, args ...any) error {
	rows, err := v.conn.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("comparing %s: %w", collection, err)
	}
	defer rows.Close()
	values := make([]sql.NullString, 2*len(fields))
	var id, label string
	into := []any{&id, &label}
	for i := range values {
		into = append(into, &values[i])
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return fmt.Errorf("comparing %s: %w", collection, err)
		}
		for i, field := range fields {
			if want, got := values[2*i], values[2*i+1]; want != got {
				v.differ(Difference{Collection: collection, ID: id, Field: strings.TrimPrefix(label+"."+field, "."), Ledger: want.String, State: got.String})
			}
		}
	}
	return rows.Err()
}

// columns writes "w.a, g.a, w.b, g.b, …" for compare.
func columns(fields []string) string {
	var b strings.Builder
	for i, f := range fields {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "w.%[1]s, g.%[1]s", f)
	}
	return b.String()
}
