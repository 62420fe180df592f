package importer_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"comptoir/local/importer"
	"comptoir/local/ledger"
	"comptoir/shared/event"
)

// A file that is broken as a whole is refused with a sentence, and nothing of
// the import is recorded, not even from the good files beside it.
func TestBrokenFiles(t *testing.T) {
	good := header + "500001,10001,LANTERN,6,2011-12-01 08:26,2.55,17850,United Kingdom\n"
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, header)
	for range 40_000 {
		_, _ = io.WriteString(z, good[len(header):])
	}
	_ = z.Close()
	cut := packed.String()[:packed.Len()-20]
	damaged := bytes.Clone(packed.Bytes())
	damaged[len(damaged)-6] ^= 1
	for _, c := range []struct {
		name    string
		content string
		want    []string // in the sentence
	}{
		{"a column is missing", strings.Replace(good, ",Country", "", 1), []string{"row 1", "missing: Country", "must be InvoiceNo,StockCode"}},
		{"a column is unknown", strings.Replace(good, "UnitPrice", "Price", 1), []string{"missing: UnitPrice", `unknown: "Price"`}},
		{"a column stands twice", strings.Replace(good, "Country", "InvoiceNo", 1), []string{"InvoiceNo", "twice"}},
		{"no header", good[len(header):], []string{"row 1", "product_id,name", "product_id,lot", "InvoiceNo"}},
		{"semicolons", strings.ReplaceAll(good, ",", ";"), []string{"separated by commas"}},
		{"not UTF-8", good + "500001,10001,CAF\xc9,6,2011-12-01,2.55,17850,x\n", []string{"row 3", "Description", "UTF-8"}},
		{"a header not in UTF-8", strings.Replace(good, "Country", "Contr\xe9e", 1), []string{"row 1", "UTF-8"}},
		{"UTF-16", "\xff\xfeI\x00n\x00", []string{"UTF-16", "CSV UTF-8"}},
		{"what only begins like a workbook", "PK\x03\x04....", []string{"not a workbook in order", "save it again as .xlsx"}},
		{"a workbook of the old format", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", []string{".xls", "save it as .xlsx"}},
		{"empty", "", []string{"empty"}},
		{"only line breaks", "\n\n", []string{"not even a header"}},
		{"only a header", header, []string{"no row"}},
		{"a stray quotation mark", good + "500001,10001,6\" NAIL,6,2011-12-01,2.55,17850,x\n", []string{"row 3", "quotation mark"}},
		{"a quotation never closed", good + "500001,10001,\"NAIL,6,2011-12-01,2.55,17850,x\n" + good[len(header):], []string{"row 3", "never closed"}},
		{"a quotation never closed in much", good + "500001,10001,\"NAIL" + strings.Repeat("x,\n", 1<<20), []string{"after row 2", "never closed"}},
		{"a gz that ends early", cut, []string{"after row", "ends early"}},
		{"a gz cut in its head", packed.String()[:5], []string{"ends early"}},
		{"a damaged gz", string(damaged), []string{"damaged"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := fresh(t)
			_, err := importer.Import(t.Context(), importer.Options{Ledger: l, Who: "test", Profile: importer.OnlineRetail, Files: append(data("catalogue.csv"), text("bad.csv", c.content))})
			refusedWith(t, err, append(c.want, "bad.csv", "nothing was recorded")...)
			if got := dump(t, l); len(got) > 0 {
				t.Errorf("%d things were recorded", len(got))
			}
		})
	}
}

func TestFilesThatCannotBeOpened(t *testing.T) {
	l := fresh(t)
	for path, want := range map[string]string{
		filepath.Join(t.TempDir(), "gone.csv"): "no such file",
		t.TempDir():                            "is a directory",
	} {
		_, err := importer.Import(t.Context(), importer.Options{Ledger: l, Files: importer.Paths(path)})
		refusedWith(t, err, want, path)
	}
	_, err := importer.Import(t.Context(), importer.Options{Ledger: l, Files: data("sales.csv"), Profile: "offline"})
	refusedWith(t, err, "offline", importer.OnlineRetail)
	_, err = importer.Import(t.Context(), importer.Options{Ledger: l, Who: "test", Profile: importer.OnlineRetail, Files: data("sales.csv"), Rejects: filepath.Join(t.TempDir(), "no", "such.csv")})
	refusedWith(t, err, "--rejects", "such.csv")
	if got := dump(t, l); len(got) > 0 {
		t.Errorf("%d things were recorded", len(got))
	}
}

