package cli

import (
	"strconv"
	"strings"

	"comptoir/functions/query"
	"comptoir/local/tables"
	"comptoir/shared/money"
)

var winnerColumns = []column[query.Winner]{
	{"rank", tables.Number, func(w *query.Winner, _ money.Currency) string { return optional(w.Rank, strconv.Itoa) }},
	{"product_id", tables.Text, func(w *query.Winner, _ money.Currency) string { return w.ProductID }},
	{"name", tables.Text, func(w *query.Winner, _ money.Currency) string { return w.Name }},
	{"category", tables.Text, func(w *query.Winner, _ money.Currency) string { return w.Category }},
	{"kind", tables.Text, func(w *query.Winner, _ money.Currency) string { return string(w.Kind) }},
	{"abc", tables.Text, func(w *query.Winner, _ money.Currency) string {
		return optional(w.ABC, func(s string) string { return s })
	}},
	{"units", tables.Number, func(w *query.Winner, _ money.Currency) string { return w.Units.String() }},
	{"revenue", tables.Number, func(w *query.Winner, c money.Currency) string { return w.Revenue.Format(c) }},
	{"cost", tables.Number, func(w *query.Winner, c money.Currency) string { return w.Cost.Format(c) }},
	{"profit", tables.Number, func(w *query.Winner, c money.Currency) string { return w.Profit.Format(c) }},
	{"margin_percent", tables.Number, func(w *query.Winner, _ money.Currency) string { return percent(w.Margin) }},
	{"uncosted_revenue", tables.Number, func(w *query.Winner, c money.Currency) string { return w.UncostedRevenue.Format(c) }},
	{"orders", tables.Number, func(w *query.Winner, _ money.Currency) string { return strconv.FormatInt(w.Orders, 10) }},
	{"units_a_day", tables.Number, func(w *query.Winner, _ money.Currency) string { return optional(w.Velocity, money.Quantity.String) }},
	{"min_margin_percent", tables.Number, func(w *query.Winner, _ money.Currency) string { return percent(w.MinMargin) }},
	{"below_minimum", tables.Text, func(w *query.Winner, _ money.Currency) string { return strconv.FormatBool(w.BelowMinimum) }},
	{"revenue_change_percent", tables.Number, func(w *query.Winner, _ money.Currency) string { return percent(w.RevenueChange) }},
	{"profit_change_percent", tables.Number, func(w *query.Winner, _ money.Currency) string { return percent(w.ProfitChange) }},
	{"first_sold_on", tables.Date, func(w *query.Winner, _ money.Currency) string { return w.FirstSoldOn.String() }},
	{"last_sold_on", tables.Date, func(w *query.Winner, _ money.Currency) string { return w.LastSoldOn.String() }},
}

var riskColumns = []column[query.RiskLot]{
	{"product_id", tables.Text, func(l *query.RiskLot, _ money.Currency) string { return l.ProductID }},
	{"lot", tables.Text, func(l *query.RiskLot, _ money.Currency) string { return l.Lot }},
	{"name", tables.Text, func(l *query.RiskLot, _ money.Currency) string { return l.Name }},
	{"category", tables.Text, func(l *query.RiskLot, _ money.Currency) string { return l.Category }},
	{"on_hand", tables.Number, func(l *query.RiskLot, _ money.Currency) string { return l.OnHand.String() }},
	{"flags", tables.Text, func(l *query.RiskLot, _ money.Currency) string { return flags(l.Flags) }},
	{"risk", tables.Text, func(l *query.RiskLot, _ money.Currency) string {
		return optional(l.Risk, func(f query.Flag) string { return string(f) })
	}},
	{"value_at_risk", tables.Number, func(l *query.RiskLot, c money.Currency) string { return amount(l.ValueAtRisk, c) }},
	{"lost_profit", tables.Number, func(l *query.RiskLot, c money.Currency) string { return amount(l.LostProfit, c) }},
	{"unit_cost", tables.Number, func(l *query.RiskLot, c money.Currency) string { return amount(l.UnitCost, c) }},
	{"sell_price", tables.Number, func(l *query.RiskLot, c money.Currency) string { return amount(l.SellPrice, c) }},
	{"received_on", tables.Date, func(l *query.RiskLot, _ money.Currency) string { return l.ReceivedOn.String() }},
	{"expiry_date", tables.Date, func(l *query.RiskLot, _ money.Currency) string { return l.ExpiryDate.String() }},
	{"days_left", tables.Number, func(l *query.RiskLot, _ money.Currency) string { return optional(l.DaysLeft, decimal) }},
	{"days_held", tables.Number, func(l *query.RiskLot, _ money.Currency) string { return optional(l.DaysHeld, decimal) }},
	{"days_idle", tables.Number, func(l *query.RiskLot, _ money.Currency) string { return optional(l.DaysIdle, decimal) }},
	{"last_sold_on", tables.Date, func(l *query.RiskLot, _ money.Currency) string { return l.LastSoldOn.String() }},
}

var clientColumns = []column[query.Client]{
	{"client_id", tables.Text, func(p *query.Client, _ money.Currency) string { return p.ClientID }},
	{"name", tables.Text, func(p *query.Client, _ money.Currency) string { return p.Name }},
	{"revenue", tables.Number, func(p *query.Client, c money.Currency) string { return p.Revenue.Format(c) }},
	{"orders", tables.Number, func(p *query.Client, _ money.Currency) string { return decimal(p.Orders) }},
	{"average_order", tables.Number, func(p *query.Client, c money.Currency) string { return amount(p.AverageOrder, c) }},
	{"tier", tables.Text, func(p *query.Client, _ money.Currency) string { return p.Tier }},
	{"eligible", tables.Text, func(p *query.Client, _ money.Currency) string { return strconv.FormatBool(p.Eligible) }},
	{"eligible_since", tables.Date, func(p *query.Client, _ money.Currency) string { return p.EligibleSince.String() }},
	{"lost_at", tables.Date, func(p *query.Client, _ money.Currency) string { return p.LostAt.String() }},
	{"progress_percent", tables.Number, func(p *query.Client, _ money.Currency) string { return p.Progress.Percent() }},
	{"first_purchase", tables.Date, func(p *query.Client, _ money.Currency) string { return p.FirstPurchase.String() }},
	{"last_purchase", tables.Date, func(p *query.Client, _ money.Currency) string { return p.LastPurchase.String() }},
}

// optional writes what may be absent; nothing where it is.
func optional[T any](v *T, text func(T) string) string {
	if v == nil {
		return ""
	}
	return text(*v)
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

func percent(bp money.NullBasisPoints) string {
	if !bp.Valid {
		return ""
	}
	return bp.BasisPoints.Percent()
}

func amount(a money.NullAmount, c money.Currency) string {
	if !a.Valid {
		return ""
	}
	return a.Amount.Format(c)
}

func flags(all []query.Flag) string {
	texts := make([]string, len(all))
	for i, f := range all {
		texts[i] = string(f)
	}
	return strings.Join(texts, " ")
}
