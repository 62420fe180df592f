package verify

import (
	"context"
	"fmt"
)

var (
	sumFields     = []string{"units", "revenue", "cost", "costed_revenue", "orders"}
	derivedFields = []string{"uncosted_revenue", "profit", "margin", "below_minimum", "velocity", "profit_change", "revenue_change"}
	productFields = []string{"name", "category", "kind", "buy_price", "sell_price", "min_margin"}
	soldFields    = []string{"first_sold_on", "last_sold_on"}
)

// spans fills want_sums: the windows of each product for its document's own day.
var spans = `
CREATE TABLE span (name TEXT, first INTEGER, last INTEGER, days INTEGER, before TEXT);
INSERT INTO span VALUES ('windows.7d', 0, 6, 7, 'windows.7d_before'), ('windows.30d', 0, 29, 30, 'windows.30d_before'),
  ('windows.7d_before', 7, 13, 7, NULL), ('windows.30d_before', 30, 59, 30, NULL), ('windows.all', 0, 9999999, NULL, NULL), ('total', -9999999, 9999999, NULL, NULL);

CREATE TABLE want_sums (id TEXT, span TEXT, days INTEGER, before TEXT, units INTEGER, revenue INTEGER, cost INTEGER, costed_revenue INTEGER, orders INTEGER, PRIMARY KEY (id, span)) WITHOUT ROWID;
INSERT INTO want_sums
SELECT d.id, s.name, s.days, s.before, coalesce(sum(w.units), 0), coalesce(sum(w.revenue), 0), coalesce(sum(w.cost), 0), coalesce(sum(w.costed_revenue), 0), coalesce(sum(w.orders), 0)
FROM (SELECT id, CAST(julianday(day) AS INTEGER) AS number FROM doc WHERE collection = 'product_winners') d CROSS JOIN span s
LEFT JOIN want_day w ON w.id = d.id AND d.number - w.number BETWEEN s.first AND s.last
GROUP BY d.id, s.name;
INSERT INTO want_sums
SELECT d.id, 'days.' || w.date, NULL, NULL, w.units, w.revenue, w.cost, w.costed_revenue, w.orders
FROM doc d JOIN want_day w ON w.id = d.id
WHERE d.collection = 'product_winners' AND CAST(julianday(d.day) AS INTEGER) - w.number < 65
  AND (w.units <> 0 OR w.revenue <> 0 OR w.cost <> 0 OR w.costed_revenue <> 0 OR w.orders <> 0);

CREATE TABLE want_sold (id TEXT PRIMARY KEY, first_sold_on TEXT, last_sold_on TEXT) WITHOUT ROWID;
INSERT INTO want_sold SELECT id, min(date), max(date) FROM want_day WHERE sold GROUP BY id;
`

// products compares the figures and the catalogue entry of every product.
func (v *verification) products(ctx context.Context) error {
	if err := v.exec(ctx, "the sales", sales); err != nil {
		return err
	}
	if err := v.exec(ctx, "the windows", spans); err != nil {
		return err
	}
	const own = "EXISTS (SELECT 1 FROM doc d WHERE d.collection = 'product_winners' AND d.id = w.id AND NOT d.foreign_sums)"
	if err := v.compare(ctx, productWinners, sumFields, "SELECT w.id, w.span, "+columns(sumFields)+
		" FROM want_sums w LEFT JOIN got_sums g USING (id, span) WHERE "+own); err != nil {
		return err
	}
	if err := v.compare(ctx, productWinners, sumFields, "SELECT w.id, w.span, NULL, w.units, NULL, w.revenue, NULL, w.cost, NULL, w.costed_revenue, NULL, w.orders"+
		" FROM got_sums w LEFT JOIN want_sums g USING (id, span) WHERE g.id IS NULL AND "+own); err != nil {
		return err
	}
	if err := v.compare(ctx, productWinners, derivedFields, v.derived()+" WHERE w.span LIKE 'windows.%' AND "+own); err != nil {
		return err
	}
	if err := v.compare(ctx, productWinners, soldFields, `SELECT g.id, '', `+columns(soldFields)+`
		FROM got_product g LEFT JOIN want_sold w USING (id) JOIN doc d ON d.collection = 'product_winners' AND d.id = g.id AND NOT d.foreign_sums`); err != nil {
		return err
	}
	if err := v.compare(ctx, productWinners, productFields, `SELECT g.id, '', `+columns(productFields)+`
		FROM got_product g JOIN books.products w ON w.id = g.id JOIN books.product_state s ON s.product = g.id
		JOIN mark m ON m.collection = 'product_winners' AND m.id = g.id AND m.family = 'product.changed' AND m.applied = s.entry_revision`); err != nil {
		return err
	}
	return v.foreign(ctx)
}

// derived selects, for each window, what follows from its sums.
func (v *verification) derived() string {
	margin := basisPoints("w.costed_revenue - w.cost", "w.costed_revenue")
	const beforeProfit = "(b.costed_revenue - b.cost)"
	return fmt.Sprintf(`SELECT w.id, w.span,
		w.revenue - w.costed_revenue, g.uncosted_revenue,
		w.costed_revenue - w.cost, g.profit,
		%[1]s, g.margin,
		coalesce((%[1]s) < p.min_margin, 0), g.below_minimum,
		CASE WHEN w.days > 0 THEN %[2]s END, g.velocity,
		%[3]s, g.profit_change,
		%[4]s, g.revenue_change
		FROM want_sums w JOIN got_sums g USING (id, span) LEFT JOIN want_sums b ON b.id = w.id AND b.span = w.before
		JOIN got_product p ON p.id = w.id`,
		margin, halfEven("w.units", "w.days"),
		basisPoints("w.costed_revenue - w.cost - "+beforeProfit, beforeProfit),
		basisPoints("w.revenue - b.revenue", "b.revenue"))
}

// foreign lists what other producers added to products and clients.
func (v *verification) foreign(ctx context.Context) error {
	rows, err := v.conn.QueryContext(ctx, `
		SELECT 'product_winners', g.id, 'total.revenue', w.revenue, g.revenue FROM got_sums g JOIN doc d ON d.collection = 'product_winners' AND d.id = g.id AND d.foreign_sums
		LEFT JOIN want_sums w USING (id, span) WHERE span = 'total'`)
	if err != nil {
		return fmt.Errorf("listing what other producers added: %w", err)
	}
	defer rows.Close()
	return v.scanForeign(rows)
}
