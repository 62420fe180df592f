package sender

import (
	"sync"
	"time"
)

// Lateness tells how long after they were due events were acknowledged. It is 0
// where there was no rate.
type Lateness struct {
	Median, P99, Max time.Duration
}

// steps is how many steps there are to a doubling, so that a figure is right to a
// sixteenth of it.
const steps = 16

// lateness counts events by how late they were.
type lateness struct {
	mu    sync.Mutex
	count [64 * steps]int64
	n     int64
	max   time.Duration
}

func (l *lateness) add(batch []waiting, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range batch {
		if batch[i].due.IsZero() {
			continue
		}
		late := max(0, now.Sub(batch[i].due))
		l.max = max(l.max, late)
		l.count[stepOf(late)]++
		l.n++
	}
}

// stepOf numbers a duration: linear to 16 µs, then so many steps to a doubling.
func stepOf(d time.Duration) int {
	v, shift := d.Microseconds(), 0
	for v >= 2*steps {
		v, shift = v>>1, shift+1
	}
	return shift*steps + int(v)
}

// upTo is the greatest duration of a step.
func upTo(step int) time.Duration {
	if step < 2*steps {
		return time.Duration(step) * time.Microsecond
	}
	shift := step/steps - 1
	return time.Duration((int64(step-shift*steps)+1)<<shift-1) * time.Microsecond
}

func (l *lateness) summary() Lateness {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Lateness{Median: l.quantile(0.5), P99: l.quantile(0.99), Max: l.max}
}

func (l *lateness) quantile(q float64) time.Duration {
	rank := int64(q * float64(l.n))
	for step, n := range l.count {
		if rank -= n; rank < 0 {
			return min(upTo(step), l.max)
		}
	}
	return l.max
}
