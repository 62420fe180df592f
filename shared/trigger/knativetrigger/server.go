package knativetrigger

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Server serves a function with its probes until it is told to end.
type Server struct {
	// Handler takes all but the probes.
	Handler http.Handler
	// Ready says whether what the function needs answers.
	Ready func(context.Context) error
	// Drain, if set, has requests answered that are held.
	Drain func()
	// Close, if set, ends the function after its last request, in the time that is left.
	Close func(context.Context) error
	// Grace bounds the end.
	Grace time.Duration
	Log   *slog.Logger

	ending atomic.Bool
}

// readyTime bounds the answer of the readiness probe.
const readyTime = 3 * time.Second

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { probe(w, nil) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTime)
		defer cancel()
		probe(w, s.ready(ctx))
	})
	mux.Handle("/", s.Handler)
	return mux
}

func (s *Server) ready(ctx context.Context) error {
	if s.ending.Load() {
		return errDraining
	}
	return s.Ready(ctx)
}

func probe(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	status, answer := http.StatusOK, map[string]string{"status": "ok"}
	if err != nil {
		status, answer = http.StatusServiceUnavailable, map[string]string{"status": "not ready", "reason": err.Error()}
	}
	b, err := json.Marshal(answer)
	if err != nil {
		status = http.StatusInternalServerError
	}
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // who asked may be gone
}

// Run serves until ctx ends. Then readiness fails, what is in hand is finished,
// and the function is closed, all within Grace.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: s.routes(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	s.Log.InfoContext(ctx, "serving", "address", l.Addr().String())
	select {
	case err := <-ended:
		return fmt.Errorf("serving on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	return s.end(context.WithoutCancel(ctx), server, ended)
}

func (s *Server) end(ctx context.Context, server *http.Server, ended <-chan error) error {
	ctx, cancel := context.WithTimeout(ctx, s.Grace)
	defer cancel()
	s.Log.InfoContext(ctx, "ending: finishing what is in hand", "grace", s.Grace)
	s.ending.Store(true)
	if s.Drain != nil {
		s.Drain()
	}
	// Whoever sends requests here is to see first that this is not ready any more.
	time.Sleep(min(time.Second, s.Grace/10))
	if err := server.Shutdown(ctx); err != nil {
		s.Log.WarnContext(ctx, "requests are cut off; what they brought is brought again", "error", err)
		_ = server.Close() // they have had their time
	}
	<-ended
	if s.Close != nil {
		if err := s.Close(ctx); err != nil {
			s.Log.WarnContext(ctx, "ending: not all could be written", "error", err)
		}
	}
	s.Log.InfoContext(ctx, "ended")
	return nil
}
