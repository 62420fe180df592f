package accountant

// importText says in the reader's language what the importer says in English: by
// the sentence, or by its form where it carries values. What has no French stays as it is.
func (s *speaker) importText(text string) string {
	if s.Language == English {
		return text
	}
	if said, ok := importSays()[text]; ok {
		return said
	}
	if said, ok := s.failureWithin(text); ok {
		return said
	}
	for _, forms := range [][]textForm{importForms, fileForms, ledgerForms} {
		for _, f := range forms {
			if values, ok := matchForm(f.english, text); ok {
				return f.say(s, values)
			}
		}
	}
	return text
}

// importSays gives the importer's rules and advice in French, by their English.
func importSays() map[string]string {
	return map[string]string{ //nolint:gosec // credit notes are no credentials
		"a client who is named is among the clients":                         "un client nommé figure parmi les clients",
		"a counted product is in the catalogue":                              "un produit compté est au catalogue",
		"a counted quantity is zero or above and has at most three decimals": "une quantité comptée est de zéro ou plus, avec trois décimales au plus",
		"a date is a day of the calendar, with a year of four digits":        "une date est un jour du calendrier, avec l’année sur quatre chiffres",
		"a date is due, and the cell holds a number or something else":       "une date est attendue, et la cellule contient un nombre ou autre chose",
		"a document has at least one line in Invoice_Details":                "une pièce a au moins une ligne",
		"a document is all invoice or all credit note":                       "une pièce est tout entière une facture ou un avoir",
		"a document is an invoice or a credit note":                          "une pièce est une facture ou un avoir",
		"a document that is recorded already keeps its content":              "une pièce déjà enregistrée garde son contenu",
		"a document that was voided stays so, and its number stays taken":    "une pièce annulée le reste, et son numéro reste pris",
		"a lot of a product stands once in a count":                          "un lot d’un produit figure une fois dans un comptage",
		"a number is due": "un nombre est attendu",
		"a number is due, and the cell holds something else":                                        "un nombre est attendu, et la cellule contient autre chose",
		"a product that is sold is in the catalogue":                                                "un produit vendu est au catalogue",
		"a quantity is above zero and has at most three decimals; goods come back by a credit note": "une quantité est supérieure à zéro, avec trois décimales au plus ; un retour se fait par avoir",
		"a text is due, and the cell holds a date, which Excel may have made of a code":             "un texte est attendu, et la cellule contient une date, qu’Excel a peut-être faite d’un code",
		"each document has a row in Invoices, which gives its date":                                 "chaque pièce a une ligne dans Factures, qui donne sa date",
		"it stands once in its table":                                                               "il figure une fois dans sa table",
		"quantity × unit price is an amount that books can hold":                                    "quantité × prix unitaire est un montant que des livres peuvent tenir",
		"the cell cannot be empty":                                                                  "la cellule ne peut pas être vide",
		"the cell has an error of Excel":                                                            "la cellule contient une erreur d’Excel",
		"the formula has no stored value":                                                           "la formule n’a pas de valeur enregistrée",
		"yes or no is due":                                                                          "oui ou non est attendu",
		"add it there, or a column date here":                                                       "ajoutez-la là-bas, ou une colonne date ici",
		"add it to Products, or correct the code":                                                   "ajoutez-le à Produits, ou corrigez le code",
		"add its lines, or remove the row":                                                          "ajoutez ses lignes, ou supprimez la ligne",
		"add or remove fields, and put a text with a comma in quotation marks":                      "ajoutez ou retirez des champs, et mettez entre guillemets un texte avec une virgule",
		"add the quantities up, or name the lots apart":                                             "additionnez les quantités, ou nommez les lots différemment",
		"add them to Clients, or correct the code":                                                  "ajoutez-le à Clients, ou corrigez le code",
		"correct it, or leave it empty":                                                             "corrigez, ou laissez vide",
		"correct it; of what is sold by weight, write 0.125 for 125 g by the kilogram":              "corrigez ; au poids, écrivez 0,125 pour 125 g au kilogramme",
		"correct one of the two dates":                                                              "corrigez l’une des deux dates",
		"correct the lines or this amount, or leave it empty":                                       "corrigez les lignes ou ce montant, ou laissez-le vide",
		"correct the quantity or the price":                                                         "corrigez la quantité ou le prix",
		"fill it in":                                                                                "remplissez-la",
		"format the cell as a date, and see whether the right day stands there":                     "mettez la cellule au format date, et vérifiez que le bon jour y figure",
		"format the cell as a number, and write it again":                                           "mettez la cellule au format nombre, et écrivez-le à nouveau",
		"format the cell as text, and write it again":                                               "mettez la cellule au format texte, et écrivez-le à nouveau",
		"import its catalogue row first, then this file again":                                      "importez d’abord sa ligne du catalogue, puis ce fichier à nouveau",
		"open the workbook in Excel or LibreOffice, save it, and bring it again":                    "ouvrez le classeur dans Excel ou LibreOffice, enregistrez-le, et apportez-le à nouveau",
		"repair the formula, or write the value":                                                    "réparez la formule, ou écrivez la valeur",
		"write 20 for 20 %":                                                                         "écrivez 20 pour 20 %",
		"write invoice or credit note":                                                              "écrivez facture ou avoir",
		"write it like 1234.56, 1 234,56 or 1,234.56, without unit or currency":                     "écrivez-le comme 1234.56, 1 234,56 ou 1,234.56, sans unité ni devise",
		"write it like 2026-04-30 or 30/04/2026":                                                    "écrivez-la comme 2026-04-30 ou 30/04/2026",
		"write stock or service":                                                                    "écrivez stock ou service",
		"write yes or no":                                                                           "écrivez oui ou non",
		"product_id":                                                                                "code produit", "name": "nom", "client_id": "code client", "quantity": "quantité", "invoice_number": "numéro facture", "unit_price": "prix unitaire",
		"file": "fichier", "row": "ligne", "rows": "lignes", "column": "colonne", "value": "valeur", "rule": "règle", "what_to_do": "que faire", "sheet": "feuille", "cell": "cellule",
	}
}

