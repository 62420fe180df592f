package event

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// inStructured names an attribute as it stands in structured mode.
func (e *Error) inStructured(structured bool) *Error {
	if structured {
		e.Name = strings.TrimPrefix(e.Name, headerPrefix)
		if e.Name == headerContentType {
			e.Name = "datacontenttype"
		}
		e.Problem = strings.ReplaceAll(e.Problem, headerPrefix, "")
	}
	return e
}

// readStructured takes an event in structured mode apart: its attributes as the
// headers of binary mode would give them, and its data. The CloudEvents SDK has
// to accept it; what the SDK lets pass (a member twice, a fraction for a whole
// number) is refused before.
func readStructured(b []byte) (raw rawAttributes, data []byte, failure *Error) {
	if len(bytes.TrimSpace(b)) == 0 {
		return raw, nil, &Error{Code: NotACloudEvent, Problem: "the record is empty; expected one event as a JSON object"}
	}
	if len(b) > 2*MaxData {
		return raw, nil, &Error{Code: NotACloudEvent, Problem: "the event is longer than 2 MiB"}
	}
	var members map[string]jsontext.Value
	if err := json.Unmarshal(b, &members); err != nil || members == nil {
		problem := "expected one event as a JSON object in UTF-8 with no member twice"
		if err != nil {
			problem += ": " + reason(err)
		}
		return raw, nil, &Error{Code: NotACloudEvent, Problem: problem}
	}
	names := make([]string, 0, len(members))
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := raw.member(name, members[name]); err != nil {
			return raw, nil, err
		}
		if members[name].Kind() == 'n' { // null means that it is not there
			delete(members, name)
		}
	}
	if raw[attrSpecVersion] == nil {
		return raw, nil, &Error{Code: NotACloudEvent, Problem: "the JSON object has no specversion; expected one event of CloudEvents 1.0"}
	}
	if err := sdkAccepts(members, names); err != nil {
		return raw, nil, &Error{Code: NotACloudEvent, Problem: "the CloudEvents library refuses it: " + reason(err)}
	}
	if encoded, ok := members["data_base64"]; ok {
		if members["data"] != nil {
			return raw, nil, &Error{Code: NotACloudEvent, Problem: "the event has both data and data_base64"}
		}
		var text string
		err := json.Unmarshal(encoded, &text)
		if err == nil {
			data, err = base64.StdEncoding.DecodeString(text)
		}
		if err != nil {
			return raw, nil, &Error{Code: BadData, Problem: "data_base64 is not a text in base64"}
		}
		return raw, data, nil
	}
	return raw, members["data"], nil
}

// member notes one member of an event in structured mode.
func (r *rawAttributes) member(name string, value jsontext.Value) *Error {
	if name == "data" {
		return nil
	}
	if name == "" || name != "data_base64" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return &Error{Code: BadAttribute, Name: quote(name), Problem: "names of attributes consist of small letters and digits"}
	}
	at := attributeOf(headerPrefix + name)
	if name == "datacontenttype" {
		at = attrContentType
	}
	kind := value.Kind()
	switch {
	case kind == 'n':
		return nil
	case kind == '"':
		if at == notOurs {
			return nil
		}
		var text string
		if err := json.Unmarshal(value, &text); err != nil {
			return badAttribute(name, string(value), "expected a text")
		}
		r[at] = []byte(text)
		return nil
	case kind == '0' && (at == attrRevision || at == attrSequence):
		r[at] = []byte(value)
		return nil
	case (kind == '0' || kind == 't' || kind == 'f') && at == notOurs && name != "data_base64":
		return nil
	}
	return badAttribute(name, string(value), "expected a text")
}

// sdkAccepts gives the event to the CloudEvents SDK, specversion and
// datacontenttype first: what it makes of other members may depend on them.
func sdkAccepts(members map[string]jsontext.Value, names []string) (err error) {
	var b bytes.Buffer
	write := func(name string) {
		if value, ok := members[name]; ok { // those that were null are gone
			if b.Len() == 0 {
				b.WriteByte('{')
			} else {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "%q:%s", name, value)
		}
	}
	first := []string{"specversion", "datacontenttype"}
	for _, name := range first {
		write(name)
	}
	for _, name := range names {
		if !slices.Contains(first, name) {
			write(name)
		}
	}
	b.WriteByte('}')
	defer func() {
		if p := recover(); p != nil { // the library indexes some members unchecked
			err = fmt.Errorf("it fails: %v", p)
		}
	}()
	var e cloudevents.Event
	if err := cloudevents.ReadJson(&e, &b); err != nil {
		return err
	}
	return e.Validate()
}
