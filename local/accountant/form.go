package accountant

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strings"

	"comptoir/local/ledger"
	"comptoir/local/notation"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

// form is what was typed, with what is wrong at each field. It reads fields and
// notes faults as it goes, so that all of them are shown at once.
type form struct {
	url.Values
	say      *speaker
	currency money.Currency
	Faults   map[string]string
	order    []string
	// Key names the form itself: sent twice, it is recorded once.
	Key string
	// content is the digest of what was filled in.
	content string
	// unread are numbers that could not be read in the language in which they were typed.
	unread map[string]error
	// Before is the address of the entry that another form became under the same
	// key; "" mostly.
	Before string
}

// form reads the form that was sent.
func (r *request) form() *form {
	f := r.blank(r.PostForm)
	if key := r.PostForm.Get("key"); key != "" && event.CheckID(key) == nil {
		f.Key = key
	}
	wrote := wroteIn(r.PostForm, r.say)
	f.content = contentOf(r.URL.Path, r.PostForm, wrote)
	if wrote != r.say {
		f.rewrite(wrote)
	}
	return f
}

// contentOf tells filled-in forms apart: a digest of where a form is sent and of all
// that stands in it, but for its key and the button that sent it. Numbers count for
// what they are, in whatever language they are written.
func contentOf(to string, values url.Values, wrote *speaker) string {
	kept, plain := url.Values{}, speakerOf(English)
	for name, all := range values {
		if name == "key" || name == "do" || name == "numbers" {
			continue
		}
		for _, v := range all {
			v = strings.TrimSpace(v)
			if slices.Contains(numberFields[:], name) {
				v, _ = inOther(v, wrote, plain) // as typed where it is no number
			}
			kept.Add(name, v)
		}
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(to+"\n"+kept.Encode())))
}

// differsFrom says that the key of the form was that of one which became an entry,
// and that this one is another. It gets a key of its own, under which it can be recorded.
func (f *form) differsFrom(e ledger.Entry) {
	f.Key, f.Before = rand.Text(), "/entries/"+plainInt(e.ID)
	f.fault("", f.say.T("%s is recorded already, from this form as it was before or from another tab. What stands here differs from it and is not recorded yet: record it where it is another one.", f.say.title(e)))
}

// blank is a form that nobody has filled in, with what stands in it at first.
func (r *request) blank(values url.Values) *form {
	return &form{Values: values, say: r.say, currency: r.app.ledger.Currency(), Faults: map[string]string{}, Key: rand.Text()}
}

// fault notes what is wrong with a field; the first that is said of it stays.
func (f *form) fault(field, text string) {
	if _, ok := f.Faults[field]; !ok {
		f.Faults[field] = text
		f.order = append(f.order, field)
	}
}

func (f *form) good() bool { return len(f.Faults) == 0 }

// General says what is wrong with no field in particular.
func (f *form) General() string { return f.Faults[""] }

// Fault is one of the list at the head of a form.
type Fault struct{ ID, Text string }

// Wrong lists what is wrong, in the order in which it was found, with the id of its field.
func (f *form) Wrong() []Fault {
	all := make([]Fault, 0, len(f.order))
	for _, field := range f.order {
		all = append(all, Fault{idOf(field), f.Faults[field]})
	}
	return all
}

// idOf is the id of a field in the page: lines[2].quantity is quantity-2.
func idOf(field string) string {
	at, name, lined := strings.Cut(strings.TrimPrefix(field, "lines["), "].")
	if !lined {
		return field
	}
	return name + "-" + at
}

// text is what was typed, without the spaces around it.
func (f *form) text(field string) string { return strings.TrimSpace(f.Get(field)) }

// needed reads a text that must be there.
func (f *form) needed(field string) string {
	v := f.text(field)
	if v == "" {
		f.fault(field, f.say.T("Fill this in."))
	}
	return v
}

// date reads a day; an empty one is NoDate.
func (f *form) date(field string) event.Date { return f.dateOf(field, f.text(field)) }

// dateOf reads a day as it was typed: YYYY-MM-DD, or with the day first.
func (f *form) dateOf(field, typed string) event.Date {
	if typed == "" {
		return event.NoDate
	}
	d, order, err := notation.Date(typed, notation.DayFirst)
	if err != nil || order == notation.MonthFirst {
		f.fault(field, f.say.T("“%s” is no day of the calendar: write it like 31/12/2026 or 2026-12-31.", typed))
		return event.NoDate
	}
	return d
}

