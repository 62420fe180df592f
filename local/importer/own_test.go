package importer_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"comptoir/local/importer"
	"comptoir/local/ledger"
	"comptoir/local/notation"
)

// sheet is a sheet of a workbook that a test makes: its name and its rows.
type sheet struct {
	name string
	rows [][]any
}

// percent is a number whose cell is formatted as a percentage; formula is one with
// its stored value.
type (
	percent float64
	formula struct {
		text   string
		stored any
	}
)

// book makes a workbook in memory, as a person would with Excel.
func book(t testing.TB, sheets ...sheet) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, s := range sheets {
		if i == 0 {
			ok(f.SetSheetName("Sheet1", s.name))
		} else {
			_, err := f.NewSheet(s.name)
			ok(err)
		}
		for r, row := range s.rows {
			for c, v := range row {
				cell, err := excelize.CoordinatesToCellName(c+1, r+1)
				ok(err)
				switch v := v.(type) {
				case nil:
				case percent:
					style, err := f.NewStyle(&excelize.Style{NumFmt: 10})
					ok(err)
					ok(f.SetCellValue(s.name, cell, float64(v)))
					ok(f.SetCellStyle(s.name, cell, cell, style))
				case formula:
					ok(f.SetCellValue(s.name, cell, v.stored))
					ok(f.SetCellFormula(s.name, cell, v.text))
				default:
					ok(f.SetCellValue(s.name, cell, v))
				}
			}
		}
	}
	var out bytes.Buffer
	ok(f.Write(&out))
	return out.Bytes()
}

// file is a workbook as it comes from a disk or a browser.
func file(name string, content []byte) importer.File {
	return importer.File{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }}
}

func own(t testing.TB, l *ledger.Ledger, o importer.Options) importer.Summary {
	t.Helper()
	o.Profile = importer.Comptoir
	return run(t, l, o)
}

func day(month time.Month, d int) time.Time { return time.Date(2011, month, d, 0, 0, 0, 0, time.UTC) }

// shopBooks is a workbook that uses what the profile has, in good order.
func shopBooks() []sheet {
	return []sheet{
		{"Produits", [][]any{
			{"Désignation", "CODE  PRODUIT", "Prix d’achat", "Prix de vente", "Genre", "Marge min %", "Rayon libre"},
			{"Lanterne", "00417", 2, "3,39", "stock", percent(0.26), "fond"},
			{"Port", "PORT", nil, 5.5, "Service", nil, nil},
			{"Savon", 10002, 0.1, 1.25, nil, "12,5 %", nil},
		}},
		{"Clients", [][]any{{"Code client", "Nom"}, {"007", "Hôtel du Port"}, {12, "Mme Müller"}}},
		{"Stock", [][]any{{"Code produit", "Quantité", "Lot", "Date péremption", "Compté le"}, {"00417", 12, "L1", day(12, 31), day(11, 30)}, {10002, "3,5", nil, "31/12/2012", day(11, 30)}}},
		{"Factures", [][]any{
			{"N° facture", "Date facture", "Code client", "Type", "Remise", "Total HT", "Total TTC"},
			{"F-1", day(12, 1), "007", "Facture", nil, 25.84, 31.01},
			{"F-2", day(12, 2), nil, nil, 1, nil, nil},
			{"A-1", "2011-12-03", "007", "Avoir", nil, nil, nil},
		}},
		{"Lignes_Factures", [][]any{
			{"Numéro facture", "Code produit", "Quantité", "Prix unitaire", "Taux TVA %", "Remise %"},
			{"F-1", "00417", 6, formula{"=3*1.13", 3.39}, percent(0.2), nil},
			{"F-2", "10002", 0.125, "1 250,00", nil, 10},
			{"F-1", "PORT", 1, 5.5, 20, nil},
			{"A-1", "00417", 1, 3.39, 20, nil},
		}},
		{"Notes", [][]any{{"à vérifier", "avec Mme Müller"}}},
	}
}

