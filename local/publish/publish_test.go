package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"comptoir/functions/query"
	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
	"comptoir/shared/state/sqlitestate"
	"comptoir/test/harness"
)

var (
	ctx   = context.Background()
	today = event.NewDate(2026, 3, 16)
)

// states are the states of one shop, each a few sales after the one before.
var states = sync.OnceValues(func() ([]string, error) {
	dir, err := os.MkdirTemp("", "comptoir-publish-")
	return []string{filepath.Join(dir, "0.db"), filepath.Join(dir, "1.db")}, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if paths, err := states(); err == nil {
		_ = os.RemoveAll(filepath.Dir(paths[0]))
	}
	os.Exit(code)
}

var made sync.Once

// service answers from one of the states.
func service(t *testing.T, which int) *query.Service {
	t.Helper()
	paths, err := states()
	if err != nil {
		t.Fatal(err)
	}
	made.Do(func() { keepShop(t, paths) })
	r, err := sqlitestate.OpenReader(ctx, paths[which], sqlitestate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return query.New(query.Config{Reader: r, Today: func() event.Date { return today }, Hold: -1})
}

// keepShop has the whole chain make the states, and keeps them.
func keepShop(t *testing.T, paths []string) {
	t.Helper()
	s := harness.New(t, map[string]string{"CURRENCY": "EUR", "BUSINESS_TIMEZONE": "Europe/Paris", "BUSINESS_DATE": today.String(), "MONGODB_URI": "", "KAFKA_BOOTSTRAP_SERVERS": ""})
	record := func(f func(*ledger.Tx) error) {
		t.Helper()
		if err := s.App.Ledger().Record(ctx, "accountant", f); err != nil {
			t.Fatal(err)
		}
	}
	for i, path := range paths {
		s.Start()
		if i == 0 {
			record(func(tx *ledger.Tx) error {
				_, err := tx.PutClient(ledger.Client{ID: "C1", Name: "The bakery"})
				for n := range 150 {
					id := fmt.Sprintf("P-%03d/é", n)
					_, put := tx.PutProduct(ledger.Product{ID: id, Name: "Product " + id, Kind: event.KindStock, BuyPrice: money.Some(300), SellPrice: money.Some(500)})
					err = errors.Join(err, put)
				}
				return err
			})
		}
		record(func(tx *ledger.Tx) error {
			_, err := tx.Invoice(ledger.Invoice{Client: "C1", Date: today, Lines: []ledger.Line{
				{Product: "P-007/é", Quantity: money.Quantity(500 * money.PerUnit), UnitPrice: 500 * money.PricePerMinor},
			}})
			return err
		})
		s.Level()
		s.Stop()
		db, err := os.ReadFile(filepath.Join(s.Path, "state.db"))
		if err == nil {
			err = os.WriteFile(path, db, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// clock is a clock that a test turns.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{time.Date(2026, 3, 16, 12, 0, 0, 0, time.UTC)} }

func (c *clock) after(d time.Duration) { c.now = c.now.Add(d) }

func options(s *query.Service, p Place, c *clock) Options {
	return Options{Service: s, Place: p, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return c.now }}
}

func publish(t *testing.T, o Options) Result {
	t.Helper()
	p, err := Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Publish(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// read reads what a reader does: the index, then all that it names. Everything has
// to be there, as its name says, and of the index's version.
func read(t *testing.T, p Source) (Index, map[string]string) {
	t.Helper()
	content, _, err := p.Get(ctx, indexName)
	if err != nil {
		t.Fatal(err)
	}
	var i Index
	if err := json.Unmarshal(content, &i); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for what, name := range i.Files {
		content, _, err := p.Get(ctx, name)
		if err != nil || nameOf(content) != name {
			t.Fatalf("%s (%s): %d bytes: %v", what, name, len(content), err)
		}
		all[what] = string(content)
		if strings.HasPrefix(what, "products/") {
			continue
		}
		var head query.Head
		if err := json.Unmarshal(content, &head); err != nil || head.Version != i.Version {
			t.Errorf("%s is of version %s, the index of %s: %v", what, head.Version, i.Version, err)
		}
	}
	if i.Status.Version != i.Version {
		t.Errorf("the status is of version %s, the index of %s", i.Status.Version, i.Version)
	}
	return i, all
}

func TestPublishing(t *testing.T) {
	first, second := service(t, 0), service(t, 1)
	places(t, func(t *testing.T, open func() Place) {
		c := newClock()
		r := publish(t, options(first, open(), c))
		place := open()
		before, files := read(t, place)
		if want := 6 + before.Buckets; len(files) != want || before.Buckets != 4 || r.Written != want || before.Every != nil {
			t.Errorf("%d files in %d buckets, every %v: %+v", len(files), before.Buckets, before.Every, r)
		}
		for what, content := range files {
			if strings.Contains(content, "The bakery") {
				t.Errorf("%s names a client", what)
			}
		}
		id := "P-007/é"
		var bucket map[string]query.ProductItem
		if err := json.Unmarshal([]byte(files[fmt.Sprintf("products/%d", bucketOf(id, before.Buckets))]), &bucket); err != nil || bucket[id].Winner.Windows[query.Week].Revenue != 250_000 {
			t.Errorf("the product is not in its bucket: %v %v", bucket[id], err)
		}

		// The same again writes nothing but the time.
		c.after(time.Minute)
		if r := publish(t, options(first, open(), c)); r.Written != 0 || r.Unchanged != len(files) {
			t.Errorf("the same state again: %+v", r)
		}
		if again, _ := read(t, open()); !again.PublishedAt.Equal(c.now) || !maps.Equal(again.Files, before.Files) {
			t.Errorf("the same state again: published at %s", again.PublishedAt)
		}

		// Of a sale of one product, the other buckets stay; what is not named any more stays for ten minutes.
		c.after(time.Minute)
		if r := publish(t, options(second, open(), c)); r.Unchanged != before.Buckets-1 || r.Removed != 0 {
			t.Errorf("after a sale: %+v", r)
		}
		c.after(10 * time.Minute)
		if r := publish(t, options(second, open(), c)); r.Removed != 0 {
			t.Errorf("ten minutes later: %+v", r)
		}
		place = open()
		for what, name := range before.Files {
			if content, _, err := place.Get(ctx, name); err != nil || string(content) != files[what] {
				t.Errorf("%s of the index before: %v", what, err)
			}
		}
		after, _ := read(t, place)
		if after.Version <= before.Version {
			t.Errorf("version %s after %s", after.Version, before.Version)
		}
		c.after(2 * time.Second)
		if r := publish(t, options(second, open(), c)); r.Removed != len(files)-before.Buckets+1 {
			t.Errorf("after that: %+v", r)
		}
		read(t, open())

		p, err := Open(ctx, options(first, open(), c))
		if err == nil {
			_, err = p.Publish(ctx)
		}
		if err == nil || !strings.Contains(err.Error(), "older") {
			t.Errorf("an older state: %v", err)
		}
		if now, _ := read(t, open()); now.Version != after.Version {
			t.Errorf("the index went from %s to %s", after.Version, now.Version)
		}

		o := options(second, open(), c)
		o.Names = true
		publish(t, o)
		if _, named := read(t, open()); !strings.Contains(named["client-promotions"], "The bakery") || !strings.Contains(named["overview"], "The bakery") {
			t.Error("names that may be published are not")
		}
	})
}

// A file that came into use again has all of its time when it is out of use again.
func TestAFileThatComesBack(t *testing.T) {
	d, err := OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := newClock()
	o := options(service(t, 0), d, c)
	var nameless string
	for i, after := range []time.Duration{0, time.Minute, 8 * time.Minute, 3 * time.Minute, 9 * time.Minute, 2 * time.Minute} {
		c.after(after)
		o.Names = i != 0 && i != 2
		publish(t, o)
		now, _ := read(t, d)
		if i == 0 {
			nameless = now.Files["client-promotions"]
		}
		if _, _, err := d.Get(ctx, nameless); (err == nil) != (i < 5) {
			t.Errorf("step %d: the nameless clients: %v", i, err)
		}
	}
}

// What somebody took away, or the machine when it went down, is put there again.
func TestWhatIsLostComesBack(t *testing.T) {
	s := service(t, 0)
	places(t, func(t *testing.T, open func() Place) {
		publish(t, options(s, open(), newClock()))
		place := open()
		i, _ := read(t, place)
		name := i.Files["overview"]
		if d, ok := place.(*Dir); ok { // half of it
			if err := os.Remove(d.file(name + packed)); err != nil {
				t.Fatal(err)
			}
		} else if err := place.Remove(ctx, []string{name}); err != nil {
			t.Fatal(err)
		}
		if r := publish(t, options(s, open(), newClock())); r.Written != 1 {
			t.Errorf("publishing again: %+v", r)
		}
		place = open()
		read(t, place)
		if d, ok := place.(*Dir); ok {
			if _, err := os.Stat(d.file(name + packed)); err != nil {
				t.Error(err)
			}
		}
	})
}

// dying is a place whose publisher is killed after some writes.
type dying struct {
	Place
	mu    sync.Mutex
	left  int
	check func()
}

var errKilled = errors.New("killed")

func (d *dying) do(f func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left == 0 {
		return errKilled
	}
	d.left--
	err := f()
	d.check()
	return err
}

func (d *dying) Put(ctx context.Context, f File) error {
	return d.do(func() error { return d.Place.Put(ctx, f) })
}

func (d *dying) Swap(ctx context.Context, f File, tag string) error {
	return d.do(func() error { return d.Place.Swap(ctx, f, tag) })
}

func (d *dying) Remove(ctx context.Context, names []string) error {
	return d.do(func() error { return d.Place.Remove(ctx, names) })
}

// Wherever a publisher is killed, and after each thing that it writes, a reader
// finds one version whole, never an older one; and the next publisher brings it to an end.
func TestAKilledPublisherLeavesAWholeIndex(t *testing.T) {
	first, second := service(t, 0), service(t, 1)
	for writes := 0; ; writes++ {
		d, err := OpenDir(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		c := newClock()
		o := options(first, d, c)
		o.Page, o.Keep = page("1"), time.Minute
		publish(t, o)
		// What the first one left to remove is removed by the one that dies.
		c.after(2 * time.Minute)
		stray := File{strings.Repeat("a", 32) + ".json", nil}
		if err := d.Put(ctx, stray); err != nil {
			t.Fatal(err)
		}
		publish(t, o)
		c.after(2 * time.Minute)

		versions := []string{"", ""}
		version := func() {
			i, _ := read(t, d)
			if i.Version < versions[1] {
				t.Errorf("after %d writes the index went from %s to %s", writes, versions[1], i.Version)
			}
			versions[1] = i.Version
			if html, _, err := d.Get(ctx, pageName); err != nil || !hasAssets(t, d, string(html)) {
				t.Errorf("after %d writes the page is not whole: %v", writes, err)
			}
		}
		version()
		versions[0] = versions[1]
		o = options(second, &dying{Place: d, left: writes, check: version}, c)
		o.Page, o.Keep = page("2"), time.Minute
		p, err := Open(ctx, o)
		if err == nil {
			_, err = p.Publish(ctx)
		}
		if err != nil && !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		o.Place = d
		c.after(time.Second)
		publish(t, o)
		version()
		if versions[1] == versions[0] {
			t.Fatal("the second state is of the version of the first")
		}
		c.after(2 * time.Minute)
		publish(t, o)
		names, listErr := d.List(ctx)
		i, _ := read(t, d)
		if want := len(set(i.Files)) + 3 + 2 + 1; listErr != nil || len(names) != want { // journal, index, config; page, asset; one asset of both
			t.Errorf("after %d writes and all of it again, %d files are there, want %d: %v %v", writes, len(names), want, names, listErr)
		}
		if err == nil {
			t.Logf("killed after each of %d writes", writes)
			return
		}
	}
}

// page is a build of the page.
func page(build string) fstest.MapFS {
	return fstest.MapFS{
		"index.html":                   {Data: []byte("assets/main-" + build + ".js assets/icon.svg")},
		"config.json":                  {Data: []byte(`{"source":"api","url":"."}`)},
		"assets/main-" + build + ".js": {Data: []byte("build " + build)},
		"assets/icon.svg":              {Data: []byte("<svg/>")},
	}
}

func hasAssets(t *testing.T, p Source, html string) bool {
	t.Helper()
	for name := range strings.FieldsSeq(html) {
		if _, _, err := p.Get(ctx, name); err != nil {
			t.Error(err)
			return false
		}
	}
	return true
}

func TestThePageBesideSnapshots(t *testing.T) {
	s := service(t, 0)
	places(t, func(t *testing.T, open func() Place) {
		c := newClock()
		o := options(s, open(), c)
		o.Page = page("1")
		publish(t, o)
		content := func(name string) string {
			t.Helper()
			b, _, err := open().Get(ctx, name)
			if err != nil && !errors.Is(err, errAbsent) {
				t.Fatal(err)
			}
			return string(b)
		}
		if content("config.json") != config || !hasAssets(t, open(), content("index.html")) {
			t.Errorf("config.json: %s", content("config.json"))
		}
		// Without the page, what is there of it stays, however old it is.
		c.after(time.Hour)
		publish(t, options(s, open(), c))
		c.after(time.Hour)
		publish(t, options(s, open(), c))
		if !hasAssets(t, open(), content("index.html")) {
			t.Error("the page is gone")
		}
		// A new build; the assets of the old one go after their time.
		o.Page = page("2")
		for _, there := range []bool{true, true, false} {
			o.Place = open()
			publish(t, o)
			if got := content("assets/main-1.js") != ""; got != there || !hasAssets(t, open(), content("index.html")) {
				t.Errorf("the old asset is there: %t, want %t", got, there)
			}
			c.after(6 * time.Minute)
		}
		const theirs = `{"source":"snapshots","url":".","issuer":"https://id.example","client_id":"page"}`
		place := open()
		if err := place.Put(ctx, File{configName, []byte(theirs)}); err != nil {
			t.Fatal(err)
		}
		o.Place = place
		if r := publish(t, o); !r.ConfigKept || content("config.json") != theirs {
			t.Errorf("config.json of somebody: %+v %s", r, content("config.json"))
		}
		// As the page is built, it asks an API that is not here.
		if err := place.Put(ctx, File{configName, page("2")["config.json"].Data}); err != nil {
			t.Fatal(err)
		}
		if r := publish(t, o); r.ConfigKept || content("config.json") != config {
			t.Errorf("config.json as it is built: %+v %s", r, content("config.json"))
		}
	})
}

func TestOtherThingsAreLeftAlone(t *testing.T) {
	s := service(t, 0)
	places(t, func(t *testing.T, open func() Place) {
		if err := open().Put(ctx, File{"holidays.jpg", []byte("beach")}); err != nil {
			t.Fatal(err)
		}
		d, isDir := open().(*Dir)
		_, err := Open(ctx, options(s, open(), newClock()))
		if isDir {
			// A folder is refused before it is locked.
			if err := os.Remove(d.file(lockName)); err != nil {
				t.Fatal(err)
			}
			_, err = OpenDir(d.root)
		}
		if err == nil || !strings.Contains(err.Error(), "holidays.jpg") {
			t.Errorf("a place with other things: %v", err)
		}
	})
	dir := t.TempDir()
	if _, err := OpenDir(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDir(dir); err == nil || !strings.Contains(err.Error(), "at work") {
		t.Errorf("a second publisher: %v", err)
	}
}

// The page finds products by the same hash.
func TestBuckets(t *testing.T) {
	for _, c := range []struct {
		id   string
		n    int
		want int
	}{{"", 64, 0x811c9dc5 % 64}, {"a", 256, 0xe40c292c % 256}, {"foobar", 128, 0xbf9cf968 % 128}} { // of the FNV specification's test vectors
		if got := bucketOf(c.id, c.n); got != c.want {
			t.Errorf("%q is in bucket %d of %d, want %d", c.id, got, c.n, c.want)
		}
	}
	for products, want := range map[int]int{0: 1, 1: 1, 64: 1, 65: 2, 128: 2, 129: 4, 16384: 256, 1_000_000: 256} {
		if got := buckets(products); got != want {
			t.Errorf("%d products are spread over %d files, want %d", products, got, want)
		}
	}
}
