package accountant

import (
	"regexp"
	"strings"

	"comptoir/shared/event"
)

// textForm is a text of the ledger's or the importer's that carries values: %s as it
// stands, %D a day, %N a number, %K a kind of entry, %w another such text. The French has
// the same values in the same order, or as many of the first as it says.
type textForm struct{ english, french string }

var verbPattern = regexp.MustCompile("%[sDNKw]")

func (f textForm) say(s *speaker, values []string) string {
	text := f.english
	if s.Language == French {
		text = f.french
	}
	verbs, parts := verbPattern.FindAllString(f.english, -1), verbPattern.Split(text, -1)
	var said strings.Builder
	for i, part := range parts {
		said.WriteString(part)
		if i < len(parts)-1 {
			said.WriteString(s.value(verbs[i], values[i]))
		}
	}
	return said.String()
}

// value writes a value of a form as the language does; one that is not what its verb
// says stays as it is.
func (s *speaker) value(verb, value string) string {
	switch verb {
	case "%D":
		if d, err := event.ParseDate(value); err == nil {
			return s.Day(d)
		}
	case "%N":
		if plainNumber.MatchString(value) {
			return s.number(value)
		}
	case "%K":
		if kind, ok := frenchKinds[value]; ok && s.Language == French {
			return kind
		}
	case "%w":
		return s.importText(value)
	}
	return value
}

var plainNumber = regexp.MustCompile(`^-?\d+(\.\d+)?$`)

// frenchKinds are the kinds of entries as the ledger names them.
var frenchKinds = map[string]string{
	"invoice": "facture", "credit note": "avoir", "receipt": "réception", "count": "inventaire", "void": "annulation", "cost": "coût",
}

// matchForm takes the values out of a text of a form.
func matchForm(form, text string) (values []string, ok bool) {
	parts := verbPattern.Split(form, -1)
	rest, ok := strings.CutPrefix(text, parts[0])
	for _, part := range parts[1:] {
		if !ok {
			return nil, false
		}
		if part == "" {
			values, rest = append(values, rest), ""
			continue
		}
		at := strings.Index(rest, part)
		if at < 0 {
			return nil, false
		}
		values, rest = append(values, rest[:at]), rest[at+len(part):]
	}
	return values, ok && rest == ""
}
