package accountant

import (
	"net/http"
	"strings"
	"testing"
)

func TestTheSellerIsPrinted(t *testing.T) {
	d := openDesk(t, nil)
	d.want(d.send("/sales/new", "date", today, "client", "C1", "product", "TEA", "quantity", "2"), http.StatusOK, "INV-000001")
	if p := d.get("/entries/7/print"); strings.Contains(p.body, "seller") || p.says("VAT number") {
		t.Error("a seller is printed that nobody has named")
	}
	d.want(d.send("/seller", "seller_name", "Maison Dupré", "seller_address", "3, rue des Martyrs\r\n75009 Paris", "seller_registration", "", "seller_vat", " FR32 123456789 "), http.StatusOK, "It is saved.", "3, rue des Martyrs 75009 Paris")
	p := d.get("/entries/7/print")
	d.want(p, http.StatusOK, "Maison Dupré 3, rue des Martyrs 75009 Paris VAT number: FR32 123456789 Invoice INV-000001", "Unit price", "Net, EUR")
	if p.says("Registration number") {
		t.Error("an empty number is printed")
	}
	d.lang = "fr"
	d.want(d.get("/entries/7/print"), http.StatusOK, "N° TVA : FR32 123456789 Facture INV-000001", "Prix unitaire HT", "TVA Montant HT, EUR", "Total HT 20,00 TVA 20 % 4,00 Total TTC 24,00 €")
	d.want(d.get("/sales/new"), http.StatusOK, "Prix unitaire HT", "TVA, %", "Montant HT, EUR", "Total TTC")
	p = d.send("/seller", "seller_name", strings.Repeat("x", 1025), "seller_address", "elsewhere")
	d.want(p, http.StatusUnprocessableEntity, "Un texte compte 1024 octets au plus. Raccourcissez-le.", "elsewhere")
	d.want(d.get("/settings"), http.StatusOK, "3, rue des Martyrs")
}

func TestSettingsSayThatTheyAreSaved(t *testing.T) {
	d := openDesk(t, nil)
	p := d.send("/settings", "who", "Zoë")
	d.want(p, http.StatusOK, "It is saved.")
	if !strings.Contains(p.body, `role="status">It is saved.`) {
		t.Error("a screen reader is not told that it is saved")
	}
	if d.get("/settings").says("It is saved.") {
		t.Error("it is said although nothing was saved")
	}
}

// What cannot be done any more is not offered.
func TestWhatIsVoidedOffersNothing(t *testing.T) {
	d := openDesk(t, nil)
	d.want(d.send("/sales/new", "date", today, "product", "JAM", "price", "3", "quantity", "2"), http.StatusOK, "INV-000001")
	d.want(d.send("/entries/7/return", "date", today, "quantity", "2"), http.StatusOK, "CN-000001")
	offers := func(path string) bool { return strings.Contains(d.get(path).body, `name="key"`) }
	d.want(d.get("/entries/7/return"), http.StatusOK, "All of INV-000001 has come back: nothing is left to return.")
	d.want(d.get("/entries/8/return"), http.StatusNotFound)
	d.want(d.send("/entries/8/void", "reason", "kept"), http.StatusOK, "Void of CN-000001")
	if !offers("/entries/7/return") {
		t.Error("what a voided return had taken back cannot come back")
	}
	d.want(d.send("/entries/7/void", "reason", "twice"), http.StatusOK, "Void of INV-000001")
	for _, page := range []string{"void", "return", "cost"} {
		p := d.get("/entries/7/" + page)
		d.want(p, http.StatusOK, "INV-000001 was voided on 10 March 2026: nothing is left to be done with it.")
		if !strings.Contains(p.body, `<a href="/entries/10">Void of INV-000001</a>`) || p.says("Left to return") {
			t.Errorf("/entries/7/%s has no link to the void", page)
		}
		if offers("/entries/7/" + page) {
			t.Errorf("/entries/7/%s offers a form", page)
		}
	}
}
