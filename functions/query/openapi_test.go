package query_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"comptoir/functions/query"
)

type parameter struct {
	Name   string `json:"name"`
	In     string `json:"in"`
	Schema struct {
		Type string   `json:"type"`
		Enum []string `json:"enum"`
	} `json:"schema"`
}

type operation struct {
	Parameters []parameter `json:"parameters"`
	Responses  map[string]struct {
		Content map[string]struct {
			Schema struct {
				Ref string `json:"$ref"`
			} `json:"schema"`
		} `json:"content"`
	} `json:"responses"`
}

type document struct {
	Paths map[string]map[string]operation `json:"paths"`
}

// served returns the document as it is served, and a compiler for its schemas.
func served(t *testing.T, h http.Handler) (document, func(ref string) *jsonschema.Schema) {
	t.Helper()
	body, err := io.ReadAll(get(t, h, "/v1/openapi.json").Body)
	if err != nil {
		t.Fatal(err)
	}
	var doc document
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	raw, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("openapi.json", raw); err != nil {
		t.Fatal(err)
	}
	return doc, func(ref string) *jsonschema.Schema {
		s, err := c.Compile("openapi.json" + ref)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

// TestAnswersFollowTheDocument asks every address, with every parameter and
// every value that it may have, of a full state and of an empty one.
func TestAnswersFollowTheDocument(t *testing.T) {
	states := map[string]http.Handler{
		"full":  newService(t, corner().open(t)).Handler(),
		"empty": newService(t, shop{}.open(t)).Handler(),
	}
	doc, compile := served(t, states["full"])
	asked := 0
	for name, h := range states {
		for path, methods := range doc.Paths {
			op := methods["get"]
			for _, address := range addresses(path, op.Parameters) {
				res := get(t, h, address)
				asked++
				if name == "full" && res.StatusCode != http.StatusOK && !strings.Contains(address, "nonsense") {
					t.Errorf("%s state, GET %s: %s", name, address, res.Status)
				}
				check(t, op, res, address, compile)
			}
		}
	}
	if asked < 150 {
		t.Errorf("only %d addresses were asked", asked)
	}
}

func addresses(path string, params []parameter) []string {
	ids := map[string]string{"product-winners": "unsold%2F1", "loss-risk": "22423", "client-promotions": "12348"}
	if before, _, ok := strings.Cut(path, "{id}"); ok {
		return []string{before + ids[strings.Split(before, "/")[2]], before + "nonsense"}
	}
	all := []string{path, path + "?nonsense=1"}
	for _, p := range params {
		values := p.Schema.Enum
		switch {
		case len(values) > 0:
		case p.Schema.Type == "boolean":
			values = []string{"true", "false"}
		case p.Schema.Type == "integer":
			values = []string{"1", "100"}
		case p.Name == "cursor":
			values = nil
		default:
			values = []string{"tea", "a&b ü"}
		}
		for _, v := range append(values, "nonsense") {
			if v == "nonsense" && (p.Name == "q" || p.Name == "category") {
				continue
			}
			all = append(all, path+"?"+url.Values{p.Name: {v}}.Encode())
		}
	}
	return all
}

func check(t *testing.T, op operation, res *reply, address string, compile func(string) *jsonschema.Schema) {
	t.Helper()
	key := res.Status[:3]
	if _, ok := op.Responses[key]; !ok {
		key = "default"
	}
	content, ok := op.Responses[key].Content[res.Header.Get("Content-Type")]
	if !ok {
		t.Errorf("GET %s: %s of type %q is not in the document", address, res.Status, res.Header.Get("Content-Type"))
		return
	}
	if content.Schema.Ref == "" {
		return
	}
	body, err := jsonschema.UnmarshalJSON(res.Body)
	if err != nil {
		t.Fatalf("GET %s: %v", address, err)
	}
	if err := compile(content.Schema.Ref).Validate(body); err != nil {
		t.Errorf("GET %s: %v", address, err)
	}
}

// TestTheDocumentIsComplete holds that the handler takes exactly the parameters
// and values that the document names.
func TestTheDocumentIsComplete(t *testing.T) {
	h := newService(t, corner().open(t)).Handler()
	doc, _ := served(t, h)
	taken := query.Addresses()
	for path, params := range taken {
		op, ok := doc.Paths[path]["get"]
		if !ok {
			t.Errorf("%s is not in the document", path)
			continue
		}
		named := map[string][]string{}
		for _, p := range op.Parameters {
			if p.In == "query" {
				named[p.Name] = p.Schema.Enum
			}
		}
		if got, want := slices.Sorted(maps.Keys(named)), slices.Sorted(maps.Keys(params)); !slices.Equal(got, want) {
			t.Errorf("%s: the document names %v, the handler takes %v", path, got, want)
		}
		for name, values := range params {
			if values != nil && !slices.Equal(values, named[name]) {
				t.Errorf("%s: %s may be %v in the document, the handler takes %v", path, name, named[name], values)
			}
		}
	}
	for path := range doc.Paths {
		if _, ok := taken[path]; !ok && path != "/v1/openapi.json" && path != "/healthz" {
			t.Errorf("%s is in the document and not served", path)
		}
	}
}
