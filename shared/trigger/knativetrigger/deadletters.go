package knativetrigger

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"golang.org/x/sync/semaphore"

	"comptoir/shared/event"
	"comptoir/shared/projection"
)

// DeadLetters takes what a source gave up on and keeps it with the dead letters.
// It is the http.Handler of POST / of a dead-letter sink.
type DeadLetters struct {
	// Morgue keeps the letters.
	Morgue projection.Morgue
	// Topics gives the names of topics on Kafka.
	Topics map[event.Topic]string
	Log    *slog.Logger

	room *semaphore.Weighted
}

// NewDeadLetters returns a sink.
func NewDeadLetters(m projection.Morgue, topics map[event.Topic]string, log *slog.Logger) *DeadLetters {
	return &DeadLetters{Morgue: m, Topics: topics, Log: log, room: semaphore.NewWeighted(inHand)}
}

// ServeHTTP answers 204 once the letters are durable, 503 where they are not.
func (s *DeadLetters) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, err := s.bury(w, r)
	if err != nil {
		s.Log.WarnContext(r.Context(), "request refused", "status", status, "error", err)
		http.Error(w, err.Error(), status)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *DeadLetters) bury(w http.ResponseWriter, r *http.Request) (status int, err error) {
	body, status, err := readBody(s.room, w, r)
	if err != nil {
		return status, err
	}
	why := reasons{r.Header.Get("Ce-" + errorDest), r.Header.Get("Ce-" + errorCode), r.Header.Get("Ce-" + errorData)}
	for _, name := range []string{errorDest, errorCode, errorData} {
		r.Header.Del("Ce-" + name) // the letter is the record as it was, to be redriven
	}
	records, err := names(s.Topics).read(r, body)
	if err != nil {
		return http.StatusBadRequest, err
	}
	letters := make([]projection.DeadLetter, 0, len(records))
	for i := range records {
		letters = append(letters, projection.DeadLetter{Function: function(why.destination), Origin: records[i].origin, Reason: why.String(), Message: records[i].message})
	}
	if err := s.Morgue.Bury(r.Context(), letters); err != nil {
		return http.StatusServiceUnavailable, err
	}
	s.note(r.Context(), letters)
	return 0, nil
}

func (s *DeadLetters) note(ctx context.Context, letters []projection.DeadLetter) {
	for _, l := range letters {
		s.Log.WarnContext(ctx, "dead letter of a source", "function", l.Function, "origin", l.Origin.String(), "reason", l.Reason)
	}
}

// The extensions in which a source says why it gave up.
// https://knative.dev/docs/eventing/event-delivery/
const (
	errorDest = "Knativeerrordest"
	errorCode = "Knativeerrorcode"
	errorData = "Knativeerrordata"
)

type reasons struct{ destination, code, data string }

// String says it in a sentence. Of the answer's body, which is in base64 and may
// be cut, as much is shown as can be read.
func (r reasons) String() string {
	if r.destination == "" && r.code == "" {
		return "the source gave up on it and does not say why"
	}
	said := r.data
	if b, err := base64.StdEncoding.DecodeString(r.data[:len(r.data)/4*4]); err == nil {
		said = strings.TrimSpace(strings.ToValidUTF8(string(b), "?"))
	}
	s := fmt.Sprintf("the source gave up on it: %s answered %s", r.destination, r.code)
	if said != "" {
		s += ": " + said
	}
	return s
}
