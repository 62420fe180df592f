package publish

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"comptoir/local/publish"
)

// reader is who comes by HTTP as a browser does.
type reader struct {
	client *http.Client
	base   string
	seen   string // the greatest version that was seen
	reads  int
	mu     sync.Mutex // of seen
}

// seenNow returns the greatest version that was seen, while somebody looks.
func (r *reader) seenNow() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

var errNothingYet = errors.New("there is no index yet")

// got is an answer, unpacked.
type got struct {
	status int
	header http.Header
	body   []byte
}

// get asks as a browser does, and unpacks what comes.
func (r *reader) get(name string, headers ...string) (*got, error) {
	req, err := http.NewRequest(http.MethodGet, r.base+name, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.Header.Get("Content-Encoding") == "gzip" && len(body) > 0 {
		var z *gzip.Reader
		if z, err = gzip.NewReader(bytes.NewReader(body)); err == nil {
			body, err = io.ReadAll(z)
		}
	}
	return &got{res.StatusCode, res.Header, body}, err
}

// look reads the index and all that it names. Nothing may be missing or be another
// thing than its name says, all has to be of the index's version, and none older than before.
func (r *reader) look() (*publish.Index, map[string][]byte, error) {
	res, err := r.get("index.json")
	switch {
	case err != nil:
		return nil, nil, err
	case res.status == http.StatusNotFound && r.seen == "":
		return nil, nil, errNothingYet
	case res.status != http.StatusOK:
		return nil, nil, fmt.Errorf("index.json: status %d after version %q", res.status, r.seen)
	}
	i := new(publish.Index)
	if err := json.Unmarshal(res.body, i); err != nil {
		return nil, nil, fmt.Errorf("index.json: %w in %q", err, res.body)
	}
	if i.Version < r.seen || i.Status.Version != i.Version {
		return nil, nil, fmt.Errorf("the index is of version %s with a status of %s, after version %s", i.Version, i.Status.Version, r.seen)
	}
	r.mu.Lock()
	r.seen = i.Version
	r.mu.Unlock()
	files := map[string][]byte{}
	for what, name := range i.Files {
		res, err := r.get(name)
		if err != nil {
			return nil, nil, err
		}
		sum := sha256.Sum256(res.body)
		if res.status != http.StatusOK || hex.EncodeToString(sum[:16])+".json" != name {
			return nil, nil, fmt.Errorf("%s of version %s (%s): status %d, %d bytes, published %s ago", what, i.Version, name, res.status, len(res.body), time.Since(i.PublishedAt))
		}
		var head struct{ Version string }
		if err := json.Unmarshal(res.body, &head); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		if !strings.HasPrefix(what, "products/") && head.Version != i.Version {
			return nil, nil, fmt.Errorf("%s is of version %s, its index of %s", what, head.Version, i.Version)
		}
		files[what] = res.body
	}
	r.reads++
	return i, files, nil
}
