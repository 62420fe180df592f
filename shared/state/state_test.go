package state

import (
	"errors"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	long := strings.Repeat("x", 65)
	for name, ok := range map[string]bool{
		"items": true, "product_winners": true, "a1": true, "A": true,
		"": false, "1a": false, "_a": false, "a-b": false, "a.b": false, "a b": false, `a"`: false, "é": false, long: false, "sqlite_master": false, "SQLITE_x": false, "system_js": false,
	} {
		if err := CheckCollection(name); (err == nil) != ok || err != nil && !errors.Is(err, ErrAsked) {
			t.Errorf("the collection %q: %v, want valid %t", name, err, ok)
		}
	}
	for field, ok := range map[string]bool{
		"_id": true, "name": true, "windows.30d.profit": true, "a_1.2": true, "7d": true,
		"": false, ".": false, "a.": false, ".a": false, "a..b": false, "$a": false, "a-b": false, "a b": false, "a'b": false, `a"b`: false, "a[0]": false, "a\x00": false, "é": false,
		long + long: false,
	} {
		if err := CheckField(field); (err == nil) != ok || err != nil && !errors.Is(err, ErrAsked) {
			t.Errorf("the field %q: %v, want valid %t", field, err, ok)
		}
	}
}

func TestCursorAt(t *testing.T) {
	const doc = `{"_id":"a","text":"é\"","number":9007199254740993,"below":-1,"yes":true,"no":false,"null":null,"decimal":0.125,"list":[1],"in":{"ner":{"value":7}}}`
	for _, c := range []struct {
		sort string
		want Cursor
		ok   bool
	}{
		{"", Cursor{ID: "a"}, true},
		{"_id", Cursor{ID: "a"}, true},
		{"text", Cursor{Text(`é"`), "a"}, true},
		{"number", Cursor{Number(1<<53 + 1), "a"}, true},
		{"below", Cursor{Number(-1), "a"}, true},
		{"yes", Cursor{Bool(true), "a"}, true},
		{"no", Cursor{Bool(false), "a"}, true},
		{"null", Cursor{ID: "a"}, true},
		{"absent", Cursor{ID: "a"}, true},
		{"text.absent", Cursor{ID: "a"}, true},
		{"in.ner.value", Cursor{Number(7), "a"}, true},
		{"decimal", Cursor{}, false},
		{"list", Cursor{}, false},
		{"in.ner", Cursor{}, false},
	} {
		got, err := CursorAt(&Find{Sort: c.sort}, []byte(doc))
		if (err == nil) != c.ok || err == nil && got != c.want {
			t.Errorf("by %q: %+v, error %v; want %+v", c.sort, got, err, c.want)
		}
	}
	if _, err := CursorAt(&Find{}, []byte("{")); err == nil {
		t.Error("half a document has a place")
	}
}