func TestAWorkbookAndItsRepeat(t *testing.T) {
	l := fresh(t)
	files := []importer.File{file("livres.xlsx", book(t, shopBooks()...))}
	dry := own(t, l, importer.Options{Files: files, DryRun: true})
	if got := dump(t, l); len(got) != 0 {
		t.Fatalf("a dry run recorded %d things, the first is %s", len(got), got[0])
	}
	s := own(t, l, importer.Options{Files: files})
	for _, r := range s.Rejects {
		t.Errorf("rejected: %s", r)
	}
	check(t, "products", s.Products, importer.Changes{Created: 3})
	check(t, "clients", s.Clients, importer.Changes{Created: 2})
	check(t, "stock", s.Stock, importer.StockSummary{Lots: 2, Products: 2})
	check(t, "sales", s.Sales, importer.Totals{Documents: 2, Lines: 3, Net: 25_84 + 139_63})
	check(t, "returns", s.Returns, importer.Totals{Documents: 1, Lines: 1, Net: 3_39})
	check(t, "months", fmt.Sprint(s.Months), "[{2011-12 2 1 16208 449 16657}]")
	check(t, "notes", strings.Join(s.Notes, "; "), "livres.xlsx, sheet Produits: not read: Rayon libre; livres.xlsx, sheet Notes is none of the sheets that are read")
	dry.DryRun = false
	check(t, "dry run", fmt.Sprintf("%+v", dry), fmt.Sprintf("%+v", s))

	lantern, _, err := l.Product(t.Context(), "00417")
	if err != nil {
		t.Fatal(err)
	}
	check(t, "lantern", fmt.Sprintf("%+v", lantern), "{ID:00417 Name:Lanterne Category: Kind:stock BuyPrice:{Amount:200 Valid:true} SellPrice:{Amount:339 Valid:true} MinMargin:{BasisPoints:2600 Valid:true} Archived:false}")
	recorded := dump(t, l)
	again := own(t, l, importer.Options{Files: files})
	check(t, "anything again", again.Recorded(), false)
	check(t, "documents again", again.Already, importer.Totals{Documents: 3, Lines: 4, Net: 165_47 - 3_39})
	check(t, "which", again.Known[1].String(), "F-1 is INV-000002: 2 rows from row 2")
	check(t, "months again", fmt.Sprint(again.Months), fmt.Sprint(s.Months))
	same(t, "after the repeat", dump(t, l), recorded)

	// The same business keys in another file, as CSV with other columns and marks.
	csv := text("ventes.csv", "invoice no;product;qty;price;vat rate;date;client;type\r\nF-1;00417;6;3,39;20;1/12/2011;007;invoice\r\nF-1;PORT;1;5,50;20;01/12/2011;;\r\nF-9;PORT;1;5,50;20;31/10/2011;;\r\n")
	other := own(t, l, importer.Options{Files: []importer.File{csv}})
	check(t, "recorded before", other.Already.Documents, 1)
	check(t, "recorded now", other.Sales, importer.Totals{Documents: 1, Lines: 1, Net: 5_50})
	check(t, "rejected", other.Rejected, 0)
}

