package query_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"comptoir/functions/query"
)

func fetch[T any](t testing.TB, page T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func TestFiguresOfACornerShop(t *testing.T) {
	ctx, s := context.Background(), newService(t, corner().open(t))

	winners, err := s.ProductWinners(ctx, query.WinnersQuery{Window: query.Week, ListQuery: query.ListQuery{All: true}})
	var lines []string
	for _, w := range fetch(t, winners, err).Items {
		rank, abc, velocity := "-", "-", "-"
		if w.Rank != nil {
			rank = strconv.Itoa(*w.Rank)
		}
		if w.ABC != nil {
			abc = *w.ABC
		}
		if w.Velocity != nil {
			velocity = w.Velocity.String()
		}
		lines = append(lines, fmt.Sprintf("%s %s %s %s %d %d %v %s %t", rank, abc, w.ProductID, w.Units, w.Revenue, w.Profit, w.Margin.BasisPoints, velocity, w.BelowMinimum))
	}
	expect(t, lines,
		"1 A 22423 2.5 4000 3000 7500 0.357 false",
		"2 A 85123A 10 5000 2000 4000 1.429 true",
		"- - POST 4 9000 9000 10000 0.571 false",
		"- - unsold/1 0 0 0 0 0 false",
		"- B 10002 3 900 -300 -3333 0.429 true")

	winners, err = s.ProductWinners(ctx, query.WinnersQuery{Window: query.All, ListQuery: query.ListQuery{Q: "CAFE stand"}})
	if got := fetch(t, winners, err).Items; len(got) != 1 || got[0].Velocity.String() != "0.25" {
		t.Errorf("2.5 units in the 10 days since the first sale: %+v", got)
	}

	risks, err := s.LossRisk(ctx, query.RiskQuery{ListQuery: query.ListQuery{Sort: "days_left"}})
	lines = nil
	for _, l := range fetch(t, risks, err).Items {
		left, idle, risk := "-", "-", "-"
		if l.DaysLeft != nil {
			left = strconv.FormatInt(*l.DaysLeft, 10)
		}
		if l.DaysIdle != nil {
			idle = strconv.FormatInt(*l.DaysIdle, 10)
		}
		if l.Risk != nil {
			risk = string(*l.Risk)
		}
		lines = append(lines, fmt.Sprintf("%q %s %v %s %s %s %v", l.Lot, l.OnHand, l.Flags, risk, left, idle, l.ValueAtRisk))
	}
	expect(t, lines,
		`"L1" 2.5 [EXPIRED DEAD] EXPIRED -2 1 {1000 true}`,
		`"L2" 6 [EXPIRING] EXPIRING 5 0 {0 false}`,
		`"" -2 [NEGATIVE] - - 1 {0 false}`)

	for moved, want := range map[query.Move]string{query.Gained: "12347", query.Lost: "12348"} {
		page, err := s.ClientPromotions(ctx, query.ClientsQuery{Moved: moved})
		if got := fetch(t, page, err).Items; len(got) != 1 || got[0].ClientID != want {
			t.Errorf("%s within 30 days: %+v, want %s", moved, got, want)
		}
	}

	for tier, want := range map[string]int{"standard": 2, "gold": 0} {
		page, err := s.ClientPromotions(ctx, query.ClientsQuery{Tier: tier, ListQuery: query.ListQuery{All: true}})
		if got := fetch(t, page, err).Total; got != want {
			t.Errorf("%d clients are %s, want %d", got, tier, want)
		}
	}

	o, err := s.Overview(ctx)
	o = fetch(t, o, err)
	week, risk := o.Windows[query.Week], o.LossRisk
	expect(t, []string{
		fmt.Sprint(week.Revenue, week.Cost, week.Profit, week.Units, week.Ranked, week.BelowMinimum),
		fmt.Sprint(risk.Lots, risk.ValueAtRisk, risk.LostProfit, risk.ByFlag[0].Lots, risk.ByFlag[1].UnknownCost, risk.ByFlag[3].Lots, risk.ByFlag[4].Lots),
		fmt.Sprint(risk.Aging[0].Lots, risk.Aging[0].Value, risk.Aging[0].UnknownCost, risk.Aging[2].Lots, risk.Aging[2].Value),
		fmt.Sprint(o.Clients.Clients, o.Clients.Eligible, o.Clients.NewlyEligible, o.Clients.Lost),
		fmt.Sprint(o.Days[58].Day, o.Days[58].Revenue, o.Days[58].Units, o.Days[59].Revenue),
		fmt.Sprint(week.Classes, week.Pareto[0], week.Pareto[24], week.Pareto[49], len(week.Pareto)),
		fmt.Sprintf("%d %s %s %d %s %d", len(o.Top.Products[query.Week]), o.Top.Products[query.Week][0].ProductID, o.Top.Lots[0].Lot, len(o.Top.Lots), o.Top.Clients[0].ClientID, len(o.Top.Clients)),
	}, "18900 5200 13700 19.5 2 2", "2 1000 2750 1 1 0 1", "2 600 1 1 1000", "2 1 map[30d:1 7d:0] map[30d:1 7d:1]", "2026-03-09 3600 6 0",
		// Of 9,900 in all: 5,000 are half of it, with 4,000 more nine tenths.
		"[{A 2 9000 5000} {B 1 900 -300} {C 0 0 0}] 5051 9091 10000 50",
		"2 22423 L1 3 12347 1")
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// randomShop draws products with few different values, so that many are equal.
func randomShop(t *rapid.T) *memory {
	m := &memory{docs: shop{"settings": {"state": `{"currency":"GBP","epoch":1}`}}}
	for i := range rapid.IntRange(0, 40).Draw(t, "products") {
		kind := rapid.SampledFrom([]string{"stock", "stock", "stock", "service"}).Draw(t, "kind")
		name := rapid.SampledFrom([]string{"", "a", "É", "e", "Z"}).Draw(t, "name")
		revenue, cost := rapid.Int64Range(-2, 6).Draw(t, "revenue"), rapid.Int64Range(0, 3).Draw(t, "cost")
		m.set("product_winners", fmt.Sprintf("p%d", i*7%41), productOf(name, kind, window(rapid.SampledFrom([]string{"1", "2.5", "-1"}).Draw(t, "units"), revenue, cost)))
	}
	return m
}

// TestPaging holds that the pages of any order have each item once, and that
// they are together what one page with everything is.
func TestPaging(t *testing.T) {
	sorts := query.Addresses()["/v1/product-winners"]["sort"]
	rapid.Check(t, func(t *rapid.T) {
		ctx, s := context.Background(), query.New(query.Config{Reader: randomShop(t), Today: fixed, Hold: -1})
		q := query.WinnersQuery{Window: query.Week}
		q.Sort = rapid.SampledFrom(sorts).Draw(t, "sort")
		q.Order = rapid.SampledFrom([]string{"", "asc", "desc"}).Draw(t, "order")
		q.All = rapid.Bool().Draw(t, "all")
		q.Limit = query.NoLimit
		whole, err := s.ProductWinners(ctx, q)
		if err != nil || whole.Next != nil || len(whole.Items) != whole.Total {
			t.Fatalf("the whole list: %d of %d items, %v", len(whole.Items), whole.Total, err)
		}
		q.Limit = rapid.IntRange(1, 7).Draw(t, "limit")
		var ids []string
		for {
			page, err := s.ProductWinners(ctx, q)
			if err != nil || page.Total != whole.Total || page.Sums != whole.Sums || len(page.Items) > q.Limit || len(ids) > whole.Total {
				t.Fatalf("a page: %d of %d items, %v", len(page.Items), page.Total, err)
			}
			for _, w := range page.Items {
				ids = append(ids, w.ProductID)
			}
			if page.Next == nil {
				break
			}
			if rapid.Bool().Draw(t, "by number") {
				q.Cursor, q.Offset = "", len(ids)
			} else {
				q.Cursor, q.Offset = *page.Next, 0
			}
		}
		var want []string
		for _, w := range whole.Items {
			want = append(want, w.ProductID)
		}
		if !slices.Equal(ids, want) {
			t.Fatalf("the pages have %v, the list %v", ids, want)
		}
		inOrder(t, q, whole.Items)
	})
}

// inOrder holds the orders by profit and by margin to what they say.
func inOrder(t *rapid.T, q query.WinnersQuery, items []query.Winner) {
	for i := 1; i < len(items); i++ {
		a, b := items[i-1], items[i]
		x, y, known := int64(a.Profit), int64(b.Profit), [2]bool{true, true}
		switch q.Sort {
		case "profit":
		case "margin":
			x, y, known = int64(a.Margin.BasisPoints), int64(b.Margin.BasisPoints), [2]bool{a.Margin.Valid, b.Margin.Valid}
		default:
			return
		}
		if q.Order == "asc" {
			x, y = y, x
		}
		right := x > y || (x == y && a.ProductID < b.ProductID)
		if known[0] != known[1] {
			right = known[0]
		} else if !known[0] {
			right = a.ProductID < b.ProductID
		}
		if !right {
			t.Fatalf("%s %s: %+v stands before %+v", q.Sort, q.Order, a, b)
		}
	}
}

// TestRanksAndClasses compares with a computation straight from the definitions.
func TestRanksAndClasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := query.New(query.Config{Reader: randomShop(t), Today: fixed, Hold: -1})
		page, err := s.ProductWinners(context.Background(), query.WinnersQuery{Window: query.Week, ListQuery: query.ListQuery{All: true, Limit: query.NoLimit}})
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range page.Items {
			better, before, total := 0, new(big.Rat), new(big.Rat)
			for _, o := range page.Items {
				if o.Kind == "service" {
					continue
				}
				if o.Profit > w.Profit || (o.Profit == w.Profit && (o.Revenue > w.Revenue || (o.Revenue == w.Revenue &&
					(o.Units > w.Units || (o.Units == w.Units && o.ProductID < w.ProductID))))) {
					better++
				}
				if o.Revenue > 0 {
					revenue := new(big.Rat).SetInt64(int64(o.Revenue))
					total.Add(total, revenue)
					if o.Revenue > w.Revenue || (o.Revenue == w.Revenue && o.ProductID < w.ProductID) {
						before.Add(before, revenue)
					}
				}
			}
			rank, class := 0, ""
			if w.Kind != "service" && w.Profit > 0 {
				rank = better + 1
			}
			if w.Kind != "service" && w.Revenue > 0 {
				switch share := before.Quo(before, total); {
				case share.Cmp(big.NewRat(80, 100)) < 0:
					class = "A"
				case share.Cmp(big.NewRat(95, 100)) < 0:
					class = "B"
				default:
					class = "C"
				}
			}
			if (w.Rank == nil) != (rank == 0) || (w.Rank != nil && *w.Rank != rank) {
				t.Fatalf("%s has the rank %v, want %d", w.ProductID, w.Rank, rank)
			}
			if (w.ABC == nil) != (class == "") || (w.ABC != nil && *w.ABC != class) {
				t.Fatalf("%s is of class %v, want %q", w.ProductID, w.ABC, class)
			}
		}
	})
}

