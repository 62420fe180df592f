package accountant

import (
	"net/url"
	"strings"
)

// numberFields are the fields in which numbers are typed.
var numberFields = [...]string{
	"quantity", "price", "discount", "discount-all", "tax", "unit_cost", "on_hand", "sell_price", "buy_price", "min_margin", "tax_rate",
}

const percentMarks = "%\u00a0\u202f "

// wroteIn is the language in which the numbers of a form were typed, as the form
// itself says: it may be left open while the app's language is changed.
func wroteIn(values url.Values, otherwise *speaker) *speaker {
	if l := Language(values.Get("numbers")); l.known() && l != otherwise.Language {
		return speakerOf(l)
	}
	return otherwise
}

// Numbers is the language in which the numbers of the form are written.
func (f *form) Numbers() Language { return f.say.Language }

// rewrite writes the numbers of a form in the language of the page, which were typed in
// another one. What cannot be read stays as it was typed, and is wrong in the one
// language as in the other.
func (f *form) rewrite(from *speaker) {
	f.unread = map[string]error{}
	for _, name := range numberFields {
		for i, typed := range f.Values[name] {
			written, err := inOther(typed, from, f.say)
			if err != nil {
				f.unread[strings.TrimSpace(typed)] = err
			}
			f.Values[name][i] = written
		}
	}
	f.Set("numbers", string(f.say.Language))
}

// plain reads a number as it was typed.
func (f *form) plain(typed string) (string, error) {
	if err := f.unread[strings.TrimSpace(typed)]; err != nil {
		return "", err
	}
	return f.say.plain(typed)
}

// inOther writes a number of one language in another; a percent sign stays.
func inOther(typed string, from, to *speaker) (string, error) {
	typed = strings.TrimSpace(typed)
	number := strings.TrimRight(typed, percentMarks)
	if number == "" {
		return typed, nil
	}
	plain, err := from.plain(number)
	if err != nil {
		return typed, err
	}
	return to.typed(plain) + typed[len(number):], nil
}

// rewriteNumbers answers a draft of another language with its fields in that of the
// page, or with null where one of its numbers cannot be read.
func (r *request) rewriteNumbers() error {
	f := r.form()
	if len(f.unread) > 0 {
		return r.answer(nil)
	}
	return r.answer(f.Values)
}
