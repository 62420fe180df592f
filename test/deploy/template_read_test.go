package deploy

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const templateFile = "../../template.yaml"

// value is a property of the template as JSON, so that two can be compared as
// text: !Ref X is {"Ref":"X"}, as CloudFormation writes it out.
type value string

func (v *value) UnmarshalJSON(b []byte) error {
	var compact bytes.Buffer
	if err := json.Compact(&compact, b); err != nil {
		return err
	}
	*v = value(compact.String())
	return nil
}

// plain returns the text of a string, "" for anything else.
func (v value) plain() string {
	var s string
	_ = json.Unmarshal([]byte(v), &s) // another kind of value has no text
	return s
}

func ref(name string) value { return value(`{"Ref":"` + name + `"}`) }

// template is what the tests look at of template.yaml.
type template struct {
	Parameters map[string]struct {
		Type    string
		Default *value
	}
	Globals struct {
		Function functionProperties
	}
	Resources map[string]resource
	Outputs   map[string]struct{ Value value }
}

type resource struct {
	Type       string
	Properties json.RawMessage
}

type functionProperties struct {
	Runtime, Handler, CodeURI, Tracing string
	Architectures                      []value
	VpcConfig                          map[string]value
	Role                               value
	Timeout                            int
	LoggingConfig                      map[string]value
	Environment                        struct{ Variables map[string]value }
	Events                             map[string]struct {
		Type       string
		Properties map[string]value
	}
}

// readTemplate reads template.yaml.
func readTemplate(t *testing.T) *template {
	t.Helper()
	text, err := os.ReadFile(templateFile)
	if err != nil {
		t.Fatal(err)
	}
	var out template
	readYAML(t, string(text), &out)
	return &out
}

// readYAML reads YAML, that of CloudFormation too, into a value by its names in JSON.
func readYAML(t *testing.T, text string, into any) {
	t.Helper()
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(text), &node); err != nil {
		t.Fatalf("reading YAML: %v", err)
	}
	writeOut(&node)
	var tree map[string]any
	if err := node.Decode(&tree); err != nil {
		t.Fatalf("reading YAML: %v", err)
	}
	asJSON, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(asJSON, into); err != nil {
		t.Fatalf("reading YAML: %v", err)
	}
}

// writeOut replaces each short form of an intrinsic function by its long one.
func writeOut(n *yaml.Node) {
	for _, child := range n.Content {
		writeOut(child)
	}
	if !strings.HasPrefix(n.Tag, "!") || strings.HasPrefix(n.Tag, "!!") {
		return
	}
	name := strings.TrimPrefix(n.Tag, "!")
	argument := *n
	argument.Tag = ""
	switch name {
	case "Ref", "Condition":
	case "GetAtt":
		resource, attribute, _ := strings.Cut(n.Value, ".")
		argument = yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: resource}, {Kind: yaml.ScalarNode, Value: attribute}}}
		name = "Fn::GetAtt"
	default:
		name = "Fn::" + name
	}
	*n = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: name}, &argument}}
}

// properties decodes the properties of a resource of the type.
func properties[T any](t *testing.T, tpl *template, name, kind string) T {
	t.Helper()
	var p T
	r, ok := tpl.Resources[name]
	if !ok || r.Type != kind {
		t.Fatalf("template.yaml has no %s of the type %s", name, kind)
	}
	if err := json.Unmarshal(r.Properties, &p); err != nil {
		t.Fatalf("%s in template.yaml: %v", name, err)
	}
	return p
}

// lambdaFunctions returns the functions of the template by what FUNCTION says.
func lambdaFunctions(t *testing.T, tpl *template) map[string]lambdaFunction {
	t.Helper()
	all := map[string]lambdaFunction{}
	for id, r := range tpl.Resources {
		if r.Type != "AWS::Serverless::Function" {
			continue
		}
		f := lambdaFunction{id: id, functionProperties: properties[functionProperties](t, tpl, id, r.Type)}
		name := f.Environment.Variables["FUNCTION"].plain()
		if other, taken := all[name]; taken || name == "" {
			t.Errorf("%s has FUNCTION=%q, as has %q: each runs another one", id, name, other.id)
		}
		all[name] = f
	}
	return all
}

type lambdaFunction struct {
	id string
	functionProperties
}
