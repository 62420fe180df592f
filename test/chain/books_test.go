package chain

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"comptoir/test/harness"
	"comptoir/test/year"
)

// books are three files, and what has to come out of them.
type books struct {
	files   year.Files
	figures *year.Figures
}

// whole is the real year.
var whole = sync.OnceValues(func() (*books, error) {
	return newBooks(year.In("../../local/demo"))
})

// part is the year with every eighth of its documents, for what need not be
// loaded as a whole; with COMPTOIR_TEST_ALL it is the whole year too.
var part = sync.OnceValues(func() (*books, error) {
	if os.Getenv("COMPTOIR_TEST_ALL") != "" {
		return whole()
	}
	f := year.In("../../local/demo")
	sales, err := year.Split(f.Sales, scratch, 8, 1)
	if err != nil {
		return nil, err
	}
	f.Sales = sales[0]
	return newBooks(f)
})

func newBooks(f year.Files) (*books, error) {
	figures, err := year.Expected(f)
	return &books{f, figures}, err
}

func take(t testing.TB, from func() (*books, error)) *books {
	t.Helper()
	b, err := from()
	must(t, err)
	return b
}

// load is the command line that imports the books.
func (b *books) load() []string {
	return []string{"import", "--profile", "online-retail", b.files.Sales, b.files.Stock, b.files.Products}
}

// documents is how many there are.
func (b *books) documents() int { return b.figures.Invoices + b.figures.CreditNotes }

// bestseller is the product of the highest rank.
func (b *books) bestseller() string {
	for id, p := range b.figures.Products["30d"] {
		if p.Rank == 1 {
			return id
		}
	}
	return ""
}

// partLoaded is a place with the part in it, on which nothing runs. Whoever
// changes it takes a copy.
var (
	partLoaded  place
	loadingPart sync.Once
)

func loadedPart(t testing.TB) (*books, place) {
	t.Helper()
	b := take(t, part)
	loadingPart.Do(func() {
		p := place{filepath.Join(scratch, "part"), harness.Place()}
		s := at(t, p)
		must(t, os.Mkdir(s.dir, 0o700))
		write(t, s.file("comptoir.env"), onTheLastDay)
		partLoaded.settings = p.settings // to be cleared, whatever comes
		s.migrate()
		s.must(b.load()...).cost("import of the part")
		s.catchUp().cost("the part applied")
		partLoaded = p
	})
	if partLoaded.dir == "" {
		t.Fatal("the part was not loaded")
	}
	return b, partLoaded
}

// differences compares all that the shop's exports say with the figures.
func (s *shop) differences(b *books) (all []year.Difference) {
	s.Helper()
	for _, e := range year.Exports {
		p := s.must("export", e[0], "--window", e[1], "--all", "--format", "json")
		found, err := year.Compare(b.figures, e[0], e[1], []byte(p.Out.String()))
		must(s, err)
		all = append(all, found...)
	}
	return all
}

// says demands every figure of the books, and that verify finds them too.
func (s *shop) says(b *books) {
	s.Helper()
	s.figuresOf(b)
	s.must("verify", "--strict").cost("verify")
}

func (s *shop) figuresOf(b *books) {
	s.Helper()
	found := s.differences(b)
	for _, d := range found[:min(len(found), 10)] {
		s.Error(d)
	}
	if n := len(found); n > 0 {
		s.Fatalf("%d figures are wrong", n)
	}
	if len(b.figures.Lots) < 7000 || len(b.figures.Products["all"]) < 3000 || len(b.figures.Clients) < 1000 {
		s.Fatal("there was too little to compare")
	}
}
