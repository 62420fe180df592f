package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"
)

// What the decoder refuses and a JSON Schema cannot say: members that stand
// twice, bytes that are not UTF-8, lengths in bytes, numbers spelt with an
// exponent or a fraction of zeros, lots with equal names, and dates in a wrong
// order. beyondSchemas recognises these, so that everything else must agree.
func beyondSchemas(err *Error) bool {
	for _, problem := range []string{"no member twice", "at most 256 bytes", "at most 1024 bytes", "1 to 256 bytes", "without exponent", "fraction or exponent", "has this name", "it is later than"} {
		if strings.Contains(err.Problem, problem) {
			return true
		}
	}
	return false
}

func compiledSchemas(t *testing.T) map[Type]*jsonschema.Schema {
	t.Helper()
	all := map[Type]*jsonschema.Schema{}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for _, typ := range Types() {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema(typ)))
		if err != nil {
			t.Fatalf("%v: %v", typ, err)
		}
		if err := c.AddResource(SchemaURI(typ), doc); err != nil {
			t.Fatal(err)
		}
		if all[typ], err = c.Compile(SchemaURI(typ)); err != nil {
			t.Fatal(err)
		}
		if all[typ].ID != SchemaURI(typ)+"#" && all[typ].ID != SchemaURI(typ) {
			t.Errorf("the schema of %v names itself %s", typ, all[typ].ID)
		}
	}
	return all
}

func TestSchemasAgreeWithDecoder(t *testing.T) {
	schemas := compiledSchemas(t)
	right, wrong := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		ev := genEvent(t)
		data := MarshalData(ev.Data)
		if err := validate(schemas[ev.Type], data); err != nil {
			t.Fatalf("the schema refuses right data: %v\n%s", err, data)
		}
		for range 5 {
			typ, broken := ev.Type, genBroken(t, data)
			if rapid.IntRange(0, 9).Draw(t, "other") == 0 {
				typ = rapid.SampledFrom(Types()).Draw(t, "type")
			}
			_, ours := readData(typ, broken)
			theirs := validate(schemas[typ], broken)
			switch {
			case ours == nil && theirs != nil:
				t.Fatalf("%v: the schema refuses what the decoder accepts: %v\n%s", typ, theirs, broken)
			case ours != nil && theirs == nil && !beyondSchemas(ours):
				t.Fatalf("%v: the decoder refuses what the schema accepts: %v\n%s", typ, ours, broken)
			case ours == nil:
				right++
			default:
				wrong++
			}
		}
	})
	if right == 0 || wrong == 0 {
		t.Errorf("%d right and %d wrong: the test does not try both", right, wrong)
	}
}

func validate(s *jsonschema.Schema, data []byte) (err error) {
	defer func() {
		if p := recover(); p != nil { // its numbers have bounded exponents
			err = fmt.Errorf("the validator fails: %v", p)
		}
	}()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// genBroken breaks a value somewhere in data, or its bytes.
func genBroken(t *rapid.T, data []byte) []byte {
	if rapid.IntRange(0, 3).Draw(t, "bytes") == 0 {
		return genMutated(t, data)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil || !utf8.Valid(data) {
		t.Fatalf("%v: %s", err, data)
	}
	name := rapid.SampledFrom(slices.Sorted(maps.Keys(members))).Draw(t, "member")
	var lots []map[string]json.RawMessage
	if name == "lots" && json.Unmarshal(members[name], &lots) == nil && len(lots) > 0 {
		lot := lots[rapid.IntRange(0, len(lots)-1).Draw(t, "lot")]
		breakMember(t, lot, rapid.SampledFrom(slices.Sorted(maps.Keys(lot))).Draw(t, "member"))
		members[name], _ = json.Marshal(lots)
	} else {
		breakMember(t, members, name)
	}
	broken, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return broken
}

func breakMember(t *rapid.T, members map[string]json.RawMessage, name string) {
	if rapid.IntRange(0, 5).Draw(t, "leave out") == 0 {
		delete(members, name)
		return
	}
	members[name] = json.RawMessage(rapid.SampledFrom(brokenValues).Draw(t, "value"))
}

var brokenValues = []string{
	`null`, `true`, `0`, `-0`, `1`, `-1`, `1.5`, `0.125`, `0.0625`, `-0.5`, `1.0`, `1e2`, `10000`, `10001`, `9223372036854775807`, `9223372036854775808`,
	`9223372036854775.807`, `9223372036854775.808`, `""`, `" "`, `"a"`, `" a"`, `"a "`, `"a\u00a0"`, `"\u2003a"`, `"a\u0000b"`, `"a\u0085"`, `"a b"`, `"é"`,
	strconv.Quote(strings.Repeat("x", 256)), strconv.Quote(strings.Repeat("x", 257)), strconv.Quote(strings.Repeat("x", 1024)), strconv.Quote(strings.Repeat("x", 1025)),
	strconv.Quote(strings.Repeat("é", 200)), `"2011-12-09"`, `"2011-02-29"`, `"2012-02-29"`, `"1899-12-31"`, `"1900-01-01"`, `"9999-12-31"`, `"2011-12-9"`, `"10000-01-01"`,
	`"GBP"`, `"EUR"`, `"gbp"`, `"XXX"`, `"stock"`, `"service"`, `"Stock"`, `[]`, `{}`, `[{}]`, `[null]`, `{"sales/3":5}`, `{"sales/03":5}`, `{"heartbeats/0":5}`, `{"sales/3":-1}`,
	`{"clients/999999":0}`, `{"clients/1000000":0}`, `[{"lot":"a","on_hand":1,"unit_cost":null}]`, `[{"lot":"","on_hand":1,"unit_cost":null}]`,
}
