package publish

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"comptoir/admin"
	"comptoir/test/objectstore"
)

// What a reader gets from the website of an object store: every file of the page and
// of the snapshots, with the headers that a browser goes by.
func TestAStoreServesWhatABrowserNeeds(t *testing.T) {
	s, store := openShop(t), objectstore.Start(t)
	r := &reader{client: store.Client(), base: store.Bucket(t, "site")}
	direct := &reader{client: http.DefaultClient, base: store.Endpoint + "/site/"}
	said := s.publish(t, store.Environment(), "s3://site", "--with-page").exits(0)
	if !strings.Contains(said, "to s3://site in ") {
		t.Errorf("it said: %s", said)
	}
	i, files, err := r.look()
	if err != nil {
		t.Fatal(err)
	}
	caching := map[string]string{"index.json": "no-cache", "": "no-cache", "index.html": "no-cache", "config.json": "no-cache"}
	for _, name := range i.Files {
		caching[name] = "public, max-age=31536000, immutable"
	}
	if err := fs.WalkDir(admin.Files(), "assets", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			caching[name] = "public, max-age=31536000, immutable"
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	types := map[string]string{".json": "application/json", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".html": "text/html; charset=utf-8", "": "text/html; charset=utf-8"}
	for name, want := range caching {
		res, err := r.get(name)
		if err != nil {
			t.Fatal(err)
		}
		h, body := res.header, res.body
		if res.status != http.StatusOK || h.Get("Content-Encoding") != "gzip" || h.Get("Cache-Control") != want || h.Get("Content-Type") != types[filepath.Ext(name)] || len(body) == 0 {
			t.Errorf("%q: status %d, %d bytes: %v", name, res.status, len(body), h)
		}
		if built, err := fs.ReadFile(admin.Files(), name); err == nil && name != "config.json" && !bytes.Equal(body, built) {
			t.Errorf("%s is not as it was built", name)
		}
		// The gateway's websites answer nobody 304, its buckets do.
		if again, err := direct.get(name, "If-None-Match", h.Get("ETag")); name != "" && (err != nil || again.status != http.StatusNotModified) {
			t.Errorf("%q for who has it already: %v %v", name, again, err)
		}
	}
	for what, body := range files {
		if bytes.Contains(body, []byte(client)) {
			t.Errorf("%s names a client", what)
		}
	}
	// The lists are what the API answers, byte for byte.
	for what, address := range map[string]string{
		"overview": "/v1/overview", "product-winners/all": "/v1/product-winners?window=all&all=true&limit=1000", "loss-risk": "/v1/loss-risk?all=true&limit=1000",
	} {
		_, _, want := s.Ask(address, nil)
		if what == "overview" {
			want = bytes.ReplaceAll(want, []byte(client), nil)
		}
		if !bytes.Equal(files[what], want) {
			t.Errorf("%s is not what the API answers:\n%s\n%s", what, files[what], want)
		}
	}
	if said := s.publish(t, store.Environment(), "s3://site", "--with-page").exits(0); !strings.Contains(said, " 0 files written") {
		t.Errorf("publishing the same again: %s", said)
	}
}

// kills is how many publishers are killed in each place at least.
const kills = 40

// A publisher is killed at any moment, again and again, while sales are made; readers
// see one whole version after another, never an older one, and nothing missing.
func TestKilledPublishers(t *testing.T) {
	for _, where := range []string{"bucket", "folder"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			s := openShop(t)
			var to string
			var env map[string]string
			r := &reader{}
			if where == "bucket" {
				store := objectstore.Start(t)
				r.client, r.base = store.Client(), store.Bucket(t, "site")
				to, env = "s3://site", store.Environment()
			} else {
				to = filepath.Join(t.TempDir(), "site")
				web := httptest.NewServer(http.FileServer(http.Dir(to)))
				t.Cleanup(web.Close)
				r.client, r.base = web.Client(), web.URL+"/"
			}
			done := make(chan struct{})
			var wg sync.WaitGroup
			wg.Go(func() {
				for {
					select {
					case <-done:
						return
					case <-time.After(rand.N(400 * time.Millisecond)):
						s.sell()
					}
				}
			})
			wg.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
						if _, _, err := r.look(); err != nil && !errors.Is(err, errNothingYet) {
							t.Error(err)
							return
						}
					}
				}
			})
			started := time.Now()
			s.publish(t, env, to, "--with-page").exits(0)
			took := time.Since(started)
			versions := map[string]bool{}
			killed := 0
			for ; killed < kills || len(versions) < 5 && time.Since(started) < patience; killed++ {
				p := s.publish(t, env, to, "--with-page", "--watch", "--keep", "6s")
				time.Sleep(rand.N(2*took + 100*time.Millisecond))
				p.Kill()
				versions[r.seenNow()] = true
			}
			close(done)
			wg.Wait()
			s.Level()
			s.publish(t, env, to, "--with-page").exits(0)
			_, files, err := r.look()
			if err != nil {
				t.Fatal(err)
			}
			if _, _, want := s.Ask("/v1/product-winners?window=7d&all=true&limit=1000", nil); !bytes.Equal(files["product-winners/7d"], want) {
				t.Error("after all of it the winners are not what the API answers")
			}
			t.Logf("%d publishers were killed; %d whole readings, of %d versions or more, %d sales", killed, r.reads, len(versions), s.sold)
			if r.reads < kills || len(versions) < 5 {
				t.Error("that is too little to have seen something")
			}
		})
	}
}

