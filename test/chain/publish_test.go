package chain

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"comptoir/test/year"
)

// What is published of the real year has every figure right, wherever the state is.
func TestPublishedYear(t *testing.T) {
	b, loaded := loadedYear(t)
	s := at(t, loaded)
	to := filepath.Join(t.TempDir(), "site")
	s.must("publish", to, "--with-names").cost("comptoir publish")
	s.must("publish", to, "--with-names").cost("the same again")
	content := func(name string) []byte {
		t.Helper()
		read, err := os.ReadFile(filepath.Join(to, name))
		must(t, err)
		return read
	}
	var index struct{ Files map[string]string }
	must(t, json.Unmarshal(content("index.json"), &index))
	for _, e := range year.Exports {
		what := e[0]
		if what == "product-winners" {
			what += "/" + e[1]
		}
		found, err := year.Compare(b.figures, e[0], e[1], content(index.Files[what]))
		must(t, err)
		for _, d := range found[:min(len(found), 10)] {
			t.Error(what, d)
		}
	}
}
