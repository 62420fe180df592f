package verify_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// What is wrong by the whole of one entry is explained by naming it.
func TestDifferencesAreExplained(t *testing.T) {
	b := open(t, 3)
	b.live(200)
	b.feed(true)
	books, err := sql.Open("sqlite", filepath.Join(b.dir, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = books.Close() }()
	// An invoice of a client that still stands, unlike any other of that client.
	var client, invoice string
	var net int64
	if err := books.QueryRow(`SELECT d.client, d.id, d.net FROM documents d WHERE d.kind = 'invoice' AND d.client IS NOT NULL AND d.net > 0 AND d.date <= '2026-03-02'
		AND d.entry NOT IN (SELECT document FROM voids) AND NOT EXISTS (SELECT 1 FROM documents o WHERE o.client = d.client AND o.net = d.net AND o.entry <> d.entry)
		LIMIT 1`).Scan(&client, &invoice, &net); err != nil {
		t.Fatal(err)
	}
	// And one of a product, in one line, with its cost.
	var product, sold string
	var units, revenue, cost int64
	if err := books.QueryRow(`SELECT l.product, d.id, l.quantity, l.net, l.cost FROM lines l JOIN documents d ON d.entry = l.document WHERE d.kind = 'invoice' AND l.cost IS NOT NULL AND l.net > 0
		AND d.entry NOT IN (SELECT document FROM voids) AND (SELECT count(*) FROM lines o WHERE o.document = d.entry AND o.product = l.product) = 1
		AND NOT EXISTS (SELECT 1 FROM lines o WHERE o.product = l.product AND o.quantity = l.quantity AND o.net = l.net AND o.cost IS l.cost AND o.document <> l.document)
		LIMIT 1`).Scan(&product, &sold, &units, &revenue, &cost); err != nil {
		t.Fatal(err)
	}
	total := func(sign int64) string {
		add := func(field string, n string) string {
			return fmt.Sprintf("'$.total.%[1]s', json_extract(doc, '$.total.%[1]s') + %[2]s", field, n)
		}
		return "UPDATE product_winners SET doc = json_set(doc, " + strings.Join([]string{
			// Kept exact: units are decimals of three places.
			fmt.Sprintf("'$.total.units', json(printf('%%.3f', json_extract(doc, '$.total.units') + %d / 1000.0))", sign*units),
			add("revenue", fmt.Sprint(sign*revenue)), add("cost", fmt.Sprint(sign*cost)), add("costed_revenue", fmt.Sprint(sign*revenue)), add("orders", fmt.Sprint(sign)),
		}, ", ") + ") WHERE _id = '" + product + "'"
	}
	clients := func(revenue, orders int64) string {
		return fmt.Sprintf("UPDATE clients SET doc = json_set(doc, '$.revenue', json_extract(doc, '$.revenue') + %d, '$.orders', json_extract(doc, '$.orders') + %d) WHERE _id = '%s'", revenue, orders, client)
	}
	state, err := sql.Open("sqlite", filepath.Join(b.dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = state.Close() }()
	for _, c := range []struct{ change, back, says string }{
		{clients(net, 1), clients(-net, -1), "clients " + client + ": revenue|as if " + invoice + "|counts twice"},
		{clients(-net, -1), clients(net, 1), "clients " + client + ": orders|as if " + invoice + "|does not count"},
		{clients(net, 0), clients(-net, 0), "clients " + client + ": revenue|as much as in " + invoice},
		{total(1), total(-1), "product_winners " + product + ": total.revenue|as if " + sold + "|counts twice"},
		{total(-1), total(1), "product_winners " + product + ": total.units|as if " + sold + "|does not count"},
		{
			"UPDATE product_winners SET doc = json_set(doc, '$.sources[0].applied', json_extract(doc, '$.sources[0].applied') - 1) WHERE _id = '" + product + "'",
			"UPDATE product_winners SET doc = json_set(doc, '$.sources[0].applied', json_extract(doc, '$.sources[0].applied') + 1) WHERE _id = '" + product + "'",
			"product_winners " + product + ": product.|applied|it lacks number ",
		},
	} {
		if _, err := state.Exec(c.change); err != nil {
			t.Fatalf("%s: %v", c.change, err)
		}
		r := b.verify()
		if !explained(r.Found, fmt.Sprint(r.Differences), c.says) {
			t.Errorf("%q is not said:", c.says)
			for _, d := range r.Differences {
				t.Errorf("    %s", d)
			}
		}
		if _, err := state.Exec(c.back); err != nil {
			t.Fatal(err)
		}
	}
	if r := b.verify(); r.Found != 0 {
		t.Errorf("put back: %v", r.Differences)
	}
}

// explained tells whether the parts of want stand in what was said, in their order.
func explained(found int, said, want string) bool {
	for part := range strings.SplitSeq(want, "|") {
		at := strings.Index(said, part)
		if at < 0 {
			return false
		}
		said = said[at+len(part):]
	}
	return found > 0
}
