package query

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// fold takes capitals and accents away, so that "cafe" finds "Café" and both
// stand beside each other in an order.
func fold(s string) string {
	ascii := true
	for i := range len(s) {
		if s[i] >= 0x80 {
			ascii = false
			break
		}
	}
	if ascii {
		return strings.ToLower(s)
	}
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		if !unicode.Is(unicode.Mn, r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// search is what is looked for: words, each of which must be found.
type search []string

func newSearch(q string) search { return strings.Fields(fold(q)) }

// in tells whether every word is in the name or the id, both folded.
func (s search) in(name, id string) bool {
	for _, word := range s {
		if !strings.Contains(name, word) && !strings.Contains(id, word) {
			return false
		}
	}
	return true
}
