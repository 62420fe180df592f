package admin_test

import (
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"comptoir/admin"
)

func get(t *testing.T, method, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	h, err := admin.Handler()
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

func TestThePageIsServed(t *testing.T) {
	assets, err := fs.Glob(admin.Files(), "assets/*.js")
	if err != nil || len(assets) < 3 {
		t.Fatalf("the page has the scripts %v: %v", assets, err)
	}
	for _, c := range []struct {
		method, path string
		status       int
		contentType  string
		caching      string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8", "no-cache"},
		{"GET", "/index.html?view=winners&window=7d", 200, "text/html; charset=utf-8", "no-cache"},
		{"HEAD", "/config.json", 200, "application/json", "no-cache"},
		{"GET", "/" + assets[0], 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		{"GET", "/assets/", 404, "text/plain; charset=utf-8", ""},
		{"GET", "/../admin.go", 404, "text/plain; charset=utf-8", ""},
		{"POST", "/", 405, "text/plain; charset=utf-8", ""},
	} {
		res := get(t, c.method, c.path)
		if res.Code != c.status || res.Header().Get("Content-Type") != c.contentType || res.Header().Get("Cache-Control") != c.caching {
			t.Errorf("%s %s: %d %v", c.method, c.path, res.Code, res.Header())
		}
		if res.Header().Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(res.Header().Get("Content-Security-Policy"), "default-src 'none'") ||
			!strings.Contains(res.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s %s is not as safe as it should be: %v", c.method, c.path, res.Header())
		}
	}
}

func TestThePageIsCompressedAndRevalidated(t *testing.T) {
	plain, err := io.ReadAll(get(t, "GET", "/").Body)
	if err != nil {
		t.Fatal(err)
	}
	res := get(t, "GET", "/", "Accept-Encoding", "br, gzip")
	z, err := gzip.NewReader(res.Body)
	if err != nil || res.Header().Get("Content-Encoding") != "gzip" {
		t.Fatalf("%v: %v", res.Header(), err)
	}
	if unpacked, err := io.ReadAll(z); err != nil || string(unpacked) != string(plain) {
		t.Errorf("the compressed page is another one: %v", err)
	}
	if again := get(t, "GET", "/", "If-None-Match", res.Header().Get("ETag"), "Accept-Encoding", "gzip"); again.Code != http.StatusNotModified {
		t.Errorf("the page that the reader has: %d", again.Code)
	}
}

// Any folder of any file server must do: nothing in the page may begin at a root.
func TestThePageNamesItsFilesRelatively(t *testing.T) {
	index, err := fs.ReadFile(admin.Files(), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllSubmatch(index, -1)
	if len(named) < 3 {
		t.Fatalf("the page names only %d files", len(named))
	}
	for _, n := range named {
		if _, err := fs.Stat(admin.Files(), string(n[1])); err != nil {
			t.Errorf("the page names %s: %v", n[1], err)
		}
	}
}