// plainOf reads a number as it was typed; "" where there is none or it is wrong,
// which is noted.
func (f *form) plainOf(field, typed string) string {
	if strings.TrimSpace(typed) == "" {
		return ""
	}
	plain, err := f.plain(typed)
	switch {
	case errors.Is(err, notation.ErrAmbiguous):
		f.fault(field, f.say.T("“%s” can be read in two ways: write it without a mark between thousands.", typed))
	case err != nil:
		f.fault(field, f.say.T("“%s” is not a number: write it like %s.", typed, f.say.typed("1234.56")))
	}
	return plain
}

func (f *form) decimals(field, typed string, most int) {
	f.fault(field, f.say.T("“%s” is too large, or has too many decimals (at most %d).", typed, most))
}

func (f *form) quantity(field, typed string) money.Quantity {
	plain := f.plainOf(field, typed)
	if plain == "" {
		return 0
	}
	q, err := money.ParseQuantity(plain)
	if err != nil {
		f.decimals(field, typed, 3)
	}
	return q
}

func (f *form) amount(field, typed string) money.NullAmount {
	plain := f.plainOf(field, typed)
	if plain == "" {
		return money.NullAmount{}
	}
	a, err := money.ParseAmount(plain, f.currency)
	if err != nil {
		f.decimals(field, typed, f.currency.Digits())
		return money.NullAmount{}
	}
	return money.Some(a)
}

func (f *form) price(field, typed string) (p money.Price, given bool) {
	plain := f.plainOf(field, typed)
	if plain == "" {
		return 0, false
	}
	p, err := money.ParsePrice(plain, f.currency)
	if err != nil {
		f.decimals(field, typed, f.currency.Digits()+4)
	}
	return p, err == nil
}

func (f *form) percent(field, typed string) money.NullBasisPoints {
	plain := f.plainOf(field, strings.TrimRight(strings.TrimSpace(typed), percentMarks))
	if plain == "" {
		return money.NullBasisPoints{}
	}
	bp, err := money.ParsePercent(plain)
	if err != nil {
		f.decimals(field, typed, 2)
		return money.NullBasisPoints{}
	}
	return money.SomeBasisPoints(bp)
}

// refused notes what the ledger refuses at the field that it names; other errors
// are returned. place turns the ledger's field into the form's; nil keeps it.
func (f *form) refused(err error, place func(string) string) error {
	var other *otherFormError
	if errors.As(err, &other) {
		return nil // record has noted it
	}
	var rule *ledger.RuleError
	if !errors.As(err, &rule) {
		return err
	}
	field := rule.Field
	if place != nil {
		field = place(field)
	}
	f.fault(field, f.say.rule(rule))
	return nil
}

// Field is an input of a page with its label, hint and fault.
type Field struct {
	ID, Name, Label, Type, Value string
	Hint, Fault                  string
	Attrs                        template.HTMLAttr
	Options                      []Option
}

// Option is one of a choice.
type Option struct{ Value, Label string }

// Field makes the input of a field: text, date, number (a text of figures) or area.
func (f *form) Field(name, label, kind string) Field {
	return Field{ID: name, Name: name, Label: label, Type: kind, Value: f.Get(name), Fault: f.Faults[name]}
}

// Note adds a hint under the label.
func (v Field) Note(hint string) Field { v.Hint = hint; return v }

// Required marks a field that must be filled in.
func (v Field) Required() Field { v.Attrs += ` required`; return v }

// First is where a page begins.
func (v Field) First() Field { v.Attrs += ` autofocus`; return v }

// Finds makes a text one that proposes products or clients.
func (v Field) Finds(what string) Field {
	v.Attrs += template.HTMLAttr(fmt.Sprintf(` data-find="%s" autocomplete="off" spellcheck="false"`, template.HTMLEscapeString(what))) //nolint:gosec // what is a constant of the templates, and escaped
	return v
}

// Choice makes a field one of several values.
func (f *form) Choice(name, label string, pairs ...string) Field {
	v := f.Field(name, label, "select")
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Options = append(v.Options, Option{pairs[i], pairs[i+1]})
	}
	return v
}
