package verify

import (
	"context"
	"fmt"
)

var (
	lotFields   = []string{"on_hand", "unit_cost", "received_on", "expiry_date", "flags", "risk", "value_at_risk", "lost_profit"}
	stockFields = []string{"last_sold_on", "at_risk", "lots_at_risk", "value_at_risk", "lost_profit"}
	entryFields = []string{"name", "sell_price"}
)

// stock compares the lots, their flags and their values. A document that is
// behind the books on its stock is not compared: its next event replaces all of it.
func (v *verification) stock(ctx context.Context) error {
	r := v.Rules
	lots := fmt.Sprintf(`
CREATE TABLE level AS SELECT d.id, d.day, s.last_sold_on,
    CASE WHEN e.applied = s.entry_revision THEN p.sell_price ELSE g.sell_price END AS sell_price, p.kind
  FROM doc d JOIN books.product_state s ON s.product = d.id JOIN books.products p ON p.id = d.id JOIN got_stock g ON g.id = d.id
  JOIN mark m ON m.collection = d.collection AND m.id = d.id AND m.family = 'stock.changed' AND m.applied = s.stock_revision AND NOT s.stock_owed
  LEFT JOIN mark e ON e.collection = d.collection AND e.id = d.id AND e.family = 'product.changed'
  WHERE d.collection = 'loss_risk_products';
CREATE TABLE want_lot (id TEXT, lot TEXT, on_hand INTEGER, unit_cost INTEGER, received_on TEXT, expiry_date TEXT, expiry TEXT, dead INTEGER, sell_price INTEGER,
  flags TEXT, risk TEXT, value_at_risk INTEGER, lost_profit INTEGER, PRIMARY KEY (id, lot)) WITHOUT ROWID;
INSERT INTO want_lot (id, lot, on_hand, unit_cost, received_on, expiry_date, sell_price, expiry, dead)
SELECT v.id, l.lot, l.on_hand, l.unit_cost, l.received_on, l.expiry_date, v.sell_price,
  CASE WHEN l.on_hand <= 0 OR v.kind = 'service' OR l.expiry_date IS NULL THEN ''
       WHEN l.expiry_date < v.day THEN 'EXPIRED'
       WHEN l.expiry_date <= date(v.day, '+%d days') THEN 'EXPIRING'
       WHEN l.expiry_date <= date(v.day, '+%d days') THEN 'WATCH' ELSE '' END,
  CASE WHEN l.on_hand <= 0 OR v.kind = 'service' THEN 0
       ELSE coalesce(max(coalesce(v.last_sold_on, ''), coalesce(l.received_on, '')) <> '' AND max(coalesce(v.last_sold_on, ''), coalesce(l.received_on, '')) < date(v.day, '-%d days'), 0) END
FROM level v JOIN books.lots l ON l.product = v.id WHERE l.on_hand <> 0;
UPDATE want_lot SET flags = CASE WHEN on_hand < 0 THEN 'NEGATIVE' ELSE trim(CASE dead WHEN 1 THEN 'DEAD ' ELSE '' END || expiry) END,
  risk = CASE WHEN expiry <> '' THEN expiry WHEN dead THEN 'DEAD' ELSE '' END;
UPDATE want_lot SET value_at_risk = %s, lost_profit = max(0, %s) WHERE risk <> '';
`, r.ExpiringDays, r.WatchDays, r.DeadDays, halfEven("on_hand * unit_cost", "1000"), halfEven("on_hand * (sell_price - unit_cost)", "1000"))
	if err := v.exec(ctx, "the stock", lots); err != nil {
		return err
	}
	if err := v.compare(ctx, lossRisk, lotFields, "SELECT w.id, 'lots.' || w.lot, "+columns(lotFields)+" FROM want_lot w LEFT JOIN got_lot g USING (id, lot)"); err != nil {
		return err
	}
	if err := v.compare(ctx, lossRisk, []string{"on_hand"}, `SELECT g.id, 'lots.' || g.lot, NULL, g.on_hand FROM got_lot g JOIN level v ON v.id = g.id
		LEFT JOIN want_lot w ON w.id = g.id AND w.lot = g.lot WHERE w.id IS NULL AND g.on_hand <> 0`); err != nil {
		return err
	}
	if err := v.compare(ctx, lossRisk, stockFields, `SELECT w.id, '', `+columns(stockFields)+` FROM (
		  SELECT v.id, v.last_sold_on, coalesce(sum(l.risk <> ''), 0) > 0 AS at_risk, coalesce(sum(l.risk <> ''), 0) AS lots_at_risk,
		    coalesce(sum(l.value_at_risk), 0) AS value_at_risk, coalesce(sum(l.lost_profit), 0) AS lost_profit
		  FROM level v LEFT JOIN want_lot l ON l.id = v.id GROUP BY v.id) w JOIN got_stock g USING (id)`); err != nil {
		return err
	}
	return v.compare(ctx, lossRisk, entryFields, `SELECT g.id, '', `+columns(entryFields)+`
		FROM got_stock g JOIN books.products w ON w.id = g.id JOIN books.product_state s ON s.product = g.id
		JOIN mark m ON m.collection = 'loss_risk_products' AND m.id = g.id AND m.family = 'product.changed' AND m.applied = s.entry_revision`)
}
