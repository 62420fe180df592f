package codec

import (
	"testing"

	"comptoir/shared/projection"
)

type thing struct {
	projection.Header
	Text    string           `json:"text"`
	Zero    int64            `json:"zero,omitempty"`
	List    []int64          `json:"list"`
	Map     map[string]int64 `json:"map"`
	Pointer *string          `json:"pointer"`
}

func TestForm(t *testing.T) {
	const header = `{"_id":"a","version":1,"day":null,"review_on":null,"rules_version":0,"rules_hash":"","sources":[],`
	for _, c := range []struct {
		doc  thing
		want string
	}{
		{thing{}, `"text":"","list":[],"map":{},"pointer":null}`},
		{
			thing{Text: "<é> \u2028 \" \n", Zero: -1 << 63, List: []int64{1<<53 + 1}, Map: map[string]int64{"b": 1, "a": 2, "sales/3": 3}},
			"\"text\":\"<é> \u2028 \\\" \\n\",\"zero\":-9223372036854775808,\"list\":[9007199254740993],\"map\":{\"a\":2,\"b\":1,\"sales/3\":3},\"pointer\":null}",
		},
	} {
		c.doc.Header = projection.Header{ID: "a", Version: 1}
		got, err := Encode(&c.doc)
		if err != nil || string(got) != header+c.want {
			t.Errorf("got  %s (error %v)\nwant %s", got, err, header+c.want)
		}
		var back thing
		if err := Decode(got, &back); err != nil {
			t.Error(err)
		}
		if again, err := Encode(&back); err != nil || string(again) != string(got) {
			t.Errorf("read and written again: %s, error %v", again, err)
		}
	}
}

func TestNoForm(t *testing.T) {
	if b, err := Encode(&thing{Text: "\xff"}); err == nil {
		t.Errorf("bad UTF-8 was written as %s", b)
	}
	for _, doc := range []string{"", "{", `{"_id":"a"} {}`, `{"text":"a","text":"b"}`, "{\"text\":\"\xff\"}", `{"list":[1.5]}`, `{"zero":9223372036854775808}`} {
		if err := Decode([]byte(doc), new(thing)); err == nil {
			t.Errorf("%q was read", doc)
		}
	}
	if err := Decode([]byte(`{"_id":"a","of a later version":[{}]}`), new(thing)); err != nil {
		t.Errorf("a member that is not known: %v", err)
	}
}
