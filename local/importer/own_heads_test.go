package importer

import (
	"strings"
	"testing"
)

// columnOf is the column of a table that a head is taken for, beside those that the table needs.
func columnOf(k kind, head string) string {
	for _, l := range ownLayouts() {
		if l.kind != k {
			continue
		}
		for i, at := range l.among([]string{head}).places {
			if at == 0 {
				return l.columns[i].name
			}
		}
	}
	return ""
}

// Heads as people and programs write them, in French and in English.
func TestHeadsThatAreKnown(t *testing.T) {
	for _, c := range []struct {
		in    kind
		want  string
		heads string // between bars
	}{
		{catalogue, "product_id", "Product id | CODE PRODUIT | Code du produit | Code article | Réf. article | Référence produit | N° d’article | Article | SKU | StockCode | product_code | Item number | Code | Id | Réf."},
		{catalogue, "name", "Name | Nom | Nom du produit | Désignation | Libellé de l’article | Product name | Description"},
		{catalogue, "category", "Category | Catégorie | Famille | Catégorie de produit"},
		{catalogue, "kind", "Kind | Genre | Type | Type de produit"},
		{catalogue, "buy_price", "Buy price | Buying price, EUR | Prix d’achat | Prix d'achat HT | Prix d’achat (HT) | PRIX D'ACHAT H.T. | Prix d’achat, EUR | Prix d’achat HT (€) | Prix d’achat hors taxes | Prix achat en EUR | PA HT | Purchase price (excl. VAT) | Cost | Prix de revient"},
		{catalogue, "sell_price", "Sell price | Selling price, GBP | Prix de vente | Prix de vente HT | Prix de vente (€ HT) | Prix vente unitaire HT | PV HT | P.V. H.T. | Price | Prix HT | Price without tax"},
		{catalogue, "min_margin_pct", "Min margin % | Minimum margin, % | Marge min % | Marge minimale, % | Marge minimum (%) | min_margin_pct"},
		{catalogue, "tax_rate_pct", "Tax rate % | Tax, % | TVA % | % TVA | TVA (%) | Taux TVA | Taux de TVA | Taux de la TVA, % | VAT rate | TVA | tax_rate_pct"},
		{catalogue, "barcodes", "Barcodes | Barcode | Codes-barres | Code-barres | Code barre | Bar code | EAN | EAN13 | Code EAN | GTIN"},
		{catalogue, "archived", "Archived | Archivé"},
		{clients, "client_id", "Client id | Code client | Code du client | N° client | Numéro de client | Customer no. | Réf client | CustomerID"},
		{clients, "name", "Name | Nom | Nom du client | Client name | Raison sociale"},
		{stock, "product_id", "Product id | Code produit | Référence de l’article"},
		{stock, "quantity", "Quantity | Quantité | Qté | Qty | Quantité (kg) | Quantité, unités | Quantité en stock | Stock"},
		{stock, "lot", "Lot | N° de lot | Numéro du lot | Batch number | Batch"},
		{stock, "unit_cost", "Unit cost | Coût unitaire | Coût unitaire HT | Coût unitaire, EUR | Prix d’achat HT"},
		{stock, "received_on", "Received on | Reçu le | Date de réception"},
		{stock, "expiry_date", "Expiry date | Date péremption | Date de péremption | DLC"},
		{stock, "counted_on", "Counted on | Compté le | Date d’inventaire | Date de l'inventaire"},
		{heads, "invoice_number", "Invoice number | Invoice no. | Invoice # | N° facture | N° de facture | No de la facture | Numéro de facture | Numero facture | N° de pièce | N° | Facture | Facture n° | Référence de facture | Document number"},
		{heads, "date", "Date | Date facture | Date de facturation | Date de la facture | Invoice date | Billing date | Date d’émission | Date de vente"},
		{heads, "client_id", "Client id | Code client | Client | N° de client"},
		{heads, "type", "Type | Type document | Type de pièce | Document type"},
		{heads, "discount", "Discount | Remise | Remise HT | Montant de la remise"},
		{heads, "net", "Net | HT | Total HT | Total H.T. | Montant HT | Montant hors taxes | Total (excl. VAT) | Total net | Total HT, EUR"},
		{heads, "tax", "Tax | TVA | Total TVA | Total de la TVA | Montant TVA | Montant de TVA (€)"},
		{heads, "total", "Total | Total TTC | TTC | Montant TTC | Total TTC, EUR | Grand total"},
		{invoices, "invoice_number", "Invoice number | N° de facture | InvoiceNo"},
		{invoices, "product_id", "Product id | Code produit | Code de l’article | Article"},
		{invoices, "description", "Description | Désignation | Libellé"},
		{invoices, "quantity", "Quantity | Quantité | Qté"},
		{invoices, "unit_price", "Unit price | Prix unitaire | Prix unitaire HT | P.U. HT | PU H.T. | PU | Prix de vente HT | UnitPrice | Price (excl. tax)"},
		{invoices, "discount_pct", "Discount % | Remise % | Remise (%) | % remise | Taux de remise"},
		{invoices, "discount", "Discount | Remise | Remise HT | Montant remise, EUR"},
		{invoices, "tax_rate_pct", "Tax rate % | Taux TVA % | TVA % | Taux de TVA | VAT rate"},
		{invoices, "restock", "Restock | Remise en stock | Retour en stock"},
	} {
		for head := range strings.SplitSeq(c.heads, "|") {
			if got := columnOf(c.in, strings.TrimSpace(head)); got != c.want {
				t.Errorf("of the %s %q is taken for %q, want %q", c.in, strings.TrimSpace(head), got, c.want)
			}
		}
	}
}

