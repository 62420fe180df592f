package knativetrigger

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"
)

// readBody reads the body of a POST while there is room for it.
func readBody(room *semaphore.Weighted, w http.ResponseWriter, r *http.Request) (body []byte, status int, err error) {
	if r.URL.Path != "/" {
		return nil, http.StatusNotFound, fmt.Errorf("there is nothing at %q: events are posted to /", r.URL.Path)
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return nil, http.StatusMethodNotAllowed, fmt.Errorf("%s is not answered here: events are posted", r.Method)
	}
	if r.ContentLength > maxBody {
		return nil, http.StatusRequestEntityTooLarge, errTooLarge
	}
	size := r.ContentLength
	if size < 0 {
		size = maxBody
	}
	if err := room.Acquire(r.Context(), size); err != nil {
		return nil, http.StatusServiceUnavailable, fmt.Errorf("waiting for room: %w", err)
	}
	defer room.Release(size)
	// Not the server's ReadTimeout, which would cut off requests that are held.
	deadline := http.NewResponseController(w)
	_ = deadline.SetReadDeadline(time.Now().Add(bodyTime)) // a recorder has none
	body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	_ = deadline.SetReadDeadline(time.Time{})
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, http.StatusRequestEntityTooLarge, errTooLarge
	}
	if err != nil {
		return nil, http.StatusBadRequest, fmt.Errorf("reading the body of the request: %w", err)
	}
	return body, 0, nil
}

// bodyTime bounds the reading of a body.
const bodyTime = 30 * time.Second

var errTooLarge = errors.New("the body of the request is larger than 4 MiB: an event has at most 2 MiB")

// function returns the name of the service in a URL of the cluster, such as
// product-winners of http://product-winners.shop.svc.cluster.local.
func function(url string) string {
	_, host, ok := strings.Cut(url, "://")
	if !ok {
		host = url
	}
	return host[:strings.IndexAny(host+".", ".:/")]
}
