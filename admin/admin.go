// Package admin is the manager's page: static files that only read. They are
// built from src (docs/page.md) and committed, so that Go alone suffices.
package admin

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"
)

//go:embed all:dist
var dist embed.FS

// Files returns the files of the page: index.html, config.json, and assets/ whose
// names carry a hash of their content.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the path is a constant
	}
	return files
}

// CacheControl returns how long a file of the page, or a snapshot beside it, may be
// kept: one with a hash in its name for ever, any other until it is asked for again.
func CacheControl(name string) string {
	if strings.HasPrefix(name, "assets/") {
		return "public, max-age=31536000, immutable"
	}
	return "no-cache"
}

// ContentType returns the media type of a file of the page.
func ContentType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".json":
		return "application/json"
	default:
		return mime.TypeByExtension(ext)
	}
}

// served is a file as it is answered.
type served struct {
	plain, packed []byte
	etag          string
}

// Handler serves the page at / and at /index.html. It is for GET and HEAD; what is
// not a file of the page is 404. An error is that of a file that is not as it was built.
func Handler() (http.Handler, error) {
	files := map[string]served{}
	err := fs.WalkDir(Files(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[name], err = prepare(name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("preparing the manager's page: %w", err)
	}
	policy, err := policyOf(files["index.html"].plain)
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(w, r, files, policy) }), nil
}

func prepare(name string) (served, error) {
	plain, err := fs.ReadFile(Files(), name)
	if err != nil {
		return served{}, err
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return served{}, err
	}
	if _, err := z.Write(plain); err != nil {
		return served{}, err
	}
	if err := z.Close(); err != nil {
		return served{}, err
	}
	sum := sha256.Sum256(plain)
	return served{plain, b.Bytes(), hex.EncodeToString(sum[:12])}, nil
}

var policy = regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]+)"`)

// policyOf returns the page's own policy, and that nobody may frame it, which a
// page cannot say of itself.
func policyOf(index []byte) (string, error) {
	found := policy.FindSubmatch(index)
	if found == nil {
		return "", fmt.Errorf("preparing the manager's page: index.html carries no Content-Security-Policy: build it with make page")
	}
	return string(found[1]) + "; frame-ancestors 'none'", nil
}

func serve(w http.ResponseWriter, r *http.Request, files map[string]served, policy string) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", policy)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "The page can only be read.", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" {
		name = "index.html"
	}
	file, ok := files[name]
	if !ok {
		http.Error(w, "There is no such file: the manager's page is at /, the query API at /v1/.", http.StatusNotFound)
		return
	}
	body, etag := file.plain, file.etag
	if len(file.packed) < len(file.plain) && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		body, etag = file.packed, etag+"-gz"
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Vary", "Accept-Encoding")
	h.Set("Content-Type", ContentType(name))
	h.Set("Cache-Control", CacheControl(name))
	h.Set("ETag", `"`+etag+`"`)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
}
