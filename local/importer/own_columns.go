package importer

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The columns of Comptoir's own tables, by their place in ownLayouts.
const (
	ownProductID, ownProductName, ownCategory, ownKind, ownBuyPrice, ownSellPrice, ownMinMargin, ownProductArchived = 0, 1, 2, 3, 4, 5, 6, 7

	ownClientID, ownClientName, ownClientArchived = 0, 1, 2

	ownCounted, ownLot, ownCountedQuantity, ownUnitCost, ownReceivedOn, ownExpiry, ownCountedOn = 0, 1, 2, 3, 4, 5, 6

	headNumber, headDate, headClient, headType, headDiscount, headNet, headTax, headTotal = 0, 1, 2, 3, 4, 5, 6, 7

	lineNumber, lineProduct, lineDescription, lineQuantity, linePrice, lineDiscountShare, lineDiscount, lineTaxRate, lineRestock, lineDate, lineClient, lineType = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
)

// ownLayouts are the tables of the profile comptoir. The first of a column's
// other names is its French one in the template.
func ownLayouts() []layout {
	needed := func(holds holds, name string, also ...string) column { return column{name, also, holds, true} }
	optional := func(holds holds, name string, also ...string) column { return column{name, also, holds, false} }
	product := []string{"code_produit", "product", "product_code", "produit", "article", "code_article", "reference_produit", "ref_produit", "sku", "stockcode", "item"}
	client := []string{"code_client", "client", "customer", "customer_id", "customer_code", "numero_client", "no_client", "id_client"}
	number := []string{"numero_facture", "invoice", "invoice_no", "invoice_id", "facture", "no_facture", "n_facture", "numero_de_facture", "document", "piece", "numero_piece"}
	date := []string{"date_facture", "invoice_date", "date_de_facture", "jour", "day"}
	kinds := []string{"type_document", "document_type", "sens"}
	discount := []string{"remise", "remise_montant", "discount_amount", "montant_remise"}
	archived := []string{"archive", "hidden", "inactif", "inactive"}
	return []layout{
		{catalogue, []column{
			needed(someText, "product_id", append(product, "code", "id", "reference", "ref")...),
			needed(someText, "name", "nom", "product_name", "libelle", "designation", "nom_produit", "description"),
			optional(someText, "category", "categorie", "famille", "rayon"),
			optional(someText, "kind", "genre", "type", "nature"),
			optional(someNumber, "buy_price", "prix_achat", "purchase_price", "prix_d_achat", "prix_achat_ht", "cost", "cout"),
			optional(someNumber, "sell_price", "prix_vente", "price", "selling_price", "prix_de_vente", "prix_vente_ht", "prix"),
			optional(somePercent, "min_margin_pct", "marge_min_pct", "min_margin", "marge_min", "marge_minimum", "marge_minimale"),
			optional(someText, "archived", archived...),
		}, []string{"products", "produits", "articles", "catalogue", "catalog", "product", "produit"}},
		{clients, []column{
			needed(someText, "client_id", append(client, "code", "id", "reference", "ref")...),
			needed(someText, "name", "nom", "client_name", "customer_name", "nom_client", "raison_sociale"),
			optional(someText, "archived", archived...),
		}, []string{"clients", "customers", "client", "customer"}},
		{stock, []column{
			needed(someText, "product_id", append(product, "code", "reference", "ref")...),
			optional(someText, "lot", "numero_lot", "batch", "no_lot", "lot_number"),
			needed(someNumber, "quantity", "quantité", "qty", "qte", "on_hand", "en_stock", "stock"),
			optional(someNumber, "unit_cost", "cout_unitaire", "cost", "cout", "prix_achat", "prix_de_revient"),
			optional(someDate, "received_on", "recu_le", "received", "date_reception", "reception"),
			optional(someDate, "expiry_date", "date_peremption", "expiry", "expires_on", "peremption", "dlc", "ddm", "dluo"),
			optional(someDate, "counted_on", "compte_le", "count_date", "date_inventaire", "date_comptage", "inventory_date"),
		}, []string{"stock", "stocks", "inventory", "inventaire", "lots"}},
		{heads, []column{
			needed(someText, "invoice_number", append(number, "number", "numero", "no", "n", "reference", "ref")...),
			needed(someDate, "date", date...),
			optional(someText, "client_id", client...),
			optional(someText, "type", kinds...),
			optional(someNumber, "discount", discount...),
			optional(someNumber, "net", "total_ht", "net_total", "ht", "montant_ht", "net_amount"),
			optional(someNumber, "tax", "total_tva", "tva", "vat", "tax_total", "montant_tva"),
			optional(someNumber, "total", "total_ttc", "ttc", "gross", "montant_ttc", "grand_total"),
		}, []string{"invoices", "factures", "invoice", "facture", "ventes", "sales", "documents"}},
		{invoices, []column{
			needed(someText, "invoice_number", append(number, "number", "numero", "reference_facture", "ref_facture")...),
			needed(someText, "product_id", append(product, "code")...),
			optional(someText, "description", "designation", "libelle", "details"),
			needed(someNumber, "quantity", "quantité", "qty", "qte"),
			needed(someNumber, "unit_price", "prix_unitaire", "price", "prix", "pu", "pu_ht", "prix_unitaire_ht"),
			optional(somePercent, "discount_pct", "remise_pct", "discount_percent", "remise_pourcent", "taux_remise", "discount_rate"),
			optional(someNumber, "discount", discount...),
			optional(somePercent, "tax_rate_pct", "taux_tva_pct", "tax_rate", "vat_rate", "taux_tva", "tva", "vat", "tax"),
			optional(someText, "restock", "remise_en_stock", "back_on_shelf", "retour_en_stock"),
			optional(someDate, "date", date...),
			optional(someText, "client_id", client...),
			optional(someText, "type", kinds...),
		}, []string{"invoicedetails", "invoicelines", "details", "lines", "lignes", "lignesfactures", "lignesfacture", "detailsfactures", "detailfactures", "detailsfacture"}},
	}
}

