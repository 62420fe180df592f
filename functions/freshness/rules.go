// Package freshness tells how far each ledger has published: by its heartbeats,
// which say that all that was recorded before their time is on Kafka.
package freshness

import (
	"fmt"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// State is the latest heartbeat of one source.
type State struct {
	// Time is when the heartbeat was made (UTC): what was recorded before it has
	// been published up to Streams.
	Time     time.Time      `json:"time"`
	Currency money.Currency `json:"currency"`
	// Streams gives for each stream, such as sales/3, the last sequence published.
	Streams map[string]int64 `json:"streams"`
}

// Apply keeps the heartbeat of the greatest time, as a whole; of two of the same
// time the one that says more. changed is false for another.
func Apply(s *State, ev *event.Event) (changed bool, err error) {
	d, ok := ev.Data.(*event.Heartbeat)
	if !ok {
		return false, fmt.Errorf("applying a %s to a ledger's freshness: there is no rule for events of this type", ev.Type)
	}
	if ev.Time.Before(s.Time) || ev.Time.Equal(s.Time) && !s.less(d) {
		return false, nil
	}
	s.Time, s.Currency = ev.Time.UTC(), d.Currency
	s.Streams = make(map[string]int64, len(d.Streams))
	for stream, sequence := range d.Streams {
		s.Streams[stream] = sequence
	}
	return true, nil
}

// less tells whether a heartbeat goes further in some stream. A ledger whose clock
// was set back gives out the same time until the clock has caught up; its streams
// never go back.
func (s *State) less(d *event.Heartbeat) bool {
	for stream, sequence := range d.Streams {
		if sequence > s.Streams[stream] {
			return true
		}
	}
	return false
}
