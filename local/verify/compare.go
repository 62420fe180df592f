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

// unapplied holds the events that a document does not hold: beyond its watermark
// (gap is 0) or among what it is missing (gap is 1). Only documents that are behind or
// have gaps are looked at, so that a state that is level costs no scan of the log.
const unapplied = `
CREATE TABLE behind AS SELECT h.collection, h.function, h.id, h.family, coalesce(m.applied, 0) AS applied
  FROM head h LEFT JOIN mark m USING (collection, id, family)
  WHERE coalesce(m.applied, 0) < h.revision OR EXISTS (SELECT 1 FROM gap g WHERE g.collection = h.collection AND g.id = h.id AND g.family = h.family);
CREATE INDEX behind_id ON behind (id, family);
CREATE TABLE unapplied (collection TEXT, id TEXT, family TEXT, type TEXT, revision INTEGER, document INTEGER, gap INTEGER);
CREATE INDEX unapplied_document ON unapplied (collection, id, document);
`

// fillUnapplied reads the log once; it is not run where nothing is behind.
const fillUnapplied = `
INSERT INTO unapplied
SELECT b.collection, b.id, b.family, e.type, e.revision, e.document, e.revision <= b.applied
FROM books.event_log e JOIN (SELECT DISTINCT type, family FROM reach) r ON r.type = e.type JOIN behind b ON b.id = e.key AND b.family = r.family
WHERE e.revision > b.applied
  OR EXISTS (SELECT 1 FROM gap g WHERE g.collection = b.collection AND g.id = b.id AND g.family = b.family AND e.revision BETWEEN g.first AND g.last);
`

// claims finds, for each entity, the revision that its function claims to have
// come to: the last one recorded, less what the books have beyond the function's
// checkpoints. Revisions are dense and an entity never changes its stream, so counting
// is enough. What a checkpoint itself misses is claimed by nobody.
const claims = `
CREATE TABLE beyond AS
SELECT r.collection, e.key AS id, r.family, count(*) AS events, max(e.id - (s.number << 40) <= coalesce(c.applied, 0)) AS gap
FROM books.streams s CROSS JOIN (SELECT DISTINCT function FROM reach) f LEFT JOIN claimed c ON c.function = f.function AND c.stream = s.name
CROSS JOIN books.event_log e ON (e.id > (s.number << 40) + coalesce(c.applied, 0) AND e.id <= (s.number << 40) + s.last_sequence)
CROSS JOIN reach r ON r.type = e.type AND r.function = f.function
GROUP BY r.collection, e.key, r.family;
INSERT INTO beyond
SELECT r.collection, e.key, r.family, 0, 1 FROM claim_gap g CROSS JOIN books.streams s ON s.name = g.stream
CROSS JOIN books.event_log e ON e.id BETWEEN (s.number << 40) + g.first AND (s.number << 40) + g.last
JOIN reach r ON r.type = e.type AND r.function = g.function;
CREATE INDEX beyond_id ON beyond (collection, id, family);
`

