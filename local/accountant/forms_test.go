package accountant

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"comptoir/local/ledger"
	"comptoir/shared/money"
)

// A key is taken once: another form that comes with it is neither lost nor recorded
// unasked. It comes back as it was typed, with a key under which it can be recorded.
func TestAnotherFormUnderATakenKey(t *testing.T) {
	d := openDesk(t, nil)
	key := d.key("/sales/new")
	d.want(d.send("/sales/new", "key", key, "date", today, "product", "TEA", "quantity", "2"), http.StatusOK, "INV-000001 is recorded.")
	p := d.send("/sales/new", "key", key, "date", today, "product", "JAM", "quantity", "1", "price", "3")
	d.want(p, http.StatusUnprocessableEntity, "This one is not recorded yet", "INV-000001 is recorded already", "differs from it and is not recorded yet")
	fresh := keyField.FindStringSubmatch(p.body)
	if fresh == nil || fresh[1] == key || !strings.Contains(p.body, `value="JAM"`) || !strings.Contains(p.body, `href="/entries/7"`) {
		t.Fatalf("it has the key %v, want another than %s: %s", fresh, key, p.body)
	}
	d.want(d.send("/sales/new", "key", fresh[1], "date", today, "product", "JAM", "quantity", "1", "price", "3"), http.StatusOK, "INV-000002 is recorded.")
	d.want(d.send("/sales/new", "key", key, "date", today, "product", " TEA ", "quantity", "2", "do", "record"), http.StatusOK, "INV-000001 was recorded before")
	// The same values for another document are another form too.
	d.want(d.send("/entries/7/void", "key", "void-1", "reason", "typed twice"), http.StatusOK, "Void of INV-000001", "It is recorded.")
	d.want(d.send("/entries/8/void", "key", "void-1", "reason", "typed twice"), http.StatusUnprocessableEntity, "Void of INV-000001 is recorded already")
	d.want(d.send("/receipts/new", "key", "void-1", "product", "JAM", "quantity", "1", "date", today), http.StatusUnprocessableEntity, "Void of INV-000001 is recorded already")
	if n := d.counts(); n.Invoices != 2 {
		t.Errorf("there are %d invoices, want 2", n.Invoices)
	}
}

// Who records a sale before its preview answered is warned all the same: behind it, and
// for as long as the entry is read.
func TestWarningsAreRecorded(t *testing.T) {
	d := openDesk(t, nil)
	warned := []string{"TEA Thé vert · Margin 20%, below the minimum of 30%.", "TEA Thé vert · The stock goes to −2."}
	d.want(d.send("/sales/new", "date", today, "product", "", "quantity", "", "price", "", "product", "TEA", "quantity", "12", "price", "5"), http.StatusOK, append(warned, "INV-000001 is recorded.")...)
	if err := d.ledger.Record(t.Context(), "anna", func(tx *ledger.Tx) error { // it does not change with the catalogue
		_, err := tx.Receive(ledger.StockReceipt{Product: "TEA", Date: day(t, today), Quantity: 50 * money.PerUnit})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	d.want(d.get("/entries/7"), http.StatusOK, warned...)
	d.want(d.send("/sales/new", "date", today, "product", "TEA"), http.StatusOK, "INV-000002 is recorded.")
	if p := d.get("/entries/9"); p.says("Margin") || p.says("The stock goes") {
		t.Errorf("a sale without any warns: %s", p.words())
	}
}

// A form says in which language its numbers were typed, and keeps to it.
func TestNumbersStayWhatTheyWere(t *testing.T) {
	d := openDesk(t, nil)
	french := []string{"numbers", "fr", "date", today, "product", "TEA", "quantity", "1,234", "price", "1 000,50", "discount", "5,5 %", "tax", "0"}
	var v preview
	if p := d.send("/sales/preview", french...); json.Unmarshal([]byte(p.body), &v) != nil || v.Total != "€1,166.72" {
		t.Errorf("the preview is %+v", v)
	}
	// Shown again it is written in the page's language; what French reads in two ways English does not read for it.
	p := d.send("/sales/new", append(french, "product", "JAM", "quantity", "1.234", "price", "3", "discount", "", "tax", "")...)
	d.want(p, http.StatusUnprocessableEntity, "“1.234” can be read in two ways")
	for _, written := range []string{`name="quantity" type="text" inputmode="decimal" autocomplete="off" class="num" value="1.234"`, `value="1000.50"`, `value="5.5 %"`, `name="numbers" value="en"`} {
		if !strings.Contains(p.body, written) {
			t.Errorf("the page does not have %s", written)
		}
	}
	if body := d.send("/numbers", french...).body; !strings.Contains(body, `"quantity":["1.234"]`) || !strings.Contains(body, `"numbers":["en"]`) {
		t.Errorf("written anew it is %s", body)
	}
	if body := d.send("/numbers", "numbers", "fr", "quantity", "1.234").body; body != "null" {
		t.Errorf("what cannot be read is written anew: %s", body)
	}
	// The same sale in another language is the same sale.
	d.want(d.send("/sales/new", append(french, "key", "one")...), http.StatusOK, "INV-000001 is recorded.")
	d.want(d.send("/sales/new", "key", "one", "numbers", "en", "date", today, "product", "TEA", "quantity", "1.234", "price", "1000.50", "discount", "5.5 %", "tax", "0"), http.StatusOK, "INV-000001 was recorded before")
}

// A sale that was voided is entered anew from what it said, to be corrected.
func TestAVoidedSaleIsEnteredAnew(t *testing.T) {
	for _, lang := range []string{"en", "fr"} {
		d := openDesk(t, nil)
		d.lang = lang
		d.send("/sales/new", "date", "2026-03-09", "client", "C1", "discount-all", "2", "reference", "F-9",
			"product", "TEA", "quantity", "2", "price", "12,5", "discount", "10%", "tax", "5,5",
			"product", "JAM", "quantity", "3", "price", "4", "discount", "1", "tax", "20")
		old := d.document("INV-000001")
		d.send("/entries/"+plainInt(old.Entry)+"/void", "reason", "wrong quantity")
		link := `href="/sales/new?like=INV-000001"`
		if !strings.Contains(d.get("/entries/"+plainInt(old.Entry)).body, link) {
			t.Errorf("%s: a voided sale does not offer to be entered anew", lang)
		}
		page := d.get("/sales/new?like=INV-000001").body
		form, _, _ := strings.Cut(page[strings.Index(page, `class="document"`):], "<template")
		rest := page[strings.Index(page, "</template>"):]
		sent := url.Values{}
		for _, input := range regexp.MustCompile(`<input[^>]*>`).FindAllString(form+rest, -1) {
			name, value := regexp.MustCompile(` name="([^"]*)"`).FindStringSubmatch(input), regexp.MustCompile(` value="([^"]*)"`).FindStringSubmatch(input)
			if name != nil && value != nil && !strings.Contains(input, "checkbox") {
				sent.Add(name[1], html.UnescapeString(value[1]))
			}
		}
		d.do(http.MethodPost, "/sales/new", sent)
		anew := d.document("INV-000002")
		if len(anew.Lines) != 2 || anew.Client != "C1" || anew.Date != old.Date || anew.Total != old.Total || anew.Discount != old.Discount || anew.Reference != "" {
			t.Errorf("%s: %+v became %+v from %v", lang, old, anew, sent)
		}
		for i := range anew.Lines {
			if anew.Lines[i].Line != old.Lines[i].Line {
				t.Errorf("%s: %+v became %+v", lang, old.Lines[i].Line, anew.Lines[i].Line)
			}
		}
	}
}
