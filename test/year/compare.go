package year

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Difference is one figure that is not what it has to be.
type Difference struct {
	Item  string // product, client, or product/lot
	Field string // "" where the item as a whole is missing, unknown or there twice
	Want  string // JSON
	Got   string
}

func (d Difference) String() string {
	return fmt.Sprintf("%s %s: want %s, got %s", d.Item, d.Field, d.Want, d.Got)
}

// fields are an item's figures as JSON texts. Those in must are to be there; the
// others are compared where the export has them.
type fields map[string]string

var must = map[string][]string{
	"product-winners":   {"name", "rank", "units", "revenue", "cost", "profit", "margin", "uncosted_revenue", "orders"},
	"loss-risk":         {"name", "on_hand", "flags", "value_at_risk", "lost_profit"},
	"client-promotions": {"name", "revenue", "orders", "tier", "eligible"},
}

// Exports are the analytics with their windows.
var Exports = [...][2]string{
	{"product-winners", "7d"}, {"product-winners", "30d"}, {"product-winners", "all"}, {"loss-risk", "all"}, {"client-promotions", "all"},
}

// Compare holds what `comptoir export ANALYTIC --window WINDOW --format json --all`
// printed against the figures; window is only used for product-winners. An
// error means that the export cannot be read as one.
func Compare(fig *Figures, analytic, window string, export []byte) ([]Difference, error) {
	want, err := fig.items(analytic, window)
	if err != nil {
		return nil, err
	}
	var page struct {
		Items        []map[string]json.RawMessage `json:"items"`
		BusinessDate string                       `json:"business_date"`
		Currency     string                       `json:"currency"`
		Window       *string                      `json:"window"`
	}
	if err := json.Unmarshal(export, &page); err != nil {
		return nil, fmt.Errorf("reading the export of %s: %w", analytic, err)
	}
	var all []Difference
	head := func(field, want, got string) {
		if want != got {
			all = append(all, Difference{"export", field, want, got})
		}
	}
	head("business_date", today.Format(time.DateOnly), page.BusinessDate)
	head("currency", "GBP", page.Currency)
	if analytic == "product-winners" {
		got := "none"
		if page.Window != nil {
			got = *page.Window
		}
		head("window", window, got)
	}
	seen := map[string]bool{}
	for _, got := range page.Items {
		id, err := identify(analytic, got)
		if err != nil {
			return nil, err
		}
		w, known := want[id]
		switch {
		case seen[id]:
			all = append(all, Difference{id, "", "once", "twice"})
			continue
		case !known:
			all = append(all, Difference{id, "", "none", "an item"})
			continue
		}
		seen[id] = true
		for _, name := range must[analytic] {
			if _, there := got[name]; !there {
				all = append(all, Difference{id, name, w[name], "no such field"})
			}
		}
		for name, text := range w {
			if have, there := got[name]; there && plain(have) != text {
				all = append(all, Difference{id, name, text, plain(have)})
			}
		}
	}
	for id := range want {
		if !seen[id] {
			all = append(all, Difference{id, "", "an item", "none"})
		}
	}
	slices.SortFunc(all, func(a, b Difference) int {
		return strings.Compare(a.Item+"\x00"+a.Field, b.Item+"\x00"+b.Field)
	})
	return all, nil
}

func identify(analytic string, item map[string]json.RawMessage) (string, error) {
	parts := map[string][]string{"product-winners": {"product_id"}, "loss-risk": {"product_id", "lot"}, "client-promotions": {"client_id"}}[analytic]
	var id []string
	for _, p := range parts {
		var s string
		if err := json.Unmarshal(item[p], &s); err != nil {
			return "", fmt.Errorf("reading an item of %s: its %s is %q: %w", analytic, p, item[p], err)
		}
		id = append(id, s)
	}
	return strings.Join(id, "/"), nil
}

