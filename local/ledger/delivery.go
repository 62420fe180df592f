package ledger

import (
	"context"
	"fmt"
)

// Sent is an event of an entry and whether Kafka has acknowledged it.
type Sent struct {
	Logged
	Published bool
	// Offset is its place in the partition of its stream; -1 while it is not
	// published, and where it was published before offsets were noted.
	Offset int64
}

// EventsOf returns the events that an entry caused, in the order of their streams.
func (l *Ledger) EventsOf(ctx context.Context, entry int64) (sent []Sent, err error) {
	err = l.snapshot(ctx, func(q asker) error {
		sent = nil
		r, ok, err := q.row("SELECT recorded_at FROM entries WHERE id = ?", entry)
		if err != nil || !ok {
			return err
		}
		at := r.int(0)
		type stream struct{ number, last, published int64 }
		var streams []stream
		names := map[int64]string{}
		if err := q.each("SELECT number, last_sequence, published, name FROM streams WHERE last_sequence > 0 ORDER BY number", func(r row) error {
			streams = append(streams, stream{r.int(0), r.int(1), r.int(2)})
			names[r.int(0)] = r.text(3)
			return nil
		}); err != nil {
			return err
		}
		for _, s := range streams {
			from, err := firstAfter(q, s.number, s.last, at-1)
			if err != nil {
				return err
			}
			to, err := firstAfter(q, s.number, s.last, at)
			if err != nil {
				return err
			}
			if from == to {
				continue
			}
			events, err := l.eventsBetween(q, names[s.number], s.number<<sequenceBits|from, s.number<<sequenceBits|(to-1), entry)
			if err != nil {
				return err
			}
			for _, e := range events {
				one := Sent{Logged: e, Published: e.Sequence <= s.published, Offset: -1}
				if one.Published {
					if one.Offset, err = offsetOf(q, s.number, e.Sequence); err != nil {
						return err
					}
				}
				sent = append(sent, one)
			}
		}
		return nil
	})
	return sent, l.explain("reading the events of an entry of", err)
}

// firstAfter returns the first sequence of a stream whose event was recorded after
// a time, or the one after the last. Times of a stream never go back, so it is
// found by halving: the log has no index by entry, which an import would pay for.
func firstAfter(q asker, number, last, micros int64) (int64, error) {
	low, high := int64(1), last+1
	for low < high {
		middle := (low + high) / 2
		r, ok, err := q.row("SELECT time FROM event_log WHERE id = ?", number<<sequenceBits|middle)
		if err != nil {
			return 0, err
		}
		if !ok {
			return 0, fmt.Errorf("the event log has no event %d of stream %d: it is damaged; restore a backup", middle, number)
		}
		if r.int(0) > micros {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low, nil
}

func offsetOf(q asker, stream, sequence int64) (int64, error) {
	r, ok, err := q.row("SELECT shift, last FROM publications WHERE stream = ? AND first <= ? ORDER BY first DESC LIMIT 1", stream, sequence)
	if err != nil || !ok || r.int(1) < sequence {
		return -1, err
	}
	return sequence + r.int(0), nil
}

// Run is a run of events of a stream that Kafka has at following offsets: that of
// each is its sequence + Shift.
type Run struct {
	Stream             string
	First, Last, Shift int64
}

// noteRun notes where events are. What was noted of them before, and of those after
// them, no longer holds: they were published again.
func noteRun(w *writer, stream int64, run Run) error {
	r, ok, err := w.row("SELECT first FROM publications WHERE stream = ? AND last = ? AND shift = ?", stream, run.First-1, run.Shift)
	if err != nil {
		return err
	}
	if ok {
		run.First = r.int(0)
	}
	if err := w.exec("DELETE FROM publications WHERE stream = ? AND first >= ?", stream, run.First); err != nil {
		return err
	}
	if err := w.exec("UPDATE publications SET last = ?1 - 1 WHERE stream = ?2 AND last >= ?1", run.First, stream); err != nil {
		return err
	}
	return w.exec("INSERT INTO publications (stream, first, last, shift) VALUES (?, ?, ?, ?)", stream, run.First, run.Last, run.Shift)
}
