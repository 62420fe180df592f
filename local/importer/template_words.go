package importer

// wording is a text in each language.
type wording struct{ english, french string }

func (w wording) in(l Language) string {
	if l == French {
		return w.french
	}
	return w.english
}

// templateSheet is a sheet of the template; its columns are those of its layout, in their order.
type templateSheet struct {
	name    wording
	columns []templateColumn
}

type templateColumn struct {
	label, note, example wording
	words                []wording // to choose from
	from                 int       // the number of the sheet whose codes are to choose from, from 1
	amount               bool
	holds                holds
	needed               bool
}

func templateAdvice(at Surface) wording {
	try := wording{
		"Then: comptoir import FILE.xlsx --dry-run says what would be recorded and what is wrong, cell by cell, and records nothing. ",
		"Ensuite : comptoir import FICHIER.xlsx --dry-run dit ce qui serait enregistré et ce qui est faux, cellule par cellule, sans rien enregistrer. ",
	}
	if at == App {
		try = wording{
			"Then choose the file under Imports: what would be recorded and what is wrong is shown first, cell by cell, and nothing is recorded before you say so. ",
			"Ensuite, choisissez le fichier sous Imports : ce qui serait enregistré et ce qui est faux est montré d’abord, cellule par cellule, et rien n’est enregistré avant que vous le disiez. ",
		}
	}
	return wording{
		"Fill in the sheets that you need and leave the others empty; the order of the columns does not matter, and columns of your own are not read. " +
			"Columns with a darker head are needed. " + try.english +
			"What is recorded once is not recorded again: bring the same workbook as often as you like.",
		"Remplissez les feuilles utiles et laissez les autres vides ; l’ordre des colonnes est libre, et vos propres colonnes ne sont pas lues. " +
			"Les colonnes à l’en-tête plus foncé sont nécessaires. " + try.french +
			"Ce qui est enregistré une fois ne l’est pas une seconde : le même classeur peut être apporté autant de fois que l’on veut.",
	}
}

