package event

import "embed"

//go:embed schema/*.json
var schemas embed.FS

const (
	schemaPrefix  = "urn:comptoir:schema:"
	schemaVersion = ":1"
)

// SchemaURI returns the dataschema of a type, which names the type and the
// version of its data: urn:comptoir:schema:product.sold:1.
func SchemaURI(t Type) string { return string(appendSchemaURI(nil, t)) }

func appendSchemaURI(b []byte, t Type) []byte {
	b = append(b, schemaPrefix...)
	b = append(b, t.short()...)
	return append(b, schemaVersion...)
}

// Schema returns the JSON Schema (draft 2020-12) of the data of a type; its $id
// is SchemaURI. nil for a type that is none.
func Schema(t Type) []byte {
	b, err := schemas.ReadFile("schema/" + t.short() + ".json")
	if err != nil {
		return nil
	}
	return b
}
