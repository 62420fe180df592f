package state

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// CursorAt returns the place of a document, in JSON as a Find returned it, in
// the order of f. The document must hold the sort field: name its top-level
// field in f.Fields. An error means that no page can continue behind it: the
// sort field holds a decimal, a list or an object.
func CursorAt(f *Find, doc []byte) (Cursor, error) {
	var head struct {
		ID string `json:"_id"`
	}
	if err := json.Unmarshal(doc, &head); err != nil {
		return Cursor{}, fmt.Errorf("reading the id of a document: %w", err)
	}
	c := Cursor{ID: head.ID}
	if f.ByID() {
		return c, nil
	}
	raw, err := member(doc, f.Sort)
	if err != nil {
		return Cursor{}, fmt.Errorf("reading %s of the document %q: %w", f.Sort, c.ID, err)
	}
	if c.Value, err = parseValue(raw); err != nil {
		return Cursor{}, fmt.Errorf("a page cannot continue by %s of the document %q: %w", f.Sort, c.ID, err)
	}
	return c, nil
}

// member returns the JSON at a path of names, nil where a name is absent.
func member(doc []byte, path string) (json.RawMessage, error) {
	raw := json.RawMessage(doc)
	for name := range strings.SplitSeq(path, ".") {
		if len(raw) == 0 || raw[0] != '{' {
			return nil, nil
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(raw, &members); err != nil {
			return nil, err
		}
		raw = bytes.TrimSpace(members[name])
	}
	return raw, nil
}

// parseValue reads a JSON value as what a field is compared with; the zero Value
// for null and absent.
func parseValue(raw json.RawMessage) (Value, error) {
	switch s := string(raw); {
	case s == "" || s == "null":
		return Value{}, nil
	case s == "true", s == "false":
		return Bool(s == "true"), nil
	case s[0] == '"':
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return Value{}, err
		}
		return Text(text), nil
	default:
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return Value{}, fmt.Errorf("%s is no text, whole number or truth value: %w", s, ErrAsked)
		}
		return Number(n), nil
	}
}