// Every fault is said with its cell, and a document with one is left out as a whole;
// the marked copy says the same, and is imported when it is repaired.
func TestFaultsAndTheRepairedCopy(t *testing.T) {
	l := fresh(t)
	own(t, l, importer.Options{Files: []importer.File{file("books.xlsx", book(t, shopBooks()[:2]...))}})
	sheets := []sheet{
		{"Products", [][]any{{"Product id", "Name", "Buy price", "Kind", "Min margin %"}, {"P1", "", "two", "thing", 150}, {"P2", "Second", 0.333, nil, nil}, {"P2", "Twice", nil, nil, nil}, {day(3, 1), "A code that Excel took for a date", nil, nil, nil}}},
		{"Invoices", [][]any{
			{"Invoice number", "Date", "Client id", "Total"},
			{"F-10", day(12, 1), "007", nil},
			{"F-11", 40878, nil, nil},
			{"F-12", day(12, 2), "008", nil},
			{"F-13", day(12, 2), nil, 99},
			{"F-14", day(12, 2), nil, nil},
			{"F-15", day(12, 20), nil, nil},
			{"F-16", "29/02/2011", nil, nil},
		}},
		{"Invoice_Details", [][]any{
			{"Invoice number", "Product id", "Quantity", "Unit price", "Tax rate %"},
			{"F-10", "00417", 1, 3.39, 20},
			{"F-10", "00417", -1, "3.39 EUR", 20},
			{"F-11", "00417", 1, 3.39, 20},
			{"F-12", "00417", 1, 3.39, 20},
			{"F-13", "00417", 1, 3.39, 20},
			{"F-15", "00418", 1, 3.39, 20},
			{"F-16", "00417", 1, 3.39, 20},
			{"F-17", "00417", 1, 3.39, 20},
			{"", "00417", formula{"=1/0", nil}, 3.39, 20},
			{"F-18", "00417", 1, 3.39, 20},
		}},
	}
	sheets[1].rows = append(sheets[1].rows, []any{"F-18", day(12, 20), nil, nil})
	before := dump(t, l)
	marked := filepath.Join(t.TempDir(), "marked.xlsx")
	o := importer.Options{Files: []importer.File{file("faulty.xlsx", book(t, sheets...))}, Marked: marked, AllOrNothing: true}
	s := own(t, l, o)
	check(t, "taken back", s.TakenBack, true)
	same(t, "all or nothing", dump(t, l), before)
	var got []string
	for _, r := range s.Rejects {
		got = append(got, fmt.Sprintf("%s!%s %q %d", r.Sheet, r.Cell, r.Value, r.Rows))
		if r.Rule == "" || r.Advice == "" {
			t.Errorf("%s: no rule or no advice", got[len(got)-1])
		}
	}
	same(t, "faults", got, []string{
		`Products!B2 "" 1`, `Products!D2 "thing" 0`, `Products!C2 "two" 0`, `Products!E2 "150" 0`,
		`Products!C3 "0.333" 1`,
		`Products!A5 "2011-03-01" 1`,
		`Invoices!B3 "40878" 1`, `Invoices!B8 "29/02/2011" 1`,
		`Invoice_Details!C3 "-1" 1`, `Invoice_Details!D3 "3.39 EUR" 0`,
		`Invoice_Details!A9 "F-17" 1`,
		`Invoice_Details!C10 "" 1`, `Invoice_Details!A10 "" 0`,
		`Invoices!C4 "008" 1`,
		`Invoices!D5 "99.00" 1`,
		`Invoice_Details!B7 "00418" 1`,
		`Invoices!B9 "2011-12-20" 1`,
		`Invoices!A6 "F-14" 1`,
	})
	f, err := excelize.OpenFile(marked)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	comments, err := f.GetComments("Products")
	if err != nil || len(comments) != 6 {
		t.Fatalf("%d comments, %v", len(comments), err)
	}
	check(t, "a comment", strings.Contains(comments[0].Text, "date, which Excel may have made of a code"), true)

	// Repaired, it is imported; its marks are no matter.
	repair := map[string]any{
		"Products!B2": "First", "Products!C2": 2, "Products!D2": "service", "Products!E2": 15, "Products!C3": 0.33, "Products!A4": "P3", "Products!A5": "P4",
		"Invoices!B3": day(12, 1), "Invoices!C4": "007", "Invoices!D5": 4.07, "Invoices!B7": day(12, 3), "Invoices!B8": "28/02/2011", "Invoices!B9": day(12, 3),
		"Invoice_Details!C3": 2, "Invoice_Details!D3": 3.39, "Invoice_Details!B7": "00417", "Invoice_Details!A9": "F-14", "Invoice_Details!A10": "F-14", "Invoice_Details!C10": 1,
	}
	for at, v := range repair {
		name, cell, _ := strings.Cut(at, "!")
		if err := errors.Join(f.SetCellFormula(name, cell, ""), f.SetCellValue(name, cell, v)); err != nil {
			t.Fatal(err)
		}
	}
	repaired := filepath.Join(t.TempDir(), "repaired.xlsx")
	if err := f.SaveAs(repaired); err != nil {
		t.Fatal(err)
	}
	o = importer.Options{Files: importer.Paths(repaired), Marked: marked}
	s = own(t, l, o)
	for _, r := range s.Rejects {
		t.Errorf("still rejected: %s", r)
	}
	check(t, "sales", s.Sales, importer.Totals{Documents: 8, Lines: 10, Net: 3_39*9 + 6_78})
	check(t, "products", s.Products, importer.Changes{Created: 4})
}

