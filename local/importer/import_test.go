package importer_test

import (
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"comptoir/local/importer"
	"comptoir/local/ledger"
	"comptoir/shared/event"
)

func today() event.Date { return event.NewDate(2011, time.December, 9) }

func open(t testing.TB, path string) *ledger.Ledger {
	t.Helper()
	o := ledger.Options{BusinessDate: today()}
	l, err := ledger.Open(t.Context(), path, o)
	if _, missing := os.Stat(path); missing != nil {
		l, err = ledger.Create(t.Context(), path, ledger.Setup{Currency: "GBP", Partitions: 8}, o)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func fresh(t testing.TB) *ledger.Ledger {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "ledger.db"))
}

func data(names ...string) []importer.File {
	for i, n := range names {
		names[i] = filepath.Join("testdata", n)
	}
	return importer.Paths(names...)
}

func text(name, content string) importer.File {
	return importer.File{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }}
}

func run(t testing.TB, l *ledger.Ledger, o importer.Options) importer.Summary {
	t.Helper()
	o.Ledger, o.Who = l, "test"
	if o.Profile == "" {
		o.Profile = importer.OnlineRetail
	}
	s, err := importer.Import(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	s.Took, s.Import = 0, 0
	return s
}

func TestAnImportAndItsRepeat(t *testing.T) {
	l := fresh(t)
	files := data("sales.csv", "stock.csv", "catalogue.csv") // the order does not matter
	dry := run(t, l, importer.Options{Files: files, DryRun: true})
	if got := dump(t, l); len(got) != 0 {
		t.Fatalf("a dry run recorded %d things, the first is %s", len(got), got[0])
	}
	first := run(t, l, importer.Options{Files: files})
	recorded := dump(t, l)
	check(t, "catalogue", first.Products, importer.Changes{Created: 3})
	check(t, "created by rows", first.Created, importer.Created{Services: 1, Uncosted: 1})
	check(t, "clients", first.CreatedClients, 2)
	check(t, "stock", first.Stock, importer.StockSummary{Lots: 3, Products: 2})
	// 2 × 15.30 + 18 for 500001, 5.90 for 500002, 0.375 rounded to the even 0.38 for 500004
	check(t, "sales", first.Sales, importer.Totals{Documents: 3, Lines: 5, Net: 30_60 + 18_00 + 5_90 + 38})
	check(t, "returns", first.Returns, importer.Totals{Documents: 1, Lines: 1, Net: 2_55})
	check(t, "rejected", first.Rejected, 0)
	dry.DryRun = false
	check(t, "dry run", fmt.Sprintf("%+v", dry), fmt.Sprintf("%+v", first))

	again := run(t, l, importer.Options{Files: files})
	check(t, "catalogue again", again.Products, importer.Changes{Unchanged: 3})
	check(t, "stock again", again.Stock, importer.StockSummary{AlreadyLots: 3, AlreadyOn: today()})
	check(t, "documents again", again.Already, importer.Totals{Documents: 4, Lines: 6, Net: 54_88 - 2_55})
	check(t, "anything again", again.Recorded(), false)
	same(t, "after the repeat", dump(t, l), recorded)

	// A document keeps its date and client from its first row, and is recorded
	// when its last row has come: after 500002.
	d, ok, err := l.Document(t.Context(), "INV-000002")
	if err != nil || !ok {
		t.Fatalf("no INV-000002: %v", err)
	}
	check(t, "reference", d.Reference, "500001")
	check(t, "date", d.Date.String(), "2011-12-01")
	check(t, "client", d.Client, "17850")
	check(t, "lines", len(d.Lines), 3)
}

// A number that is recorded already with another content is rejected, whatever
// it is that differs.
func TestAnotherContentUnderAKnownNumber(t *testing.T) {
	l := fresh(t)
	run(t, l, importer.Options{Files: data("sales.csv", "catalogue.csv")})
	before := dump(t, l)
	for _, c := range []struct {
		what, row string
		known     bool
	}{
		{"the same", "500002,10002A,HEART,2,2011-12-01 09:00,2.95,,x", true},
		{"another hour and description, which the books do not compare", "500002,10002A,HEARTS,2,2011-12-01 10:00,2.950,,Spain", true},
		{"product", "500002,10001,HEART,2,2011-12-01 09:00,2.95,,x", false},
		{"quantity and price with the same net", "500002,10002A,HEART,1,2011-12-01 09:00,5.90,,x", false},
		{"quantity too small to tell in the net", "500002,10002A,HEART,2.001,2011-12-01 09:00,2.95,,x", false},
		{"date", "500002,10002A,HEART,2,2011-12-02 09:00,2.95,,x", false},
		{"client", "500002,10002A,HEART,2,2011-12-01 09:00,2.95,17850,x", false},
		{"another line", "500002,10002A,HEART,2,2011-12-01 09:00,2.95,,x\n500002,10002A,HEART,2,2011-12-01 09:00,2.95,,x", false},
	} {
		s := run(t, l, importer.Options{Files: []importer.File{text("changed.csv", header+c.row+"\n")}})
		rows := strings.Count(c.row, "\n") + 1
		check(t, c.what+": recorded before", s.Already.Documents == 1, c.known)
		check(t, c.what+": rejected", s.Rejected == rows, !c.known)
		if !c.known && !strings.Contains(s.Rejects[0].Advice, "INV-000001") {
			t.Errorf("%s: the advice does not name the document: %s", c.what, s.Rejects[0])
		}
		same(t, c.what, dump(t, l), before)
	}
}

const header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"

// Wherever the rows of a document stand, and however they are divided into
// files, it is recorded once, with its rows in their order, in the order in
// which documents end.
func TestRowsMayStandAnywhere(t *testing.T) {
	l := fresh(t)
	run(t, l, importer.Options{Files: data("catalogue.csv")})
	invoices, numbers := 0, 100_000
	rapid.Check(t, func(r *rapid.T) {
		type document struct {
			rows  []string
			lines string // those that are not rejected
		}
		var documents []document
		var deck []int
		first := numbers
		for i := range rapid.IntRange(1, 12).Draw(r, "documents") {
			var d document
			for range rapid.IntRange(1, 6).Draw(r, "rows") {
				price, quantity := rapid.IntRange(0, 5).Draw(r, "price"), rapid.IntRange(1, 9).Draw(r, "quantity") // 0 is rejected
				d.rows = append(d.rows, fmt.Sprintf("%06d,10001,x,%d,2011-12-0%d,%d.25,%s,x\n", numbers, quantity, 1+i%9, price-1, []string{"", "1", "2"}[i%3]))
				if price > 0 {
					d.lines += fmt.Sprintf(" %d×%d.25", quantity, price-1)
				}
				deck = append(deck, i)
			}
			documents = append(documents, d)
			numbers++
		}
		tables := []string{header, header}
		order := rapid.Permutation(deck).Draw(r, "order")
		cut := rapid.IntRange(0, len(order)).Draw(r, "rows in the first file")
		next := make([]int, len(documents))
		var want []string
		left, empty := 0, 0
		for n, i := range order {
			at := 0
			if n >= cut {
				at = 1
			}
			d := documents[i]
			tables[at] += d.rows[next[i]]
			if next[i]++; next[i] < len(d.rows) {
				continue
			}
			if d.lines == "" {
				empty++
				continue
			}
			want = append(want, fmt.Sprintf("%d %s 2011-12-0%d%s", first+i, []string{"", "1", "2"}[i%3], 1+i%9, d.lines))
			left += strings.Count(d.lines, "×")
		}
		var files []importer.File
		for i, content := range tables {
			if content != header {
				files = append(files, text(fmt.Sprintf("%d.csv", i), content))
			}
		}
		s := run(t, l, importer.Options{Files: files})
		var got []string
		for range want {
			invoices++
			d, ok, err := l.Document(t.Context(), fmt.Sprintf("INV-%06d", invoices))
			if err != nil || !ok {
				r.Fatalf("reading invoice %d: %t, %v", invoices, ok, err)
			}
			var lines strings.Builder
			for _, x := range d.Lines {
				_, _ = fmt.Fprintf(&lines, " %s×%s", x.Quantity, x.UnitPrice.Format("GBP"))
			}
			got = append(got, fmt.Sprintf("%s %s %s%s", d.Reference, d.Client, d.Date, &lines))
		}
		if !slices.Equal(got, want) {
			r.Fatalf("recorded %q, want %q", got, want)
		}
		if s.Sales.Documents != len(want) || s.Sales.Lines != left || s.Rejected != len(deck)-left || s.Empty != empty {
			r.Fatalf("%+v does not account for %d rows", s, len(deck))
		}
	})
}

func TestRejects(t *testing.T) {
	l := fresh(t)
	path := filepath.Join(t.TempDir(), "rejects.csv")
	s := run(t, l, importer.Options{Files: data("catalogue-faulty.csv", "stock-faulty.csv", "sales-faulty.csv"), Rejects: path})
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	left := 0
	for _, r := range rows[1:] {
		n, _ := strconv.Atoi(r[2])
		left += n
		got = append(got, strings.Join([]string{strings.TrimSuffix(filepath.Base(r[0]), "-faulty.csv"), r[1], r[2], r[3], r[4]}, " | "))
		if r[5] == "" || r[6] == "" {
			t.Errorf("%s: no rule or no advice", got[len(got)-1])
		}
	}
	want := []string{
		"catalogue | 3 | 1 | product_id | 10001",
		"catalogue | 4 | 1 | product_id | ",
		"catalogue | 5 | 1 | name | ",
		"catalogue | 6 | 1 | buy_price | 0.333",
		"catalogue | 7 | 1 | buy_price | -1",
		"catalogue | 8 | 1 | min_margin_pct | 100.5",
		"catalogue | 9 | 1 |  | 5 fields",
		"stock | 3 | 1 | lot | L1",
		"stock | 4 | 1 | quantity | -1",
		"stock | 5 | 1 | quantity | 1.2345",
		"stock | 6 | 1 | unit_cost | 1,234.5x",
		"stock | 7 | 1 | received_on | 2011-02-29",
		"stock | 8 | 1 | received_on | 2011-12-10",
		"stock | 9 | 1 | product_id | POST",
		"stock | 11 | 1 | lot | ",
		"stock | 10 | 1 | product_id | 99999",
		"stock | 12 | 1 | product_id | 10003",
		"sales | 3 | 1 | UnitPrice | 0",
		"sales | 4 | 1 | UnitPrice | -2.55",
		"sales | 5 | 1 | Quantity | -6",
		"sales | 6 | 1 | Quantity | 0",
		"sales | 7 | 1 | UnitPrice | 1,234.5x",
		"sales | 8 | 1 | UnitPrice | 2.5555555",
		"sales | 9 | 1 | Quantity | dozen",
		"sales | 10 | 1 | InvoiceDate | 2011-02-29 08:26",
		"sales | 11 | 1 | InvoiceDate | 2011-12-01 24:26",
		"sales | 12 | 1 | CustomerID | 17851",
		"sales | 13 | 1 | StockCode | ",
		"sales | 14 | 1 | Quantity | 9000000000000000",
		"sales | 15 | 1 |  | 4 fields",
		"sales | 16 | 1 |  | 9 fields",
		"sales | 17 | 1 | InvoiceNo | A600002",
		"sales | 18 | 1 | Quantity | 6",
		"sales | 19 | 2 | InvoiceDate | 2011-12-10",
	}
	same(t, "rejects", got, want)
	check(t, "rejected rows", s.Rejected, left)
	check(t, "printed", len(s.Rejects), importer.Printed)
	check(t, "sales", s.Sales, importer.Totals{Documents: 1, Lines: 1, Net: 15_30})
	check(t, "catalogue", s.Products.Created, 2)
	check(t, "lots", s.Stock.Lots, 1)
	check(t, "documents without a good row", s.Empty, 1)
	sum := 0
	for _, r := range s.Rules {
		sum += r.Rows
	}
	check(t, "rows of all rules", sum, left)
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("left lying about: %v", left)
	}
}

