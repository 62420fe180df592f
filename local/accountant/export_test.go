package accountant

import (
	"net/http"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

func TestExports(t *testing.T) {
	d := openDesk(t, nil)
	d.want(d.send("/client", "id", "C9", "name", `=HYPERLINK("http://evil.example")`), http.StatusOK)
	d.want(d.send("/sales/new", "date", today, "client", "C9", "product", "TEA", "quantity", "1.5"), http.StatusOK)
	d.want(d.send("/entries/8/return", "date", today, "quantity", "1", "restock", "yes"), http.StatusOK, "CN-000001")
	p := d.get("/entries.csv?kind=credit_note")
	rows := strings.Split(p.body, "\r\n")
	if rows[0] != "\uFEFFEntry,Kind,Number,Date,Client code,Name,\"Total, EUR\",Voided on,Reference,By,Recorded at,Reason" {
		t.Errorf("the head is %q", rows[0])
	}
	if len(rows) != 3 || !strings.HasPrefix(rows[1], `9,Return,CN-000001,2026-03-10,C9,"'=HYPERLINK(""http://evil.example"")",-12.00,,,anna,`) {
		t.Errorf("the rows are %q", rows[1:])
	}
	if got := p.header.Get("Content-Disposition"); got != `attachment; filename="entries.csv"` {
		t.Errorf("the file is %s", got)
	}
	book := d.get("/entries.xlsx?kind=credit_note")
	if got := book.header.Get("Content-Disposition"); got != `attachment; filename="entries.xlsx"` {
		t.Errorf("the workbook is %s", got)
	}
	f, err := excelize.OpenReader(strings.NewReader(book.body))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for cell, want := range map[string]string{"C1": "Number", "C2": "CN-000001", "F2": `=HYPERLINK("http://evil.example")`, "G2": "-12", "D2": "46091"} {
		got, err := f.GetCellValue("Sheet1", cell, excelize.Options{RawCellValue: true})
		formula, _ := f.GetCellFormula("Sheet1", cell)
		if err != nil || got != want || formula != "" {
			t.Errorf("%s holds %q and the formula %q (%v), want %q", cell, got, formula, err, want)
		}
	}
	d.lang = "fr"
	rows = strings.Split(d.get("/products.csv?q=th").body, "\r\n")
	if len(rows) != 3 || rows[1] != "TEA;Thé vert;;stock;4,00;10,00;30;20;4006381333931;" {
		t.Errorf("in French the rows are %q", rows)
	}
	if rows = strings.Split(d.get("/clients.csv").body, "\r\n"); len(rows) != 4 || rows[1] != "C1;Zoë Ltd;" {
		t.Errorf("the clients are %q", rows)
	}
}

// What the app has written is brought back as it is, in each language and kind of file:
// every row is as it was, none is left out, and no column is not read.
func TestExportsAreBroughtBack(t *testing.T) {
	d := openDesk(t, nil)
	if err := d.ledger.Record(t.Context(), "anna", func(tx *ledger.Tx) error {
		for _, p := range []ledger.Listed{
			{Product: ledger.Product{ID: "00417", Name: `=HYPERLINK("http://evil.example")`, Category: "a;b,\"c\"", Kind: event.KindStock, BuyPrice: money.Some(123_450), MinMargin: money.SomeBasisPoints(1250)}, Selling: ledger.Selling{Barcodes: []string{"111", "222"}, TaxRate: money.SomeBasisPoints(550)}},
			{Product: ledger.Product{ID: "-5", Name: "'=1+1", Kind: event.KindService, SellPrice: money.Some(5), Archived: true}},
		} {
			if _, err := tx.PutProduct(p.Product); err != nil {
				return err
			}
			if _, err := tx.PutSelling(p.ID, p.Selling); err != nil {
				return err
			}
		}
		for _, c := range []ledger.Client{{ID: "C2", Name: "@home"}, {ID: "C3"}, {ID: "C4", Name: "Gone", Archived: true}} {
			if _, err := tx.PutClient(c); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	said := map[string][]string{
		"en": {"Products: 0 created, 0 changed, 5 as they were", "Clients: 0 created, 0 changed, 4 as they were", "Rows left out", "not read"},
		"fr": {"Produits créés : 0, modifiés : 0, inchangés : 5", "Clients créés : 0, modifiés : 0, inchangés : 4", "Lignes laissées de côté", "non lu"},
	}
	for lang, texts := range said {
		d.lang = lang
		for i, list := range []string{"products", "clients"} {
			for _, kind := range []string{".csv", ".xlsx"} {
				p := d.bring(list+kind, d.get("/"+list+kind+"?archived=yes").body)
				d.want(p, http.StatusOK, texts[i])
				for _, not := range texts[2:] {
					if p.says(not) {
						t.Errorf("%s%s in %s: %q is said: %s", list, kind, lang, not, p.words())
					}
				}
			}
		}
	}
}
