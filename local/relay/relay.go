// Package relay publishes the ledger's event log to Kafka: every event of a
// stream in the order of its sequence, again until it is acknowledged, and none
// left out.
package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
	"comptoir/shared/records"
)

// Ledger is what the relay needs of a ledger; *ledger.Ledger is one.
type Ledger interface {
	Books
	Log
	Notes
}

// Books tell what the ledger is.
type Books interface {
	Source() string
	Currency() money.Currency
	Partitions() int
}

// Log is the ledger's event log.
type Log interface {
	// Events returns events of a stream from a sequence on, ascending, at most limit.
	Events(ctx context.Context, stream string, from int64, limit int) ([]ledger.Logged, error)
	// Heads returns the last sequence recorded of each stream, and a time:
	// everything recorded before it is within the heads.
	Heads(ctx context.Context) (heads map[string]int64, at time.Time, err error)
	// Pulse is Heads for a heartbeat: the time holds for ever, whatever happens to the
	// process and its clock.
	Pulse(ctx context.Context) (heads map[string]int64, at time.Time, err error)
	// DataVersion changes whenever anyone has recorded something. It costs little.
	DataVersion(ctx context.Context) (int64, error)
}

// Notes keep how far each stream has been acknowledged by Kafka.
type Notes interface {
	Published(ctx context.Context) (map[string]int64, error)
	// MarkPublished notes marks, and where on Kafka runs of events are.
	MarkPublished(ctx context.Context, marks map[string]int64, runs ...ledger.Run) error
}

// Cluster is what the relay needs of Kafka; *records.Cluster is one.
type Cluster interface {
	Publisher
	Topics
}

// Publisher appends to topics.
type Publisher interface {
	// Produce appends messages as one batch. An error means unknown: they may be
	// there, once. See records.Cluster.Produce.
	Produce(ctx context.Context, topic string, partition int32, messages []event.Message) (base int64, err error)
	// Reset drops connections, as after a broker that stopped answering.
	Reset()
}

// Topics tell what the cluster has.
type Topics interface {
	Topics() records.Topics
	// Check fails where topics are missing or have too few partitions.
	Check(ctx context.Context, l records.Layout) error
	// Tail reads the end of a partition backwards until done says enough.
	Tail(ctx context.Context, topic string, partition int32, f func(*records.Record) error, done func() bool) error
}

// Options say what a relay works with. Ledger and Cluster are required.
type Options struct {
	Ledger  Ledger
	Cluster Cluster
	Log     *slog.Logger
	// Poll is how often the ledger is asked whether something was recorded: 10 ms
	// where it is 0. Wake, if set, makes the relay look at once.
	Poll time.Duration
	Wake <-chan struct{}
	// Heartbeat is the time between two heartbeats: 5 s where it is 0.
	Heartbeat time.Duration
	// Parallel bounds the streams that are published at the same time, and so
	// memory: 4 where it is 0.
	Parallel int
	// Backoff returns how long to wait after attempt n (1, 2, …) that failed; nil
	// means jittered, doubling from 50 ms to 5 s.
	Backoff func(attempt int) time.Duration
	// NewID makes the ids of heartbeats; UUIDs of version 7 where nil.
	NewID func() (string, error)
}

const (
	defaultPoll      = 10 * time.Millisecond
	defaultHeartbeat = 5 * time.Second
	defaultParallel  = 4
	// markEvery is the least time between two notes of what was acknowledged. A note
	// is a transaction in the ledger, beside the accountant's; a note that a crash
	// swallows is found again in the tail of the topic.
	markEvery = time.Second
	// chunk bounds the events of one read of the ledger and of one batch on Kafka.
	chunk = 2000
	// grace is for the batch in flight when the relay is told to stop.
	grace = 5 * time.Second
)

// Relay publishes one ledger. There must be one relay to a ledger at a time,
// which whoever runs it sees to with a lock.
type Relay struct {
	o       Options
	streams []string
	place   map[string]place
	slots   *semaphore.Weighted
	trouble trouble

	mu        sync.Mutex
	heads     map[string]int64
	acked     map[string]int64
	noted     map[string]int64
	runs      []ledger.Run // acknowledged since the last note
	busy      map[string]bool
	changed   chan struct{} // closed and made anew when acked moves
	heartbeat time.Time
	counted   int64
}

// place is where a stream goes on Kafka.
type place struct {
	topic     string
	partition int32
}

// New returns a relay. It does nothing before Run.
func New(o Options) (*Relay, error) {
	if o.Ledger == nil || o.Cluster == nil {
		return nil, errors.New("making a relay: a ledger and a cluster are required")
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Poll <= 0 {
		o.Poll = defaultPoll
	}
	if o.Heartbeat <= 0 {
		o.Heartbeat = defaultHeartbeat
	}
	if o.Parallel <= 0 {
		o.Parallel = defaultParallel
	}
	if o.Backoff == nil {
		o.Backoff = backoff
	}
	if o.NewID == nil {
		o.NewID = newID
	}
	r := &Relay{
		o: o, place: map[string]place{}, slots: semaphore.NewWeighted(int64(o.Parallel)),
		heads: map[string]int64{}, acked: map[string]int64{}, noted: map[string]int64{}, busy: map[string]bool{},
		changed: make(chan struct{}),
	}
	r.trouble.log = o.Log
	for _, topic := range event.LedgerTopics {
		for p := range o.Ledger.Partitions() {
			name := fmt.Sprintf("%s/%d", topic, p)
			r.streams = append(r.streams, name)
			r.place[name] = place{o.Cluster.Topics().Name(topic), int32(p)}
		}
	}
	return r, nil
}

// Status is how far the relay is.
type Status struct {
	// Recorded and Published are events, summed over all streams.
	Recorded, Published int64
	// Streams gives the last sequence acknowledged of each stream.
	Streams map[string]int64
	// Heartbeat is the time of the last heartbeat published; zero before the first.
	Heartbeat time.Time
	// Trouble is why nothing can be published just now, "" where it can.
	Trouble string
}

// Status returns how far the relay is.
func (r *Relay) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := Status{Streams: make(map[string]int64, len(r.acked)), Heartbeat: r.heartbeat, Trouble: r.trouble.now()}
	for stream, n := range r.heads {
		s.Recorded += n
		s.Published += r.acked[stream]
		s.Streams[stream] = r.acked[stream]
	}
	return s
}