// What a person reads is held as it is in testdata/summary.txt.
func TestSummary(t *testing.T) {
	l := fresh(t)
	var out strings.Builder
	for _, o := range []importer.Options{
		{Files: data("catalogue.csv", "stock.csv", "sales.csv"), DryRun: true},
		{Files: data("catalogue.csv", "stock.csv", "sales.csv")},
		{Files: data("catalogue.csv", "stock.csv", "sales.csv")},
		{Files: data("catalogue-faulty.csv", "stock-faulty.csv", "sales-faulty.csv")},
		{Files: []importer.File{text("bad.csv", header+"1,2,3\n")}},
	} {
		if err := run(t, l, o).Print(&out); err != nil {
			t.Fatal(err)
		}
		out.WriteString("\n")
	}
	path := filepath.Join("testdata", "summary.txt")
	want, err := os.ReadFile(path)
	if err != nil || os.Getenv("UPDATE_TESTDATA") != "" {
		t.Logf("written anew: %v", os.WriteFile(path, []byte(out.String()), 0o600))
		return
	}
	same(t, "summary", strings.Split(out.String(), "\n"), strings.Split(string(want), "\n"))
}

func check[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func same(t testing.TB, what string, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Fatalf("%s: %d things, want %d; %s is missing", what, len(got), len(want), want[i])
		case i >= len(want):
			t.Fatalf("%s: %d things, want %d; %s is too much", what, len(got), len(want), got[i])
		case got[i] != want[i]:
			t.Fatalf("%s, thing %d:\n got %s\nwant %s", what, i, got[i], want[i])
		}
	}
}

