package importer_test

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"comptoir/local/demo"
	"comptoir/local/importer"
	"comptoir/local/ledger"
	"comptoir/shared/money"
)

// large tells whether the tests of size are to run: they take a minute.
func large(t *testing.T) {
	t.Helper()
	if os.Getenv("COMPTOIR_TEST_LARGE") == "" {
		t.Skip("it takes a minute: COMPTOIR_TEST_LARGE=1 runs it, as `test/all workbooks` does")
	}
}

// The real year as an Excel workbook comes to the figures of the real year as CSV.
func TestTheRealYearAsAWorkbook(t *testing.T) {
	large(t)
	dir := t.TempDir()
	files := demo.Files()
	year := filepath.Join(dir, "Online Retail.xlsx")
	start := time.Now()
	stream(t, year, "Online Retail", func(row func(...any)) {
		for i, r := range table(t, files[2]) {
			if i == 0 {
				row(texts(r)...)
				continue
			}
			at, err := time.Parse("2006-01-02 15:04", r[4])
			if err != nil {
				t.Fatal(err)
			}
			row(r[0], r[1], r[2], figure(t, r[3]), at, figure(t, r[5]), r[6], r[7])
		}
	})
	t.Logf("written in %.1f s", time.Since(start).Seconds())
	s := imported(t, importer.OnlineRetail, year, filepath.Join(dir, "products.csv"), filepath.Join(dir, "stock.csv"))
	check(t, "sales", s.Sales, importer.Totals{Documents: 19_959, Lines: 530_103, Net: 1_065_562_248})
	check(t, "returns", s.Returns, importer.Totals{Documents: 3_836, Lines: 9_288, Net: 89_681_249})
	check(t, "rejected", s.Rejected, 2_518)
}

// A workbook of Comptoir's own of 50,000 lines.
func TestALargeWorkbook(t *testing.T) {
	large(t)
	const documents, linesEach = 10_000, 5
	path := filepath.Join(t.TempDir(), "large.xlsx")
	var net money.Amount
	stream(t, path, "Invoice_Details", func(row func(...any)) {
		row("Invoice number", "Product id", "Description", "Quantity", "Unit price", "Tax rate %", "Date", "Client id")
		for d := range documents {
			for l := range linesEach {
				n := d*linesEach + l
				pence := 100 + n%900
				net += money.Amount((1 + n%7) * pence)
				row(fmt.Sprintf("F-%06d", d), fmt.Sprintf("%05d", n%500), "Lantern of a line", 1+n%7, float64(pence)/100, 20, day(time.Month(1+d%11), 1+d%28), fmt.Sprintf("C%03d", d%300))
			}
		}
	}, func(f *excelize.File) {
		fill := func(name, id string, n int) {
			if _, err := f.NewSheet(name); err != nil {
				t.Fatal(err)
			}
			_ = f.SetSheetRow(name, "A1", &[]any{strings.TrimSuffix(name, "s") + " id", "Name"})
			for i := range n {
				_ = f.SetSheetRow(name, "A"+strconv.Itoa(i+2), &[]any{fmt.Sprintf(id, i), "Name"})
			}
		}
		fill("Products", "%05d", 500)
		fill("Clients", "C%03d", 300)
	})
	s := imported(t, importer.Comptoir, path)
	check(t, "sales", s.Sales, importer.Totals{Documents: documents, Lines: documents * linesEach, Net: net})
}

// imported runs an import in a process of its own, so that what it takes is told, and
// says what came of it.
func imported(t *testing.T, profile string, paths ...string) importer.Summary {
	t.Helper()
	for _, p := range paths[1:] { // of the demo
		for _, f := range demo.Files() {
			if strings.HasSuffix(f.Name, filepath.Base(p)) {
				copyTo(t, f, p)
			}
		}
	}
	dir := t.TempDir()
	l := open(t, filepath.Join(dir, "ledger.db"))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), "IMPORT_INTO="+dir, "IMPORT_PROFILE="+profile, "IMPORT_FILES="+strings.Join(paths, "\n"))
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	t.Logf("in a process of its own: %s", lines[len(lines)-1])
	l = open(t, filepath.Join(dir, "ledger.db"))
	v, ok, err := l.Import(t.Context(), 1)
	if err != nil || !ok || v.Ended.IsZero() {
		t.Fatalf("the history has %+v, %v", v, err)
	}
	s := importer.Summary{Rejected: v.Rejected}
	for _, d := range documents(t, l) {
		to := &s.Sales
		if d.Kind == ledger.KindCreditNote {
			to = &s.Returns
		}
		to.Documents, to.Lines, to.Net = to.Documents+1, to.Lines+len(d.Lines), to.Net+d.Net
	}
	check(t, "documents of the history", v.Entries.Invoices+v.Entries.CreditNotes, s.Sales.Documents+s.Returns.Documents)
	check(t, "net of the history", v.Entries.Net, s.Sales.Net-s.Returns.Net)
	return s
}

// stream writes a sheet of many rows, then the others.
func stream(t *testing.T, path, name string, rows func(row func(...any)), others ...func(*excelize.File)) {
	t.Helper()
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	if err := f.SetSheetName("Sheet1", name); err != nil {
		t.Fatal(err)
	}
	for _, other := range others {
		other(f)
	}
	w, err := f.NewStreamWriter(name)
	if err != nil {
		t.Fatal(err)
	}
	moment := "yyyy-mm-dd hh:mm"
	style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &moment})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	rows(func(values ...any) {
		n++
		for i, v := range values {
			if at, ok := v.(time.Time); ok {
				values[i] = excelize.Cell{StyleID: style, Value: at}
			}
		}
		if err := w.SetRow("A"+strconv.Itoa(n), values); err != nil {
			t.Fatal(err)
		}
	})
	if err := errors.Join(w.Flush(), f.SaveAs(path)); err != nil {
		t.Fatal(err)
	}
}

func texts(fields []string) []any {
	all := make([]any, len(fields))
	for i, f := range fields {
		all[i] = f
	}
	return all
}

func figure(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// table reads a gzipped table of the demo.
func table(t *testing.T, f importer.File) [][]string {
	t.Helper()
	in, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func copyTo(t *testing.T, f importer.File, path string) {
	t.Helper()
	in, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(in)
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