// items are all items of an analytic, as the export has to show them.
func (fig *Figures) items(analytic, window string) (map[string]fields, error) {
	all := map[string]fields{}
	switch analytic {
	case "product-winners":
		products, ok := fig.Products[window]
		if !ok {
			return nil, fmt.Errorf("comparing product-winners: there is no window %q", window)
		}
		for id, p := range products {
			all[id] = p.fields()
		}
	case "loss-risk":
		for id, l := range fig.Lots {
			all[id.Product+"/"+id.Lot] = l.fields()
		}
	case "client-promotions":
		for id, c := range fig.Clients {
			all[id] = c.fields()
		}
	default:
		return nil, fmt.Errorf("comparing %q: there is no such analytic", analytic)
	}
	return all, nil
}

func (p *Product) fields() fields {
	kind := "stock"
	if p.Service {
		kind = "service"
	}
	f := fields{
		"name": quote(p.Name), "category": quote(p.Category), "kind": quote(kind),
		"units": whole(p.Units), "revenue": whole(p.Revenue), "cost": whole(p.Cost), "profit": whole(p.Profit),
		"margin": null(p.Margin), "uncosted_revenue": whole(p.UncostedRevenue), "orders": whole(p.Orders),
		"min_margin": null(p.MinMargin), "below_minimum": strconv.FormatBool(p.BelowMinimum),
		"rank": "null", "abc": "null", "velocity": "null",
		"revenue_change": null(p.RevenueChange), "profit_change": null(p.ProfitChange),
		"first_sold_on": date(p.FirstSold), "last_sold_on": date(p.LastSold),
	}
	if p.Rank > 0 {
		f["rank"] = strconv.Itoa(p.Rank)
	}
	if p.ABC != "" {
		f["abc"] = quote(p.ABC)
	}
	if p.Velocity != nil {
		f["velocity"] = thousandths(*p.Velocity)
	}
	return f
}

func (l *Lot) fields() fields {
	f := fields{
		"name": quote(l.Name), "category": quote(l.Category), "on_hand": whole(l.OnHand), "flags": "[]", "risk": "null",
		"value_at_risk": null(l.ValueAtRisk), "lost_profit": null(l.LostProfit),
		"unit_cost": whole(l.UnitCost), "sell_price": whole(l.SellPrice),
		"received_on": date(l.Received), "expiry_date": date(l.Expires), "last_sold_on": date(l.LastSold),
		"days_left": "null", "days_held": whole(l.DaysHeld), "days_idle": whole(l.DaysIdle),
	}
	if !l.Expires.IsZero() {
		f["days_left"] = whole(l.DaysLeft)
	}
	if len(l.Flags) > 0 {
		f["flags"] = `["` + strings.Join(l.Flags, `","`) + `"]`
		f["risk"] = quote(l.Flags[0])
	}
	return f
}

func (c *Client) fields() fields {
	return fields{
		"name": `""`, "revenue": whole(c.Revenue), "orders": whole(c.Orders), "average_order": null(c.Average),
		"tier": quote(c.Tier), "eligible": strconv.FormatBool(c.Eligible), "eligible_since": date(c.Since), "lost_at": date(c.Lost),
		"progress": whole(c.Progress), "first_purchase": date(c.First), "last_purchase": date(c.Last),
	}
}

func whole(v int64) string { return strconv.FormatInt(v, 10) }

func null(v *int64) string {
	if v == nil {
		return "null"
	}
	return whole(*v)
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // of a string it never fails
	}
	return string(b)
}

// plain writes a value as this package does: without spaces between, and with
// the escapes of quote in a text.
func plain(raw json.RawMessage) string {
	var s *string
	if json.Unmarshal(raw, &s) == nil && s != nil {
		return quote(*s)
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return b.String()
}

func date(d time.Time) string {
	if d.IsZero() {
		return "null"
	}
	return quote(d.Format(time.DateOnly))
}

// thousandths writes a decimal without needless zeros.
func thousandths(v int64) string {
	sign := ""
	if v < 0 {
		sign, v = "-", -v
	}
	text := fmt.Sprintf("%s%d.%03d", sign, v/1000, v%1000)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
