package event

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestStructuredVerdict breaks events in structured mode: what we accept, the
// SDK accepts and reads alike.
func TestStructuredVerdict(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ev := genEvent(t)
		line := EncodeStructured(ev.Attributes, MarshalData(ev.Data))
		for range 5 {
			broken := genMutated(t, line)
			got, err := DecodeJSON(broken)
			if err != nil {
				continue
			}
			e, err := sdkRead(Message{Value: broken, Headers: []Header{{headerContentType, []byte(mediaStructured)}}})
			if err != nil && hasNull(broken) {
				continue // null is absent; to the SDK that depends on where it stands
			}
			if err != nil {
				t.Fatalf("we accept what the SDK refuses: %v\n%s", err, broken)
			}
			same(t, e, got)
		}
	})
}

func hasNull(line []byte) bool {
	var members map[string]json.RawMessage
	if json.Unmarshal(line, &members) != nil {
		return false
	}
	for _, value := range members {
		if string(value) == "null" {
			return true
		}
	}
	return false
}

func TestStructured(t *testing.T) {
	const right = `{"specversion":"1.0","id":"a1","source":"/till/4","type":"comptoir.client.changed","time":"2011-12-09T12:50:00Z","partitionkey":"17850","data":{"name":"Ann"}}`
	with := func(old, instead string) string {
		if !strings.Contains(right, old) {
			t.Fatalf("nothing to replace: %s", old)
		}
		return strings.Replace(right, old, instead, 1)
	}
	for _, c := range []struct{ line, says string }{
		{right, ""},
		{" \t" + right + "\r\n", ""},
		{with(`"data":{"name":"Ann"}`, `"data_base64":"eyJuYW1lIjoiQW5uIn0="`), ""},
		{with(`"id"`, `"subject":null,"datacontenttype":null,"revision":918,"flag":true,"id"`), ""},
		{with(`"id"`, `"revision":"918","stream":"clients/3","sequence":"00000000000000000007","id"`), ""},
		{with(`"id"`, `"revision":1.5,"id"`), "bad-attribute: attribute revision is \"1.5\": expected a whole number"},
		{with(`"id"`, `"revision":4294967296,"id"`), "not-a-cloudevent: the CloudEvents library refuses it"},
		{with(`"id"`, `"Revision":"1","id"`), "small letters and digits"},
		{with(`"id"`, `"re_gion":null,"id"`), "small letters and digits"},
		{with(`"id"`, `"":1,"id"`), "small letters and digits"},
		{with(`"id":"a1"`, `"id":"a1","id":"a2"`), "not-a-cloudevent: expected one event as a JSON object in UTF-8 with no member twice: duplicate object member name"},
		{with(`"a1"`, `""`), "refuses it: id: MUST be a non-empty string"},
		{with(`"a1"`, `7`), "bad-attribute: attribute id is \"7\": expected a text"},
		{with(`"a1"`, "\"\xff\""), "not-a-cloudevent"},
		{with(`"1.0"`, `"0.3"`), "not-a-cloudevent: attribute specversion is \"0.3\": expected 1.0"},
		{with(`"specversion":"1.0",`, ``), "not-a-cloudevent: the JSON object has no specversion"},
		{with(`,"time":"2011-12-09T12:50:00Z"`, ``), "bad-attribute: attribute time: it is missing"},
		{with(`"id"`, `"datacontenttype":"text/plain","id"`), "refuses it: unexpected data payload"},
		{with(`,"data":{"name":"Ann"}`, ``), "not-a-cloudevent: the record has no data"},
		{with(`{"name":"Ann"}`, `null`), "not-a-cloudevent: the record has no data"},
		{with(`{"name":"Ann"}`, `{"name":null}`), "bad-data: member name is null: expected a text"},
		{with(`"data":`, `"data_base64":"e30=","data":`), "both data and data_base64"},
		{with(`"data":{"name":"Ann"}`, `"data_base64":5`), "bad-attribute: attribute data_base64 is \"5\": expected a text"},
		{right + right, "not-a-cloudevent"},
		{"[" + right + "]", "not-a-cloudevent"},
		{"", "not-a-cloudevent: the record is empty"},
		{"null", "not-a-cloudevent: expected one event as a JSON object"},
		{"{", "not-a-cloudevent"},
	} {
		_, err := DecodeJSON([]byte(c.line))
		switch {
		case c.says == "" && err != nil:
			t.Errorf("%s\nis refused: %v", c.line, err)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s\nsays %v, expected %s", c.line, err, c.says)
		}
	}
}
