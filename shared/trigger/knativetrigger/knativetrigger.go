// Package knativetrigger runs functions on Knative: events of a KafkaSource come
// as HTTP requests, one for each record, and the status tells the source whether to
// bring them again.
//
//	2xx  done: applied, a duplicate, of no use, or kept aside as a dead letter
//	503  to be brought again; nothing was claimed
//	400, 404, 405, 413  not from a source of events at all
package knativetrigger

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"comptoir/shared/event"
	"comptoir/shared/projection"
)

// Engine takes batches; *projection.Engine is one, with CheckpointsApart. Handle is
// called with one batch at a time; Flush beside it.
type Engine interface {
	Handle(ctx context.Context, batch []projection.Delivery) (projection.Outcome, projection.Report)
	// Flush writes how far the function has come.
	Flush(ctx context.Context) error
}

// Config says what a function on events works with. Engine is required.
type Config struct {
	Engine Engine
	// Uses tells whether the function takes events of a type; the data of others is
	// not decoded. nil: it takes all.
	Uses func(event.Type) bool
	// Topics gives the names of topics on Kafka where they differ from the logical ones.
	Topics map[event.Topic]string
	// Patience is how long an event is held that cannot be applied yet, and tried
	// again, before it is answered with 503.
	Patience time.Duration
	Log      *slog.Logger
}

const (
	// maxBody bounds the body of a request. An event has at most 2 MiB.
	maxBody = 4 << 20
	// inHand bounds the bodies that are in memory at a time.
	inHand = 16 * maxBody
	// flushEvery spaces the writing of checkpoints.
	flushEvery = time.Second
)

// Events takes the events of a function. It is the http.Handler of POST /.
type Events struct {
	c        Config
	names    names
	lines    *lines
	room     *semaphore.Weighted
	queue    chan item
	dirty    chan struct{} // has room for one: there is something to flush
	decoders sync.Pool

	draining chan struct{} // closed: what is held is answered
	drain    sync.Once
	serving  sync.WaitGroup // requests
	running  sync.WaitGroup // gather and flush
	cancel   context.CancelFunc
	flushed  context.CancelFunc
}

// NewEvents returns a handler at work. Close ends it.
func NewEvents(c Config) *Events {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	e := &Events{
		c: c, names: c.Topics, lines: &lines{log: c.Log}, room: semaphore.NewWeighted(inHand), queue: make(chan item),
		dirty: make(chan struct{}, 1), draining: make(chan struct{}),
		decoders: sync.Pool{New: func() any { return event.NewDecoder() }},
	}
	work, cancel := context.WithCancel(context.Background())
	flushing, flushed := context.WithCancel(context.Background())
	e.cancel, e.flushed = cancel, flushed
	e.running.Go(func() { e.gather(work) })
	e.running.Go(func() { e.flushAtTimes(flushing) })
	return e
}

// ServeHTTP answers once the events of the request are durable.
func (e *Events) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.serving.Add(1)
	defer e.serving.Done()
	records, status, err := e.take(w, r)
	if err == nil && len(records) > 0 {
		status, err = http.StatusServiceUnavailable, e.apply(r.Context(), records)
	}
	if err != nil {
		e.lines.refused(r.Context(), status, err)
		http.Error(w, err.Error(), status)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// take reads a request.
func (e *Events) take(w http.ResponseWriter, r *http.Request) (records []received, status int, err error) {
	body, status, err := readBody(e.room, w, r)
	if err != nil {
		return nil, status, err
	}
	if records, err = e.names.read(r, body); err != nil {
		return nil, http.StatusBadRequest, err
	}
	return records, 0, nil
}

var errDraining = errors.New("this program is about to end; bring the event again")

// apply hands records to the engine, and those that cannot be applied yet again
// until there is no more patience.
func (e *Events) apply(ctx context.Context, records []received) error {
	it := item{deliveries: e.decode(records), result: make(chan result, 1)}
	until := time.Now().Add(e.c.Patience)
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		select {
		case e.queue <- it:
		case <-ctx.Done():
			return ctx.Err()
		case <-e.draining:
			return errDraining
		}
		got := <-it.result
		if len(got.again) == 0 {
			return nil
		}
		// What needs a person is said at once, and every time.
		if final := (*projection.SettingsError)(nil); errors.As(got.err, &final) || time.Now().Add(pause).After(until) {
			return got.err
		}
		it.deliveries = got.again
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return got.err
		case <-e.draining:
			return got.err
		}
	}
}

func (e *Events) decode(records []received) []projection.Delivery {
	d, _ := e.decoders.Get().(*event.Decoder)
	defer e.decoders.Put(d)
	deliveries := make([]projection.Delivery, len(records))
	for i := range records {
		deliveries[i] = records[i].delivery(d, e.c.Uses)
	}
	return deliveries
}

// flushAtTimes writes checkpoints at most once a second, the last ones too.
func (e *Events) flushAtTimes(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.dirty:
		}
		if err := e.c.Engine.Flush(ctx); err != nil && ctx.Err() == nil {
			e.c.Log.WarnContext(ctx, "trying again", "error", err)
			e.touch()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(flushEvery):
		}
	}
}

func (e *Events) touch() {
	select {
	case e.dirty <- struct{}{}:
	default:
	}
}

// Drain has what is held answered, so that the source brings it elsewhere.
func (e *Events) Drain() { e.drain.Do(func() { close(e.draining) }) }

// Close drains, waits until what is in hand is done or ctx ends, and writes the
// last checkpoints. An error means that some could not be written: what they would
// have said shows as a gap until it is brought again, and is in the documents.
func (e *Events) Close(ctx context.Context) error {
	e.Drain()
	stop := context.AfterFunc(ctx, e.cancel)
	defer stop()
	e.serving.Wait()
	close(e.queue)
	e.flushed()
	e.running.Wait()
	e.lines.end(ctx)
	e.cancel()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastFlushTime)
	defer cancel()
	return e.c.Engine.Flush(last)
}

// lastFlushTime bounds the last flush.
const lastFlushTime = 2 * time.Second
