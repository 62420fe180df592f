package accountant

import (
	"context"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

// desk is an app over a ledger's file, and a browser without a script before it.
type desk struct {
	t      *testing.T
	ledger *ledger.Ledger
	url    string
	client *http.Client
	lang   string
}

const today = "2026-03-10"

func openDesk(t *testing.T, change func(*Config)) *desk {
	t.Helper()
	l, err := ledger.Create(t.Context(), filepath.Join(t.TempDir(), "ledger.db"), ledger.Setup{Currency: "EUR", Partitions: 8}, ledger.Options{
		Now: func() time.Time { return time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC) }, BusinessDate: day(t, today),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	if err := l.Record(t.Context(), "anna", func(tx *ledger.Tx) error { return furnish(t, tx) }); err != nil {
		t.Fatal(err)
	}
	c := Config{Ledger: l, Who: "anna"}
	if change != nil {
		change(&c)
	}
	app, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(app.Handler())
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &desk{t: t, ledger: l, url: server.URL, client: &http.Client{Jar: jar}, lang: "en"}
}

// furnish puts goods on the shelf: tea that may be sold at a loss, jam without any cost, a service.
func furnish(t *testing.T, tx *ledger.Tx) error {
	for _, p := range []ledger.Product{
		{ID: "TEA", Name: "Thé vert", Kind: event.KindStock, BuyPrice: money.Some(400), SellPrice: money.Some(1000), MinMargin: money.SomeBasisPoints(3000)},
		{ID: "JAM", Name: "Jam", Kind: event.KindStock},
		{ID: "007", Name: "Delivery", Kind: event.KindService, SellPrice: money.Some(500)},
	} {
		if _, err := tx.PutProduct(p); err != nil {
			return err
		}
	}
	if _, err := tx.PutSelling("TEA", ledger.Selling{Barcodes: []string{"4006381333931"}, TaxRate: money.SomeBasisPoints(2000)}); err != nil {
		return err
	}
	if _, err := tx.PutClient(ledger.Client{ID: "C1", Name: "Zoë Ltd"}); err != nil {
		return err
	}
	_, err := tx.Receive(ledger.StockReceipt{Product: "TEA", Date: day(t, "2026-03-01"), Quantity: 10 * money.PerUnit})
	return err
}

func day(t *testing.T, s string) event.Date {
	t.Helper()
	d, err := event.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// page is an answer: its status, where it came from in the end, and its text.
type page struct {
	status int
	at     string
	body   string
	header http.Header
}

func (d *desk) do(method, path string, form url.Values, headers ...string) page {
	d.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(context.Background(), method, d.url+path, body)
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Accept-Language", d.lang)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
			continue
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	return d.answered(req)
}

// answered sends a request.
func (d *desk) answered(req *http.Request) page {
	d.t.Helper()
	res, err := d.client.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return page{res.StatusCode, res.Request.URL.RequestURI(), string(b), res.Header}
}

func (d *desk) get(path string) page { d.t.Helper(); return d.do(http.MethodGet, path, nil) }

// send fills in a form: name=value pairs, and sends it under the key that it has where
// no other one is given.
func (d *desk) send(path string, pairs ...string) page {
	d.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	if !v.Has("key") {
		v.Set("key", d.key(path))
	}
	return d.do(http.MethodPost, path, v)
}

var keyField = regexp.MustCompile(`name="key" value="([^"]+)"`)

func (d *desk) key(path string) string {
	d.t.Helper()
	p := d.get(path)
	found := keyField.FindStringSubmatch(p.body)
	if found == nil {
		return ""
	}
	return found[1]
}

var tags = regexp.MustCompile(`<[^>]*>`)

// words is the text of a page, tags left out.
func (p page) words() string {
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(p.body, " "))), " ")
}

// says tells whether a page has a text, tags left out.
func (p page) says(text string) bool {
	return strings.Contains(p.words(), strings.Join(strings.Fields(text), " "))
}

func (d *desk) want(p page, status int, texts ...string) {
	d.t.Helper()
	if p.status != status {
		d.t.Errorf("%s answers %d, want %d", p.at, p.status, status)
	}
	for _, text := range texts {
		if !p.says(text) {
			d.t.Errorf("%s does not say %q: %s", p.at, text, p.words())
		}
	}
}

func (d *desk) document(id string) ledger.Document {
	d.t.Helper()
	doc, ok, err := d.ledger.Document(context.Background(), id)
	if err != nil || !ok {
		d.t.Fatalf("there is no %s: %v", id, err)
	}
	return doc
}

