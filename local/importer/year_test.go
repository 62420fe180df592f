package importer_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"comptoir/local/demo"
	"comptoir/local/importer"
	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

// The real year, by figures that were computed from its files by other means.
func TestTheRealYear(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	l := fresh(t)
	start := time.Now()
	s := run(t, l, importer.Options{Files: demo.Files(), Profile: demo.Profile})
	t.Logf("imported in %.1f s; most memory: %s", time.Since(start).Seconds(), peak())
	check(t, "catalogue", s.Products, importer.Changes{Created: 3_914})
	check(t, "created by rows", s.Created, importer.Created{Services: 23})
	check(t, "clients", s.CreatedClients, 4_371)
	check(t, "stock", s.Stock, importer.StockSummary{Lots: 7_764, Products: 3_914})
	check(t, "sales", s.Sales, importer.Totals{Documents: 19_959, Lines: 530_103, Net: 1_065_562_248})
	check(t, "returns", s.Returns, importer.Totals{Documents: 3_836, Lines: 9_288, Net: 89_681_249})
	check(t, "documents without a good row", s.Empty, 2_102)
	check(t, "rules", len(s.Rules), 2)
	check(t, "without a price", s.Rules[0].Rows, 2_515)
	check(t, "no document numbers", s.Rules[1].Rows, 3)
	check(t, "what they come to", s.Rules[1].Net, -11_062_06)

	var net, cost money.Amount
	for _, d := range documents(t, l) {
		sign := money.Amount(1)
		if d.Kind == ledger.KindCreditNote {
			sign = -1
		}
		net += sign * d.Net
		for _, line := range d.Lines {
			if service := line.Product < "0" || line.Product > "9z"; service == line.Cost.Valid {
				t.Fatalf("%s, %s: cost %v", d.Reference, line.Product, line.Cost)
			}
			cost += sign * line.Cost.Amount
		}
		if d.Reference == "542806" { // stands in two places
			check(t, "its date", d.Date, event.NewDate(2011, time.February, 1))
			check(t, "its lines", len(d.Lines), 39)
		}
	}
	check(t, "net of all documents", net, 975_880_999)
	check(t, "cost of all goods", cost, 564_062_574)

	heads, _, err := l.Heads(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	start = time.Now()
	again := run(t, l, importer.Options{Files: demo.Files()})
	t.Logf("imported again in %.1f s", time.Since(start).Seconds())
	check(t, "anything again", again.Recorded(), false)
	check(t, "documents again", again.Already, importer.Totals{Documents: 23_795, Lines: 539_391, Net: 975_880_999})
	now, _, err := l.Heads(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for stream, head := range now {
		check(t, "events of "+stream, head, heads[stream])
	}
}

// peak is the most memory that the process has had, where the system tells.
func peak() string {
	status, _ := os.ReadFile("/proc/self/status")
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	line, _, _ := strings.Cut(after, "\n")
	return strings.TrimSpace(line)
}
