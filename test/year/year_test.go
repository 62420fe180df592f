package year

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// The headline figures were also computed by hand of another program in another
// language; they are held here so that neither the files nor this package
// change unseen. Money is in pence.
func TestHeadlines(t *testing.T) {
	fig := expected(t)
	for _, h := range []struct {
		what      string
		got, want int64
	}{
		{"invoices", int64(fig.Invoices), 19_959},
		{"credit notes", int64(fig.CreditNotes), 3_836},
		{"lines", int64(fig.Lines), 539_391},
		{"revenue with services", fig.Revenue, 975_880_999},
	} {
		check(t, h.what, h.got, h.want)
	}
	for _, w := range []struct {
		window                        string
		ranked                        int64
		revenue, cost, profit, orders int64
		a, b, c, belowMinimum         int64
		first                         string
	}{
		{"7d", 2_094, 33_578_317, 20_382_533, 13_195_784, 18_897, 533, 669, 1_152, 320, "23084"},
		{"30d", 2_699, 143_890_953, 79_014_272, 64_876_681, 83_817, 635, 749, 1_518, 318, "23084"},
		{"7d_before", 2_256, 30_331_609, 16_078_073, 14_253_536, 18_445, 537, 674, 1_099, 123, ""},
		{"30d_before", 2_727, 113_984_849, 65_314_634, 48_670_215, 60_471, 659, 709, 1_462, 200, ""},
		{"all", 3_748, 979_231_043, 564_062_574, 415_168_469, 517_256, 841, 978, 2_072, 366, "22423"},
	} {
		var ranked, below int64
		var sum Product
		class := map[string]int64{}
		for _, p := range fig.Products[w.window] {
			if p.Service {
				continue
			}
			sum.Revenue, sum.Cost, sum.Profit, sum.Orders = sum.Revenue+p.Revenue, sum.Cost+p.Cost, sum.Profit+p.Profit, sum.Orders+p.Orders
			class[p.ABC]++
			if p.BelowMinimum {
				below++
			}
			if p.Rank > 0 {
				ranked++
			}
			if p.Rank == 1 && w.first != "" && p.ID != w.first {
				t.Errorf("%s: first is %s, want %s", w.window, p.ID, w.first)
			}
		}
		check(t, w.window+" ranked", ranked, w.ranked)
		check(t, w.window+" revenue", sum.Revenue, w.revenue)
		check(t, w.window+" cost", sum.Cost, w.cost)
		check(t, w.window+" profit", sum.Profit, w.profit)
		check(t, w.window+" orders", sum.Orders, w.orders)
		check(t, w.window+" A", class["A"], w.a)
		check(t, w.window+" B", class["B"], w.b)
		check(t, w.window+" C", class["C"], w.c)
		check(t, w.window+" below minimum", below, w.belowMinimum)
	}
	top := slices.SortedFunc(maps.Values(fig.Products["all"]), func(a, b *Product) int { return int(b.Profit - a.Profit) })[:10]
	for _, p := range top {
		t.Logf("%2d %-7s %-36s units %6d revenue %9d profit %8d orders %d", p.Rank, p.ID, p.Name, p.Units, p.Revenue, p.Profit, p.Orders)
	}
}

func TestHeadlinesOfClientsAndLots(t *testing.T) {
	fig := expected(t)
	var revenue, eligible, silver, gold, never int64
	for _, c := range fig.Clients {
		revenue += c.Revenue
		eligible += one(c.Eligible)
		silver += one(c.Tier == "silver")
		gold += one(c.Tier == "gold")
		never += one(c.Orders == 0)
	}
	check(t, "clients", int64(len(fig.Clients)), 4_371)
	check(t, "their revenue", revenue, 830_006_581)
	check(t, "eligible", eligible, 1_633)
	check(t, "silver", silver, 58)
	check(t, "gold", gold, 39)
	check(t, "without an order", never, 33)

	type total struct{ lots, value, lost int64 }
	byRisk := map[string]total{}
	for _, l := range fig.Lots {
		if len(l.Flags) == 0 {
			continue
		}
		v := byRisk[l.Flags[0]]
		byRisk[l.Flags[0]] = total{v.lots + 1, v.value + *l.ValueAtRisk, v.lost + *l.LostProfit}
	}
	check(t, "lots", int64(len(fig.Lots)), 7_764)
	for flag, want := range map[string]total{
		"EXPIRED":  {437, 21_019_341, 14_395_907},
		"EXPIRING": {83, 3_229_749, 2_273_585},
		"WATCH":    {246, 9_999_946, 8_040_248},
		"DEAD":     {1_546, 79_857_888, 56_120_833},
	} {
		if byRisk[flag] != want {
			t.Errorf("%s: lots, value at risk, lost profit are %v, want %v", flag, byRisk[flag], want)
		}
		t.Logf("%-8s lots %4d, value at risk %9d, lost profit %9d", flag, want.lots, want.value, want.lost)
	}
	t.Logf("revenue %d, of it clients' %d; %d of %d clients eligible", fig.Revenue, revenue, eligible, len(fig.Clients))
}

// An export that says what the figures say has no difference; each kind of
// wrong figure is found.
func TestCompare(t *testing.T) {
	fig := expected(t)
	for _, analytic := range []string{"product-winners", "loss-risk", "client-promotions"} {
		want, err := fig.items(analytic, "30d")
		if err != nil {
			t.Fatal(err)
		}
		ids := slices.Sorted(maps.Keys(want))
		if d := differences(t, fig, analytic, export(ids, want)); len(d) > 0 {
			t.Errorf("%s: the figures differ from themselves: %v", analytic, d[0])
		}
		wrong := map[string]fields{ids[0]: maps.Clone(want[ids[0]]), ids[1]: maps.Clone(want[ids[1]])}
		first := must[analytic][1]
		wrong[ids[0]][first] = "123456789"
		delete(wrong[ids[1]], first)
		d := differences(t, fig, analytic, export(append(ids[:2:2], ids[0]), wrong))
		if len(d) != len(ids)-2+3 {
			t.Errorf("%s: %d differences, want one wrong, one without a field, one twice, all others missing", analytic, len(d))
		}
	}
}

func differences(t *testing.T, fig *Figures, analytic, text string) []Difference {
	t.Helper()
	d, err := Compare(fig, analytic, "30d", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func export(ids []string, items map[string]fields) string {
	var list []string
	for _, id := range ids {
		product, lot, _ := strings.Cut(id, "/")
		item := map[string]json.RawMessage{"product_id": json.RawMessage(quote(product)), "lot": json.RawMessage(quote(lot)), "client_id": json.RawMessage(quote(id))}
		for name, text := range items[id] {
			item[name] = json.RawMessage(text)
		}
		text, _ := json.Marshal(item)
		list = append(list, string(text))
	}
	return `{"business_date":"2011-12-09","currency":"GBP","window":"30d","items":[` + strings.Join(list, ",") + `]}`
}

var cached *Figures

func expected(t *testing.T) *Figures {
	t.Helper()
	if cached == nil {
		fig, err := Expected(In("../../local/demo"))
		if err != nil {
			t.Fatal(err)
		}
		cached = fig
	}
	return cached
}

func check(t *testing.T, what string, got, want int64) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %d, want %d", what, got, want)
	}
}

func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