// templateSheets are the sheets of the template with all that is said of their columns.
func templateSheets(at Surface) []templateSheet {
	product := wording{"The product’s code. Text: leading zeros are kept.", "Le code du produit. C’est un texte : les zéros de tête sont gardés."}
	client := wording{"The client’s code. Empty: a sale without a name.", "Le code du client. Vide : une vente sans nom."}
	number := wording{"The document’s own number. Recorded once, it is not recorded again.", "Le numéro de la pièce. Enregistré une fois, il ne l’est pas une seconde."}
	kind := wording{"Invoice or credit note; empty: invoice. Quantities of a credit note are above zero too.", "Facture ou avoir ; vide : facture. Les quantités d’un avoir sont elles aussi positives."}
	day := wording{"2026-04-30", "30/04/2026"}
	yesNo := []wording{{"yes", "oui"}, {"no", "non"}}
	kinds := []wording{{"invoice", "facture"}, {"credit note", "avoir"}}
	counted := wording{"At the end of which day it was counted. Empty: today, or --stock-date.", "À la fin de quel jour on a compté. Vide : aujourd’hui, ou --stock-date."}
	if at == App {
		counted = wording{"At the end of which day it was counted. Empty: the day that you name where you bring the file.", "À la fin de quel jour on a compté. Vide : le jour indiqué en apportant le fichier."}
	}
	same := func(s string) wording { return wording{s, s} }
	archived := templateColumn{label: wording{"Archived", "Archivé"}, note: wording{"Yes hides it from lists; documents may still name it. Empty: no.", "Oui le retire des listes ; les pièces peuvent encore le nommer. Vide : non."}, example: wording{"no", "non"}, words: yesNo}
	sheets := []templateSheet{
		{wording{"Products", "Produits"}, []templateColumn{
			{label: wording{"Product id", "Code produit"}, note: product, example: same("00417")},
			{label: wording{"Name", "Nom"}, note: wording{"What it is called.", "Son nom."}, example: wording{"Lantern, red", "Lanterne rouge"}},
			{label: wording{"Category", "Catégorie"}, note: wording{"To group products by; may be empty.", "Pour regrouper les produits ; peut être vide."}, example: wording{"Garden", "Jardin"}},
			{label: wording{"Kind", "Genre"}, note: wording{"Stock, or service for what has no stock (postage, fees). Empty: stock.", "Stock, ou service pour ce qui n’a pas de stock (port, frais). Vide : stock."}, example: same("stock"), words: []wording{same("stock"), same("service")}},
			{label: wording{"Buy price", "Prix d’achat"}, note: wording{"Of one unit, without tax. Without it the profit is unknown.", "D’une unité, hors taxes. Sans lui, la marge est inconnue."}, example: wording{"2.00", "2,00"}, amount: true},
			{label: wording{"Sell price", "Prix de vente"}, note: wording{"Of one unit, without tax; may be empty.", "D’une unité, hors taxes ; peut être vide."}, example: wording{"3.39", "3,39"}, amount: true},
			{label: wording{"Min margin %", "Marge min %"}, note: wording{"The least margin that you want, 0 to 100. Write 26 for 26 %.", "La plus petite marge voulue, de 0 à 100. Écrivez 26 pour 26 %."}, example: same("26")},
			{label: wording{"Tax rate %", "Taux TVA %"}, note: wording{"What a sale of it begins with. Write 20 for 20 %. Empty: nothing is proposed.", "Le taux proposé à la vente. Écrivez 20 pour 20 %. Vide : rien n’est proposé."}, example: same("20")},
			{label: wording{"Barcodes", "Codes-barres"}, note: wording{"Those that the scanner reads. Several: with spaces, commas or semicolons between them. Each is one product’s alone.", "Ceux que lit la douchette. Plusieurs : séparés par des espaces, des virgules ou des points-virgules. Chacun est d’un seul produit."}, example: same("4006381333931")},
			archived,
		}},
		{wording{"Clients", "Clients"}, []templateColumn{
			{label: wording{"Client id", "Code client"}, note: wording{"The client’s code. Text: leading zeros are kept.", "Le code du client. C’est un texte : les zéros de tête sont gardés."}, example: same("C-0012")},
			{label: wording{"Name", "Nom"}, note: wording{"What they are called.", "Son nom."}, example: wording{"Harbour Hotel", "Hôtel du Port"}},
			archived,
		}},
		{wording{"Stock", "Stock"}, []templateColumn{
			{label: wording{"Product id", "Code produit"}, note: product, example: same("00417"), from: 1},
			{label: wording{"Lot", "Lot"}, note: wording{"The batch; empty where there is only one.", "Le lot ; vide s’il n’y en a qu’un."}, example: same("L-2026-03")},
			{label: wording{"Quantity", "Quantité"}, note: wording{"What was counted, at most three decimals. The count replaces all lots of the product.", "Ce qui a été compté, trois décimales au plus. Le comptage remplace tous les lots du produit."}, example: same("12")},
			{label: wording{"Unit cost", "Coût unitaire"}, note: wording{"Of one unit, without tax; may be empty.", "D’une unité, hors taxes ; peut être vide."}, example: wording{"2.00", "2,00"}, amount: true},
			{label: wording{"Received on", "Reçu le"}, note: wording{"When the lot came in. Empty: on the day of the count.", "Le jour de réception du lot. Vide : le jour du comptage."}, example: day},
			{label: wording{"Expiry date", "Date péremption"}, note: wording{"Empty: it does not expire.", "Vide : il ne périme pas."}, example: wording{"2026-12-31", "31/12/2026"}},
			{label: wording{"Counted on", "Compté le"}, note: counted, example: day},
		}},
		{wording{"Invoices", "Factures"}, []templateColumn{
			{label: wording{"Invoice number", "Numéro facture"}, note: number, example: same("F-2026-0001")},
			{label: wording{"Date", "Date facture"}, note: wording{"The document’s day.", "Le jour de la pièce."}, example: day},
			{label: wording{"Client id", "Code client"}, note: client, example: same("C-0012"), from: 2},
			{label: wording{"Type", "Type document"}, note: kind, example: wording{"invoice", "facture"}, words: kinds},
			{label: wording{"Discount", "Remise"}, note: wording{"An amount off the whole document, spread over its lines; may be empty.", "Un montant sur toute la pièce, réparti sur ses lignes ; peut être vide."}, example: wording{"5.00", "5,00"}, amount: true},
			{label: wording{"Net", "Total HT"}, note: wording{"What the lines come to without tax, to be checked; may be empty.", "Le total des lignes hors taxes, pour contrôle ; peut être vide."}, example: wording{"15.34", "15,34"}, amount: true},
			{label: wording{"Tax", "Total TVA"}, note: wording{"The tax, to be checked; may be empty.", "La TVA, pour contrôle ; peut être vide."}, example: wording{"3.07", "3,07"}, amount: true},
			{label: wording{"Total", "Total TTC"}, note: wording{"Net and tax, to be checked; may be empty.", "HT et TVA, pour contrôle ; peut être vide."}, example: wording{"18.41", "18,41"}, amount: true},
		}},
		{wording{"Invoice_Details", "Lignes_Factures"}, []templateColumn{
			{label: wording{"Invoice number", "Numéro facture"}, note: wording{"The number of the document that the line is of.", "Le numéro de la pièce dont c’est une ligne."}, example: same("F-2026-0001"), from: 4},
			{label: wording{"Product id", "Code produit"}, note: product, example: same("00417"), from: 1},
			{label: wording{"Description", "Désignation"}, note: wording{"As it stood on the document; empty: the product’s name.", "Comme sur la pièce ; vide : le nom du produit."}, example: wording{"Lantern, red", "Lanterne rouge"}},
			{label: wording{"Quantity", "Quantité"}, note: wording{"Above zero, at most three decimals.", "Supérieure à zéro, trois décimales au plus."}, example: same("6")},
			{label: wording{"Unit price", "Prix unitaire"}, note: wording{"Of one unit, without tax.", "D’une unité, hors taxes."}, example: wording{"3.39", "3,39"}, amount: true},
			{label: wording{"Discount %", "Remise %"}, note: wording{"Off the line, 0 to 100; this or an amount, not both.", "Sur la ligne, de 0 à 100 ; ceci ou un montant, pas les deux."}, example: same("0")},
			{label: wording{"Discount", "Remise"}, note: wording{"An amount off the line; may be empty.", "Un montant sur la ligne ; peut être vide."}, example: wording{"0.00", "0,00"}, amount: true},
			{label: wording{"Tax rate %", "Taux TVA %"}, note: wording{"Write 20 for 20 %. Empty: no tax.", "Écrivez 20 pour 20 %. Vide : sans taxe."}, example: same("20")},
			{label: wording{"Restock", "Remise en stock"}, note: wording{"Of a credit note: whether the goods go back on the shelf. Empty: yes.", "D’un avoir : si la marchandise revient en rayon. Vide : oui."}, example: wording{"yes", "oui"}, words: yesNo},
			{label: wording{"Date", "Date facture"}, note: wording{"Only where there is no sheet Invoices: the document’s day.", "Seulement sans la feuille Factures : le jour de la pièce."}, example: day},
			{label: wording{"Client id", "Code client"}, note: client, example: same("C-0012"), from: 2},
			{label: wording{"Type", "Type document"}, note: kind, example: wording{"invoice", "facture"}, words: kinds},
		}},
	}
	for i, l := range ownLayouts() {
		for j, c := range l.columns {
			sheets[i].columns[j].holds, sheets[i].columns[j].needed = c.holds, c.needed
		}
	}
	return sheets
}
