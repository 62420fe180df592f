package chain

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"comptoir/test/harness"
)

// yearLoaded is a place that `comptoir demo` loaded the real year into, and was
// never disturbed. Nothing runs on it.
var (
	yearLoaded  place
	loadingYear sync.Once
)

func loadedYear(t testing.TB) (*books, place) {
	t.Helper()
	b := take(t, whole)
	loadingYear.Do(func() {
		s := at(t, place{filepath.Join(scratch, "year"), harness.Place()}) // no directory yet: the command makes it
		yearLoaded.settings = s.settings                                   // to be cleared, whatever comes
		s.migrate()
		p := s.must("demo", "--exit").cost("comptoir demo --exit")
		for line := range strings.Lines(p.Out.String()) {
			if strings.HasPrefix(line, "Imported in ") {
				t.Logf("%s the data directory has %d MiB", strings.TrimSpace(line), s.size())
			}
		}
		if left, err := os.ReadDir(s.home); err != nil || len(left) > 0 {
			t.Errorf("the home was empty, and now holds %v (%v)", left, err)
		}
		yearLoaded = s.place
	})
	if yearLoaded.dir == "" {
		t.Fatal("the year was not loaded")
	}
	return b, yearLoaded
}

// Every figure of the real year is right; importing the same files again
// records nothing and moves nothing; a penny changed by hand is found.
func TestYear(t *testing.T) {
	b, loaded := loadedYear(t)
	s := at(t, loaded)
	s.says(b)

	before := s.versions()
	again := s.must(append(b.load(), "--stock-date", "2011-12-09")...).cost("the same import again")
	if !strings.Contains(again.Out.String(), "Nothing new") {
		t.Errorf("the same import again:\n%s", again.Out.String())
	}
	s.catchUp().cost("run --until-caught-up with nothing new")
	s.unchanged(before)

	const id = "14646" // the client who bought the most
	h := s.byHand()
	h.add("clients", id, "revenue", 1)
	s.verifySaysNo("clients "+id+": revenue is ", "1 figures")
	h.putBack()
}

// verifySaysNo demands exit 1 and lines that have the parts in them.
func (s *shop) verifySaysNo(parts ...string) {
	s.Helper()
	p := s.do("verify")
	said := p.Out.String() + p.Err.String()
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
	b, loaded := loadedPart(t)
	s := copied(t, loaded)
	product := b.bestseller()
	for _, c := range []struct {
		name  string
		alter func(h hand)
		says  []string
	}{
		{
			"a penny in a window", func(h hand) { h.add("product_winners", product, "windows.30d.cost", -1) },
			[]string{"product_winners " + product + ": windows.30d.cost is "},
		},
		{
			"a piece on the shelf", func(h hand) { h.add("loss_risk_products", product, "lots.0.on_hand", 1) },
			[]string{"loss_risk_products " + product + ": lots.", ".on_hand is "},
		},
		{
			"a document deleted", func(h hand) { h.remove("product_winners", product) },
			[]string{"product_winners " + product + ": product.sums.applied is 0, the ledger says ", "product_winners " + product + ": product.changed.applied is 0, the ledger says 1"},
		},
		{
			"a surplus document", func(h hand) { h.double("clients", "14646", "NOBODY") },
			[]string{"clients NOBODY: document is there, the ledger says nothing", "clients NOBODY: client.sums.applied is "},
		},
		{
			"an applied revision lowered",
			func(h hand) {
				h.add("product_winners", product, s.source("product_winners", product, "product.sums")+".applied", -1)
			},
			[]string{"product_winners " + product + ": product.sums.applied is ", "product_winners " + product + ": total."},
		},
		{
			"an applied revision of the stock lowered",
			func(h hand) {
				h.add("loss_risk_products", product, s.source("loss_risk_products", product, "stock.changed")+".applied", -1)
			},
			[]string{"loss_risk_products " + product + ": stock.changed.applied is "},
		},
	} {
		h := s.byHand()
		c.alter(h)
		t.Logf("%s:", c.name)
		s.verifySaysNo(c.says...)
		h.putBack()
	}
	s.must("verify", "--strict")
}
