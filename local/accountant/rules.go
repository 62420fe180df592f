package accountant

import (
	"unicode"
	"unicode/utf8"

	"comptoir/local/ledger"
)

// rule says what the ledger refuses, and what to do, in the reader's language.
func (s *speaker) rule(e *ledger.RuleError) string {
	return upper(s.refusal(e.Rule)) + ". " + upper(s.refusal(e.Advice)) + "."
}

// refusal says a rule or an advice of the ledger's in the reader's language, with its
// days and numbers as the language writes them. A text without a form stays as it is.
func (s *speaker) refusal(text string) string {
	for _, f := range ledgerForms {
		if values, ok := matchForm(f.english, text); ok {
			return f.say(s, values)
		}
	}
	return text
}

func upper(s string) string {
	if s == "" {
		return s
	}
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

// ledgerForms are the rules and the advice of the ledger's refusals. A test holds that
// each has its French. Where one form is the beginning of another, the longer stands first.
var ledgerForms = []textForm{
	// Dates and closed books.
	{"an entry has a date", "une écriture a une date"},
	{"give its date", "donnez sa date"},
	{"the books are closed through %D and are not opened again", "les livres sont déjà clos jusqu’au %D et ne se rouvrent pas"},
	{"the books are closed through %D", "les livres sont clos jusqu’au %D"},
	{"give a later date", "donnez une date ultérieure"},
	{"give a later day", "donnez un jour ultérieur"},
	{"it lies in the future; today is %D", "cette date est dans le futur ; nous sommes le %D"},
	{"give a date up to today", "donnez la date d’aujourd’hui, ou une date passée"},
	{"correct the date, or say that it lies in the future on purpose", "corrigez la date, ou cochez qu’elle est dans le futur, exprès"},
	{"it takes a day to close the books", "pour clore les livres il faut une date"},
	{"give the last day to be closed", "donnez le dernier jour à clore"},
	{"a day that has not come is not closed; today is %D", "un jour à venir ne se clôt pas ; nous sommes le %D"},
	{"give a day up to today", "donnez aujourd’hui, ou un jour passé"},
	{"it is of %D and the books are closed through %D", "il est daté du %D, et les livres sont clos jusqu’au %D"},
	{"record an invoice of a later date instead", "enregistrez plutôt une facture, à une date ultérieure"},
	{"record a return of a later date instead", "enregistrez plutôt un retour, à une date ultérieure"},
	{"a document is not voided before its own date, %D", "un document ne s’annule pas avant sa propre date, le %D"},
	{"goods do not come back before they were sold, on %D", "rien ne revient avant d’avoir été vendu, le %D"},
	{"goods counted on %D were received by then", "ce qui est compté le %D a été reçu ce jour-là au plus tard"},
	{"correct the date", "corrigez la date"},

	// Documents, and what becomes of them.
	{"there is no such document", "ce document n’existe pas"},
	{"there is no such invoice", "cette facture n’existe pas"},
	{"correct its id, or make a free credit note", "corrigez son numéro, ou faites un avoir libre"},
	{"correct its id", "corrigez son numéro"},
	{"it was voided on %D already", "c’est déjà annulé, depuis le %D"},
	{"leave it: nothing is left to be returned", "il n’y a rien à faire : plus rien n’est à rendre"},
	{"leave it empty: all of it has come back", "laissez vide : tout en a déjà été rendu"},
	{"leave it", "il n’y a rien à faire"},
	{"a void says why, in at most 1024 bytes", "une annulation dit pourquoi, en 1024 octets au plus"},
	{"a void says why", "une annulation dit pourquoi"},
	{"give the reason", "donnez le motif"},
	{"its credit note %s stands", "son avoir %s est en vigueur"},
	{"void the credit note first", "annulez d’abord cet avoir"},
	{"it is recorded already (%K: %s)", "elle est déjà enregistrée (%K : %s)"},
	{"leave it out, or give this one its own reference", "laissez-la vide, ou donnez-en une autre"},
	{"a document has at least one line", "un document a au moins une ligne"},
	{"add the lines", "ajoutez les lignes"},
	{"the lines of %s go from 1 to %s", "les lignes de %s vont de 1 à %s"},
	{"name one of them", "nommez l’une d’elles"},
	{"line %s of %s: sold %N, come back %N", "ligne %s de %s : quantité vendue %N, déjà rendue %N"},
	{"return at most what is left, %N", "rendez au plus ce qui reste, %N"},
	{"a returned quantity is above zero", "une quantité rendue est supérieure à zéro"},
	{"a linked credit note is its invoice's client's", "un avoir lié est celui du client de sa facture"},
	{"leave the client out", "laissez le client vide"},
	{"a linked credit note has the invoice's prices", "un avoir lié a les prix de sa facture"},
	{"leave the discount out", "laissez la remise vide"},
	{"a linked credit note has its invoice's cost", "un avoir lié a le coût de sa facture"},
	{"set the cost of %s", "fixez le coût de %s"},
	{"%s has no line of it", "%s n’en a aucune ligne"},
	{"correct the product or the document", "corrigez le produit, ou le document"},
	{"its cost in %s is frozen", "son coût dans %s est déjà fixé"},

	// Quantities, prices and shares.
	{"a quantity is above zero and at most a thousand million; goods come back by a credit note", "une quantité est supérieure à zéro, et d’un milliard au plus ; un retour se fait par avoir"},
	{"a quantity is not below zero and at most a thousand million", "une quantité est de zéro ou plus, et d’un milliard au plus"},
	{"a receipt is of more than nothing", "une réception est de plus que zéro"},
	{"a price is zero or above", "un prix est de zéro ou plus"},
	{"a cost is zero or above", "un coût est de zéro ou plus"},
	{"correct it, or leave it out where it is unknown", "corrigez, ou laissez vide si c’est inconnu"},
	{"a minimum margin is between 0 and 100 %", "une marge minimale va de 0 à 100 %"},
	{"correct it, or leave it out", "corrigez, ou laissez vide"},
	{"the discount of a document is between zero and the sum of its lines, %N", "la remise d’un document va de zéro à la somme de ses lignes, %N"},
	{"a discount is between 0 and 100 %", "une remise va de 0 à 100 %"},
	{"a discount is zero or above", "une remise est de zéro ou plus"},
	{"a line has a discount as a share or as an amount, not both", "une ligne a une remise en pourcentage ou en montant, pas les deux"},
	{"keep one of them", "gardez l’une des deux"},
	{"a discount is at most the line itself, %N", "une remise est au plus le montant de la ligne, %N"},
	{"a tax rate is between 0 and 1000 %", "un taux de taxe va de 0 à 1000 %"},
	{"the number is too large to be added up", "ce nombre est trop grand pour être additionné"},
	{"check it, and write a smaller one", "vérifiez-le, et écrivez-en un plus petit"},
	{"correct it, or take it from that product first", "corrigez-le, ou retirez-le d’abord de ce produit"},
	{"correct it", "corrigez"},

	// Products, clients and stock.
	{"it is not in the catalogue", "il n’est pas au catalogue"},
	{"add the product first, or correct its id", "créez d’abord le produit, ou corrigez son code"},
	{"there is no such client", "ce client n’existe pas"},
	{"add the client first, or correct the id", "créez d’abord le client, ou corrigez son code"},
	{"the kind of a product that was sold or stocked does not change", "le type d’un produit déjà vendu ou stocké ne change plus"},
	{"make another product of that kind", "créez un autre produit de ce type"},
	{"a product is of the kind stock or service", "un produit est du genre stock ou service"},
	{"choose one of them", "choisissez l’un des deux"},
	{"%s is the barcode of %s", "le code-barres %s est celui de %s"},
	{"a service has no stock", "un service n’a pas de stock"},
	{"name a product of the kind stock", "indiquez un article en stock"},
	{"there is some left of lot %s of %s, which has no expiry date", "il reste du lot %s de %s, qui n’a pas de date de péremption"},
	{"there is some left of lot %s of %s, which expires on %D", "il reste du lot %s de %s, qui périme le %D"},
	{"give these goods another lot, or the same date", "donnez un autre lot à ces articles, ou la même date"},
	{"a count names at least one product", "un inventaire porte sur un produit au moins"},
	{"add what was counted", "indiquez ce qui a été compté"},
	{"a count names a product once", "un inventaire nomme un produit une seule fois"},
	{"put its lots together", "réunissez ses lots"},
	{"a count names a lot of a product once", "un inventaire nomme un lot d’un produit une seule fois"},
	{"put its quantities together, or give each its lot", "additionnez ses quantités, ou donnez à chacune son lot"},

	// Texts, names and imports.
	{"it has 1 to 256 bytes of UTF-8, no control characters and no spaces at its ends", "il compte de 1 à 256 octets, sans caractère de contrôle ni espace aux extrémités"},
	{"a text has at most 1024 bytes of UTF-8", "un texte compte 1024 octets au plus"},
	{"shorten it", "raccourcissez-le"},
	{"every entry says who made it, in at most 256 bytes without control characters", "chaque écriture dit qui l’a faite, en 256 octets au plus, sans caractère de contrôle"},
	{"an import says who brings it, in at most 256 bytes without control characters", "un import dit qui l’apporte, en 256 octets au plus, sans caractère de contrôle"},
	{"give a name", "donnez un nom"},
	{"there is no such import", "cet import n’existe pas"},
	{"see the list of imports", "voyez la liste des imports"},
	{"it is under way, or was stopped", "il est en cours, ou a été interrompu"},
	{"let it come to its end, or import the same files again, then void it", "laissez-le finir, ou importez les mêmes fichiers à nouveau, puis annulez-le"},
}