func (d *desk) counts() ledger.Counts {
	d.t.Helper()
	c, err := d.ledger.Counts(context.Background())
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

func TestSale(t *testing.T) {
	d := openDesk(t, nil)
	p := d.send("/sales/new", "date", today, "client", "zoe ltd", "product", "4006381333931", "quantity", "2", "price", "", "discount", "10%", "tax", "",
		"product", "007", "quantity", "", "price", "7.50", "discount", "", "tax", "0", "product", "", "quantity", "", "price", "", "discount", "", "tax", "", "discount-all", "5")
	d.want(p, http.StatusOK, "INV-000001 is recorded.", "€23.39", "Recorded done 10/03/2026")
	doc := d.document("INV-000001")
	if doc.Client != "C1" || len(doc.Lines) != 2 || doc.Lines[0].Product != "TEA" || doc.Lines[0].UnitPrice != 1000*money.PricePerMinor || doc.Net != 2050 || doc.Tax != 289 {
		t.Errorf("recorded is %+v", doc)
	}
	d.want(d.get("/entries?q=INV-000001"), http.StatusOK, "INV-000001 10/03/2026 Sale 10/03/2026 Zoë Ltd 23.39 anna")
	d.want(d.get("/entries/7"), http.StatusOK, "INV-000001", "recorded by anna on 10/03/2026", "Thé vert", "Published waiting events: 0 of 4")
	d.want(d.get("/entries/7/print"), http.StatusOK, "Invoice INV-000001", "10 March 2026", "Zoë Ltd", "Discount −5.00", "Tax 20%", "Total €23.39")
}

func TestASentFormIsRecordedOnce(t *testing.T) {
	d := openDesk(t, nil)
	form := url.Values{"key": {d.key("/sales/new")}, "date": {today}, "product": {"TEA"}}
	first := d.do(http.MethodPost, "/sales/new", form)
	d.want(first, http.StatusOK, "INV-000001 is recorded.")
	done := make(chan page)
	for range 4 { // at once, as a double click and a browser that tries again
		go func() { done <- d.do(http.MethodPost, "/sales/new", form) }()
	}
	for range 4 {
		d.want(<-done, http.StatusOK, "INV-000001 was recorded before: this form was not recorded twice.")
	}
	if n := d.counts().Invoices; n != 1 {
		t.Errorf("there are %d invoices, want 1", n)
	}
	if a, b := d.key("/sales/new"), d.key("/sales/new"); a == b || a == "" {
		t.Errorf("two forms have the keys %q and %q", a, b)
	}
}

func TestFaultsStandAtTheirFields(t *testing.T) {
	d := openDesk(t, nil)
	p := d.send("/sales/new", "date", "2026-02-30", "client", "nobody", "product", "TEA", "quantity", "two", "price", "1.2345678", "discount", "", "tax", "",
		"product", "JAM", "quantity", "1", "price", "", "discount", "", "tax", "")
	d.want(p, http.StatusUnprocessableEntity, "Nothing was recorded yet",
		"“2026-02-30” is no day of the calendar", "There is no client “nobody”", "“two” is not a number: write it like 1234.56.",
		"“1.2345678” is too large, or has too many decimals (at most 6).", "The catalogue has no price of it: write one.")
	for _, kept := range []string{`value="2026-02-30"`, `value="nobody"`, `id="quantity-1" name="quantity" type="text" inputmode="decimal" autocomplete="off" class="num" value="two"`, `value="1.2345678"`, `href="#price-2"`, `aria-invalid="true"`} {
		if !strings.Contains(p.body, kept) {
			t.Errorf("the page does not keep %s", kept)
		}
	}
	if !regexp.MustCompile(`id="price-2-fault"[^>]*>The catalogue has no price`).MatchString(p.body) {
		t.Error("the fault of the second line does not stand at it")
	}
	if n := d.counts().Invoices; n != 0 {
		t.Errorf("%d invoices were recorded", n)
	}
	d.want(d.send("/sales/new", "date", today), http.StatusUnprocessableEntity, "Name at least one product")
}

func TestDates(t *testing.T) {
	d := openDesk(t, nil)
	if err := d.ledger.Record(t.Context(), "anna", func(tx *ledger.Tx) error { return tx.CloseThrough(day(t, "2026-02-28")) }); err != nil {
		t.Fatal(err)
	}
	d.want(d.get("/sales/new"), http.StatusOK, "The books are closed through 28/02/2026.")
	d.want(d.send("/sales/new", "date", "2026-02-28", "product", "TEA"), http.StatusUnprocessableEntity, "The books are closed through 28/02/2026. Give a later date.")
	p := d.send("/sales/new", "date", "2026-03-11", "product", "TEA")
	d.want(p, http.StatusUnprocessableEntity, "It lies in the future; today is 10/03/2026.", "The date lies in the future, on purpose")
	if strings.Contains(p.body, `id="ahead" hidden`) || !strings.Contains(d.get("/sales/new").body, `id="ahead" hidden`) {
		t.Error("the confirmation is to be asked for a date that lies ahead, and for no other")
	}
	d.want(d.send("/sales/new", "date", "2026-03-11", "future", "yes", "product", "TEA"), http.StatusOK, "INV-000001 is recorded.")
	d.want(d.send("/sales/new", "date", "1/3/2026", "product", "TEA"), http.StatusOK, "INV-000002 is recorded.")
	if got := d.document("INV-000002").Date.String(); got != "2026-03-01" {
		t.Errorf("1/3/2026 is %s", got)
	}
}

func TestClosingTheBooks(t *testing.T) {
	d := openDesk(t, nil)
	d.want(d.get("/settings"), http.StatusOK, "The books are open.")
	d.want(d.send("/close", "through", "2026-02-28"), http.StatusUnprocessableEntity, "Confirm it: closed books are not opened again.")
	d.want(d.send("/close", "through", "2026-03-11", "sure", "yes"), http.StatusUnprocessableEntity, "A day that has not come is not closed")
	d.want(d.send("/close", "through", "2026-02-28", "sure", "yes"), http.StatusOK, "The books are closed through 28/02/2026.")
	d.want(d.send("/close", "through", "2026-02-01", "sure", "yes"), http.StatusUnprocessableEntity, "are not opened again")
	if got := d.counts().ClosedThrough.String(); got != "2026-02-28" {
		t.Errorf("they are closed through %s", got)
	}
	d.want(d.get("/entries"), http.StatusOK, "Books closed through 28/02/2026")
}

// What is shown while a form is typed is what is recorded of it; warnings keep nobody from it.
func TestPreview(t *testing.T) {
	d := openDesk(t, nil)
	form := []string{"date", today, "product", "TEA", "quantity", "12", "price", "5", "discount", "", "tax", "", "product", "thé v", "quantity", "", "price", "", "discount", "", "tax", ""}
	p := d.send("/sales/preview", form...)
	var v preview
	if err := json.Unmarshal([]byte(p.body), &v); err != nil {
		t.Fatalf("%v: %s", err, p.body)
	}
	if v.Total != "€72.00" || len(v.Lines) != 2 || v.Lines[0].Name != "Thé vert" || v.Lines[0].Net != "60.00" || v.Lines[1].Net != "" {
		t.Errorf("the preview is %+v", v)
	}
	if got := strings.Join(v.Lines[0].Warnings, " "); got != "Margin 20%, below the minimum of 30%. The stock goes to −2." {
		t.Errorf("it warns %q", got)
	}
	if v.Faults["product-2"] == "" {
		t.Errorf("the faults are %v", v.Faults)
	}
	d.want(d.send("/sales/new", form[:12]...), http.StatusOK, "INV-000001 is recorded.", "€72.00")
	d.want(d.send("/sales/new", "date", today, "product", "TEA", "do", "quote"), http.StatusOK, "Total €12.00")
	if n := d.counts().Invoices; n != 1 {
		t.Errorf("there are %d invoices, want 1", n)
	}
}

func TestFrench(t *testing.T) {
	d := openDesk(t, nil)
	d.lang = "fr-FR,fr;q=0.9"
	p := d.send("/sales/new", "date", today, "product", "the vert", "quantity", "1 234,5", "price", "1 000,5", "discount", "", "tax", "5,5")
	d.want(p, http.StatusOK, "INV-000001 est enregistré.", "1\u202f303\u202f048,70\u00a0€")
	if doc := d.document("INV-000001"); doc.Lines[0].Quantity != 1_234_500 || doc.Lines[0].TaxRate != 550 || doc.Net != 123511725 {
		t.Errorf("recorded is %+v", doc)
	}
	d.want(d.send("/sales/new", "date", today, "product", "TEA", "quantity", "1.234"), http.StatusUnprocessableEntity, "« 1.234 » peut se lire de deux façons")
	d.want(d.send("/sales/new", "date", today, "product", "TEA", "quantity", "0"), http.StatusUnprocessableEntity, "Une quantité est supérieure à zéro")
	d.want(d.send("/sales/new", "date", today, "product", "TEA", "quantity", "1,5"), http.StatusOK, "INV-000002 est enregistré.")
	d.do(http.MethodPost, "/display", url.Values{"language": {"en"}, "theme": {"dark"}})
	p = d.get("/entries")
	d.want(p, http.StatusOK, "Export as CSV")
	if !strings.Contains(p.body, `<html lang="en" data-theme="dark">`) {
		t.Errorf("the choice is not remembered: %.80s", p.body)
	}
}

func TestReturnsAndVoids(t *testing.T) {
	d := openDesk(t, nil)
	d.want(d.send("/sales/new", "date", today, "product", "TEA", "quantity", "3"), http.StatusOK, "INV-000001")
	d.want(d.get("/entries/7/return"), http.StatusOK, "Return of INV-000001", "Left to return")
	d.want(d.send("/entries/7/return", "date", today, "quantity", "4", "restock", "yes"), http.StatusUnprocessableEntity, "Return at most what is left, 3.")
	d.want(d.send("/entries/7/return", "date", today, "quantity", "", "restock", "yes"), http.StatusUnprocessableEntity, "Say of at least one line how much came back.")
	d.want(d.send("/entries/7/return", "date", today, "quantity", "1", "restock", "no"), http.StatusOK, "CN-000001", "It is recorded.")
	note := d.document("CN-000001")
	if note.Invoice != "INV-000001" || note.Net != 1000 || note.Lines[0].Restock {
		t.Errorf("the return is %+v", note)
	}
	d.want(d.send("/entries/7/void", "reason", "typed twice"), http.StatusUnprocessableEntity, "Its credit note CN-000001 stands.")
	d.want(d.send("/entries/8/void", "reason", ""), http.StatusUnprocessableEntity, "A void says why.")
	p := d.send("/entries/8/void", "reason", "wrong shop")
	d.want(p, http.StatusOK, "Void of CN-000001", "wrong shop")
	d.want(d.send("/entries/7/void", "reason", "typed twice"), http.StatusOK, "Void of INV-000001")
	d.want(d.get("/entries/7"), http.StatusOK, "Voided on 10 March 2026: typed twice", "CN-000001", "Void of INV-000001")
	if p := d.get("/returns/new?invoice=inv-000001"); p.at != "/entries/7/return" {
		t.Errorf("a return of that invoice is at %s", p.at)
	}
	d.want(d.get("/returns/new?invoice=INV-9"), http.StatusOK, "There is no such invoice.")
	// A free return: it names no invoice.
	d.want(d.send("/returns/new", "date", today, "product", "JAM", "quantity", "2", "price", "3", "restock", "no"), http.StatusOK, "CN-000002 is recorded.")
	d.want(d.get("/entries?kind=void"), http.StatusOK, "Void of INV-000001", "Void of CN-000001")
}

func TestCostIsSetOnce(t *testing.T) {
	d := openDesk(t, nil)
	d.want(d.send("/sales/new", "date", today, "product", "JAM", "price", "3", "quantity", "2"), http.StatusOK, "INV-000001")
	d.want(d.get("/entries/7"), http.StatusOK, "Set a cost")
	d.want(d.send("/entries/7/cost", "product", "JAM", "unit_cost", ""), http.StatusUnprocessableEntity, "Fill this in.")
	d.want(d.send("/entries/7/cost", "product", "JAM", "unit_cost", "1.25"), http.StatusOK, "Cost in INV-000001")
	if cost := d.document("INV-000001").Lines[0].Cost; cost != money.Some(250) {
		t.Errorf("the cost is %v", cost)
	}
	if d.get("/entries/7").says("Set a cost") {
		t.Error("a cost that is set can be set again")
	}
}

func TestReceiptsAndCounts(t *testing.T) {
	d := openDesk(t, nil)
	d.want(d.send("/receipts/new", "product", "jam", "quantity", "", "date", today), http.StatusUnprocessableEntity, "Fill this in.")
	d.want(d.send("/receipts/new", "product", "JAM", "quantity", "12", "unit_cost", "1.20", "lot", "L7", "expiry_date", "2026-12-31", "date", today), http.StatusOK, "Receipt JAM is recorded.")
	d.want(d.get("/product?id=JAM"), http.StatusOK, "12 on the shelf", "Lot L7 On the shelf 12 Unit cost, EUR 1.20 Expires 31/12/2026")
	d.want(d.get("/entries/7"), http.StatusOK, "Receipt", "L7")
	d.want(d.get("/counts/new?product=jam"), http.StatusOK, "On the shelf by the books: 12.")
	d.want(d.send("/counts/new", "product", "JAM", "date", today, "lot", "", "on_hand", "", "unit_cost", "", "received_on", "", "expiry_date", ""), http.StatusUnprocessableEntity, "confirm that nothing is there")
	d.want(d.send("/counts/new", "product", "JAM", "date", today, "lot", "L7", "on_hand", "11", "unit_cost", "1.20", "received_on", today, "expiry_date", "2026-12-31",
		"lot", "L8", "on_hand", "x", "unit_cost", "", "received_on", "", "expiry_date", ""), http.StatusUnprocessableEntity, "“x” is not a number")
	d.want(d.send("/counts/new", "product", "JAM", "date", today, "lot", "L7", "on_hand", "11", "unit_cost", "1.20", "received_on", today, "expiry_date", "2026-12-31"), http.StatusOK, "Stock count of 10/03/2026 is recorded.")
	if _, sum, err := d.ledger.Shelf(t.Context(), "JAM"); err != nil || sum != 11*money.PerUnit {
		t.Errorf("after the count %s are there (%v), want 11", sum, err)
	}
	d.want(d.send("/counts/new", "product", "JAM", "date", today, "nothing", "yes"), http.StatusOK, "is recorded.")
	d.want(d.send("/receipts/new", "product", "007", "quantity", "1", "date", today), http.StatusUnprocessableEntity, "A service has no stock.")
	// A delivery note serves for all that it lists.
	p := d.send("/receipts/new", "product", "TEA", "quantity", "5", "date", "2026-03-09", "reference", "BL-77")
	d.want(p, http.StatusOK, "Receipt TEA is recorded.")
	for _, kept := range []string{`value="BL-77"`, `value="2026-03-09"`} {
		if !strings.Contains(p.body, kept) {
			t.Errorf("the next form of the delivery has no %s", kept)
		}
	}
	d.want(d.send("/receipts/new", "product", "JAM", "quantity", "5", "date", "2026-03-09", "reference", "BL-77"), http.StatusOK, "Receipt JAM is recorded.")
	d.want(d.send("/receipts/new", "product", "JAM", "quantity", "5", "date", "2026-03-09", "reference", "BL-77"), http.StatusUnprocessableEntity, "recorded already")
	d.want(d.get("/entries?q=BL-77"), http.StatusOK, "Receipt JAM")
}

func TestCatalogue(t *testing.T) {
	d := openDesk(t, nil)
	d.want(d.send("/product", "id", "NEW", "name", "New thing", "kind", "stock", "sell_price", "1,234.50", "tax_rate", "5.5 %", "barcode", "111 222"), http.StatusOK, "NEW is saved.", "1,234.50", "111 222")
	d.want(d.send("/product", "id", "NEW", "name", "Another", "kind", "stock"), http.StatusUnprocessableEntity, "There is a product “NEW” already")
	d.want(d.send("/product?id=JAM", "name", "Jam", "kind", "stock", "barcode", "222"), http.StatusUnprocessableEntity, "222 is the barcode of NEW.")
	d.want(d.send("/product?id=NEW", "name", "New thing", "kind", "stock", "min_margin", "101"), http.StatusUnprocessableEntity, "A minimum margin is between 0 and 100 %.")
	d.want(d.send("/sales/new", "date", today, "product", "222"), http.StatusOK, "€1,302.40")
	d.want(d.send("/product?id=NEW", "name", "Old thing", "kind", "stock", "archived", "yes"), http.StatusOK, "NEW is saved.")
	if d.get("/products").says("Old thing") || !d.get("/products?archived=yes").says("Old thing archived") {
		t.Error("an archived product is listed where it is asked for, and nowhere else")
	}
	if body := d.get("/find/products?q=thing").body; body != "[]" {
		t.Errorf("an archived product is proposed: %s", body)
	}
	d.want(d.send("/client", "id", "C2", "name", ""), http.StatusUnprocessableEntity, "Fill this in.")
	d.want(d.send("/client", "id", "C2", "name", "Anna"), http.StatusOK, "C2 is saved.")
	d.want(d.send("/client?id=C2", "name", "Anne", "archived", "yes"), http.StatusOK, "C2 is saved.")
	d.want(d.get("/client?id=C2"), http.StatusOK, "Anne", "Entries about it")
	d.want(d.get("/product?id=nothing"), http.StatusNotFound, "There is no such page")
}
