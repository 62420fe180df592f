package accountant

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"comptoir/local/ledger"
)

// rule says what the ledger refuses, in the reader's language. English is the
// ledger's own; the other languages go by the code and, where one code has several
// meanings, by the field.
func (s *speaker) rule(e *ledger.RuleError) string {
	if s.Language == English {
		return upper(e.Rule) + ". " + upper(e.Advice) + "."
	}
	field := e.Field
	if at := strings.LastIndexByte(field, '.'); at >= 0 {
		field = field[at+1:]
	}
	said, ok := frenchRules[e.Code+" "+field]
	if !ok {
		said, ok = frenchRules[e.Code]
	}
	if !ok {
		return upper(e.Rule) + ". " + upper(e.Advice) + "."
	}
	return strings.ReplaceAll(said, "%s", e.Value)
}

func upper(s string) string {
	if s == "" {
		return s
	}
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

// frenchRules are the ledger's refusals by code, or by code and field; %s is the
// value as it was given.
//
//nolint:gosec,misspell // it is French, and no password
var frenchRules = map[string]string{
	"barcode_taken":           "Le code-barres %s est déjà celui d’un autre produit. Corrigez-le, ou retirez-le d’abord de ce produit.",
	"client":                  "Un avoir lié est celui du client de sa facture. Laissez le client vide.",
	"closed_period":           "Les livres sont clos à cette date (%s). Choisissez une date ultérieure, par exemple un avoir daté d’aujourd’hui.",
	"cost_known":              "Le coût de %s dans ce document est déjà fixé. Laissez-le tel quel.",
	"date":                    "Cette date (%s) ne convient pas : une écriture a une date, et rien ne revient ni n’est annulé avant d’avoir été vendu.",
	"discount":                "La remise va de zéro au montant de la ligne, ou du document : en pourcentage ou en montant, pas les deux.",
	"future":                  "Le %s est dans le futur. Corrigez la date, ou confirmez-la expressément.",
	"has_credit_note":         "Un avoir de la facture %s est en vigueur. Annulez d’abord l’avoir.",
	"id":                      "« %s » doit compter de 1 à 256 octets, sans caractère de contrôle ni espace aux extrémités.",
	"kind":                    "Un produit est un article en stock ou un service.",
	"kind_fixed":              "Le type d’un produit déjà vendu ou stocké ne change plus. Créez un autre produit.",
	"linked":                  "Un avoir lié a le coût de sa facture. Fixez le coût de la facture.",
	"lot_differs":             "Il reste de ce lot avec une autre date de péremption. Donnez un autre lot à ces articles.",
	"margin":                  "Une marge minimale va de 0 à 100 %.",
	"negative":                "Un prix ou un coût est de zéro ou plus.",
	"no_lines":                "Il faut au moins une ligne.",
	"quantity":                "Une quantité est supérieure à zéro, et d’un milliard au plus.",
	"reason":                  "Une annulation dit pourquoi. Donnez le motif.",
	"recorded_already":        "La référence %s est déjà enregistrée. Laissez-la vide, ou donnez-en une autre.",
	"returned_too_much":       "%s est plus que ce qui reste à rendre de cette ligne.",
	"service":                 "%s est un service : il n’a pas de stock.",
	"tax":                     "Un taux de taxe va de 0 à 1000 %.",
	"text":                    "Ce texte dépasse 1024 octets. Raccourcissez-le.",
	"too_large":               "Ce nombre est trop grand pour être additionné.",
	"twice":                   "« %s » figure deux fois. Regroupez les quantités.",
	"under_way":               "Cet import est en cours, ou a été interrompu. Laissez-le finir, ou importez les mêmes fichiers à nouveau, puis annulez-le.",
	"unknown_client":          "Il n’y a pas de client « %s ». Créez-le d’abord, ou corrigez le code.",
	"unknown_document":        "Il n’y a pas de document « %s ». Corrigez le numéro.",
	"unknown_import":          "Il n’y a pas d’import %s. Voyez la liste des imports.",
	"unknown_line":            "La facture n’a pas de ligne %s.",
	"unknown_product":         "Il n’y a pas de produit « %s » au catalogue. Créez-le d’abord, ou corrigez le code.",
	"unknown_product product": "« %s » n’est pas un produit du catalogue, ou n’est pas dans ce document.",
	"voided":                  "Le document %s est déjà annulé.",
	"who":                     "Chaque écriture dit qui l’a faite, en 256 octets au plus. Donnez un nom.",
}
