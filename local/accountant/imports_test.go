package accountant

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// bring uploads a file and returns the page of it once it has been looked at.
func (d *desk) bring(name, content string) page {
	d.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
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
	if got := d.document("INV-000001"); got.VoidReason != "a trial" {
		t.Errorf("%+v", got)
	}
	d.want(d.get("/imports/99"), http.StatusNotFound)
	d.want(d.get("/uploads/none"), http.StatusNotFound)
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