// plainName is a header without accents, capitals, spaces and marks: "Prix d’achat
// (HT)" is prixdachatht. % is pct, and n° is no.
func plainName(s string) string {
	s = strings.NewReplacer("%", "pct", "°", "o", "º", "o", "№", "no").Replace(s)
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// place finds a column among plain names, -1 where it is not there.
func (c column) place(names []string) int {
	for _, n := range append([]string{c.name}, c.also...) {
		if i := slices.Index(names, plainName(n)); i >= 0 {
			return i
		}
	}
	return -1
}

// recogniseOwn finds the table of the profile comptoir that a header is of: by the
// name of its sheet, else by its columns.
func (p profile) recogniseOwn(file, sheet string, header, names []string) (recognised, error) {
	where := placeName(file, sheet)
	for _, other := range profiles() {
		// Its catalogue and its stock have columns of ours; its documents have rules of their own.
		if !other.exact {
			continue
		}
		if r, err := other.recognise("", "", header); err == nil && r.layout.kind == invoices {
			return recognised{}, fmt.Errorf("reading %s: these are the columns of the profile %s: add --profile %s", where, other.name, other.name)
		}
	}
	var found []recognised
	most := 0
	for _, l := range p.layouts {
		one := l.among(header, names)
		if slices.Contains(l.sheets, plainName(sheet)) {
			if missing := one.missing(); len(missing) > 0 {
				return recognised{}, fmt.Errorf("reading %s: the column %s is missing: add it, or rename the one that holds it", where, strings.Join(missing, " and the column "))
			}
			return one, nil
		}
		switch n := one.count(); {
		case len(one.missing()) > 0 || n < most:
		case n > most:
			found, most = []recognised{one}, n
		default:
			found = append(found, one)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return recognised{}, p.unknownTable(where, header)
	}
	return recognised{}, fmt.Errorf("reading %s: by its columns it may be the table %s or the table %s: name its columns as in `comptoir template`, or bring it as a sheet of that name", where, found[0].layout.kind, found[1].layout.kind)
}

func (p profile) unknownTable(where string, header []string) error {
	var expected []string
	for _, l := range p.layouts {
		var names []string
		for _, c := range l.columns {
			if c.needed {
				names = append(names, c.name)
			}
		}
		expected = append(expected, fmt.Sprintf("%s (%s)", strings.Join(names, ", "), l.kind))
	}
	return fmt.Errorf("reading %s: %q is not the header of a table that is known: it needs the columns %s: see `comptoir template`", where, shorten(strings.Join(header, ",")), strings.Join(expected, ", or "))
}

// among finds the columns of a layout in a header.
func (l layout) among(header, names []string) recognised {
	r := recognised{layout: l, places: make([]int, len(l.columns))}
	read := make([]bool, len(header))
	for i, c := range l.columns {
		at := c.place(names)
		if at >= 0 && read[at] {
			at = -1 // a name that two columns go by is the first one's
		}
		if r.places[i] = at; at >= 0 {
			read[at] = true
		}
	}
	for i, h := range header {
		if !read[i] && strings.TrimSpace(h) != "" {
			r.unknown = append(r.unknown, strings.TrimSpace(h))
		}
	}
	return r
}

func (r recognised) count() (n int) {
	for _, at := range r.places {
		if at >= 0 {
			n++
		}
	}
	return n
}

func (r recognised) missing() (names []string) {
	for i, c := range r.layout.columns {
		if c.needed && r.places[i] < 0 {
			names = append(names, c.name)
		}
	}
	return names
}
