package kafkatrigger

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
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
	offsets map[string]int64 // the highest, by partition
	batches int
	took    time.Duration
	report  projection.Report
}

// tellEvery is the least time between two lines about one partition.
const tellEvery = time.Second

func newLines(log *slog.Logger, quiet time.Duration, pulse string) *lines {
	return &lines{log: log, quiet: quiet, pulse: pulse, last: map[string]time.Time{}, pending: map[string]*tally{}, failing: map[string]int{}}
}

func (l *lines) received(offers []offer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	records, news := 0, 0
	for _, o := range offers {
		if o.p.topic != l.pulse {
			records += o.b.records
			news++
		}
	}
	if news == 0 {
		return
	}
	if l.silence != nil {
		l.silence.Stop()
	}
	name, args := name(offers), []any{"partitions", news, "records", records}
	if time.Since(l.last[name]) < tellEvery {
		return // it is told with what it changed
	}
	if len(offers) == 1 {
		args = []any{"topic", offers[0].p.topic, "partition", offers[0].p.number, "records", records}
	}
	l.log.Info("batch received", args...)
}

// name is under what the batches are told of: a partition's name, or "several".
func name(offers []offer) string {
	if len(offers) == 1 {
		return offers[0].p.String()
	}
	return "several"
}

func (l *lines) applied(offers []offer, r projection.Report, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	name := name(offers)
	t := l.pending[name]
	if t == nil {
		t = &tally{offsets: map[string]int64{}}
	}
	for _, o := range offers {
		if n := l.failing[o.p.String()]; n > 0 {
			l.log.Info("the batch was applied after all", "topic", o.p.topic, "partition", o.p.number, "attempts", n+1)
			delete(l.failing, o.p.String())
		}
		if o.p.topic != l.pulse || r.DeadLetters > 0 {
			t.offsets[o.p.String()] = o.b.next - 1
		}
	}
	if len(t.offsets) == 0 {
		return
	}
	l.pending[name] = t
	t.add(r, took)
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

func (t *tally) add(r projection.Report, took time.Duration) {
	t.batches++
	t.took += took
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
	where := slices.Sorted(maps.Keys(t.offsets))
	args := []any{"partitions", len(where)}
	offset := []any{"highest_offsets", t.places(where)}
	if len(where) == 1 {
		topic, partition := cut(where[0])
		args, offset = []any{"topic", topic, "partition", partition}, []any{"highest_offset", t.offsets[where[0]]}
	}
	args = append(append(args, "records", t.report.Records, "documents", t.report.Documents), offset...)
	args = append(args, "took", t.took.Round(100*time.Microsecond))
	if t.batches > 1 {
		args = append(args, "batches", t.batches)
	}
	if n := t.report.Duplicates; n > 0 {
		args = append(args, "already_applied", n)
	}
	if n := t.report.DeadLetters; n > 0 {
		l.log.Warn("records were kept aside as dead letters; see `comptoir dead-letters list`", "partitions", strings.Join(where, " "), "records", n)
	}
	l.log.Info("applied", args...)
}

// mostPlaces bounds how many partitions a line names.
const mostPlaces = 16

// places writes the highest offsets of partitions, such as sales/0@41 sales/3@17.
func (t *tally) places(where []string) string {
	var b strings.Builder
	for i, name := range where[:min(len(where), mostPlaces)] {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%s@%d", name, t.offsets[name])
	}
	if len(where) > mostPlaces {
		fmt.Fprintf(&b, " and %d more", len(where)-mostPlaces)
	}
	return b.String()
}

// cut takes a partition's name apart.
func cut(name string) (topic, partition string) {
	i := strings.LastIndexByte(name, '/')
	return name[:i], name[i+1:]
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
