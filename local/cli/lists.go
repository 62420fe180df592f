package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"comptoir/functions/query"
	"comptoir/shared/money"
)

// shown is how many items of each list fit on a terminal beside the others.
const shown = 10

// printLists writes the manager's three lists for a person.
func printLists(ctx context.Context, out io.Writer, s *query.Service) error {
	list := query.ListQuery{Limit: shown}
	products, err := s.ProductWinners(ctx, query.WinnersQuery{Window: query.Month, ListQuery: list})
	if err != nil {
		return err
	}
	lots, err := s.LossRisk(ctx, query.RiskQuery{ListQuery: list})
	if err != nil {
		return err
	}
	eligible, err := s.ClientPromotions(ctx, query.ClientsQuery{ListQuery: list})
	if err != nil {
		return err
	}
	c := products.Currency

	w := table(out, "Product winners of the last 30 days", fmt.Sprintf("%s, %d products with a profit of %s %s in all",
		products.BusinessDate, products.Total, grouped(products.Sums.Profit, c), c), products.Note, "#", "profit", "revenue", "margin", "units")
	for _, p := range products.Items {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s %%\t%s\t  %s (%s)\n", optional(p.Rank, strconv.Itoa),
			grouped(p.Profit, c), grouped(p.Revenue, c), percent(p.Margin), p.Units, clean(p.Name), clean(p.ProductID))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	w = table(out, "Stock about to lose money", fmt.Sprintf("%d lots worth %s %s", lots.Total, grouped(lots.Sums.ValueAtRisk, c), c), lots.Note, "value at risk", "on hand", "expires")
	for _, l := range lots.Items {
		fmt.Fprintf(w, "%s\t%s\t%s\t  %s (%s), lot %s: %s\n", optionalAmount(l.ValueAtRisk, c), l.OnHand, l.ExpiryDate, clean(l.Name), clean(l.ProductID), clean(l.Lot), strings.ToLower(flags(l.Flags)))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	w = table(out, "Clients to whom a promotion is due", fmt.Sprintf("%d clients", eligible.Total), eligible.Note, "revenue", "orders", "tier", "last purchase")
	for _, p := range eligible.Items {
		name := clean(p.ClientID)
		if p.Name != "" {
			name = fmt.Sprintf("%s (%s)", clean(p.Name), name)
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t  %s\n", grouped(p.Revenue, c), p.Orders, p.Tier, p.LastPurchase, name)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out)
	return err
}

// table writes a title and begins a table whose columns are aligned right, with
// the names in a last one that is not.
func table(out io.Writer, title, sub, note string, heads ...string) *tabwriter.Writer {
	fmt.Fprintf(out, "\n%s (%s)\n", title, sub)
	if note != "" {
		fmt.Fprintln(out, note)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, strings.Join(heads, "\t")+"\t")
	return w
}

// grouped writes an amount with its thousands apart: 1,234.50.
func grouped(a money.Amount, c money.Currency) string {
	text := a.Format(c)
	whole, fraction, dotted := strings.Cut(text, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if dotted {
		whole += "." + fraction
	}
	return sign + whole
}

func optionalAmount(a money.NullAmount, c money.Currency) string {
	if !a.Valid {
		return "unknown"
	}
	return grouped(a.Amount, c)
}

// clean keeps what somebody typed from moving the cursor or painting the terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return ' '
		}
		return r
	}, s)
}