// TestPagingGoesOnWhenTheListChanges: what is behind the place of the last item
// comes next, whatever was put before it meanwhile.
func TestPagingGoesOnWhenTheListChanges(t *testing.T) {
	m := &memory{docs: shop{}}
	for i := range 6 {
		m.set("product_winners", strconv.Itoa(i), productOf("", "stock", window("1", int64(1000-i*100), 1)))
	}
	s := newService(t, m)
	q := query.WinnersQuery{ListQuery: query.ListQuery{Limit: 3}}
	first, err := s.ProductWinners(context.Background(), q)
	q.Cursor = *fetch(t, first, err).Next
	m.set("product_winners", "new best", productOf("", "stock", window("1", 5000, 1)))
	m.set("checkpoints", "product-winners|sales/0", checkpoint("product-winners", "sales/0", 1, 1, ""))
	second, err := s.ProductWinners(context.Background(), q)
	if second = fetch(t, second, err); second.Version == first.Version || second.Items[0].ProductID != "3" || *second.Items[0].Rank != 5 || second.Total != 7 {
		t.Errorf("the second page: %+v", second)
	}
	q.Sort = "profit"
	var p *query.Problem
	if _, err = s.ProductWinners(context.Background(), q); !errors.As(err, &p) || p.Status != http.StatusBadRequest || p.Parameter != "cursor" {
		t.Errorf("a cursor of another order: %v", err)
	}
	q = query.WinnersQuery{ListQuery: query.ListQuery{Limit: query.MaxLimit + 1}}
	if _, err = s.ProductWinners(context.Background(), q); !errors.As(err, &p) || p.Parameter != "limit" {
		t.Errorf("a page of more than it may have: %v", err)
	}
}
