package verify

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// workTables hold, in memory, what the state says: "got" tables as documents
// have it, and per document how far it is.
const workTables = `
CREATE TABLE mark (collection TEXT, id TEXT, family TEXT, applied INTEGER, late INTEGER, PRIMARY KEY (collection, id, family)) WITHOUT ROWID;
CREATE TABLE gap (collection TEXT, id TEXT, family TEXT, first INTEGER, last INTEGER);
CREATE INDEX gap_key ON gap (collection, id, family);
CREATE TABLE doc (collection TEXT, id TEXT, day TEXT, rules INTEGER, foreign_sums INTEGER, PRIMARY KEY (collection, id)) WITHOUT ROWID;
CREATE TABLE claimed (function TEXT, stream TEXT, applied INTEGER, PRIMARY KEY (function, stream)) WITHOUT ROWID;
CREATE TABLE claim_gap (function TEXT, stream TEXT, first INTEGER, last INTEGER);
CREATE TABLE got_product (id TEXT PRIMARY KEY, name TEXT, category TEXT, kind TEXT, buy_price INTEGER, sell_price INTEGER, min_margin INTEGER, first_sold_on TEXT, last_sold_on TEXT) WITHOUT ROWID;
CREATE TABLE got_sums (id TEXT, span TEXT, units INTEGER, revenue INTEGER, cost INTEGER, costed_revenue INTEGER, orders INTEGER,
  uncosted_revenue INTEGER, profit INTEGER, margin INTEGER, below_minimum INTEGER, velocity INTEGER, profit_change INTEGER, revenue_change INTEGER, PRIMARY KEY (id, span)) WITHOUT ROWID;
CREATE TABLE got_stock (id TEXT PRIMARY KEY, name TEXT, sell_price INTEGER, last_sold_on TEXT, at_risk INTEGER, lots_at_risk INTEGER, value_at_risk INTEGER, lost_profit INTEGER) WITHOUT ROWID;
CREATE TABLE got_lot (id TEXT, lot TEXT, on_hand INTEGER, unit_cost INTEGER, received_on TEXT, expiry_date TEXT, flags TEXT, risk TEXT, value_at_risk INTEGER, lost_profit INTEGER, PRIMARY KEY (id, lot)) WITHOUT ROWID;
CREATE TABLE got_client (id TEXT PRIMARY KEY, name TEXT, revenue INTEGER, orders INTEGER, average_order INTEGER, first_purchase TEXT, last_purchase TEXT,
  tier TEXT, eligible INTEGER, eligible_since TEXT, lost_at TEXT, progress INTEGER) WITHOUT ROWID;
`

type header struct {
	ID           string     `json:"_id"`
	Day          event.Date `json:"day"`
	RulesVersion int64      `json:"rules_version"`
	Sources      []struct {
		Source  string       `json:"source"`
		Family  event.Family `json:"family"`
		Applied int64        `json:"applied"`
		Missing [][2]int64   `json:"missing"`
		Late    int64        `json:"late"`
	} `json:"sources"`
}

type sums struct {
	Units         money.Quantity `json:"units"`
	Revenue       money.Amount   `json:"revenue"`
	Cost          money.Amount   `json:"cost"`
	CostedRevenue money.Amount   `json:"costed_revenue"`
	Orders        int64          `json:"orders"`
}

type window struct {
	sums
	Uncosted      money.Amount          `json:"uncosted_revenue"`
	Profit        money.Amount          `json:"profit"`
	Margin        money.NullBasisPoints `json:"margin"`
	BelowMinimum  bool                  `json:"below_minimum"`
	Velocity      *money.Quantity       `json:"velocity"`
	ProfitChange  money.NullBasisPoints `json:"profit_change"`
	RevenueChange money.NullBasisPoints `json:"revenue_change"`
}

func (v *verification) loadState(ctx context.Context) error {
	if err := v.loadCheckpoints(ctx); err != nil {
		return err
	}
	if _, err := v.conn.ExecContext(ctx, "BEGIN"); err != nil {
		return fmt.Errorf("verifying: %w", err)
	}
	for _, load := range []func(context.Context) error{v.loadProducts, v.loadStock, v.loadClients} {
		if err := load(ctx); err != nil {
			return err
		}
	}
	if _, err := v.conn.ExecContext(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("verifying: %w", err)
	}
	return nil
}

