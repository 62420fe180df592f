package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// What an accountant does: the template, filled in; what is wrong, in a copy; the
// repaired copy; the history; and the whole of it voided.
func TestAWorkbookFromTheTemplateToItsVoid(t *testing.T) {
	s := newShop(t)
	dir := t.TempDir()
	path, marked := filepath.Join(dir, "comptes.xlsx"), filepath.Join(dir, "faults.xlsx")
	says(t, s.must("template", path, "--language", "fr").out, "comptes.xlsx is ready", "comptoir import")
	fill := func(path string, cells map[string]any) {
		t.Helper()
		f, err := excelize.OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for at, v := range cells {
			sheet, cell, _ := strings.Cut(at, "!")
			if err := f.SetCellValue(sheet, cell, v); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Save(); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	fill(path, map[string]any{
		"Produits!A2": "00417", "Produits!B2": "=Lanterne", "Produits!E2": "2,00",
		"Lignes_Factures!A2": "F-1", "Lignes_Factures!B2": "00417", "Lignes_Factures!D2": 2, "Lignes_Factures!E2": "douze",
		"Factures!A2": "F-1", "Factures!B2": "8/12/2011",
		"Factures!A3": "F-2", "Factures!B3": "07/12/2011", "Lignes_Factures!A3": "F-2", "Lignes_Factures!B3": "00417", "Lignes_Factures!D3": 1, "Lignes_Factures!E3": "1 250,50", "Lignes_Factures!H3": 20,
	})
	r := s.do("import", "--currency", "EUR", path, "--dry-run")
	if r.code == 0 {
		t.Error("what can be read in two ways was not asked about")
	}
	says(t, r.stderr, "Factures!B2", `"8/12/2011"`, "--dates day-first")
	r = s.must("import", "--currency", "EUR", path, "--dry-run", "--dates", "day-first")
	says(t, r.out, "Dry run: nothing was changed", "Factures", "2011-12", "1,250.50", "250.10", "1,500.60", `Lignes_Factures!E2, Prix unitaire: "douze": a number is due`)
	says(t, s.must("import", "--currency", "EUR", path, "--dates", "day-first", "--marked", marked).out, "marked in "+marked)
	fill(marked, map[string]any{"Lignes_Factures!E2": 12})
	says(t, s.must("import", marked, "--dates", "day-first", "--who", "Mme Martin").out, "Skipped        1 document", "F-2 is INV-000001: 1 row from row 3", "Sales          1 invoice")

	says(t, s.must("imports", "list").out, "Mme Martin", "faults.xlsx", "comptes.xlsx", "done", "1,250.50")
	says(t, s.must("imports", "show", "2").out, "Import 2 by Mme Martin", "SHA-256", "1 invoices, 0 credit notes; net 24.00 EUR", "INV-000002  F-1")
	s.must("run", "--until-caught-up", "--broker-addr", "127.0.0.1:0", "--query-addr", "127.0.0.1:0")
	french := s.must("export", "product-winners", "--language", "fr").out
	says(t, french, "\ufeffrank;product_id;", "\r\n", "00417;'=Lanterne;", ";1274,50;6,00;1268,50;")
	says(t, s.must("export", "product-winners", "--format", "xlsx").out, "PK\x03\x04")

	says(t, s.must("imports", "void", "1", "--reason", "a trial").out, "documents voided: 1, before: 0", "their numbers stay taken: in a corrected file", "entries of products and clients that stay: 1")
	says(t, s.must("imports", "show", "1").out, "voided", "a trial")
	if r := s.do("imports", "void", "1", "--reason", "again"); r.code != 1 || !strings.Contains(r.stderr, "already") {
		t.Errorf("voided twice: exit %d, %s", r.code, r.stderr)
	}
	says(t, s.must("import", marked, "--dates", "day-first").out, "it was voided, and stays so", "Nothing new")
	s.catchUp()
	s.must("verify")
}

func says(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("it does not say %q:\n%s", p, text)
		}
	}
}

// A table as a workbook has numbers that are numbers, dates that are dates, and texts
// that are no formulas.
func TestExportAsAWorkbook(t *testing.T) {
	s := newShop(t)
	s.imports()
	s.catchUp()
	path := filepath.Join(t.TempDir(), "risks.xlsx")
	if err := os.WriteFile(path, []byte(s.must("export", "loss-risk", "--all", "--format", "xlsx").out), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := f.GetRows("Sheet1", excelize.Options{RawCellValue: true})
	if err != nil || len(rows) < 2 {
		t.Fatalf("%v, %v", rows, err)
	}
	csv := strings.Split(s.must("export", "loss-risk", "--all").out, "\n")
	if strings.Join(rows[0], ",") != csv[0] || len(rows) != len(csv)-1 {
		t.Errorf("the head is %v, and there are %d rows; of CSV %s and %d", rows[0], len(rows), csv[0], len(csv)-1)
	}
	for name, want := range map[string]excelize.CellType{"product_id": excelize.CellTypeInlineString, "on_hand": excelize.CellTypeNumber, "value_at_risk": excelize.CellTypeNumber} {
		for i, head := range rows[0] {
			cell, _ := excelize.CoordinatesToCellName(i+1, 2)
			got, err := f.GetCellType("Sheet1", cell)
			if head == name && (got != want && got != excelize.CellTypeUnset || err != nil) {
				t.Errorf("%s is of the type %v, %v", name, got, err)
			}
		}
	}
}