// What can be read in two ways is asked about, and read as was answered; nothing
// is recorded before.
func TestAmbiguousColumnsAreAsked(t *testing.T) {
	l := fresh(t)
	products := text("products.csv", "code produit;nom\nP;Product\n")
	own(t, l, importer.Options{Files: []importer.File{products}})
	before := dump(t, l)
	const head = "invoice;product;quantity;price;date\n"
	ask := func(rows string, o importer.Options) error {
		o.Files, o.Ledger, o.Who = []importer.File{text("sales.csv", head+rows)}, l, "test"
		o.DryRun = true
		s, err := importer.Import(t.Context(), o)
		if err == nil && s.Rejected > 0 {
			t.Errorf("%s: %s", rows, s.Rejects[0])
		}
		return err
	}
	err := ask("1;P;1,234;2.50;03/04/2011\n2;P;1,000;2.5;04/04/2011\n", importer.Options{})
	var asked *importer.AmbiguousError
	if !errors.As(err, &asked) || len(asked.Columns) != 2 {
		t.Fatalf("%v", err)
	}
	refusedWith(t, err, "sales.csv, row 2, quantity", "--decimal comma or --decimal point", "sales.csv, row 2, date", "--dates day-first or --dates month-first", "nothing was recorded")
	for _, rows := range []string{
		"1;P;1,234;2.50;13/04/2011\n2;P;1,5;2.5;04/05/2011\n",   // others of the column decide
		"1;P;1,234.5;2.50;2011-04-03\n2;P;2;2.5;2011-04-04\n",   // both decide by themselves
		"1;P;1 234,567;2.50;03/03/2011\n2;P;2;2.5;04/04/2011\n", // nothing is left open
	} {
		if err := ask(rows, importer.Options{}); err != nil {
			t.Errorf("%s: %v", rows, err)
		}
	}
	same(t, "nothing", dump(t, l), before)
	answered := importer.Options{Dates: notation.MonthFirst, Decimal: notation.Comma, Files: []importer.File{text("sales.csv", head+"1;P;1,234;2.50;03/04/2011\n")}}
	own(t, l, answered)
	d, ok, err := l.Document(t.Context(), "INV-000001")
	if err != nil || !ok {
		t.Fatal(err)
	}
	check(t, "read as was answered", fmt.Sprint(d.Date, d.Lines[0].Quantity), "2011-03-04 1.234")

	// A column with an answer of its own goes by it, whatever is said of all, and whatever its file is called.
	one, other := text("sales.csv", head+"2;P;1,234;2,500;03/04/2011\n"), text("sales.csv", head+"3;P;1,234;2.50;2011-04-03\n")
	quantity := func(file int) importer.ColumnID { return importer.ColumnID{File: file, Column: "quantity"} }
	own(t, l, importer.Options{Files: []importer.File{one, other}, Dates: notation.DayFirst, Decimal: notation.Comma, Answers: map[importer.ColumnID]importer.Answer{
		quantity(1): {Decimal: notation.Point}, {Column: "date"}: {Dates: notation.MonthFirst},
	}})
	var read []string
	for _, d := range documents(t, l)[1:] {
		read = append(read, fmt.Sprint(d.Date, " ", d.Lines[0].Quantity, " × ", d.Lines[0].UnitPrice.Format("GBP")))
	}
	same(t, "read by its own answer", read, []string{"2011-03-04 1.234 × 2.5", "2011-04-03 1234 × 2.5"})
}