func (v *verification) loadCheckpoints(ctx context.Context) error {
	return v.each(ctx, "checkpoints", func(raw json.RawMessage) error {
		var c struct {
			header
			Function string `json:"function"`
			Stream   string `json:"stream"`
		}
		if err := json.Unmarshal(raw, &c); err != nil {
			return err
		}
		for _, s := range c.Sources {
			if s.Source != v.Source {
				continue
			}
			if _, err := v.conn.ExecContext(ctx, "INSERT INTO claimed VALUES (?, ?, ?)", c.Function, c.Stream, s.Applied); err != nil {
				return err
			}
			for _, r := range s.Missing {
				if _, err := v.conn.ExecContext(ctx, "INSERT INTO claim_gap VALUES (?, ?, ?, ?)", c.Function, c.Stream, r[0], r[1]); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// insert prepares one statement for many rows.
func (v *verification) insert(ctx context.Context, table string, columns int) (*sql.Stmt, error) {
	return v.conn.PrepareContext(ctx, "INSERT INTO "+table+" VALUES ("+strings.TrimSuffix(strings.Repeat("?, ", columns), ", ")+")")
}

// head notes how far a document is, and whether others than the ledger added to its sums.
func (v *verification) head(ctx context.Context, collection string, h *header) error {
	foreign := false
	for _, s := range h.Sources {
		if s.Source != v.Source {
			foreign = foreign || s.Family == event.ProductSums || s.Family == event.ClientSums
			continue
		}
		if _, err := v.conn.ExecContext(ctx, "INSERT INTO mark VALUES (?, ?, ?, ?, ?)", collection, h.ID, s.Family, s.Applied, s.Late); err != nil {
			return err
		}
		for _, r := range s.Missing {
			v.report.Gaps[collection] += r[1] - r[0] + 1
			if _, err := v.conn.ExecContext(ctx, "INSERT INTO gap VALUES (?, ?, ?, ?, ?)", collection, h.ID, s.Family, r[0], r[1]); err != nil {
				return err
			}
		}
	}
	v.report.Documents[collection]++
	_, err := v.conn.ExecContext(ctx, "INSERT INTO doc VALUES (?, ?, ?, ?, ?)", collection, h.ID, h.Day.String(), h.RulesVersion, foreign)
	return err
}

func (v *verification) loadProducts(ctx context.Context) error {
	insert, err := v.insert(ctx, "got_sums", 14)
	if err != nil {
		return err
	}
	defer insert.Close()
	return v.each(ctx, productWinners, func(raw json.RawMessage) error {
		var d struct {
			header
			Name      string                `json:"name"`
			Category  string                `json:"category"`
			Kind      string                `json:"kind"`
			BuyPrice  money.NullAmount      `json:"buy_price"`
			SellPrice money.NullAmount      `json:"sell_price"`
			MinMargin money.NullBasisPoints `json:"min_margin"`
			First     event.Date            `json:"first_sold_on"`
			Last      event.Date            `json:"last_sold_on"`
			Windows   map[string]window     `json:"windows"`
			Total     sums                  `json:"total"`
			Days      []struct {
				Day event.Date `json:"day"`
				sums
			} `json:"days"`
		}
		if err := json.Unmarshal(raw, &d); err != nil {
			return err
		}
		if err := v.head(ctx, productWinners, &d.header); err != nil {
			return err
		}
		if _, err := v.conn.ExecContext(ctx, "INSERT INTO got_product VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", d.ID, d.Name, d.Category, d.Kind,
			amount(d.BuyPrice), amount(d.SellPrice), ratio(d.MinMargin), date(d.First), date(d.Last)); err != nil {
			return err
		}
		add := func(span string, s sums, derived ...any) error {
			if derived == nil {
				derived = make([]any, 7)
			}
			_, err := insert.ExecContext(ctx, append([]any{d.ID, span, int64(s.Units), int64(s.Revenue), int64(s.Cost), int64(s.CostedRevenue), s.Orders}, derived...)...)
			return err
		}
		for name, w := range d.Windows {
			var velocity any
			if w.Velocity != nil {
				velocity = int64(*w.Velocity)
			}
			if err := add("windows."+name, w.sums, int64(w.Uncosted), int64(w.Profit), ratio(w.Margin), w.BelowMinimum, velocity, ratio(w.ProfitChange), ratio(w.RevenueChange)); err != nil {
				return err
			}
		}
		for _, day := range d.Days {
			if err := add("days."+day.Day.String(), day.sums); err != nil {
				return err
			}
		}
		return add("total", d.Total)
	})
}

func (v *verification) loadStock(ctx context.Context) error {
	insert, err := v.insert(ctx, "got_lot", 10)
	if err != nil {
		return err
	}
	defer insert.Close()
	return v.each(ctx, lossRisk, func(raw json.RawMessage) error {
		var d struct {
			header
			Name       string           `json:"name"`
			SellPrice  money.NullAmount `json:"sell_price"`
			LastSoldOn event.Date       `json:"last_sold_on"`
			AtRisk     bool             `json:"at_risk"`
			LotsAtRisk int64            `json:"lots_at_risk"`
			Value      money.Amount     `json:"value_at_risk"`
			Lost       money.Amount     `json:"lost_profit"`
			Lots       []struct {
				Lot        string           `json:"lot"`
				OnHand     money.Quantity   `json:"on_hand"`
				UnitCost   money.NullAmount `json:"unit_cost"`
				ReceivedOn event.Date       `json:"received_on"`
				ExpiryDate event.Date       `json:"expiry_date"`
				Flags      []string         `json:"flags"`
				Risk       string           `json:"risk"`
				Value      money.NullAmount `json:"value_at_risk"`
				Lost       money.NullAmount `json:"lost_profit"`
			} `json:"lots"`
		}
		if err := json.Unmarshal(raw, &d); err != nil {
			return err
		}
		if err := v.head(ctx, lossRisk, &d.header); err != nil {
			return err
		}
		if _, err := v.conn.ExecContext(ctx, "INSERT INTO got_stock VALUES (?, ?, ?, ?, ?, ?, ?, ?)", d.ID, d.Name, amount(d.SellPrice), date(d.LastSoldOn),
			d.AtRisk, d.LotsAtRisk, int64(d.Value), int64(d.Lost)); err != nil {
			return err
		}
		for _, l := range d.Lots {
			slices.Sort(l.Flags)
			if _, err := insert.ExecContext(ctx, d.ID, l.Lot, int64(l.OnHand), amount(l.UnitCost), date(l.ReceivedOn), date(l.ExpiryDate),
				strings.Join(l.Flags, " "), l.Risk, amount(l.Value), amount(l.Lost)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (v *verification) loadClients(ctx context.Context) error {
	return v.each(ctx, clientPromotions, func(raw json.RawMessage) error {
		var d struct {
			header
			Name     string            `json:"name"`
			Revenue  money.Amount      `json:"revenue"`
			Orders   int64             `json:"orders"`
			Average  money.NullAmount  `json:"average_order"`
			First    event.Date        `json:"first_purchase"`
			Last     event.Date        `json:"last_purchase"`
			Tier     string            `json:"tier"`
			Eligible bool              `json:"eligible"`
			Since    event.Date        `json:"eligible_since"`
			LostAt   event.Date        `json:"lost_at"`
			Progress money.BasisPoints `json:"progress"`
		}
		if err := json.Unmarshal(raw, &d); err != nil {
			return err
		}
		if err := v.head(ctx, clientPromotions, &d.header); err != nil {
			return err
		}
		_, err := v.conn.ExecContext(ctx, "INSERT INTO got_client VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", d.ID, d.Name, int64(d.Revenue), d.Orders, amount(d.Average),
			date(d.First), date(d.Last), d.Tier, d.Eligible, date(d.Since), date(d.LostAt), int64(d.Progress))
		return err
	})
}

func amount(n money.NullAmount) any {
	if !n.Valid {
		return nil
	}
	return int64(n.Amount)
}

func ratio(n money.NullBasisPoints) any {
	if !n.Valid {
		return nil
	}
	return int64(n.BasisPoints)
}

func date(d event.Date) any {
	if d == event.NoDate {
		return nil
	}
	return d.String()
}
