package accountant

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// delivery is the way of an entry as it is told.
type delivery struct {
	Entry int64   `json:"-"`
	Steps []Step  `json:"steps"`
	Note  string  `json:"note"`
	Done  bool    `json:"done"`
	Parts []Place `json:"-"`
}

// Step is one station of the way.
type Step struct {
	ID     string `json:"id"`
	State  string `json:"state"` // done or waiting
	Label  string `json:"label"`
	Word   string `json:"word"` // the state, for who cannot see it
	Detail string `json:"detail"`
}

// Place is where one of the events is.
type Place struct{ Event, Key, Stream, Sequence, Offset string }

// slow is after how long an entry that was not published is worth a word.
const slow = 3 * time.Second

func (s *speaker) delivery(w *way) delivery {
	d := delivery{Entry: w.entry.ID, Done: w.done()}
	d.Steps = append(d.Steps, Step{ID: "recorded", State: "done", Word: s.T("done"), Label: s.T("Recorded"), Detail: s.Time(w.entry.At)})
	if len(w.events) == 0 {
		d.Note = s.T("It changes nothing that the manager's page shows, so nothing of it is published.")
		return d
	}
	published := Step{ID: publishedStep, State: "waiting", Label: s.T("Published"), Detail: s.T("events: %d of %d", w.published, len(w.events))}
	if w.published == len(w.events) {
		published.State, published.Detail = "done", s.places(w)
	}
	d.Steps = append(d.Steps, published)
	for _, c := range w.analytics {
		one := Step{ID: c.Analytic, State: "waiting", Label: s.T("Counted in %s", s.analytic(c.Analytic)), Detail: s.T("events: %d of %d", c.Holds, c.Takes)}
		if c.Holds >= c.Takes {
			one.State, one.Detail = "done", s.after(w, c.Analytic)
		}
		d.Steps = append(d.Steps, one)
	}
	for i := range d.Steps {
		if d.Steps[i].Word = s.T("waiting"); d.Steps[i].State == "done" {
			d.Steps[i].Word = s.T("done")
		}
	}
	switch {
	case w.published < len(w.events) && time.Since(w.entry.At) > slow:
		d.Note = s.T("It is safe in the ledger. It is not on Kafka yet: that is made up for as soon as Kafka answers.")
	case w.unread:
		d.Note = s.T("It is safe in the ledger. The figures cannot be read now, so it is not known whether they have it. comptoir doctor says why.")
	case !d.Done && time.Since(w.entry.At) > slow:
		d.Note = s.T("It is safe in the ledger and on Kafka. The figures do not have all of it yet: the functions make up for it when they run.")
	}
	for _, e := range w.events {
		p := Place{Event: strings.TrimPrefix(e.Type.String(), "comptoir."), Key: e.Key, Stream: e.Stream, Sequence: s.Count(e.Sequence), Offset: "–"}
		if e.Offset >= 0 {
			p.Offset = s.Count(e.Offset)
		}
		d.Parts = append(d.Parts, p)
	}
	return d
}

// analytic is what the manager's page calls an analytic.
func (s *speaker) analytic(name string) string {
	switch name {
	case "product-winners":
		return s.T("Winners")
	case "loss-risk":
		return s.T("Loss risk")
	case "client-promotions":
		return s.T("Clients")
	}
	return name
}

// places tells where an entry lies on Kafka, in short.
func (s *speaker) places(w *way) string {
	var all []string
	for _, e := range w.events {
		if e.Offset >= 0 && len(all) < 3 {
			all = append(all, fmt.Sprintf("%s @ %d", e.Stream, e.Offset))
		}
	}
	if len(all) == 0 {
		return s.T("events: %d of %d", w.published, len(w.events))
	}
	if more := len(w.events) - len(all); more > 0 {
		all = append(all, s.T("and %d more", more))
	}
	return strings.Join(all, ", ")
}

// after tells how long after its recording a step was seen done, where this app saw it.
func (s *speaker) after(w *way, step string) string {
	at, ok := w.seen[step]
	if !ok {
		return ""
	}
	return s.T("after %s s", s.number(fmt.Sprintf("%.2f", at.Sub(w.entry.At).Seconds())))
}

const (
	// watchEvery is how often an entry is looked for that is watched; after soon, when
	// something is down, watchLater.
	watchEvery, soon, watchLater = 100 * time.Millisecond, 5 * time.Second, time.Second
	// watchedFor is how long one answer lasts; the browser then asks again.
	watchedFor = 10 * time.Minute
)

// watchDelivery tells as server-sent events how far an entry has come, until all
// of it is counted.
func (r *request) watchDelivery() error {
	e, ok, err := r.entryInPath()
	if err != nil || !ok {
		http.Error(r.w, r.say.T("There is no such entry."), http.StatusNotFound)
		return err
	}
	out := http.NewResponseController(r.w)
	if err := out.SetReadDeadline(time.Time{}); err != nil { // the server's own is for requests that end
		return err
	}
	r.w.Header().Set("Content-Type", "text/event-stream")
	said := ""
	began, quiet := time.Now(), time.Now()
	for end := time.Now().Add(watchedFor); time.Now().Before(end); {
		d, err := r.deliveryOf(r.Context(), e)
		if err != nil {
			return nil //nolint:nilerr // the stream ends; the browser asks again, and is told then
		}
		b, err := json.Marshal(d)
		if err != nil {
			return err
		}
		switch text := string(b); {
		case text != said:
			said, quiet = text, time.Now()
			_, err = fmt.Fprintf(r.w, "data: %s\n\n", text)
		case time.Since(quiet) > 15*time.Second:
			quiet = time.Now()
			_, err = fmt.Fprint(r.w, ": still waiting\n\n")
		}
		if err == nil {
			err = out.Flush()
		}
		if err != nil || d.Done {
			return nil //nolint:nilerr // nobody is there any more
		}
		pause := watchEvery
		if time.Since(began) > soon {
			pause = watchLater
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-time.After(pause):
		}
	}
	return nil
}
