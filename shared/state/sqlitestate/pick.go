package sqlitestate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// pick returns a copy of a document, with nothing but _id and the named
// top-level members where any are named. Their bytes stay as they are.
func pick(doc []byte, fields []string) (json.RawMessage, error) {
	if len(fields) == 0 {
		return bytes.Clone(doc), nil
	}
	// The document was checked when it was written.
	d := jsontext.NewDecoder(bytes.NewBuffer(doc), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if _, err := d.ReadToken(); err != nil {
		return nil, fmt.Errorf("reading a document: %w", err)
	}
	picked := make([]byte, 0, 512)
	picked = append(picked, '{')
	for d.PeekKind() == '"' {
		quoted, err := d.ReadValue()
		if err != nil {
			return nil, fmt.Errorf("reading a document: %w", err)
		}
		// Declared names need no escapes, so the quotes are all that is around one.
		name := quoted[1 : len(quoted)-1]
		wanted := string(name) == "_id" || slices.Contains(fields, string(name))
		if wanted {
			if len(picked) > 1 {
				picked = append(picked, ',')
			}
			picked = append(append(picked, quoted...), ':')
		}
		// A value is read also to be passed over: that scans it as a whole, where
		// SkipValue goes from token to token.
		value, err := d.ReadValue()
		if err != nil {
			return nil, fmt.Errorf("reading a document: %w", err)
		}
		if wanted {
			picked = append(picked, value...)
		}
	}
	return append(picked, '}'), nil
}
