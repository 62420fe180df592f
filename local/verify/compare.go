package verify

import (
	"context"
	"fmt"
)

const (
	productWinners   = "product_winners"
	lossRisk         = "loss_risk_products"
	clientPromotions = "clients"
)

// exec runs statements that fill work tables.
func (v *verification) exec(ctx context.Context, what, statements string, args ...any) error {
	if _, err := v.conn.ExecContext(ctx, statements, args...); err != nil {
		return fmt.Errorf("computing %s from the books: %w", what, err)
	}
	return nil
}

// halfEven is SQL for numerator ÷ denominator, rounded half to even; the
// denominator must be above zero.
func halfEven(numerator, denominator string) string {
	return fmt.Sprintf(`((CASE WHEN (%[1]s) < 0 THEN -1 ELSE 1 END) * (abs(%[1]s) / (%[2]s)
	+ (2 * (abs(%[1]s) %% (%[2]s)) > (%[2]s) OR (2 * (abs(%[1]s) %% (%[2]s)) = (%[2]s) AND (abs(%[1]s) / (%[2]s)) %% 2 = 1))))`, numerator, denominator)
}

// basisPoints is SQL for part ÷ whole in basis points, null where whole is not above zero.
func basisPoints(part, whole string) string {
	return fmt.Sprintf("CASE WHEN (%s) > 0 THEN %s END", whole, halfEven("("+part+") * 10000", whole))
}

// counted is SQL that holds where an event e, up to its document's watermark m, is
// not among what the document is missing.
const counted = `NOT EXISTS (SELECT 1 FROM gap g WHERE g.collection = m.collection AND g.id = m.id AND g.family = m.family AND e.revision BETWEEN g.first AND g.last)`

// families says which events reach which function's documents.
const families = `
CREATE TABLE reach (type TEXT, family TEXT, function TEXT, collection TEXT);
INSERT INTO reach SELECT 'product.' || column1, 'product.sums', 'product-winners', 'product_winners'
  FROM (VALUES ('sold'), ('returned'), ('sale_voided'), ('return_voided'), ('sale_costed'), ('return_costed'));
INSERT INTO reach SELECT 'client.' || column1, 'client.sums', 'client-promotions', 'clients'
  FROM (VALUES ('invoiced'), ('credited'), ('invoice_voided'), ('credit_voided'));
INSERT INTO reach VALUES ('product.changed', 'product.changed', 'product-winners', 'product_winners'), ('product.changed', 'product.changed', 'loss-risk', 'loss_risk_products'),
  ('stock.changed', 'stock.changed', 'loss-risk', 'loss_risk_products'), ('client.changed', 'client.changed', 'client-promotions', 'clients');
CREATE INDEX reach_type ON reach (type, function);
CREATE TABLE head (collection TEXT, function TEXT, id TEXT, family TEXT, revision INTEGER, PRIMARY KEY (collection, id, family)) WITHOUT ROWID;
INSERT INTO head SELECT 'product_winners', 'product-winners', product, 'product.sums', sums_revision FROM books.product_state
  UNION ALL SELECT 'product_winners', 'product-winners', product, 'product.changed', entry_revision FROM books.product_state
  UNION ALL SELECT 'loss_risk_products', 'loss-risk', product, 'product.changed', entry_revision FROM books.product_state
  UNION ALL SELECT 'loss_risk_products', 'loss-risk', product, 'stock.changed', stock_revision FROM books.product_state
  UNION ALL SELECT 'clients', 'client-promotions', client, 'client.sums', sums_revision FROM books.client_state
  UNION ALL SELECT 'clients', 'client-promotions', client, 'client.changed', entry_revision FROM books.client_state;
`

