package verify

import (
	"context"
	"database/sql"
	"fmt"
)

var (
	clientFields  = []string{"revenue", "orders", "average_order", "first_purchase", "last_purchase", "tier", "eligible", "progress"}
	crossedFields = []string{"eligible_since", "lost_at"}
)

// moves fills, per client, what each event that its document holds added, in the
// order of the revisions.
const moves = `
CREATE TABLE move AS
SELECT e.key AS id, e.revision, e.document, NOT EXISTS (SELECT 1 FROM gap g WHERE g.collection = m.collection AND g.id = m.id AND g.family = m.family AND e.revision BETWEEN g.first AND g.last) AS counted,
  d.kind, d.date, (e.type IN ('client.invoice_voided', 'client.credit_voided')) AS void,
  CASE WHEN e.type IN ('client.invoiced', 'client.credit_voided') THEN d.net ELSE -d.net END AS net,
  CASE e.type WHEN 'client.invoiced' THEN 1 WHEN 'client.invoice_voided' THEN -1 ELSE 0 END AS orders,
  CASE WHEN e.type IN ('client.invoice_voided', 'client.credit_voided') THEN v.voided_on ELSE d.date END AS effect,
  d.date > date(n.recorded_at / 1000000, 'unixepoch') AS future
FROM books.event_log e JOIN mark m ON m.collection = 'clients' AND m.id = e.key AND m.family = 'client.sums' AND e.revision <= m.applied
JOIN books.documents d ON d.entry = e.document JOIN books.entries n ON n.id = e.document LEFT JOIN books.voids v ON v.document = e.document
WHERE e.type IN ('client.invoiced', 'client.credited', 'client.invoice_voided', 'client.credit_voided');
CREATE INDEX move_id ON move (id, revision);
`

// clients compares the revenue of every client and what follows from it.
func (v *verification) clients(ctx context.Context) error {
	if err := v.exec(ctx, "the clients' revenues", moves); err != nil {
		return err
	}
	r := v.Rules
	want := fmt.Sprintf(`
CREATE TABLE want_client AS
SELECT id, revenue, orders, CASE WHEN orders > 0 THEN %s END AS average_order, first_purchase, last_purchase,
  CASE WHEN revenue > %d THEN 'gold' WHEN revenue > %d THEN 'silver' ELSE 'standard' END AS tier, revenue > %[4]d AS eligible,
  CASE WHEN revenue <= 0 THEN 0 WHEN revenue >= %[4]d THEN 10000 ELSE %[5]s END AS progress
FROM (SELECT d.id, coalesce(sum(CASE WHEN m.counted AND m.date <= d.day THEN m.net END), 0) AS revenue,
        coalesce(sum(CASE WHEN m.counted AND m.date <= d.day THEN m.orders END), 0) AS orders,
        min(CASE WHEN m.kind = 'invoice' AND NOT gone THEN m.date END) AS first_purchase, max(CASE WHEN m.kind = 'invoice' AND NOT gone THEN m.date END) AS last_purchase
      FROM doc d LEFT JOIN (SELECT *, max(void) OVER (PARTITION BY id, document) AS gone FROM move) m ON m.id = d.id
      WHERE d.collection = 'clients' AND NOT d.foreign_sums GROUP BY d.id);
`, halfEven("revenue", "orders"), r.GoldThreshold, r.SilverThreshold, r.PromoThreshold, halfEven("revenue * 10000", fmt.Sprint(max(r.PromoThreshold, 1))))
	if err := v.exec(ctx, "the clients' figures", want); err != nil {
		return err
	}
	if err := v.compare(ctx, clientPromotions, clientFields, "SELECT w.id, '', "+columns(clientFields)+" FROM want_client w JOIN got_client g USING (id)"); err != nil {
		return err
	}
	// Since when a client is eligible follows from the order of the entries. It
	// cannot be told from the books where an entry was applied late or waited for
	// its day, or where the thresholds were changed meanwhile.
	if err := v.compare(ctx, clientPromotions, crossedFields, fmt.Sprintf(`
		WITH run AS (SELECT id, revision, effect, sum(net) OVER (PARTITION BY id ORDER BY revision) AS total FROM move WHERE counted),
		  crossed AS (SELECT id, revision, effect, total > %[1]d AS up, lag(total, 1, 0) OVER (PARTITION BY id ORDER BY revision) > %[1]d AS was FROM run),
		  last AS (SELECT id, max(revision), effect, up FROM crossed WHERE up <> was GROUP BY id)
		SELECT g.id, '', CASE WHEN l.up THEN l.effect END, g.eligible_since, CASE WHEN NOT l.up THEN l.effect END, g.lost_at
		FROM got_client g JOIN doc d ON d.collection = 'clients' AND d.id = g.id AND NOT d.foreign_sums AND d.rules = 1 LEFT JOIN last l ON l.id = g.id
		WHERE NOT EXISTS (SELECT 1 FROM mark m WHERE m.collection = 'clients' AND m.id = g.id AND m.family = 'client.sums' AND m.late > 0)
		  AND NOT EXISTS (SELECT 1 FROM move f WHERE f.id = g.id AND f.future)`, r.PromoThreshold)); err != nil {
		return err
	}
	if err := v.compare(ctx, clientPromotions, []string{"name"}, `SELECT g.id, '', w.name, g.name
		FROM got_client g JOIN books.clients w ON w.id = g.id JOIN books.client_state s ON s.client = g.id
		JOIN mark m ON m.collection = 'clients' AND m.id = g.id AND m.family = 'client.changed' AND m.applied = s.entry_revision`); err != nil {
		return err
	}
	rows, err := v.conn.QueryContext(ctx, `
		SELECT 'clients', g.id, 'revenue', (SELECT sum(net) FROM move m WHERE m.id = g.id AND m.counted AND m.date <= d.day), g.revenue
		FROM got_client g JOIN doc d ON d.collection = 'clients' AND d.id = g.id AND d.foreign_sums`)
	if err != nil {
		return fmt.Errorf("listing what other producers added: %w", err)
	}
	defer rows.Close()
	return v.scanForeign(rows)
}

func (v *verification) scanForeign(rows *sql.Rows) error {
	for rows.Next() {
		var d Difference
		var ledger, state sql.NullString
		if err := rows.Scan(&d.Collection, &d.ID, &d.Field, &ledger, &state); err != nil {
			return fmt.Errorf("listing what other producers added: %w", err)
		}
		d.Ledger, d.State = ledger.String, state.String
		v.report.Foreign = append(v.report.Foreign, d)
	}
	return rows.Err()
}