// The template is understood in both languages, column by column, and is left
// alone where it exists.
func TestTemplates(t *testing.T) {
	for _, language := range []importer.Language{importer.English, importer.French} {
		path := filepath.Join(t.TempDir(), "template.xlsx")
		if err := importer.WriteTemplate(path, language); err != nil {
			t.Fatal(err)
		}
		refusedWith(t, importer.WriteTemplate(path, language), "already")
		_, err := importer.Import(t.Context(), importer.Options{Ledger: fresh(t), Who: "test", Files: importer.Paths(path)})
		refusedWith(t, err, "no row under any header")

		f, err := excelize.OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sheets := f.GetSheetList()
		filled := [][]any{
			{"00417", "Lantern", "Garden", "stock", 2, 3.39, 26, 20, "4006381333931; LANTERN", "no"},
			{"C1", "Harbour", "non"},
			{"00417", "L1", 12, 2, day(11, 1), day(12, 31), day(11, 30)},
			{"F-1", day(12, 1), "C1", "invoice", 0, 16.95, 3.39, 20.34},
			{"F-1", "00417", "Lantern", 5, 3.39, 0, 0, 20, "oui", day(12, 1), "C1", "facture"},
		}
		for i, row := range filled {
			if err := f.SetSheetRow(sheets[i], "A2", &row); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(f.Save(), f.Close()); err != nil {
			t.Fatal(err)
		}
		s := own(t, fresh(t), importer.Options{Files: importer.Paths(path)})
		for _, r := range s.Rejects {
			t.Errorf("rejected: %s", r)
		}
		check(t, "sheets", len(sheets), 6)
		check(t, "read", len(s.Files), 5)
		check(t, "notes", strings.Join(s.Notes, "; "), fmt.Sprintf("%s, sheet %s is none of the sheets that are read", path, sheets[5]))
		check(t, "sales", s.Sales, importer.Totals{Documents: 1, Lines: 1, Net: 16_95})
	}
}

// A bomb, a damaged workbook and one with a password are refused with a sentence.
func TestWorkbooksThatAreRefused(t *testing.T) {
	good := book(t, shopBooks()...)
	for _, c := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"a bomb", bomb(t), "larger than is read"},
		{"cut", good[:len(good)/2], "not a workbook in order"},
		{"damaged", damaged(good), "save it again as .xlsx"},
		{"empty", nil, "is empty"},
		{"old", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and more"), "has a password"},
		{"a needed column is missing", book(t, sheet{"Invoices", [][]any{{"Number", "Client"}, {"1", "2"}}}), "column date is missing"},
		{"no sheet is known", book(t, sheet{"Sheet1", [][]any{{"a", "b"}, {"1", "2"}}}), "comptoir template"},
	} {
		l := fresh(t)
		_, err := importer.Import(t.Context(), importer.Options{Ledger: l, Who: "test", Files: []importer.File{file("bad.xlsx", c.content)}})
		t.Run(c.name, func(t *testing.T) { refusedWith(t, err, "bad.xlsx", c.want, "nothing was recorded") })
		if got := dump(t, l); len(got) > 0 {
			t.Errorf("%s: %d things were recorded", c.name, len(got))
		}
	}
	_, err := importer.Import(t.Context(), importer.Options{Ledger: fresh(t), Who: "test", Files: data("sales.csv")})
	refusedWith(t, err, "--profile online-retail")
}

// damaged flips a bit in what is packed.
func damaged(content []byte) []byte {
	content = bytes.Clone(content)
	content[bytes.Index(content, []byte("xl/worksheets/sheet1.xml"))+200] ^= 0x10
	return content
}

// rewritten is a workbook with one of its parts written anew.
func rewritten(t testing.TB, content []byte, name string, anew func(io.Writer) error) []byte {
	t.Helper()
	from, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	to := zip.NewWriter(&out)
	for _, part := range from.File {
		if part.Name != name {
			err = to.Copy(part)
		} else if w, e := to.Create(name); e == nil {
			err = anew(w)
		} else {
			err = e
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// bomb is a small workbook whose one cell unpacks to 256 MiB.
func bomb(t testing.TB) []byte {
	t.Helper()
	return rewritten(t, book(t, shopBooks()[1]), "xl/worksheets/sheet1.xml", func(w io.Writer) error {
		_, err := io.WriteString(w, `<worksheet><sheetData><row r="1"><c r="A1"><v>`)
		for range 256 {
			_, _ = w.Write(bytes.Repeat([]byte("1"), 1<<20))
		}
		return err
	})
}

// A workbook that excelize cannot copy is imported, and its faults are listed, all
// the same: what it holds never ends the program.
func TestAWorkbookThatCannotBeMarked(t *testing.T) {
	content := rewritten(t, book(t, sheet{"Clients", [][]any{{"Client id", "Name"}, {"C1", "One"}, {"C2", ""}}}), "xl/styles.xml", func(w io.Writer) error {
		_, err := io.WriteString(w, `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>`)
		return err
	})
	marked := filepath.Join(t.TempDir(), "marked.xlsx")
	s := own(t, fresh(t), importer.Options{Files: []importer.File{file("odd.xlsx", content)}, Marked: marked})
	check(t, "clients", s.Clients.Created, 1)
	check(t, "rejected", s.Rejected, 1)
	check(t, "marked", s.MarkedFile, "")
	if !strings.Contains(s.Unmarked, "could not be marked in a copy of odd.xlsx") || len(s.Rejects) != 1 {
		t.Errorf("%q, %v", s.Unmarked, s.Rejects)
	}
}
