package query

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
)

// build changes with the program and with the form of its answers, so that no
// ETag outlives either.
var build = sync.OnceValue(func() string {
	parts := []string{string(openAPI)}
	if info, ok := debug.ReadBuildInfo(); ok {
		parts = append(parts, info.Main.Version)
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" || setting.Key == "vcs.time" {
				parts = append(parts, setting.Value)
			}
		}
	}
	return hash(parts...)
})

func hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:12])
}

// etagOf names an answer before it is made: its version, its thresholds, and
// what was asked.
func etagOf(rt *route, r *reading, v values) string {
	asked := url.Values{}
	for name, value := range v {
		asked.Set(name, value)
	}
	return hash(build(), r.version, r.rules, string(r.currency), rt.pattern, asked.Encode())
}

// gzipSuffix makes the ETag of a compressed answer another one: its bytes are others.
const gzipSuffix = "-gz"

// matching returns the ETag that the reader has and that is still right, quoted,
// or "". Either encoding of an answer is as good as the other.
func matching(headers []string, tag string) string {
	for candidate := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		switch candidate {
		case "*":
			return quoted(tag)
		case quoted(tag), quoted(tag + gzipSuffix):
			return candidate
		}
	}
	return ""
}

func quoted(tag string) string { return `"` + tag + `"` }

func setCaching(h http.Header, tag string) {
	h.Set("ETag", tag)
	h.Set("Cache-Control", "no-cache")
	h.Add("Vary", "Accept-Encoding")
}

// worthGzip is the least number of bytes that are compressed.
const worthGzip = 1024

var gzips = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

func sendTagged(w http.ResponseWriter, req *http.Request, contentType string, body []byte, tag string) {
	if len(body) >= worthGzip && acceptsGzip(req.Header.Values("Accept-Encoding")) {
		if packed, err := compress(body); err == nil {
			body, tag = packed, tag+gzipSuffix
			w.Header().Set("Content-Encoding", "gzip")
		}
	}
	setCaching(w.Header(), quoted(tag))
	send(w, req, http.StatusOK, contentType, body)
}

func compress(body []byte) ([]byte, error) {
	z, _ := gzips.Get().(*gzip.Writer)
	defer gzips.Put(z)
	var b bytes.Buffer
	z.Reset(&b)
	if _, err := z.Write(body); err != nil {
		return nil, err
	}
	err := z.Close()
	return b.Bytes(), err
}

// acceptsGzip reads Accept-Encoding: gzip or *, unless its weight is zero.
func acceptsGzip(headers []string) bool {
	star := false
	for part := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		coding, weight, _ := strings.Cut(part, ";")
		wanted := true
		if _, q, ok := strings.Cut(weight, "="); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
			wanted = err == nil && n > 0
		}
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip":
			return wanted
		case "*":
			star = wanted
		}
	}
	return star
}

// send writes an answer; of a HEAD its headers alone.
func send(w http.ResponseWriter, req *http.Request, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if req.Method != http.MethodHead {
		_, _ = w.Write(body) // a reader that has gone needs no answer
	}
}
