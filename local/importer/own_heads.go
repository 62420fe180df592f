package importer

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/currency"
	"golang.org/x/text/unicode/norm"
)

// headName is the head of a column, or the name of a sheet, as it is compared.
type headName struct {
	plain string // letters and digits alone
	words string // the words that tell, in the field's own terms and in one order
	// net: it says that its amounts are without tax, which words leaves out.
	net bool
}

func (h headName) is(name headName) bool {
	return h.plain == name.plain || h.words != "" && h.words == name.words && h.net == name.net
}

// place finds a column among heads that are not read yet; -1 where it is not there.
// A price whose head says that it is without tax goes before one that does not say;
// one with tax is none.
func (c column) place(heads []headName, read []bool) int {
	find := func(like func(headName) bool) int {
		for i, h := range heads {
			if !read[i] && like(h) {
				return i
			}
		}
		return -1
	}
	for _, net := range []bool{true, false} {
		if net && !c.net {
			continue
		}
		for _, text := range append([]string{c.name}, c.also...) {
			name := readHead(text)
			name.net = name.net || net
			if at := find(func(h headName) bool {
				return h.net == name.net && h.words == name.words && h.words != "" || !net && h.plain == name.plain
			}); at >= 0 {
				return at
			}
		}
	}
	return -1
}

// plainName is a text without accents, capitals, spaces and marks: "Prix d’achat
// (HT)" is prixdachatht. % is pct, and n° is no.
func plainName(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(spelledOut(s)) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

func spelledOut(s string) string {
	return strings.NewReplacer("%", " pct ", "°", "o ", "º", "o ", "№", "no ", "#", " no ").Replace(s)
}

// readHead reads a head: "Prix d’achat HT, EUR" and "Buying price (excl. tax)" have the
// same words, and are both net.
func readHead(s string) headName {
	h := headName{plain: plainName(s)}
	words := withoutCurrency(splitWords(unitAtEnd.ReplaceAllString(s, "")))
	for _, phrase := range netPhrases() {
		if at := indexOf(words, phrase); at >= 0 {
			words, h.net = slices.Delete(words, at, at+len(phrase)), true
		}
	}
	kept := words[:0]
	for _, w := range words {
		if w, tells := canonical(w); tells {
			kept = append(kept, w)
		}
	}
	if h.net && len(kept) == 0 { // HT alone is a name, and so is hors taxes
		kept, h.net = append(kept, "net"), false
	}
	slices.Sort(kept)
	h.words = strings.Join(slices.Compact(kept), " ")
	return h
}

// splitWords takes a head apart: at what is no letter or digit, and before a capital
// that follows a small letter (StockCode). P.U. is one word.
func splitWords(s string) (words []string) {
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			words = append(words, word.String())
			word.Reset()
		}
	}
	before := ' '
	for _, r := range norm.NFKD.String(spelledOut(s)) {
		switch {
		case unicode.Is(unicode.Mn, r): // an accent
			continue
		case unicode.Is(unicode.Sc, r):
			end()
			words = append(words, string(r))
		case unicode.IsUpper(r) && unicode.IsLower(before):
			end()
			word.WriteRune(r)
		case unicode.IsLetter(r), unicode.IsDigit(r):
			word.WriteRune(r)
		case r == '.' && word.Len() > 0: // of an abbreviation, where a letter follows
		default:
			end()
		}
		before = r
	}
	end()
	return words
}

// unitAtEnd is a unit behind a head, in brackets or behind a comma.
var unitAtEnd = regexp.MustCompile(`(?i)[,(\[]\s*(?:en |in )?(?:kg|g|l|cl|ml|m|u|unités?|units?|pièces?|pieces?|pcs)\.?\s*[)\]]?\s*$`)

// withoutCurrency leaves out the currency of amounts, and puts the rest in small letters.
func withoutCurrency(words []string) []string {
	kept := words[:0]
	for i, w := range words {
		_, err := currency.ParseISO(w)
		isCurrency := err == nil && w == strings.ToUpper(w) || unicode.Is(unicode.Sc, []rune(w)[0])
		if isCurrency && i > 0 {
			if last := len(kept) - 1; last > 0 && (kept[last] == "en" || kept[last] == "in") {
				kept = kept[:last]
			}
			continue
		}
		kept = append(kept, strings.ToLower(w))
	}
	return kept
}

func indexOf(words, phrase []string) int {
	for i := 0; i+len(phrase) <= len(words); i++ {
		if slices.Equal(words[i:i+len(phrase)], phrase) {
			return i
		}
	}
	return -1
}

// netPhrases say that an amount is without tax. What says that it is with tax (TTC, incl. VAT,
// gross) is no word of a price: its column is not read.
func netPhrases() [][]string {
	phrases := [][]string{{"ht"}, {"hors", "taxe"}, {"hors", "taxes"}, {"hors", "tva"}, {"sans", "taxe"}, {"sans", "tva"}}
	for _, without := range []string{"excl", "excluding", "ex", "exc", "without", "before"} {
		for _, tax := range []string{"tax", "vat", "taxes"} {
			phrases = append(phrases, []string{without, tax})
		}
	}
	return phrases
}

// canonical gives a word of a head in one spelling for both languages; tells is false of
// one that says nothing by itself.
func canonical(word string) (spelled string, tells bool) {
	if word == "sales" { // a sale price is another thing
		return "sell", true
	}
	if len(word) > 3 {
		word = strings.TrimSuffix(word, "s")
	}
	switch word {
	case "de", "du", "des", "d", "l", "la", "of", "the":
		return "", false
	case "no", "n", "num", "numero", "nr", "number":
		return "number", true
	case "ref", "reference":
		return "reference", true
	case "id", "identifiant", "identifier":
		return "id", true
	case "qty", "qte", "quantite", "quantity": //nolint:misspell // it is French
		return "quantity", true
	case "pct", "pourcent", "pourcentage", "percent", "percentage", "taux", "rate":
		return "percent", true
	case "tva", "vat", "tax", "taxe":
		return "tax", true
	case "montant", "amount":
		return "amount", true
	case "min", "minimum", "minimale", "minimal":
		return "min", true
	case "marge", "margin":
		return "margin", true
	case "prix", "price":
		return "price", true
	case "achat", "buy", "buying", "purchase":
		return "buy", true
	case "vente", "sell", "selling":
		return "sell", true
	case "unitaire", "unit":
		return "unit", true
	case "produit", "product":
		return "product", true
	case "facture", "facturation", "invoice", "billing", "piece", "document":
		return "invoice", true
	case "ligne", "line", "detail":
		return "line", true
	case "client", "customer":
		return "client", true
	case "nom", "name":
		return "name", true
	case "remise", "discount", "rabai":
		return "discount", true
	case "peremption", "expiry", "expiration":
		return "expiry", true
	case "cout", "cost":
		return "cost", true
	case "lot", "batch":
		return "lot", true
	case "inventaire", "inventory":
		return "inventory", true
	}
	return word, true
}
