package state

import (
	"errors"
	"fmt"
	"strings"
)

// MaxLimit is the greatest Limit of a Find.
const MaxLimit = 1000

// ErrAsked says that a question is not one that a store answers: a field name
// of another form, a comparison that its value cannot have, a limit out of
// range. Asking again does not help.
var ErrAsked = errors.New("the question is not valid")

// CheckCollection tells whether name may be a collection's: a letter, then
// letters, digits and _, at most 64 of them, and not a name that a database
// keeps for itself. Stores put it into their queries.
func CheckCollection(name string) error {
	if len(name) > 64 || !isName(name) || reserved(name) {
		return fmt.Errorf("a collection %q: %w: write a letter, then letters, digits and _; not sqlite_ or system_ at the start", name, ErrAsked)
	}
	return nil
}

func reserved(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "sqlite_") || strings.HasPrefix(name, "system_")
}

// CheckField tells whether field is a path of JSON names with dots, such as
// windows.30d.profit: each name of letters, digits and _, at most 128 bytes in
// all. Stores put it into their queries, so nothing else may pass.
func CheckField(field string) error {
	start := 0
	for i := 0; i <= len(field); i++ {
		if i < len(field) && field[i] != '.' {
			if !isNameByte(field[i]) {
				return badField(field)
			}
			continue
		}
		if i == start {
			return badField(field)
		}
		start = i + 1
	}
	if len(field) > 128 {
		return badField(field)
	}
	return nil
}

func badField(field string) error {
	return fmt.Errorf("a field %q: %w: write names of letters, digits and _ with dots between them", field, ErrAsked)
}

func isName(s string) bool {
	for i := range len(s) {
		if !isNameByte(s[i]) {
			return false
		}
	}
	return s != "" && (s[0] < '0' || s[0] > '9') && s[0] != '_'
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// Check tells whether every store can answer f. Its error wraps ErrAsked.
func (f *Find) Check() error {
	if f.Limit < 1 || f.Limit > MaxLimit {
		return fmt.Errorf("a page of %d documents: %w: ask for 1 to %d", f.Limit, ErrAsked, MaxLimit)
	}
	if !f.ByID() {
		if err := CheckField(f.Sort); err != nil {
			return err
		}
	}
	for _, name := range f.Fields {
		// A wanted field is a top-level one: no dots.
		if len(name) > 128 || !isNameByteString(name) {
			return badField(name)
		}
	}
	return checkFilters(f.Filters)
}

func isNameByteString(s string) bool {
	for i := range len(s) {
		if !isNameByte(s[i]) {
			return false
		}
	}
	return s != ""
}

// ByID tells whether f is ordered by id alone.
func (f *Find) ByID() bool { return f.Sort == "" || f.Sort == "_id" }

// Check tells whether every store can answer s. Its error wraps ErrAsked.
func (s *Sum) Check() error {
	if s.GroupBy != "" {
		if err := CheckField(s.GroupBy); err != nil {
			return err
		}
	}
	for _, field := range s.Fields {
		if err := CheckField(field); err != nil {
			return err
		}
	}
	return checkFilters(s.Filters)
}

func checkFilters(filters []Filter) error {
	for _, f := range filters {
		if err := CheckField(f.Field); err != nil {
			return err
		}
		switch {
		case f.Op < Equal || f.Op > Prefix:
			return fmt.Errorf("filtering by %s: %w: there is no comparison %d", f.Field, ErrAsked, f.Op)
		case f.Value.kind == 0:
			return fmt.Errorf("filtering by %s: %w: it is compared with no value", f.Field, ErrAsked)
		case f.Op == Prefix && f.Value.kind != TextValue:
			return fmt.Errorf("filtering by %s: %w: only a text has a beginning", f.Field, ErrAsked)
		}
	}
	return nil
}
