// Package codec is the one JSON form of documents, the same in every store:
// members in the order of the struct, names sorted in maps, no spaces, text as
// it is, integers exact, an empty list or map [] or {} and never null.
package codec

import (
	"fmt"

	"github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"comptoir/shared/projection"
)

// MaxBytes is the largest document that a store takes, 16 MiB: MongoDB's limit,
// kept by every store so that all of them refuse the same documents.
const MaxBytes = 16 << 20

// options: maps are sorted so that equal documents are equal bytes; omitempty
// leaves out zero numbers too, as encoding/json does and as its users expect.
var options = json.JoinOptions(
	json.Deterministic(true),
	jsonv1.OmitEmptyWithLegacySemantics(true),
)

// Encode returns the JSON of a document. An error means that it has none and
// never will: text that is no UTF-8, or a value that its type cannot write.
func Encode(doc projection.Document) ([]byte, error) {
	b, err := json.Marshal(doc, options)
	if err != nil {
		return nil, fmt.Errorf("encoding the document %q: %w", doc.Head().ID, err)
	}
	return b, nil
}

// Decode reads what Encode wrote into doc. Members that the document's type
// does not know are passed over. Duplicate names and bad UTF-8 are errors.
func Decode(b []byte, doc projection.Document) error {
	return json.Unmarshal(b, doc, options)
}