// What a byte order mark, Windows line ends, other capitals and another order
// of columns change is nothing.
func TestHarmlessForms(t *testing.T) {
	s := run(t, fresh(t), importer.Options{Files: []importer.File{text("sales.csv",
		"\xef\xbb\xbfcountry,STOCKCODE,InvoiceNo,description,Quantity,invoicedate,unitprice,customerid\r\n"+
			"x,10001,500001,\"A \"\"B\"\", C\",6,2011-12-01T08:26:59,2.5500,17850\r\n\r\n"+
			"x,10001,500001,é,6,2011-12-01,2.550,17850")}})
	check(t, "sales", s.Sales, importer.Totals{Documents: 1, Lines: 2, Net: 30_60})
	check(t, "rejected", s.Rejected, 0)
}

// An interrupted import says so, and that the same again continues.
func TestInterrupted(t *testing.T) {
	l := fresh(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := importer.Import(ctx, importer.Options{Ledger: l, Who: "test", Profile: importer.OnlineRetail, Files: data("catalogue.csv", "sales.csv"), Progress: func(s importer.Step) {
		if s.Stage == "invoices" {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	refusedWith(t, err, "interrupted", "run the same import again")
	check(t, "sales", run(t, l, importer.Options{Files: data("catalogue.csv", "sales.csv")}).Sales.Documents, 3)
}

// Its sums are those of what stands, wherever it was interrupted: what was taken back
// with the last batch is none of it.
func TestTheSumsOfAnInterruptedImport(t *testing.T) {
	var rows strings.Builder
	rows.WriteString("invoice number,product id,quantity,unit price,date\n")
	for i := range 2_000 {
		fmt.Fprintf(&rows, "F-%d,P,1,2.50,2011-12-08\n", i)
	}
	files := []importer.File{text("products.csv", "product id,name\nP,LANTERN\n"), text("sales.csv", rows.String())}
	for _, after := range []int{6, 8} { // transactions
		ctx, cancel := context.WithCancel(t.Context())
		begun := 0
		l, err := ledger.Create(t.Context(), filepath.Join(t.TempDir(), "ledger.db"), ledger.Setup{Currency: "GBP", Partitions: 4}, ledger.Options{
			BusinessDate: event.NewDate(2011, 12, 9), Zone: time.UTC,
			Now: func() time.Time {
				if begun++; begun == after {
					cancel()
				}
				return time.Date(2011, 12, 9, 9, 0, 0, 0, time.UTC)
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		s, err := importer.Import(ctx, importer.Options{Ledger: l, Files: files, Who: "test"})
		if err == nil {
			t.Fatal("it was not interrupted")
		}
		c, err := l.Counts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if int64(s.Sales.Documents) != c.Invoices || c.Invoices == 0 || c.Invoices >= 2_000 {
			t.Errorf("it says %d invoices, and %d stand", s.Sales.Documents, c.Invoices)
		}
		cancel()
		_ = l.Close()
	}
}

// A file that is being written while it is read is noticed.
func TestAFileThatChanges(t *testing.T) {
	row := "500001,10001,LANTERN,6,2011-12-01 08:26,2.55,17850,x\n"
	for _, contents := range [][2]string{{header + row, header + row + row}, {header + row + row, header + row}} {
		reads := 0
		f := importer.File{Name: "live.csv", Open: func() (io.ReadCloser, error) {
			reads++
			return io.NopCloser(strings.NewReader(contents[max(reads-2, 0)])), nil // it is told what it is, looked at, and read
		}}
		_, err := importer.Import(t.Context(), importer.Options{Ledger: fresh(t), Who: "test", Profile: importer.OnlineRetail, Files: []importer.File{f}})
		refusedWith(t, err, "live.csv", "changed while it was read")
	}
}

func refusedWith(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("%q is not in: %v", p, err)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than a sentence: %v", err)
	}
}
