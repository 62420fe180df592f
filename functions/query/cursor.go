package query

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// cursorDoc is what a cursor carries: the place of the last row shown, so that
// paging goes on behind it even when the list has changed in between, and which
// list and order it belongs to. Readers must not look into it.
type cursorDoc struct {
	List    string   `json:"l"`
	Null    bool     `json:"z,omitempty"`
	Numbers [4]int64 `json:"n"`
	Text    string   `json:"t,omitempty"`
	ID      string   `json:"i"`
}

// maxCursor bounds the length of a cursor that is taken.
const maxCursor = 2000

// fingerprint names a list, its filters and its order.
func fingerprint(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:6])
}

func writeCursor(list string, p *place) *string {
	if p == nil {
		return nil
	}
	b, err := json.Marshal(cursorDoc{list, p.null, p.numbers, p.text, p.id})
	if err != nil {
		return nil // texts and integers always have a JSON form
	}
	s := base64.RawURLEncoding.EncodeToString(b)
	return &s
}

// readCursor returns the place of a cursor; nil for "".
func readCursor(list, cursor string) (*place, error) {
	if cursor == "" {
		return nil, nil //nolint:nilnil // no cursor is no place
	}
	var c cursorDoc
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(cursor) > maxCursor || json.Unmarshal(b, &c) != nil {
		return nil, badValue("cursor", "is none that this API gave out: use `next` of the page before as it is, or leave it out")
	}
	if c.List != list {
		return nil, badValue("cursor", "belongs to another list, filter or order: start again without it")
	}
	return &place{key{c.Null, c.Numbers, c.Text}, c.ID}, nil
}
