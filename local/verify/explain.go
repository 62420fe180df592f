package verify

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// subject is what some differences are about: one span of a product's sums, or a client.
type subject struct{ collection, id, span string }

// explain says of the differences that are listed which entry each of them is as
// large as, or which events a document lacks.
func (v *verification) explain(ctx context.Context) error {
	sums := map[subject]map[string]int64{} // state less ledger, by field
	for i := range v.report.Differences {
		d := &v.report.Differences[i]
		if family, ok := strings.CutSuffix(d.Field, ".applied"); ok {
			text, err := v.lacking(ctx, d, family)
			if err != nil {
				return err
			}
			d.Explanation = text
			continue
		}
		if s, field, ok := summed(d); ok {
			if sums[s] == nil {
				sums[s] = map[string]int64{}
			}
			sums[s][field] = number(d.State) - number(d.Ledger)
		}
	}
	if len(sums) == 0 {
		return nil
	}
	// Only now: a state that is right needs no index.
	if err := v.exec(ctx, "what differs", "CREATE INDEX sale_product ON sale (product)"); err != nil {
		return err
	}
	texts := map[subject]map[string]string{}
	for s, deltas := range sums {
		entries, err := v.entries(ctx, s)
		if err != nil {
			return err
		}
		texts[s] = map[string]string{}
		for field := range deltas {
			texts[s][field] = likely(entries, deltas, field)
		}
	}
	for i := range v.report.Differences {
		d := &v.report.Differences[i]
		if s, field, ok := summed(d); ok {
			d.Explanation = texts[s][field]
		}
	}
	return nil
}

// summed tells what a difference is about, where it is one of sums.
func summed(d *Difference) (s subject, field string, ok bool) {
	at := strings.LastIndexByte(d.Field, '.')
	s = subject{d.Collection, d.ID, d.Field[:max(at, 0)]}
	field = d.Field[at+1:]
	switch d.Collection {
	case productWinners:
		return s, field, at > 0 && slices.Contains(sumFields, field)
	case clientPromotions:
		return s, field, at < 0 && (field == "revenue" || field == "orders")
	}
	return s, field, false
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64) // "" is null, which counts as nothing
	return n
}

// entry is what a document of the books adds to a subject, by field.
type entry struct {
	document, date string
	counts         bool // voided ones add nothing any more
	adds           map[string]int64
}

// entries lists the documents that lie within a subject's span.
func (v *verification) entries(ctx context.Context, s subject) ([]entry, error) {
	query := `SELECT b.id, m.date, m.counted AND NOT EXISTS (SELECT 1 FROM move o WHERE o.id = m.id AND o.document = m.document AND o.void), m.net, m.orders
		FROM move m JOIN books.documents b ON b.entry = m.document WHERE m.id = ? AND NOT m.void`
	fields, args := []string{"revenue", "orders"}, []any{s.id}
	if s.collection == productWinners {
		fields = sumFields
		within := "t.date = ?"
		args = append(args, strings.TrimPrefix(s.span, "days."))
		if !strings.HasPrefix(s.span, "days.") {
			within = `EXISTS (SELECT 1 FROM span p JOIN doc d ON d.collection = 'product_winners' AND d.id = t.product
				WHERE p.name = ? AND CAST(julianday(d.day) AS INTEGER) - CAST(julianday(t.date) AS INTEGER) BETWEEN p.first AND p.last)`
			args[1] = s.span
		}
		query = `SELECT b.id, t.date, t.n > 0, t.sign * t.units, t.sign * t.revenue, t.sign * (t.frozen + t.late), t.sign * (t.frozen_net + t.late_net), t.kind = 'invoice'
			FROM standing t JOIN books.documents b ON b.entry = t.document WHERE t.product = ? AND ` + within
	}
	rows, err := v.conn.QueryContext(ctx, query+" ORDER BY 2 DESC, 1 DESC", args...)
	if err != nil {
		return nil, fmt.Errorf("looking for what explains %s %s: %w", s.collection, s.id, err)
	}
	defer rows.Close()
	var all []entry
	for rows.Next() {
		e := entry{adds: map[string]int64{}}
		values := make([]sql.NullInt64, len(fields))
		into := []any{&e.document, &e.date, &e.counts}
		for i := range values {
			into = append(into, &values[i])
		}
		if err := rows.Scan(into...); err != nil {
			return nil, fmt.Errorf("looking for what explains %s %s: %w", s.collection, s.id, err)
		}
		for i, field := range fields {
			e.adds[field] = values[i].Int64
		}
		all = append(all, e)
	}
	return all, rows.Err()
}

// likely names the documents that explain all differences of a subject together, or
// else those that are as large as the one of a field.
func likely(entries []entry, deltas map[string]int64, field string) string {
	if deltas[field] == 0 {
		return ""
	}
	var whole, part []string
	for _, e := range entries {
		once, less := true, true
		for f, n := range e.adds {
			once, less = once && deltas[f] == n, less && deltas[f] == -n
		}
		what := e.document + " of " + e.date
		switch n := e.adds[field]; {
		case once && e.counts:
			whole = append(whole, what+" counts twice")
		case once:
			whole = append(whole, what+" counts although it was voided")
		case less && e.counts:
			whole = append(whole, what+" does not count")
		case n != 0 && (n == deltas[field] || n == -deltas[field]):
			part = append(part, what)
		}
	}
	switch {
	case len(whole) > 0:
		return "as if " + some(whole, " or ")
	case len(part) > 0:
		return "as much as in " + some(part, ", ")
	}
	return ""
}

// some joins the first few.
func some(all []string, by string) string {
	const most = 3
	text := strings.Join(all[:min(len(all), most)], by)
	if len(all) > most {
		text += fmt.Sprintf(" or one of %d more", len(all)-most)
	}
	return text
}

// lacking names the events that a document should hold and does not.
func (v *verification) lacking(ctx context.Context, d *Difference, family string) (string, error) {
	first, last := number(d.State)+1, number(d.Ledger)
	if first > last {
		return "", nil
	}
	rows, err := v.conn.QueryContext(ctx, `SELECT DISTINCT e.revision, e.type, e.subject FROM books.event_log e JOIN reach r ON r.type = e.type
		WHERE e.key = ? AND r.family = ? AND r.collection = ? AND e.revision BETWEEN ? AND ? ORDER BY e.revision`, d.ID, family, d.Collection, first, last)
	if err != nil {
		return "", fmt.Errorf("looking for what %s %s lacks: %w", d.Collection, d.ID, err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var revision int64
		var kind, subject string
		if err := rows.Scan(&revision, &kind, &subject); err != nil {
			return "", fmt.Errorf("looking for what %s %s lacks: %w", d.Collection, d.ID, err)
		}
		if kind = fmt.Sprintf("number %d (%s", revision, kind); subject != d.ID {
			kind += " of " + subject
		}
		all = append(all, kind+")")
	}
	if len(all) == 0 {
		return "", rows.Err()
	}
	return "it lacks " + some(all, ", "), rows.Err()
}