// dump is all that a ledger holds, without ids of events and times: its events
// in order, then its documents with their lines.
func dump(t testing.TB, l *ledger.Ledger) []string {
	t.Helper()
	var all []string
	heads, _, err := l.Heads(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range event.LedgerTopics {
		for p := range l.Partitions() {
			stream := string(topic) + "/" + strconv.Itoa(p)
			for from := int64(1); from <= heads[stream]; {
				events, err := l.Events(t.Context(), stream, from, 10_000)
				if err != nil || len(events) == 0 {
					t.Fatalf("reading %s from %d: %v", stream, from, err)
				}
				for _, e := range events {
					all = append(all, fmt.Sprintf("%s %d %s %s %s %d %s", e.Stream, e.Sequence, e.Type, e.Subject, e.Key, e.Revision, e.Data))
				}
				from = events[len(events)-1].Sequence + 1
			}
		}
	}
	for _, d := range documents(t, l) {
		all = append(all, fmt.Sprintf("%+v", d))
	}
	return all
}

func documents(t testing.TB, l *ledger.Ledger) []ledger.Document {
	t.Helper()
	var all []ledger.Document
	for _, kind := range []string{"INV", "CN"} {
		for n := 1; ; n++ {
			d, ok, err := l.Document(t.Context(), fmt.Sprintf("%s-%06d", kind, n))
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			all = append(all, d)
		}
	}
	return all
}