// Watching: a sale is published without being asked, the status too; the store may go and
// come back; Ctrl+C ends it.
func TestWatching(t *testing.T) {
	t.Parallel()
	s, store := openShop(t), objectstore.Start(t)
	r := &reader{client: store.Client(), base: store.Bucket(t, "site")}
	p := s.publish(t, store.Environment(), "s3://site/below/some", "--watch", "--every", "5s", "--with-names")
	r.base += "below/some/"
	newer := func(than string) func() bool {
		return func() bool {
			i, _, err := r.look()
			if err != nil && !errors.Is(err, errNothingYet) {
				t.Fatal(err)
			}
			return err == nil && i.Version > than
		}
	}
	p.eventually("the first index", newer(""))
	i, files, err := r.look()
	if err != nil || *i.Every != 5 || !bytes.Contains(files["client-promotions"], []byte(client)) {
		t.Fatalf("every %v: %v", i.Every, err)
	}
	sold := time.Now()
	s.sell()
	p.eventually("the sale", newer(i.Version))
	t.Logf("a sale was published %.1f s later", time.Since(sold).Seconds())

	before, _, err := r.look()
	if err != nil {
		t.Fatal(err)
	}
	p.eventually("the status", func() bool {
		now, _, err := r.look()
		return err == nil && now.Status.HeartbeatAt.After(*before.Status.HeartbeatAt) && now.PublishedAt.After(before.PublishedAt)
	})
	after, _, err := r.look()
	if err != nil || after.Version == before.Version && !maps.Equal(after.Files, before.Files) {
		t.Errorf("the same version has other files: %v", err)
	}

	store.Stop()
	s.sell()
	p.eventually("the trouble to be told", func() bool { return strings.Contains(p.said(), "publishing failed") })
	store.Run(t)
	p.eventually("the sale during the trouble", newer(after.Version))
	p.eventually("the end of the trouble to be told", func() bool { return strings.Contains(p.said(), "publishing goes on") })

	if err := p.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if said := p.exits(0); strings.Contains(said, "comptoir: ") {
		t.Errorf("after Ctrl+C:\n%s", said)
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	t.Parallel()
	s, store := openShop(t), objectstore.Start(t)
	store.Bucket(t, "site")
	with := func(name, value string) map[string]string {
		env := store.Environment()
		env[name] = value
		return env
	}
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "index.html"), []byte("my own"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		to   string
		env  map[string]string
		says []string
	}{
		{"s3://nowhere", store.Environment(), []string{"there is no bucket nowhere", "create it"}},
		{"s3://site", with("AWS_SECRET_ACCESS_KEY", "wrong"), []string{"refuses the credentials", "AWS_SECRET_ACCESS_KEY"}},
		{"s3://site", with("AWS_ACCESS_KEY_ID", ""), []string{"there are no credentials", "AWS_ACCESS_KEY_ID"}},
		{"s3://site", store.Stranger(t), []string{"access denied", "s3:PutObject"}},
		{"s3://site", with("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1"), []string{"does not answer", "AWS_ENDPOINT_URL_S3"}},
		{"s3://site", with("AWS_ENDPOINT_URL_S3", s.App.QueryURL()), []string{"answered what an object store does not"}},
		{"s3://site", with("AWS_ENDPOINT_URL_S3", "store.example"), []string{"is no address of an object store"}},
		{"s3://", store.Environment(), []string{"names no bucket"}},
		{foreign, nil, []string{"is not empty (it holds index.html)"}},
		{filepath.Join(foreign, "index.html"), nil, []string{"opening the folder", "name one that you may write to"}},
	} {
		s.publish(t, c.env, c.to).refuses(c.says...)
	}
	if left, err := os.ReadDir(foreign); err != nil || len(left) != 1 {
		t.Errorf("the folder that was refused holds %v: %v", left, err)
	}
	s.publish(t, nil, t.TempDir(), "--every", "1s").exits(2)
}
