package importer_test

import (
	"fmt"
	"strings"
	"testing"

	"comptoir/local/importer"
	"comptoir/local/ledger"
)

// sold returns how products are sold, as text.
func sold(t *testing.T, l *ledger.Ledger, id string) string {
	t.Helper()
	all, _, err := l.ProductsSince(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if p.ID == id {
			return fmt.Sprintf("%s %v %s", p.TaxRate.BasisPoints.Percent(), p.TaxRate.Valid, strings.Join(p.Barcodes, "+"))
		}
	}
	return "none"
}

// Products bring their tax rate and their barcodes; a column that is not there leaves them as they are.
func TestTaxRatesAndBarcodesOfProducts(t *testing.T) {
	l := fresh(t)
	workbook := file("produits.xlsx", book(t, sheet{"Produits", [][]any{
		{"Code produit", "Nom", "TVA %", "Codes-barres"},
		{"A", "Thé", percent(0.2), 4006381333931},
		{"B", "Café", 5.5, "111 222,333;444"},
		{"C", "Sel", nil, nil},
	}}))
	s := own(t, l, importer.Options{Files: []importer.File{workbook}})
	check(t, "notes", len(s.Notes), 0)
	check(t, "A", sold(t, l, "A"), "20 true 4006381333931")
	check(t, "B", sold(t, l, "B"), "5.5 true 111+222+333+444")
	check(t, "C", sold(t, l, "C"), "0 false ")
	check(t, "again", own(t, l, importer.Options{Files: []importer.File{workbook}}).Products, importer.Changes{Unchanged: 3})

	own(t, l, importer.Options{Files: []importer.File{text("names.csv", "product id,name\nA,Tea\n")}})
	check(t, "A with another name", sold(t, l, "A"), "20 true 4006381333931")
	own(t, l, importer.Options{Files: []importer.File{text("rates.csv", "code produit;nom;taux TVA;code-barres\nA;Tea;10;\n")}})
	check(t, "A with another rate and an empty cell", sold(t, l, "A"), "10 true ")

	// What the ledger refuses of them is said at its cell, and leaves its product as it was.
	s = own(t, l, importer.Options{Files: []importer.File{file("more.xlsx", book(t, sheet{"Products", [][]any{
		{"Product id", "Name", "Tax rate %", "Barcodes"}, {"A", "Tee", 20, "111"}, {"D", "Salt", 2000, nil},
	}}))}})
	if len(s.Rejects) != 2 || s.Rejects[0].Cell != "C3" || s.Rejects[1].Cell != "D2" || s.Rejects[1].Rule != "111 is the barcode of B" {
		t.Errorf("rejected: %v", s.Rejects)
	}
	check(t, "created or changed", s.Products, importer.Changes{})
	check(t, "A", sold(t, l, "A"), "10 true ")
}

// A workbook as a French shop keeps it, with heads of its own, is read as a whole.
func TestAShopsOwnHeads(t *testing.T) {
	l := fresh(t)
	s := own(t, l, importer.Options{Files: []importer.File{file("boutique.xlsx", book(
		t,
		sheet{"Catalogue des produits", [][]any{{"Référence article", "Désignation", "Famille", "Prix d'achat HT", "Prix de vente HT", "TVA %"}, {"00417", "Lanterne", "Jardin", 2, 3.39, 20}}},
		sheet{"Liste des clients", [][]any{{"N° client", "Nom du client"}, {"C1", "Hôtel du Port"}}},
		sheet{"Factures", [][]any{{"N° de facture", "Date de facturation", "N° de client", "Total HT", "Total TVA", "Total TTC"}, {"F-1", day(12, 1), "C1", 20.34, 4.07, 24.41}}},
		sheet{"Lignes de facture", [][]any{{"N° de facture", "Réf. article", "Qté", "P.U. HT (€)", "TVA %"}, {"F-1", "00417", 6, 3.39, 20}}},
	))}})
	check(t, "notes and rejects", fmt.Sprint(s.Notes, s.Rejects), "[] []")
	check(t, "sales", s.Sales, importer.Totals{Documents: 1, Lines: 1, Net: 20_34})
	check(t, "rate", sold(t, l, "00417"), "20 true ")
}

// What has tax in it is not read as a price, and that is said.
func TestAPriceWithTaxIsNotRead(t *testing.T) {
	l := fresh(t)
	s := own(t, l, importer.Options{Files: []importer.File{text("produits.csv", "code produit;nom;prix de vente TTC\nA;Thé;12,00\n")}})
	check(t, "notes", strings.Join(s.Notes, "; "), "produits.csv: not read: prix de vente TTC")
	p, _, err := l.Product(t.Context(), "A")
	check(t, "price", fmt.Sprint(p.SellPrice.Valid, err), "false <nil>")
}

// A barcode goes from one product to another one many rows behind it, in a dry run too.
func TestABarcodeChangesItsProduct(t *testing.T) {
	l := fresh(t)
	table := func(first, last string) importer.File {
		rows := "product id,name,barcodes\nP0,First," + first + "\n"
		for i := range 600 {
			rows += fmt.Sprintf("M%d,Between,\n", i)
		}
		return text("products.csv", rows+"P1,Last,"+last+"\n")
	}
	own(t, l, importer.Options{Files: []importer.File{table("4006381333931", "")}})
	for _, dry := range []bool{true, false} {
		s := own(t, l, importer.Options{Files: []importer.File{table("", "4006381333931")}, DryRun: dry})
		check(t, fmt.Sprint("dry ", dry), fmt.Sprint(s.Products, s.Rejected), "{0 2 600} 0")
	}
	check(t, "the last one", sold(t, l, "P1"), "0 false 4006381333931")
}
