package knativetrigger

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// Tick calls a review for each event that is posted, whatever it says: the route
// decides. It is the http.Handler of POST / behind a PingSource.
type Tick struct {
	Review func(context.Context) error
	// Timeout bounds one review; what is left is due at the next.
	Timeout time.Duration
	Log     *slog.Logger
}

// ServeHTTP answers 204 when the review has ended, 503 where it failed.
func (t Tick) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.Error(w, "events are posted to /", http.StatusNotFound)
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "events are posted", http.StatusMethodNotAllowed)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), t.Timeout)
	defer cancel()
	if err := t.Review(ctx); err != nil {
		t.Log.WarnContext(ctx, "review: trying again at the next tick", "error", err)
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