// progress says how far each function is behind the books, and finds documents
// that lack what their function claims to have done, or that hold more than the
// books ever said.
func (v *verification) progress(ctx context.Context) error {
	const what = "how far each document is"
	if err := v.exec(ctx, what, families+unapplied); err != nil {
		return err
	}
	var behind bool
	if err := v.conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM behind)").Scan(&behind); err != nil {
		return fmt.Errorf("computing %s: %w", what, err)
	}
	if behind {
		if err := v.exec(ctx, what, fillUnapplied); err != nil {
			return err
		}
	}
	if err := v.exec(ctx, what, claims); err != nil {
		return err
	}
	if err := v.behind(ctx); err != nil {
		return err
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
			SELECT id, family, claimed, applied FROM (
			  SELECT h.id, h.family, h.revision - coalesce((SELECT sum(y.events) FROM beyond y WHERE y.collection = h.collection AND y.id = h.id AND y.family = h.family), 0) AS claimed,
			    coalesce(m.applied, 0) AS applied
			  FROM head h LEFT JOIN mark m USING (collection, id, family)
			  WHERE h.collection = ? AND coalesce(m.applied, 0) < h.revision
			    AND NOT EXISTS (SELECT 1 FROM beyond y WHERE y.collection = h.collection AND y.id = h.id AND y.family = h.family AND y.gap))
			WHERE applied < claimed`, collection); err != nil {
			return err
		}
	}
	return nil
}

// behind counts the events that are recorded and that no document holds yet.
func (v *verification) behind(ctx context.Context) error {
	rows, err := v.conn.QueryContext(ctx, `SELECT h.function, sum(max(h.revision - coalesce(m.applied, 0), 0))
		FROM head h LEFT JOIN mark m USING (collection, id, family) GROUP BY h.function`)
	if err != nil {
		return fmt.Errorf("comparing how far each function is: %w", err)
	}
	defer rows.Close()
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
	return nil
}

// sales fills want_day: per product and date what the lines say that the
// product's document holds, voids and later costs as far as it holds them. Each
// (document, product) counts added - voided times, and its later costs as often as those
// were applied and not voided after.
const sales = `
CREATE TABLE late (document INTEGER, product TEXT, cost INTEGER, net INTEGER, entry INTEGER, PRIMARY KEY (document, product)) WITHOUT ROWID;
INSERT INTO late SELECT l.document, l.product, sum(c.cost), sum(l.net), max(c.entry)
FROM books.line_costs c JOIN books.lines l ON l.document = c.document AND l.number = c.number GROUP BY l.document, l.product;

CREATE TABLE sale (document INTEGER, product TEXT, units INTEGER, revenue INTEGER, frozen INTEGER, frozen_net INTEGER, PRIMARY KEY (document, product)) WITHOUT ROWID;
INSERT INTO sale
SELECT document, product, sum(quantity), sum(net), coalesce(sum(cost), 0), coalesce(sum(CASE WHEN cost IS NOT NULL THEN net END), 0)
FROM books.lines GROUP BY document, product;

CREATE TABLE lacking (document INTEGER, product TEXT, added INTEGER, voided INTEGER, costed INTEGER, gone INTEGER, PRIMARY KEY (document, product)) WITHOUT ROWID;
INSERT INTO lacking SELECT document, id, sum(type IN ('product.sold', 'product.returned')), sum(type IN ('product.sale_voided', 'product.return_voided')),
  sum(type IN ('product.sale_costed', 'product.return_costed')), sum(NOT gap AND type IN ('product.sale_voided', 'product.return_voided'))
FROM unapplied WHERE collection = 'product_winners' AND family = 'product.sums' GROUP BY document, id;

CREATE TEMP VIEW standing AS
SELECT a.document, a.product, d.date, d.kind, CASE d.kind WHEN 'invoice' THEN 1 ELSE -1 END AS sign, a.units, a.revenue, a.frozen, a.frozen_net,
  coalesce(c.cost, 0) AS late, coalesce(c.net, 0) AS late_net,
  1 - coalesce(k.added, 0) - ((v.document IS NOT NULL) - coalesce(k.voided, 0)) AS n,
  (c.cost IS NOT NULL) - coalesce(k.costed, 0) - ((v.document IS NOT NULL) - coalesce(k.voided, 0)) * coalesce(c.entry < v.entry, 0) AS late_n,
  (v.document IS NOT NULL) - coalesce(k.gone, 0) AS gone,
  coalesce((SELECT max(NOT u.gap AND u.type IN ('product.sold', 'product.returned')) FROM unapplied u WHERE k.added AND u.collection = 'product_winners' AND u.id = a.product AND u.document = a.document), 0) AS ahead
FROM sale a JOIN books.documents d ON d.entry = a.document LEFT JOIN books.voids v ON v.document = a.document
LEFT JOIN late c ON c.document = a.document AND c.product = a.product LEFT JOIN lacking k ON k.document = a.document AND k.product = a.product;

CREATE TABLE want_day (id TEXT, date TEXT, number INTEGER, units INTEGER, revenue INTEGER, cost INTEGER, costed_revenue INTEGER, orders INTEGER, sold INTEGER, PRIMARY KEY (id, date)) WITHOUT ROWID;
INSERT INTO want_day
SELECT product, date, CAST(julianday(date) AS INTEGER), sum(sign * n * units), sum(sign * n * revenue), sum(sign * (n * frozen + late_n * late)),
  sum(sign * (n * frozen_net + late_n * late_net)), sum(n * (kind = 'invoice')), max(kind = 'invoice' AND NOT gone AND NOT ahead)
FROM standing GROUP BY product, date;
`
