package importer

import (
	"fmt"
	"slices"
	"strings"
)

// The columns of Comptoir's own tables, by their place in ownLayouts.
const (
	ownProductID, ownProductName, ownCategory, ownKind, ownBuyPrice, ownSellPrice, ownMinMargin, ownProductTax, ownBarcodes, ownProductArchived = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9

	ownClientID, ownClientName, ownClientArchived = 0, 1, 2

	ownCounted, ownLot, ownCountedQuantity, ownUnitCost, ownReceivedOn, ownExpiry, ownCountedOn = 0, 1, 2, 3, 4, 5, 6

	headNumber, headDate, headClient, headType, headDiscount, headNet, headTax, headTotal = 0, 1, 2, 3, 4, 5, 6, 7

	lineNumber, lineProduct, lineDescription, lineQuantity, linePrice, lineDiscountShare, lineDiscount, lineTaxRate, lineRestock, lineDate, lineClient, lineType = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
)

// ownLayouts are the tables of the profile comptoir. A column is known by any of its
// names, as headWords compares them; the first one is its French one in the template.
func ownLayouts() []layout {
	needed := func(holds holds, name string, also ...string) column {
		return column{name: name, also: also, holds: holds, needed: true}
	}
	optional := func(holds holds, name string, also ...string) column {
		return column{name: name, also: also, holds: holds}
	}
	price := func(c column) column { // or another amount without tax
		c.net = true
		return c
	}
	product := []string{
		"code produit", "product", "produit", "article", "item", "code article", "item code", "reference produit", "reference article", "item reference",
		"numero produit", "numero article", "item number", "id article", "item id", "sku", "stock code",
	}
	client := []string{"code client", "client", "customer id", "reference client", "numero client"}
	number := []string{"numero facture", "invoice", "invoice id", "reference facture", "code facture"}
	date := []string{"date facture", "jour", "day", "date vente", "sale date", "issue date", "date emission"}
	kinds := []string{"type document", "sens"}
	discount := []string{"remise", "montant remise"}
	archived := []string{"archive", "hidden", "inactif", "inactive"}
	return []layout{
		{catalogue, []column{
			needed(someText, "product_id", append(product, "code", "id", "reference", "number")...),
			needed(someText, "name", "nom", "nom produit", "nom article", "item name", "libelle", "libelle produit", "libelle article", "designation", "designation produit", "designation article", "description", "description produit", "description article", "item description"),
			optional(someText, "category", "categorie", "famille", "rayon", "categorie produit", "famille produit", "categorie article", "famille article"),
			optional(someText, "kind", "genre", "type", "nature", "type produit", "type article"),
			price(optional(someNumber, "buy_price", "prix achat", "prix achat unitaire", "cost", "cout", "cost price", "prix revient", "pa")),
			price(optional(someNumber, "sell_price", "prix vente", "prix vente unitaire", "price", "prix", "pv")),
			optional(somePercent, "min_margin_pct", "marge min %", "marge min"),
			optional(somePercent, "tax_rate_pct", "taux TVA %", "TVA"),
			optional(someText, "barcodes", "codes-barres", "barcode", "code barre", "bar code", "EAN", "EAN13", "code EAN", "GTIN", "UPC"),
			optional(someText, "archived", archived...),
		}, []string{"products", "articles", "items", "catalogue", "catalog", "product catalogue", "catalogue articles", "product list", "liste produits", "liste articles"}},
		{clients, []column{
			needed(someText, "client_id", append(client, "code", "id", "reference", "number")...),
			needed(someText, "name", "nom", "nom client", "raison sociale", "company"),
			optional(someText, "archived", archived...),
		}, []string{"clients", "customers", "client list", "liste clients"}},
		{stock, []column{
			needed(someText, "product_id", append(product, "code", "reference")...),
			optional(someText, "lot", "numero lot", "batch"),
			needed(someNumber, "quantity", "quantité", "on_hand", "en stock", "stock", "quantité en stock", "quantité stock", "quantité comptée", "quantity counted"),
			price(optional(someNumber, "unit_cost", "cout unitaire", "cost", "cout", "prix achat", "prix achat unitaire", "prix revient", "pa")),
			optional(someDate, "received_on", "recu le", "received", "date reception", "reception"),
			optional(someDate, "expiry_date", "date peremption", "expiry", "expires_on", "dlc", "ddm", "dluo"),
			optional(someDate, "counted_on", "compte le", "count_date", "date inventaire", "date comptage"),
		}, []string{"stock", "stocks", "inventory", "inventaire", "lots", "stock count"}},
		{heads, []column{
			needed(someText, "invoice_number", append(number, "number", "reference")...),
			needed(someDate, "date", date...),
			optional(someText, "client_id", client...),
			optional(someText, "type", kinds...),
			price(optional(someNumber, "discount", discount...)),
			optional(someNumber, "net", "total HT", "HT", "montant HT", "montant net", "total net"),
			optional(someNumber, "tax", "total TVA", "TVA", "montant TVA"),
			optional(someNumber, "total", "total TTC", "TTC", "gross", "montant TTC", "grand_total", "total gross"),
		}, []string{"invoices", "ventes", "sales", "invoice list", "liste factures", "journal ventes", "sales journal"}},
		{invoices, []column{
			needed(someText, "invoice_number", append(number, "number")...),
			needed(someText, "product_id", append(product, "code")...),
			optional(someText, "description", "designation", "libelle", "details"),
			needed(someNumber, "quantity", "quantité"),
			price(needed(someNumber, "unit_price", "prix unitaire", "price", "prix", "pu", "prix vente", "prix vente unitaire", "pv")),
			optional(somePercent, "discount_pct", "remise %"),
			price(optional(someNumber, "discount", discount...)),
			optional(somePercent, "tax_rate_pct", "taux TVA %", "TVA"),
			optional(someText, "restock", "remise en stock", "back_on_shelf", "retour en stock"),
			optional(someDate, "date", date...),
			optional(someText, "client_id", client...),
			optional(someText, "type", kinds...),
		}, []string{"invoice details", "invoice lines", "details", "lines", "sales lines"}},
	}
}

// recogniseOwn finds the table of the profile comptoir that a header is of: by the
// name of its sheet, else by its columns.
func (p profile) recogniseOwn(file, sheet string, header []string) (recognised, error) {
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
		one := l.among(header)
		if l.isSheet(sheet) {
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
	return recognised{}, fmt.Errorf("reading %s: by its columns it may be the table %s or the table %s: name its columns as in the workbook to fill in, or bring it as a sheet of that name", where, found[0].layout.kind, found[1].layout.kind)
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
	return fmt.Errorf("reading %s: %q is not the header of a table that is known: it needs the columns %s: see the workbook to fill in, which comptoir template writes and the app gives under Imports", where, shorten(strings.Join(header, ",")), strings.Join(expected, ", or "))
}

// isSheet tells whether a sheet of the layout goes by a name.
func (l layout) isSheet(name string) bool {
	asked := readHead(name)
	return slices.ContainsFunc(l.sheets, func(s string) bool { return asked.is(readHead(s)) })
}

// among finds the columns of a layout in a header.
func (l layout) among(header []string) recognised {
	r := recognised{layout: l, places: make([]int, len(l.columns))}
	read := make([]bool, len(header))
	names := make([]headName, len(header))
	for i, h := range header {
		names[i] = readHead(h)
	}
	for i, c := range l.columns {
		// A head that two columns go by is the first one's.
		if r.places[i] = c.place(names, read); r.places[i] >= 0 {
			read[r.places[i]] = true
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
