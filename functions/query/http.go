package query

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Handler serves the API. It only reads, and answers GET, HEAD and OPTIONS.
// Time limits for connections are the server's, which its owner sets.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, rt := range routes() {
		mux.HandleFunc(rt.pattern, s.reading(func(w http.ResponseWriter, r *http.Request) { s.serve(&rt, w, r) }))
	}
	mux.HandleFunc("/v1/openapi.json", s.reading(func(w http.ResponseWriter, r *http.Request) {
		s.static(w, r, "application/openapi+json;version=3.1", openAPI)
	}))
	mux.HandleFunc("/healthz", s.reading(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		send(w, r, http.StatusOK, "application/json", []byte(`{"status":"ok"}`+"\n"))
	}))
	mux.HandleFunc("/", s.reading(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, &logLine{start: time.Now(), asked: "unknown"}, unknownAddress())
	}))
	return mux
}

const methods = "GET, HEAD, OPTIONS"

// reading wraps what every address has in common: headers, CORS, and that only
// reading is allowed.
func (s *Service) reading(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		s.origins.allow(h, r)
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			next(w, r)
		case http.MethodOptions:
			h.Set("Allow", methods)
			w.WriteHeader(http.StatusNoContent)
		default:
			h.Set("Allow", methods)
			s.refuse(w, r, &logLine{start: time.Now(), asked: "unknown"}, badMethod())
		}
	}
}

// origins are those whose pages may read.
type origins struct {
	any    bool
	listed []string
}

func newOrigins(list []string) origins {
	return origins{any: slices.Contains(list, "*"), listed: list}
}

func (o origins) allow(h http.Header, r *http.Request) {
	if !o.any && len(o.listed) > 0 {
		h.Add("Vary", "Origin")
	}
	origin := r.Header.Get("Origin")
	switch {
	case origin == "":
		return
	case o.any:
		h.Set("Access-Control-Allow-Origin", "*")
	case slices.Contains(o.listed, origin):
		h.Set("Access-Control-Allow-Origin", origin)
	default:
		return
	}
	h.Set("Access-Control-Expose-Headers", "ETag, Retry-After")
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", methods)
		h.Set("Access-Control-Allow-Headers", "Accept, Authorization, If-None-Match")
		h.Set("Access-Control-Max-Age", "86400")
	}
}

func (s *Service) serve(rt *route, w http.ResponseWriter, req *http.Request) {
	line := &logLine{start: time.Now(), asked: rt.pattern}
	v, err := parse(rt, req)
	if err != nil {
		s.refuse(w, req, line, err)
		return
	}
	line.values = v
	r, err := s.current(req.Context())
	if err != nil {
		s.refuse(w, req, line, err)
		return
	}
	line.version = r.version
	tag := ""
	if !rt.live {
		tag = etagOf(rt, r, v)
		if s.notModified(w, req, line, tag) {
			return
		}
	}
	a, err := rt.answer(req.Context(), s, r, v)
	if err != nil {
		s.refuse(w, req, line, err)
		return
	}
	body, err := json.Marshal(a.body)
	if err != nil {
		s.refuse(w, req, line, internal(err))
		return
	}
	body = append(body, '\n')
	if rt.live {
		tag = hash(string(body))
		if s.notModified(w, req, line, tag) {
			return
		}
	}
	line.answer = &a
	sendTagged(w, req, "application/json", body, tag)
	s.logAnswer(req.Context(), line)
}

func (s *Service) static(w http.ResponseWriter, req *http.Request, contentType string, body []byte) {
	line := &logLine{start: time.Now(), asked: req.Pattern}
	tag := hash(string(body))
	if s.notModified(w, req, line, tag) {
		return
	}
	sendTagged(w, req, contentType, body, tag)
	s.log.DebugContext(req.Context(), "query answered", "asked", line.asked)
}

// notModified answers 304 where the reader has the answer already.
func (s *Service) notModified(w http.ResponseWriter, req *http.Request, line *logLine, tag string) bool {
	had := matching(req.Header.Values("If-None-Match"), tag)
	if had == "" {
		return false
	}
	setCaching(w.Header(), had)
	w.WriteHeader(http.StatusNotModified)
	s.log.DebugContext(req.Context(), "query answered: not modified", "asked", line.asked, "version", line.version, "took", time.Since(line.start))
	return true
}

// refuse answers with a problem.
func (s *Service) refuse(w http.ResponseWriter, req *http.Request, line *logLine, err error) {
	if errors.Is(err, context.Canceled) && req.Context().Err() != nil {
		s.log.DebugContext(req.Context(), "query left by its reader", "asked", line.asked)
		return
	}
	p := internal(err)
	if !errors.As(err, &p) && errors.Is(err, context.DeadlineExceeded) {
		p = unreachable(err)
	}
	body, merr := json.Marshal(p)
	if merr != nil {
		body = []byte(`{"type":"about:blank","status":500}`)
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	send(w, req, p.Status, "application/problem+json", append(body, '\n'))
	attrs := append(line.attrs(), slog.Int("status", p.Status), slog.String("problem", strings.TrimPrefix(p.Type, problemURN)))
	if p.Parameter != "" {
		attrs = append(attrs, slog.String("parameter", p.Parameter))
	}
	if p.Status >= http.StatusInternalServerError {
		s.log.LogAttrs(req.Context(), slog.LevelError, "query failed", append(attrs, slog.Any("error", error(p)))...)
		return
	}
	s.log.LogAttrs(req.Context(), slog.LevelInfo, "query refused", attrs...)
}

// logLine is what a request leaves in the log. Searches and ids are not in it:
// they may be names.
type logLine struct {
	start   time.Time
	asked   string
	version string
	values  values
	answer  *answer
}

func (l *logLine) attrs() []slog.Attr {
	attrs := []slog.Attr{slog.String("asked", l.asked)}
	for _, name := range []string{"window", "flag", "tier", "eligible", "below_minimum", "all", "sort", "order", "limit", "offset", "moved"} {
		if v := l.values[name]; v != "" {
			attrs = append(attrs, slog.String(name, v))
		}
	}
	if l.values["q"] != "" {
		attrs = append(attrs, slog.Bool("searched", true))
	}
	if l.version != "" {
		attrs = append(attrs, slog.String("version", l.version))
	}
	return append(attrs, slog.Duration("took", time.Since(l.start)))
}

func (s *Service) logAnswer(ctx context.Context, l *logLine) {
	attrs := append(l.attrs(), slog.Int("shown", l.answer.shown), slog.Int("total", l.answer.total))
	message := "query answered"
	if l.answer.note != "" {
		message = "query answered: nothing to show"
		attrs = append(attrs, slog.String("why", l.answer.note))
	}
	s.log.LogAttrs(ctx, slog.LevelInfo, message, attrs...)
}