// progress says how far each function is behind the books, and finds documents
// that lack what their function claims to have done, or that hold more than the
// books ever said.
func (v *verification) progress(ctx context.Context) error {
	if err := v.exec(ctx, "how far each document is", families); err != nil {
		return err
	}
	rows, err := v.conn.QueryContext(ctx, `SELECT h.function, sum(max(h.revision - coalesce(m.applied, 0), 0))
		FROM head h LEFT JOIN mark m USING (collection, id, family) GROUP BY h.function`)
	if err != nil {
		return fmt.Errorf("comparing how far each function is: %w", err)
	}
	defer rows.Close() //nolint:errcheck // read to the end
	for rows.Next() {
		var function string
		var behind int64
		if err := rows.Scan(&function, &behind); err != nil {
			return fmt.Errorf("comparing how far each function is: %w", err)
		}
		v.report.Behind[function] = behind
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("comparing how far each function is: %w", err)
	}
	for _, collection := range []string{productWinners, lossRisk, clientPromotions} {
		// More than the books ever said.
		if err := v.compare(ctx, collection, []string{"applied"}, `
			SELECT m.id, m.family, coalesce(h.revision, 0), m.applied FROM mark m LEFT JOIN head h USING (collection, id, family)
			WHERE m.collection = ? AND m.applied > coalesce(h.revision, 0)`, collection); err != nil {
			return err
		}
		// A document that nothing in the books explains.
		if err := v.compare(ctx, collection, []string{"document"}, `
			SELECT d.id, '', NULL, 'there' FROM doc d WHERE d.collection = ? AND NOT d.foreign_sums
			AND NOT EXISTS (SELECT 1 FROM head h WHERE h.collection = d.collection AND h.id = d.id)`, collection); err != nil {
			return err
		}
		// Less than the function claims to have done.
		if err := v.compare(ctx, collection, []string{"applied"}, `
			SELECT c.id, c.family, c.revision, coalesce(m.applied, 0) FROM (
			  SELECT r.collection, e.key AS id, r.family, max(e.revision) AS revision
			  FROM books.streams s JOIN claimed c ON c.stream = s.name
			  JOIN books.event_log e ON e.id > (s.number << 40) AND e.id <= (s.number << 40) + c.applied
			  JOIN reach r ON r.type = e.type AND r.function = c.function
			  WHERE r.collection = ?
			    AND NOT EXISTS (SELECT 1 FROM claim_gap g WHERE g.function = c.function AND g.stream = c.stream AND e.id - (s.number << 40) BETWEEN g.first AND g.last)
			  GROUP BY e.key, r.family) c
			LEFT JOIN mark m USING (collection, id, family) WHERE coalesce(m.applied, 0) < c.revision`, collection); err != nil {
			return err
		}
	}
	return nil
}

// sales fills want_day: per product and date what the documents say that a
// product's document holds, voids and later costs as far as it holds them.
const sales = `
CREATE TABLE standing AS
SELECT e.key AS product, e.document AS document,
  max(e.type IN ('product.sold', 'product.returned') AND ` + counted + `) AS added,
  max(e.type IN ('product.sale_voided', 'product.return_voided') AND ` + counted + `) AS voided,
  max(e.type IN ('product.sale_costed', 'product.return_costed') AND ` + counted + `) AS costed,
  max(e.type IN ('product.sale_voided', 'product.return_voided')) AS gone
FROM books.event_log e JOIN mark m ON m.collection = 'product_winners' AND m.id = e.key AND m.family = 'product.sums' AND e.revision <= m.applied
WHERE e.type IN (SELECT type FROM reach WHERE family = 'product.sums')
GROUP BY e.document, e.key;

CREATE TABLE sale (document INTEGER, product TEXT, units INTEGER, revenue INTEGER, frozen INTEGER, frozen_net INTEGER, late INTEGER, late_net INTEGER, late_entry INTEGER,
  PRIMARY KEY (document, product)) WITHOUT ROWID;
INSERT INTO sale
SELECT l.document, l.product, sum(l.quantity), sum(l.net), coalesce(sum(l.cost), 0), coalesce(sum(CASE WHEN l.cost IS NOT NULL THEN l.net END), 0),
  coalesce(sum(c.cost), 0), coalesce(sum(CASE WHEN c.cost IS NOT NULL THEN l.net END), 0), max(c.entry)
FROM books.lines l LEFT JOIN books.line_costs c ON c.document = l.document AND c.number = l.number
GROUP BY l.document, l.product;

CREATE TABLE want_day (id TEXT, date TEXT, number INTEGER, units INTEGER, revenue INTEGER, cost INTEGER, costed_revenue INTEGER, orders INTEGER, PRIMARY KEY (id, date)) WITHOUT ROWID;
INSERT INTO want_day
SELECT s.product, d.date, CAST(julianday(d.date) AS INTEGER), sum(sign * n * a.units), sum(sign * n * a.revenue), sum(sign * (n * a.frozen + (s.costed - s.voided * a.late_voided) * a.late)),
  sum(sign * (n * a.frozen_net + (s.costed - s.voided * a.late_voided) * a.late_net)), sum(n * (d.kind = 'invoice'))
FROM (SELECT product, document, added - voided AS n, costed, voided FROM standing) s
JOIN (SELECT entry, kind, date, CASE kind WHEN 'invoice' THEN 1 ELSE -1 END AS sign FROM books.documents) d ON d.entry = s.document
-- A void takes back the later cost too, where that had been set before it.
JOIN (SELECT a.*, coalesce(a.late_entry < v.entry, 0) AS late_voided FROM sale a LEFT JOIN books.voids v ON v.document = a.document) a ON a.document = s.document AND a.product = s.product
GROUP BY s.product, d.date;
`
