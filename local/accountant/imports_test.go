package accountant

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

// bring uploads a file and returns the page of it once it has been looked at.
func (d *desk) bring(name, content string, fields ...string) page {
	d.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i+1 < len(fields); i += 2 {
		if err := w.WriteField(fields[i], fields[i+1]); err != nil {
			d.t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", name)
	if err == nil {
		_, err = io.WriteString(part, content)
	}
	if err != nil || w.Close() != nil {
		d.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, d.url+"/imports", &body)
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	req.Header.Set("Accept-Language", d.lang)
	res, err := d.client.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	if !strings.HasPrefix(res.Request.URL.Path, "/uploads/") {
		b, _ := io.ReadAll(res.Body)
		return page{res.StatusCode, res.Request.URL.RequestURI(), string(b), res.Header}
	}
	return d.settled(res.Request.URL.Path)
}

// settled asks for an upload until nothing of it is under way.
func (d *desk) settled(path string) page {
	d.t.Helper()
	for end := time.Now().Add(time.Minute); ; {
		if told := d.get(path + "/progress"); strings.Contains(told.body, `"running":false`) {
			return d.get(path)
		}
		if time.Now().After(end) {
			d.t.Fatalf("%s is still under way", path)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestImports(t *testing.T) {
	d := openDesk(t, nil)
	d.want(d.get("/imports"), http.StatusOK, "Nothing was imported yet", "The workbook to fill in")
	template := d.get("/imports/template.xlsx")
	if !strings.HasPrefix(template.body, "PK") || !strings.Contains(template.header.Get("Content-Disposition"), "comptoir.xlsx") {
		t.Errorf("the template is %q", template.header)
	}
	d.want(d.bring("none.csv", "a;b\n1;2\n"), http.StatusOK, "Nothing was recorded: reading none.csv")

	// What can be read in two ways is asked; then what would be recorded is shown, and nothing is.
	before := d.counts()
	const rows = "invoice number;product id;quantity;unit price;tax rate %;date\nF-1;TEA;2;10,00;20;03/02/2026\nF-2;TEA;x;10,00;20;04/02/2026\nF-2;007;1;5,00;20;04/02/2026\n"
	p := d.bring("sales.csv", rows)
	d.want(p, http.StatusOK, "One question first", "column “date”: “03/02/2026” is", "3 February 2026: the day first", "2 March 2026: the month first")
	path, _, _ := strings.Cut(p.at, "?")
	d.want(d.do(http.MethodPost, path+"/answer", url.Values{"answer-0": {"day-first"}}), http.StatusOK)
	p = d.settled(path)
	d.want(p, http.StatusOK, "What would be recorded", "Invoices: 1 (lines: 1), net €20.00", "2026-02", "24.00", "A number is due", "Rows left out: 2")
	if got := d.counts(); got != before {
		t.Errorf("before it was asked for, there is %+v", got)
	}
	faults := d.get(path + "/faults")
	if !strings.Contains(faults.body, "sales.csv,3,1,quantity,x,a number is due") || !strings.Contains(faults.header.Get("Content-Disposition"), "sales-faults.csv") {
		t.Errorf("the faults are %q, %v", faults.body, faults.header)
	}
	// All or nothing: nothing. Recorded twice: once.
	d.do(http.MethodPost, path+"/record", url.Values{"whole": {"yes"}})
	d.want(d.settled(path), http.StatusOK, "Nothing was recorded: something is left out")
	p = d.bring("sales.csv", rows)
	path = p.at
	d.do(http.MethodPost, path+"/answer", url.Values{"answer-0": {"day-first"}})
	d.settled(path)
	d.do(http.MethodPost, path+"/record", url.Values{})
	d.do(http.MethodPost, path+"/record", url.Values{})
	d.want(d.settled(path), http.StatusOK, "It is recorded")
	if got := d.counts().Invoices; got != before.Invoices+1 {
		t.Errorf("%d invoices are recorded", got)
	}
	d.want(d.get("/imports"), http.StatusOK, "sales.csv", "anna", "20.00", "done")

	// Void it, with a reason, once.
	d.want(d.send("/imports/2/void"), http.StatusUnprocessableEntity, "Fill this in")
	d.want(d.do(http.MethodPost, "/imports/2/void", url.Values{"reason": {"a trial"}}), http.StatusOK, "Documents voided: 1", "Voided as a whole by anna: a trial")
	d.want(d.do(http.MethodPost, "/imports/2/void", url.Values{"reason": {"again"}}), http.StatusUnprocessableEntity, "already")
	if d.get("/imports/2").says("already") {
		t.Error("what was refused once is said for ever")
	}
	if got := d.document("INV-000001"); got.VoidReason != "a trial" {
		t.Errorf("%+v", got)
	}
	d.want(d.get("/imports/99"), http.StatusNotFound)
	d.want(d.get("/uploads/none"), http.StatusNotFound)
}

// The workbook to fill in speaks of the app, in the reader's language, where the app gives it.
func TestTheTemplateOfTheAppSpeaksOfTheApp(t *testing.T) {
	d := openDesk(t, nil)
	for lang, sheet := range map[string]string{"en": "Read me", "fr": "Lisez-moi"} {
		d.lang = lang
		f, err := excelize.OpenReader(strings.NewReader(d.get("/imports/template.xlsx").body))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprint(rows)
		for _, name := range f.GetSheetList() {
			comments, err := f.GetComments(name)
			if err != nil {
				t.Fatal(err)
			}
			text += fmt.Sprint(comments)
		}
		for _, not := range []string{"comptoir import", "--"} {
			if strings.Contains(text, not) {
				t.Errorf("in %s it says %q: %s", lang, not, text)
			}
		}
		if !strings.Contains(text, "Imports") {
			t.Errorf("in %s it does not name the page", lang)
		}
	}
}

// A stock count that does not say its day is as of the day that is named with its file,
// which has come.
func TestTheDayOfAStockCount(t *testing.T) {
	d := openDesk(t, nil)
	const rows = "product id;quantity\nTEA;12\n"
	if body := d.get("/imports").body; !strings.Contains(body, `name="stock_date" type="date" value="2026-03-10"`) {
		t.Errorf("the day of the count is not today at first: %s", body)
	}
	p := d.bring("stock.csv", rows, "stock_date", "2026-03-11")
	d.want(p, http.StatusUnprocessableEntity, "A stock count is of a day that has come: today is 10/03/2026.")
	if !strings.Contains(p.body, `href="#stock_date"`) || !strings.Contains(p.body, `value="2026-03-11"`) {
		t.Errorf("the fault does not stand at its field: %s", p.body)
	}
	path := d.bring("stock.csv", rows, "stock_date", "28/02/2026").at
	d.do(http.MethodPost, path+"/record", url.Values{})
	d.want(d.settled(path), http.StatusOK, "It is recorded.")
	d.want(d.get("/entries?kind=count"), http.StatusOK, "Stock count of 28/02/2026")
	path = d.bring("stock.csv", "product id;quantity\nTEA;13\n", "stock_date", "").at
	d.do(http.MethodPost, path+"/record", url.Values{})
	d.want(d.settled(path), http.StatusOK, "It is recorded.")
	d.want(d.get("/entries?kind=count"), http.StatusOK, "Stock count of 10/03/2026")
}

// The entries of an import are found among all, page by page.
func TestTheEntriesOfAnImport(t *testing.T) {
	d := openDesk(t, nil)
	rows := "product id,name\n"
	for i := range 120 {
		rows += fmt.Sprintf("Q%03d,Of the import\n", i)
	}
	path := d.bring("products.csv", rows).at
	d.do(http.MethodPost, path+"/record", url.Values{})
	d.settled(path)
	d.want(d.send("/client", "id", "LATER", "name", "Later"), http.StatusOK)
	p := d.get("/imports/1")
	d.want(p, http.StatusOK, "Only the first are shown. All entries of the import")
	if strings.Contains(p.body, "comptoir imports") || !strings.Contains(p.body, `href="/entries?import=1"`) {
		t.Errorf("it does not lead to its entries: %s", p.words())
	}
	p = d.get("/entries?import=1")
	d.want(p, http.StatusOK, "Product Q119", "Product Q070", "Only those of Import 1")
	for _, not := range []string{"Client LATER", "Product Q069", "Product TEA"} {
		if p.says(not) {
			t.Errorf("%s is among the first entries of the import", not)
		}
	}
	older := regexp.MustCompile(`href="(/entries\?[^"]*)" rel="next"`).FindStringSubmatch(p.body)
	if older == nil {
		t.Fatal("there is no next page")
	}
	p = d.get(html.UnescapeString(older[1]))
	d.want(p, http.StatusOK, "Product Q069", "Only those of Import 1")
	if got := strings.Count(d.get("/entries.csv?import=1").body, "\r\n"); got != 121 {
		t.Errorf("their list has %d lines", got)
	}
	if p = d.get("/entries?import=9"); !p.says("No entry is like that.") {
		t.Errorf("an import that is not there has entries: %s", p.words())
	}
}

// What was recorded before is listed with its entry; what was voided has its number for good.
func TestWhatWasRecordedBefore(t *testing.T) {
	d := openDesk(t, nil)
	rows := "invoice number;product id;quantity;unit price;date\n"
	for i := range 23 {
		rows += fmt.Sprintf("F-%d;TEA;1;10.50;2026-0%d-12\n", i, 1+i%2)
	}
	d.do(http.MethodPost, d.bring("sales.csv", rows).at+"/record", url.Values{})
	end := time.Now().Add(time.Minute)
	for d.counts().Invoices < 23 && time.Now().Before(end) {
		time.Sleep(20 * time.Millisecond)
	}
	d.want(d.send("/entries/8/void", "reason", "a trial", "date", today), http.StatusOK)
	p := d.bring("sales.csv", rows)
	d.want(p, http.StatusOK, "Documents recorded before, and skipped: 23", "F-0 INV-000001 sales.csv, row 2 1", "F-1 INV-000002 voided sales.csv, row 3 1", "Further ones: 3",
		"2026-02 Invoices 11 Credit notes 0 Net, EUR 115.50 Tax 0.00 Total 115.50 All months Invoices 23 Credit notes 0 Net, EUR 241.50 Tax 0.00 Total 241.50")
	if !strings.Contains(p.body, `<a href="/entries/8">INV-000002</a>`) || strings.Contains(p.body, "INV-000021") {
		t.Error("20 are listed, with links to their entries")
	}
	corrected := "invoice number;product id;quantity;unit price;date\nF-1;TEA;2;10.50;2026-02-12\nF-2;TEA;2;10.50;2026-01-12\n"
	d.want(d.bring("corrected.csv", corrected), http.StatusOK,
		"A document that was voided stays so, and its number stays taken. It is that of INV-000002, which is voided: give the corrected document another number, such as F-1-2.",
		"Compare it with INV-000003 in the ledger; to correct that one, void it")
	d.want(d.get("/imports/1"), http.StatusOK, "The numbers stay taken: in a corrected file, give the documents other numbers")
	d.lang = "fr"
	d.want(d.bring("corrected.csv", corrected), http.StatusOK, "Une pièce annulée le reste, et son numéro reste pris. C’est celui de INV-000002, qui est annulée : donnez à la pièce corrigée un autre numéro, comme F-1-2.")
	d.want(d.bring("ventes.csv", rows), http.StatusOK, "F-1 INV-000002 annulé ventes.csv, ligne 3 1", "En outre : 3", "Tous les mois")
}

// Each column that can be read in two ways has its question with its own value, and its own
// answer; one that is left open is said at its place.
func TestQuestionsOfColumns(t *testing.T) {
	d := openDesk(t, nil)
	p := d.bring("sales.csv", "invoice number;product id;quantity;unit price;date\nF-1;TEA;1,500;1.250;03/02/2026\n")
	for _, text := range []string{
		"column “quantity”: “1,500” is 1.5: the mark stands before decimals 1,500: the mark stands between thousands",
		"column “unit price”: “1.250” is 1.25: the mark stands before decimals 1,250: the mark stands between thousands",
	} {
		d.want(p, http.StatusOK, text)
	}
	path := p.at
	p = d.do(http.MethodPost, path+"/answer", url.Values{"answer-0": {"comma"}, "answer-2": {"comma"}})
	d.want(p, http.StatusUnprocessableEntity, "Say how “1.250” is meant in the column “unit price”.", "Say how “03/02/2026” is meant in the column “date”.")
	for _, part := range []string{`href="#answer-1"`, `id="answer-1" name="answer-1" value="point" required aria-invalid="true"`, `value="comma" required checked`, "data-focus"} {
		if !strings.Contains(p.body, part) {
			t.Errorf("the page lacks %s: %s", part, p.body)
		}
	}
	d.do(http.MethodPost, path+"/answer", url.Values{"answer-0": {"comma"}, "answer-1": {"point"}, "answer-2": {"month-first"}})
	d.want(d.settled(path), http.StatusOK, "What would be recorded", "2026-03", "net €1.88") // 1.5 × 1.25
	d.do(http.MethodPost, path+"/record", url.Values{})
	d.settled(path)
	if doc := d.document("INV-000001"); doc.Lines[0].Quantity.String() != "1.5" || doc.Date.String() != "2026-03-02" {
		t.Errorf("recorded is %+v", doc)
	}

	d.lang = "fr"
	d.want(d.bring("ventes.csv", "facture;produit;qté;pu;date\nF-2;TEA;1,500;1,250;2026-02-03\n"), http.StatusOK, "colonne « qté » : « 1,500 » est 1,5 : la marque précède les décimales 1 500 : la marque sépare les milliers")
}

// What an import says of a fault is French where the reader is.
func TestImportsInFrench(t *testing.T) {
	d := openDesk(t, nil)
	d.lang = "fr"
	p := d.bring("ventes.csv", "numéro facture;code produit;quantité;prix unitaire;date;remise %;taux tva %\n"+
		"F-1;THE;1;1;31/02/2026;;\n;TEA;-1;1,23456789;2026-02-01;;\nF-2;NON;1;;2026-02-01;120;\nF-3;NON;1;1;2026-02-01;;\nF-4;TEA;1;1;2027-02-01;;\n")
	d.want(p, http.StatusOK, "Ce qui serait enregistré", "ventes.csv, ligne 2", "Une date est un jour du calendrier, avec l’année sur quatre chiffres. Écrivez-la comme 2026-04-30 ou 30/04/2026.",
		"La cellule ne peut pas être vide. Remplissez-la.", "Une quantité est supérieure à zéro", "Un prix unitaire en EUR est de zéro ou plus, avec 6 décimales au plus",
		"Un pourcentage va de 0 à 100, avec deux décimales au plus", "Un produit vendu est au catalogue", "Cette date est dans le futur ; nous sommes le 10/03/2026. Corrigez la date.")
	for _, english := range []string{" is due", "correct it", "fill it in", " cell "} {
		if strings.Contains(p.body, english) {
			t.Errorf("%q is English: %s", english, p.words())
		}
	}
	d.want(d.get("/imports"), http.StatusOK, "Le classeur à remplir")
}