// Level waits until all that is recorded now is published. Run must be running.
func (r *Relay) Level(ctx context.Context) error {
	heads, _, err := r.o.Ledger.Heads(ctx)
	if err != nil {
		return fmt.Errorf("asking how much is recorded: %w", err)
	}
	for {
		r.mu.Lock()
		level, changed := r.covers(heads), r.changed
		r.mu.Unlock()
		if level {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// covers tells whether all up to heads is acknowledged. r.mu is held.
func (r *Relay) covers(heads map[string]int64) bool {
	for stream, n := range heads {
		if r.acked[stream] < n {
			return false
		}
	}
	return true
}

// Run compares the relay's notes with Kafka (see Check), then publishes until
// ctx ends, which is no error. A batch in flight is waited for, a few seconds at
// most. While Kafka cannot be reached it tries again for ever. An error is one
// that needs a person.
func (r *Relay) Run(ctx context.Context) error {
	if err := r.checkUntilReachable(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	// A batch in flight outlives ctx for a while.
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, stop) })()

	var workers sync.WaitGroup
	err := r.loop(ctx, sending, &workers)
	if err != nil {
		stop()
	}
	workers.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if markErr := r.mark(last); markErr != nil {
		r.o.Log.Warn("relay: what was published could not be noted; it is found again in the topics at the next start", "error", markErr)
	}
	if ctx.Err() != nil {
		r.o.Log.Info("relay: stopped", "published", r.Status().Published)
		return nil
	}
	return err
}

// loop looks for what was recorded and starts a worker for each stream that is
// behind. It returns when ctx ends or the ledger cannot be read.
func (r *Relay) loop(ctx, sending context.Context, workers *sync.WaitGroup) error {
	poll := time.NewTicker(r.o.Poll)
	defer poll.Stop()
	beat := time.NewTicker(r.o.Heartbeat)
	defer beat.Stop()
	seen, marked := int64(-1), time.Now()
	due := true // a heartbeat
	var pulse *pulse
	for {
		version, err := r.o.Ledger.DataVersion(ctx)
		if err != nil {
			return r.ledgerError(ctx, err)
		}
		if version != seen || (due && pulse == nil) {
			look := r.o.Ledger.Heads
			if due && pulse == nil {
				look = r.o.Ledger.Pulse
			}
			heads, at, err := look(ctx)
			if err != nil {
				return r.ledgerError(ctx, err)
			}
			seen = version
			r.start(ctx, sending, workers, heads)
			if due && pulse == nil {
				pulse, due = newPulse(heads, at), false
			}
		}
		pulse = r.beat(sending, workers, pulse)
		if r.dirty() && time.Since(marked) >= markEvery {
			if err := r.mark(ctx); err != nil && ctx.Err() == nil {
				r.o.Log.Warn("relay: what was published could not be noted; trying again", "error", err)
			}
			marked = time.Now()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-poll.C:
		case <-r.o.Wake:
		case <-beat.C:
			due = true
		}
	}
}

func (r *Relay) ledgerError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // it was told to stop
	}
	return fmt.Errorf("publishing: reading the ledger: %w", err)
}

// start gives each stream that is behind a worker, where it has none.
func (r *Relay) start(ctx, sending context.Context, workers *sync.WaitGroup, heads map[string]int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, stream := range r.streams {
		r.heads[stream] = max(r.heads[stream], heads[stream])
		if r.busy[stream] || r.acked[stream] >= r.heads[stream] {
			continue
		}
		r.busy[stream] = true
		workers.Go(func() { r.work(ctx, sending, stream) })
	}
}

func (r *Relay) dirty() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for stream, n := range r.acked {
		if n > r.noted[stream] {
			return true
		}
	}
	return false
}

// mark notes in the ledger what was acknowledged since the last note.
func (r *Relay) mark(ctx context.Context) error {
	r.mu.Lock()
	marks := map[string]int64{}
	for stream, n := range r.acked {
		if n > r.noted[stream] {
			marks[stream] = n
		}
	}
	runs := r.runs
	r.runs = nil
	r.mu.Unlock()
	if len(marks) == 0 && len(runs) == 0 {
		return nil
	}
	if err := r.o.Ledger.MarkPublished(ctx, marks, runs...); err != nil {
		r.mu.Lock()
		r.runs = append(runs, r.runs...)
		r.mu.Unlock()
		return fmt.Errorf("noting what was published: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for stream, n := range marks {
		r.noted[stream] = max(r.noted[stream], n)
	}
	return nil
}
