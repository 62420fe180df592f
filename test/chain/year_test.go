package chain

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// yearLoaded is a data directory that `comptoir demo` loaded the real year into,
// and was never disturbed. Nothing runs on it.
var (
	yearLoaded  string
	loadingYear sync.Once
)

func loadedYear(t testing.TB) (*books, string) {
	t.Helper()
	b := take(t, whole)
	loadingYear.Do(func() {
		s := at(t, filepath.Join(scratch, "year")) // a fresh one: the command makes it
		p := s.must("demo", "--exit").cost("comptoir demo --exit")
		for line := range strings.Lines(p.out.String()) {
			if strings.HasPrefix(line, "Imported in ") {
				t.Logf("%s the data directory has %d MiB", strings.TrimSpace(line), s.size())
			}
		}
		if left, err := os.ReadDir(s.home); err != nil || len(left) > 0 {
			t.Errorf("the home was empty, and now holds %v (%v)", left, err)
		}
		yearLoaded = s.dir
	})
	if yearLoaded == "" {
		t.Fatal("the year was not loaded")
	}
	return b, yearLoaded
}

// Every figure of the real year is right; importing the same files again
// records nothing and moves nothing; a penny changed by hand is found.
func TestYear(t *testing.T) {
	b, dir := loadedYear(t)
	s := at(t, dir)
	s.says(b)

	before := s.versions()
	again := s.must(append(b.load(), "--stock-date", "2011-12-09")...).cost("the same import again")
	if !strings.Contains(again.out.String(), "Nothing new") {
		t.Errorf("the same import again:\n%s", again.out.String())
	}
	s.catchUp().cost("run --until-caught-up with nothing new")
	s.unchanged(before)

	const id = "14646" // the client who bought the most
	put := s.alter("UPDATE clients SET doc = json_set(doc, '$.revenue', json_extract(doc, '$.revenue') + 1) WHERE _id = '" + id + "'")
	s.verifySaysNo("clients "+id+": revenue is ", "1 figures")
	put()
}

// alter changes the state by hand and returns what puts it back.
func (s *shop) alter(statement string) (putBack func()) {
	s.Helper()
	kept := map[string][]byte{}
	for _, name := range []string{"state.db", "state.db-wal"} {
		if content, err := os.ReadFile(s.file(name)); err == nil {
			kept[name] = content
		}
	}
	db := s.open("state.db", "rw")
	_, err := db.Exec(statement)
	must(s, err, db.Close())
	return func() {
		s.Helper()
		for _, name := range []string{"state.db", "state.db-wal", "state.db-shm"} {
			_ = os.Remove(s.file(name)) // the latter two need not be there
		}
		for name, content := range kept {
			must(s, os.WriteFile(s.file(name), content, 0o600))
		}
	}
}

// verifySaysNo demands exit 1 and lines that have the parts in them.
func (s *shop) verifySaysNo(parts ...string) {
	s.Helper()
	p := s.do("verify")
	said := p.out.String() + p.err.String()
	p.exits(1)
	for _, part := range parts {
		if !strings.Contains(said, part) {
			s.Errorf("verify does not say %q:\n%s", part, said)
		}
	}
	if strings.Contains(said, "is what the ledger says") {
		s.Errorf("verify says yes and no:\n%s", said)
	}
	s.Log(strings.SplitN(said, "\n", 2)[0])
}

// Whatever is changed by hand in the state, verify says no, and where.
func TestVerifySaysNo(t *testing.T) {
	b, dir := loadedPart(t)
	s := copied(t, dir)
	product := b.bestseller()
	const own = "(SELECT key FROM json_each(doc, '$.sources') WHERE json_extract(value, '$.family') = '%s')"
	lower := func(collection, family, id string) string {
		path := "'$.sources[' || " + fmt.Sprintf(own, family) + " || '].applied'"
		return "UPDATE " + collection + " SET doc = json_set(doc, " + path + ", json_extract(doc, " + path + ") - 1) WHERE _id = '" + id + "'"
	}
	for _, c := range []struct {
		name, statement string
		says            []string
	}{
		{
			"a penny in a window", "UPDATE product_winners SET doc = json_set(doc, '$.windows.30d.cost', json_extract(doc, '$.windows.30d.cost') - 1) WHERE _id = '" + product + "'",
			[]string{"product_winners " + product + ": windows.30d.cost is "},
		},
		{
			"a piece on the shelf", "UPDATE loss_risk_products SET doc = json_set(doc, '$.lots[0].on_hand', json_extract(doc, '$.lots[0].on_hand') + 1) WHERE _id = '" + product + "'",
			[]string{"loss_risk_products " + product + ": lots.", ".on_hand is "},
		},
		{
			"a document deleted", "DELETE FROM product_winners WHERE _id = '" + product + "'",
			[]string{"product_winners " + product + ": product.sums.applied is 0, the ledger says ", "product_winners " + product + ": product.changed.applied is 0, the ledger says 1"},
		},
		{
			"a surplus document", "CREATE TEMP TABLE one AS SELECT * FROM clients LIMIT 1; UPDATE one SET _id = 'NOBODY', doc = json_set(doc, '$._id', 'NOBODY'); INSERT INTO clients SELECT * FROM one",
			[]string{"clients NOBODY: document is there, the ledger says nothing", "clients NOBODY: client.sums.applied is "},
		},
		{
			"an applied revision lowered", lower("product_winners", "product.sums", product),
			[]string{"product_winners " + product + ": product.sums.applied is ", "product_winners " + product + ": total."},
		},
		{
			"an applied revision of the stock lowered", lower("loss_risk_products", "stock.changed", product),
			[]string{"loss_risk_products " + product + ": stock.changed.applied is "},
		},
	} {
		put := s.alter(c.statement)
		t.Logf("%s:", c.name)
		s.verifySaysNo(c.says...)
		put()
	}
	s.must("verify", "--strict")
}
