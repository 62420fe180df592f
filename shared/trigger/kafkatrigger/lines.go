package kafkatrigger

import (
	"log/slog"
	"sync"
	"time"

	"comptoir/shared/projection"
)

// lines writes what a reader of the log wants to follow, and never a line for
// each event: batches that come in quick succession share one.
type lines struct {
	log   *slog.Logger
	quiet time.Duration
	// pulse is the topic of heartbeats, of which a line every few seconds tells nothing.
	pulse string

	mu      sync.Mutex
	last    map[string]time.Time // when a partition last had lines
	pending map[string]*tally
	silence *time.Timer
	failing map[string]int
}

// tally is what was not yet told of a partition.
type tally struct {
	topic     string
	partition int32
	batches   int
	offset    int64
	took      time.Duration
	report    projection.Report
}

// tellEvery is the least time between two lines about one partition.
const tellEvery = time.Second

func newLines(log *slog.Logger, quiet time.Duration, pulse string) *lines {
	return &lines{log: log, quiet: quiet, pulse: pulse, last: map[string]time.Time{}, pending: map[string]*tally{}, failing: map[string]int{}}
}

func (l *lines) received(p *partition, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.topic == l.pulse {
		return
	}
	if l.silence != nil {
		l.silence.Stop()
	}
	if time.Since(l.last[p.String()]) < tellEvery {
		return // it is told with what it changed
	}
	l.log.Info("batch received", "topic", p.topic, "partition", p.number, "records", n)
}

func (l *lines) applied(p *partition, r projection.Report, offset int64, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	name := p.String()
	if l.failing[name] > 0 {
		l.log.Info("the batch was applied after all", "topic", p.topic, "partition", p.number, "attempts", l.failing[name]+1)
		delete(l.failing, name)
	}
	if p.topic == l.pulse && r.DeadLetters == 0 {
		return
	}
	t := l.pending[name]
	if t == nil {
		t = &tally{topic: p.topic, partition: p.number}
		l.pending[name] = t
	}
	t.add(r, offset, took)
	if now := time.Now(); now.Sub(l.last[name]) >= tellEvery {
		l.last[name] = now
		l.tell(name)
	}
	if l.silence == nil {
		l.silence = time.AfterFunc(l.quiet, l.nothingNew)
	} else {
		l.silence.Reset(l.quiet)
	}
}

func (t *tally) add(r projection.Report, offset int64, took time.Duration) {
	t.batches++
	t.offset, t.took = offset, t.took+took
	t.report.Records += r.Records
	t.report.Documents += r.Documents
	t.report.Applied += r.Applied
	t.report.Duplicates += r.Duplicates
	t.report.Skipped += r.Skipped
	t.report.DeadLetters += r.DeadLetters
}

// tell writes the line of a partition. l.mu is held.
func (l *lines) tell(name string) {
	t := l.pending[name]
	delete(l.pending, name)
	args := []any{
		"topic", t.topic, "partition", t.partition, "records", t.report.Records, "documents", t.report.Documents,
		"highest_offset", t.offset, "took", t.took.Round(100 * time.Microsecond),
	}
	if t.batches > 1 {
		args = append(args, "batches", t.batches)
	}
	if n := t.report.Duplicates; n > 0 {
		args = append(args, "already_applied", n)
	}
	if n := t.report.DeadLetters; n > 0 {
		l.log.Warn("records were kept aside as dead letters; see `comptoir dead-letters list`", "topic", t.topic, "partition", t.partition, "records", n)
	}
	l.log.Info("applied", args...)
}

// nothingNew says once that nothing came for a while.
func (l *lines) nothingNew() {
	l.flush()
	l.log.Info("no new data, last results kept")
}

// flush writes what was not yet told.
func (l *lines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name := range l.pending {
		l.tell(name)
	}
}

// stop ends the waiting for silence.
func (l *lines) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.silence != nil {
		l.silence.Stop()
	}
}

// failed says that a batch is brought again: the first time, and then each time
// that the attempts have doubled.
func (l *lines) failed(p *partition, offset int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failing[p.String()]++
	if n := l.failing[p.String()]; n&(n-1) == 0 {
		l.log.Warn("the batch could not be applied; it is brought again", "topic", p.topic, "partition", p.number, "from_offset", offset, "attempt", n, "error", err)
	}
}

// trouble turns failures of many partitions into one line when they begin and
// one when they are over.
type trouble struct {
	log   *slog.Logger
	mu    sync.Mutex
	since time.Time
	text  string
}

func (t *trouble) met(err error) {
	if err == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = err.Error()
	if t.since.IsZero() {
		t.since = time.Now()
		t.log.Warn("reading from Kafka is interrupted; it goes on where it stopped", "error", err)
	}
}

func (t *trouble) over() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.since.IsZero() {
		t.log.Info("reading from Kafka goes on", "interrupted_for", time.Since(t.since).Round(time.Millisecond))
		t.since, t.text = time.Time{}, ""
	}
}

func (t *trouble) now() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text
}
