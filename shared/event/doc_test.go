package event

import (
	"bytes"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// TestReferenceIsRight holds docs/events.md to the code: its examples decode, to
// the same event, and it names every type, attribute and member.
func TestReferenceIsRight(t *testing.T) {
	b, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	block := func(kind string) string {
		_, rest, found := strings.Cut(text, "```"+kind+"\n")
		example, _, ended := strings.Cut(rest, "```")
		if !found || !ended {
			t.Fatalf("there is no example %s", kind)
		}
		return example
	}

	head, value, _ := strings.Cut(block("text binary"), "\n\n")
	m := Message{Value: []byte(strings.TrimSpace(value))}
	for line := range strings.Lines(head) {
		name, v, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if name == "key" {
			m.Key = []byte(v)
			continue
		}
		m.Headers = append(m.Headers, Header{name, []byte(v)})
	}
	binary, err := NewDecoder().Decode(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	structured, err := DecodeJSON([]byte(block("json structured")))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(binary, structured) {
		t.Errorf("the examples differ:\n%+v %+v\n%+v %+v", binary, binary.Data, structured, structured.Data)
	}

	member := regexp.MustCompile(`"([a-z_]+)":`)
	for _, s := range samples {
		row := regexp.MustCompile("(?m)^\\| `" + regexp.QuoteMeta(s.Type.String()) + "` \\| " + string(s.Type.Topic()) + " \\| [a-z]+ \\| " + regexp.QuoteMeta(string(s.Type.Family())) + " \\|")
		if !row.MatchString(text) {
			t.Errorf("there is no row of %v in %s, %s", s.Type, s.Type.Topic(), s.Type.Family())
		}
		for _, name := range member.FindAllSubmatch(MarshalData(s.Data), -1) {
			if !bytes.Contains(b, []byte("`"+string(name[1])+"`")) && !bytes.Contains(b, []byte("."+string(name[1])+"`")) {
				t.Errorf("%s of %v is not explained", name[1], s.Type)
			}
		}
	}
	for _, h := range attributeHeaders {
		if name := strings.TrimPrefix(h, headerPrefix); !strings.Contains(text, "`"+name+"`") {
			t.Errorf("the attribute %s is not explained", name)
		}
	}
}