// importForms are those that carry values, in the order of their English.
var importForms = []textForm{
	{"a row has as many fields as the header: %s", "une ligne a autant de champs que l’en-tête : %s"},
	{"an amount in %s is zero or above and has at most %s decimals", "un montant en %s est de zéro ou plus, avec %s décimales au plus"},
	{"a unit price in %s is zero or above and has at most %s decimals", "un prix unitaire en %s est de zéro ou plus, avec %s décimales au plus"},
	{"correct it; round a formula's value with ROUND(…, %s)", "corrigez ; arrondissez une formule avec ARRONDI(… ; %s)"},
	{"a percentage is from 0 to %s with at most two decimals", "un pourcentage va de 0 à %s, avec deux décimales au plus"},
	{"keep one of the two rows; the first, row %s, was taken", "gardez l’une des deux lignes ; la première, ligne %s, a été prise"},
	{"the lines of the document come to %s", "les lignes de la pièce font %s"},
	{"a document has one date; its first row says %D", "une pièce a une seule date ; sa première ligne dit %D"},
	{"a document has one client; its first row says %s", "une pièce a un seul client ; sa première ligne dit %s"},
	{"what was counted on %D was not received later", "ce qui a été compté le %D n’a pas été reçu plus tard"},
	{"it is that of %s, which is voided: give the corrected document another number, such as %s", "c’est celui de %s, qui est annulée : donnez à la pièce corrigée un autre numéro, comme %s"},
	{"compare it with %s in the ledger; to correct that one, void it and enter it anew under a number of its own", "comparez avec %s dans les livres ; pour corriger, annulez-la et enregistrez-la à nouveau sous un numéro à elle"},
}
