package accountant

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"comptoir/local/notation"
	"comptoir/local/tables"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

// Language is one that the app speaks.
type Language string

// The languages.
const (
	English Language = "en"
	French  Language = "fr"
)

func (l Language) known() bool { return l == English || l == French }

// speaker writes words, numbers and dates in a language, and reads numbers in it.
type speaker struct {
	Language Language
	group    string // between thousands
	decimal  string
	words    map[string]string // nil for English, which is what the keys are
}

var matcher = language.NewMatcher([]language.Tag{language.English, language.French})

// speakerFor speaks as the browser was told to, else as its settings prefer.
func speakerFor(r *http.Request) *speaker {
	if c, err := r.Cookie(languageCookie); err == nil && Language(c.Value).known() {
		return speakerOf(Language(c.Value))
	}
	_, at := language.MatchStrings(matcher, r.Header.Get("Accept-Language"))
	return speakerOf([]Language{English, French}[at])
}

func speakerOf(l Language) *speaker {
	if l == French {
		return &speaker{Language: French, group: "\u202f", decimal: ",", words: french()}
	}
	return &speaker{Language: English, group: ",", decimal: "."}
}

// T says a sentence, given in English, with its values.
func (s *speaker) T(text string, values ...any) string {
	if said, ok := s.words[text]; ok {
		text = said
	}
	if len(values) == 0 {
		return text
	}
	return fmt.Sprintf(text, values...)
}

// csv is how the Excel of the language reads CSV.
func (s *speaker) csv() tables.Dialect {
	return tables.Dialect{Semicolons: s.decimal == ",", Excel: true}
}

// number writes a plain decimal with the marks of the language.
func (s *speaker) number(plain string) string {
	sign, digits := "", plain
	if strings.HasPrefix(plain, "-") {
		sign, digits = "−", plain[1:]
	}
	whole, fraction, dotted := strings.Cut(digits, ".")
	var b strings.Builder
	b.WriteString(sign)
	for i, d := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(s.group)
		}
		b.WriteRune(d)
	}
	if dotted {
		b.WriteString(s.decimal + fraction)
	}
	return b.String()
}

// typed writes a plain decimal as one types it: without groups, with the decimal
// mark of the language.
func (s *speaker) typed(plain string) string { return strings.Replace(plain, ".", s.decimal, 1) }

// Amount writes an amount without its currency: 1,234.50.
func (s *speaker) Amount(a money.Amount, c money.Currency) string { return s.number(a.Format(c)) }

// Price writes a unit price with at least the decimals of the currency.
func (s *speaker) Price(p money.Price, c money.Currency) string { return s.number(fullPrice(p, c)) }

// fullPrice is 2.50 where money.Price.Format has 2.5.
func fullPrice(p money.Price, c money.Currency) string {
	plain := p.Format(c)
	whole, fraction, _ := strings.Cut(plain, ".")
	for len(fraction) < c.Digits() {
		fraction += "0"
	}
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}

// Money writes an amount with the sign of its currency, where the language puts it.
func (s *speaker) Money(a money.Amount, c money.Currency) string {
	sign := symbol(s.Language, c)
	switch {
	case s.Language == French:
		return s.Amount(a, c) + "\u00a0" + sign
	case len(sign) == 3 && sign == string(c):
		return sign + "\u00a0" + s.Amount(a, c)
	}
	if a < 0 {
		return "−" + sign + s.Amount(-a, c)
	}
	return sign + s.Amount(a, c)
}

// symbol is how a language writes a currency: £, €, or the code.
func symbol(l Language, c money.Currency) string {
	unit, err := currency.ParseISO(string(c))
	if err != nil {
		return string(c)
	}
	return message.NewPrinter(language.Make(string(l))).Sprint(currency.NarrowSymbol(unit))
}

// Quantity writes a quantity: 1,250.5.
func (s *speaker) Quantity(q money.Quantity) string { return s.number(q.String()) }

// Percent writes a ratio: 5.5 %.
func (s *speaker) Percent(bp money.BasisPoints) string {
	if s.Language == French {
		return s.number(bp.Percent()) + "\u00a0%"
	}
	return s.number(bp.Percent()) + "%"
}

// Count writes a whole number.
func (s *speaker) Count(n int64) string { return s.number(plainInt(n)) }

func plainInt(n int64) string { return strconv.FormatInt(n, 10) }

// Date writes a day in full letters of the month: 9 December 2011.
func (s *speaker) Date(d event.Date) string {
	if d == event.NoDate {
		return ""
	}
	t := d.Time()
	month := t.Month().String()
	if s.Language == French {
		month = frenchMonths[t.Month()-1]
		if t.Day() == 1 {
			return fmt.Sprintf("1er %s %d", month, t.Year())
		}
	}
	return fmt.Sprintf("%d %s %d", t.Day(), month, t.Year())
}

// Day writes a day in figures: 09/12/2011, day first in both languages.
func (s *speaker) Day(d event.Date) string {
	if d == event.NoDate {
		return ""
	}
	return d.Time().Format("02/01/2006")
}

// Time writes a moment of the machine's own clock.
func (s *speaker) Time(t time.Time) string {
	t = t.Local()
	if s.Language == French {
		return t.Format("02/01/2006 à 15:04:05")
	}
	return t.Format("02/01/2006, 15:04:05")
}

var frenchMonths = [...]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"}

// plain reads a number as it was typed. A point alone is a decimal mark in both
// languages, a comma alone groups in English; what French could read in two ways is refused.
func (s *speaker) plain(typed string) (string, error) {
	mark := notation.Either
	switch {
	case s.Language == English:
		mark = notation.Point
	case strings.Contains(typed, ","):
		mark = notation.Comma
	}
	plain, _, err := notation.Number(completed(typed), mark)
	return plain, err
}

// completed writes in full what is short for a number while it is typed: ,5 and 12,
func completed(typed string) string {
	typed = strings.TrimSpace(typed)
	rest := strings.TrimLeft(typed, "-−")
	sign := typed[:len(typed)-len(rest)]
	switch last := len(rest) - 1; {
	case last < 1:
	case strings.IndexAny(rest, ".,") == 0:
		rest = "0" + rest
	case strings.IndexAny(rest, ".,") == last:
		rest = rest[:last]
	}
	return sign + rest
}
