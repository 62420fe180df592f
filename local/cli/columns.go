package cli

import (
	"strconv"
	"strings"

	"comptoir/functions/query"
	"comptoir/shared/money"
)

var winnerColumns = []column[query.Winner]{
	{"rank", func(w *query.Winner, _ money.Currency) string { return optional(w.Rank, strconv.Itoa) }},
	{"product_id", func(w *query.Winner, _ money.Currency) string { return plain(w.ProductID) }},
	{"name", func(w *query.Winner, _ money.Currency) string { return plain(w.Name) }},
	{"category", func(w *query.Winner, _ money.Currency) string { return plain(w.Category) }},
	{"kind", func(w *query.Winner, _ money.Currency) string { return string(w.Kind) }},
	{"abc", func(w *query.Winner, _ money.Currency) string { return optional(w.ABC, plain) }},
	{"units", func(w *query.Winner, _ money.Currency) string { return w.Units.String() }},
	{"revenue", func(w *query.Winner, c money.Currency) string { return w.Revenue.Format(c) }},
	{"cost", func(w *query.Winner, c money.Currency) string { return w.Cost.Format(c) }},
	{"profit", func(w *query.Winner, c money.Currency) string { return w.Profit.Format(c) }},
	{"margin_percent", func(w *query.Winner, _ money.Currency) string { return percent(w.Margin) }},
	{"uncosted_revenue", func(w *query.Winner, c money.Currency) string { return w.UncostedRevenue.Format(c) }},
	{"orders", func(w *query.Winner, _ money.Currency) string { return strconv.FormatInt(w.Orders, 10) }},
	{"units_a_day", func(w *query.Winner, _ money.Currency) string { return optional(w.Velocity, money.Quantity.String) }},
	{"min_margin_percent", func(w *query.Winner, _ money.Currency) string { return percent(w.MinMargin) }},
	{"below_minimum", func(w *query.Winner, _ money.Currency) string { return strconv.FormatBool(w.BelowMinimum) }},
	{"revenue_change_percent", func(w *query.Winner, _ money.Currency) string { return percent(w.RevenueChange) }},
	{"profit_change_percent", func(w *query.Winner, _ money.Currency) string { return percent(w.ProfitChange) }},
	{"first_sold_on", func(w *query.Winner, _ money.Currency) string { return w.FirstSoldOn.String() }},
	{"last_sold_on", func(w *query.Winner, _ money.Currency) string { return w.LastSoldOn.String() }},
}

var riskColumns = []column[query.RiskLot]{
	{"product_id", func(l *query.RiskLot, _ money.Currency) string { return plain(l.ProductID) }},
	{"lot", func(l *query.RiskLot, _ money.Currency) string { return plain(l.Lot) }},
	{"name", func(l *query.RiskLot, _ money.Currency) string { return plain(l.Name) }},
	{"category", func(l *query.RiskLot, _ money.Currency) string { return plain(l.Category) }},
	{"on_hand", func(l *query.RiskLot, _ money.Currency) string { return l.OnHand.String() }},
	{"flags", func(l *query.RiskLot, _ money.Currency) string { return flags(l.Flags) }},
	{"risk", func(l *query.RiskLot, _ money.Currency) string {
		return optional(l.Risk, func(f query.Flag) string { return string(f) })
	}},
	{"value_at_risk", func(l *query.RiskLot, c money.Currency) string { return amount(l.ValueAtRisk, c) }},
	{"lost_profit", func(l *query.RiskLot, c money.Currency) string { return amount(l.LostProfit, c) }},
	{"unit_cost", func(l *query.RiskLot, c money.Currency) string { return amount(l.UnitCost, c) }},
	{"sell_price", func(l *query.RiskLot, c money.Currency) string { return amount(l.SellPrice, c) }},
	{"received_on", func(l *query.RiskLot, _ money.Currency) string { return l.ReceivedOn.String() }},
	{"expiry_date", func(l *query.RiskLot, _ money.Currency) string { return l.ExpiryDate.String() }},
	{"days_left", func(l *query.RiskLot, _ money.Currency) string { return optional(l.DaysLeft, decimal) }},
	{"days_held", func(l *query.RiskLot, _ money.Currency) string { return optional(l.DaysHeld, decimal) }},
	{"days_idle", func(l *query.RiskLot, _ money.Currency) string { return optional(l.DaysIdle, decimal) }},
	{"last_sold_on", func(l *query.RiskLot, _ money.Currency) string { return l.LastSoldOn.String() }},
}

var clientColumns = []column[query.Client]{
	{"client_id", func(p *query.Client, _ money.Currency) string { return plain(p.ClientID) }},
	{"name", func(p *query.Client, _ money.Currency) string { return plain(p.Name) }},
	{"revenue", func(p *query.Client, c money.Currency) string { return p.Revenue.Format(c) }},
	{"orders", func(p *query.Client, _ money.Currency) string { return decimal(p.Orders) }},
	{"average_order", func(p *query.Client, c money.Currency) string { return amount(p.AverageOrder, c) }},
	{"tier", func(p *query.Client, _ money.Currency) string { return p.Tier }},
	{"eligible", func(p *query.Client, _ money.Currency) string { return strconv.FormatBool(p.Eligible) }},
	{"eligible_since", func(p *query.Client, _ money.Currency) string { return p.EligibleSince.String() }},
	{"lost_at", func(p *query.Client, _ money.Currency) string { return p.LostAt.String() }},
	{"progress_percent", func(p *query.Client, _ money.Currency) string { return p.Progress.Percent() }},
	{"first_purchase", func(p *query.Client, _ money.Currency) string { return p.FirstPurchase.String() }},
	{"last_purchase", func(p *query.Client, _ money.Currency) string { return p.LastPurchase.String() }},
}

// optional writes what may be absent; nothing where it is.
func optional[T any](v *T, text func(T) string) string {
	if v == nil {
		return ""
	}
	return text(*v)
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// plain keeps a spreadsheet from taking a text that somebody typed for a formula.
func plain(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

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