// A price with tax is no price without, an amount of tax is no rate, and what is of
// something else is not taken for what has its words.
func TestHeadsThatAreNotTaken(t *testing.T) {
	for _, c := range []struct {
		in    kind
		heads string
	}{
		{catalogue, "Prix TTC | Prix de vente TTC | Prix d’achat TTC | Prix de vente (TTC) | Prix de vente toutes taxes comprises | Price incl. VAT | Price including tax | Gross price | Sale price | Prix public | Remise | Marge | Marge % | Stock | Fournisseur | Prix de vente conseillé | Montant TVA | Total"},
		{clients, "Nom du fournisseur | Adresse | N° SIRET | TVA intracommunautaire | Nom du contact"},
		{stock, "Coût unitaire TTC | Quantité réservée | Valeur du stock | Stock minimum | Date de livraison | Fournisseur"},
		{heads, "Nom du client | Remise % | Taux de TVA | Remise TTC | Date d’échéance | Date de livraison | N° de commande | Numéro de facture d’origine | Reste à payer | Net à payer"},
		{invoices, "Prix unitaire TTC | PU TTC | P.U. T.T.C. | Total | Total HT | Total TTC | Montant HT | Montant TVA | Remise TTC | Unit price incl. tax | Quantité livrée | Nom du client"},
	} {
		for head := range strings.SplitSeq(c.heads, "|") {
			if got := columnOf(c.in, strings.TrimSpace(head)); got != "" {
				t.Errorf("of the %s %q is taken for %q", c.in, strings.TrimSpace(head), got)
			}
		}
	}
}

// Beside one that says that it is without tax, a price that does not say may be with tax.
func TestThePriceWithoutTaxIsTaken(t *testing.T) {
	l := ownLayouts()[0]
	for _, header := range [][]string{
		{"Code", "Nom", "Prix de vente", "Prix de vente HT", "Prix de vente TTC"},
		{"Code", "Nom", "Prix de vente TTC", "Prix", "Prix HT"},
	} {
		r := l.among(header)
		if at := r.places[ownSellPrice]; at < 0 || !strings.HasSuffix(header[at], " HT") {
			t.Errorf("of %q the %d. is the selling price", header, at+1)
		}
		if len(r.unknown) != 2 {
			t.Errorf("of %q is left %q", header, r.unknown)
		}
	}
}

func TestNamesOfSheets(t *testing.T) {
	for k, names := range map[kind]string{
		catalogue: "Products | Produits | Articles | Catalogue | Catalogue des produits | Liste des articles",
		clients:   "Clients | Customers | Liste des clients",
		stock:     "Stock | Stocks | Inventaire | Inventory | Lots",
		heads:     "Invoices | Factures | Ventes | Sales | Journal des ventes | Documents",
		invoices:  "Invoice_Details | InvoiceLines | Lignes_Factures | Lignes de facture | Détail des factures | Lignes | Details",
	} {
		for name := range strings.SplitSeq(names, "|") {
			for _, l := range ownLayouts() {
				if is := l.isSheet(strings.TrimSpace(name)); is != (l.kind == k) {
					t.Errorf("the sheet %q is one of %s: %v", strings.TrimSpace(name), l.kind, is)
				}
			}
		}
	}
}
