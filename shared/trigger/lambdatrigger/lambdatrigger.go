// Package lambdatrigger runs functions on AWS Lambda: an analytic behind the event
// source mappings of a Kafka, the query API behind an HTTP API, and the review
// behind a schedule.
package lambdatrigger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/projection"
)

// Handler takes batches; *projection.Engine is one. It is called with one batch at
// a time, those of one partition in the order of the offsets.
type Handler interface {
	Handle(ctx context.Context, batch []projection.Delivery) (projection.Outcome, projection.Report)
}

// Config says what a function on Kafka's records works with. Handler is required.
type Config struct {
	Handler Handler
	// Uses tells whether the function takes events of a type; the data of others is
	// not decoded. nil: it takes all.
	Uses func(event.Type) bool
	Log  *slog.Logger
	// RoundRecords bounds how many records are handled at a time, over all
	// partitions: 2,000 where it is 0. Between two rounds the deadline is looked at.
	RoundRecords int
}

// Function answers invocations by event source mappings. It is lambda.Handler of
// aws-lambda-go.
type Function struct {
	c       Config
	mu      sync.Mutex // of decoder; Lambda invokes one at a time
	decoder *event.Decoder
}

// New returns a function.
func New(c Config) *Function {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.RoundRecords <= 0 {
		c.RoundRecords = 2000
	}
	return &Function{c: c, decoder: event.NewDecoder()}
}

// Answer is what an event source mapping with ReportBatchItemFailures reads: per
// partition the first record that is to be brought again, with all after it. It is
// not {"itemIdentifier": "…"}, as of queues, for which Lambda brings the whole batch again.
type Answer struct {
	BatchItemFailures []Failure `json:"batchItemFailures"`
}

// Failure names a record.
type Failure struct {
	ItemIdentifier Item `json:"itemIdentifier"`
}

// Item is a place: the partition as sales-0.
type Item struct {
	Partition string `json:"partition"`
	Offset    int64  `json:"offset"`
}

// Invoke handles one payload and answers with what is to be brought again. An
// error, which brings all of it again, means that the payload cannot be trusted.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	parts, err := read(payload)
	if err != nil {
		f.c.Log.ErrorContext(ctx, "a payload that cannot be read; all of it is to be brought again", "error", err, "bytes", len(payload))
		return nil, err
	}
	work, cancel := early(ctx)
	defer cancel()
	return json.Marshal(f.handle(work, parts))
}

// handle brings the partitions side by side to their ends.
func (f *Function) handle(ctx context.Context, parts []partition) Answer {
	began, total, rest := time.Now(), projection.Report{}, parts
	answer := Answer{BatchItemFailures: []Failure{}}
	fail := func(name string, offset int64) {
		answer.BatchItemFailures = append(answer.BatchItemFailures, Failure{Item{name, offset}})
	}
	var why error
	for slowest := time.Duration(0); len(rest) > 0; {
		if why = timeLeft(ctx, slowest); why != nil {
			for _, p := range rest {
				fail(p.name, p.records[0].offset)
			}
			break
		}
		round := time.Now()
		n := max(1, f.c.RoundRecords/len(rest))
		outcome, report := f.c.Handler.Handle(ctx, f.deliveries(rest, n))
		slowest = max(slowest, time.Since(round))
		add(&total, &report)
		if outcome.Err != nil {
			f.c.Log.WarnContext(ctx, "records are to be brought again", "error", outcome.Err)
		}
		var next []partition
		for _, p := range rest {
			size := min(n, len(p.records))
			last := p.records[size-1]
			if again, failed := retry(&outcome, &last); failed {
				fail(p.name, max(p.records[0].offset, again))
			} else if size < len(p.records) {
				next = append(next, partition{p.name, p.records[size:]})
			}
		}
		rest = next
	}
	f.report(ctx, total, len(answer.BatchItemFailures), why, time.Since(began))
	slices.SortFunc(answer.BatchItemFailures, func(a, b Failure) int {
		return strings.Compare(a.ItemIdentifier.Partition, b.ItemIdentifier.Partition)
	})
	return answer
}

// retry returns the offset from which the partition of a record is to be brought
// again, where that is not after the record.
func retry(outcome *projection.Outcome, last *placed) (offset int64, failed bool) {
	for _, r := range outcome.Retry {
		if r.Topic == last.topic && r.Partition == last.partition && r.Offset <= last.offset {
			return r.Offset, true
		}
	}
	return 0, false
}

// deliveries decodes the next records of each partition, at most n of each.
func (f *Function) deliveries(parts []partition, n int) []projection.Delivery {
	batch := make([]projection.Delivery, 0, n*len(parts))
	for _, p := range parts {
		for i := range p.records[:min(n, len(p.records))] {
			r := &p.records[i]
			d := projection.Delivery{
				Origin:  projection.Origin{Topic: r.topic, Partition: r.partition, Offset: r.offset},
				Message: &r.message,
			}
			var err error
			if d.Event, err = f.decoder.Decode(r.message, f.c.Uses); err != nil {
				d.Poison, d.Event = err, event.Event{}
			}
			if last := len(batch) - 1; last < 0 || !batch[last].Absorb(&d) {
				batch = append(batch, d)
			}
		}
	}
	return batch
}

// The time that is kept back for the answer: a tenth of what there is, within
// these bounds.
const (
	leastMargin = 100 * time.Millisecond
	mostMargin  = 5 * time.Second
)

// early is a context that ends before Lambda ends the process, which would say
// nothing of what was done.
func early(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx) //nolint:gosec // the caller calls it
	}
	return context.WithDeadline(ctx, deadline.Add(-min(mostMargin, max(leastMargin, time.Until(deadline)/10)))) //nolint:gosec // the caller calls it
}

// errNoTime is why nothing more is begun.
var errNoTime = errors.New("the time of this invocation is nearly over")

// timeLeft refuses another round that would not end in time.
func timeLeft(ctx context.Context, round time.Duration) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", errNoTime, err)
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < round {
		return errNoTime
	}
	return nil
}

func (f *Function) report(ctx context.Context, r projection.Report, failed int, why error, took time.Duration) {
	level, message := slog.LevelInfo, "batch done"
	if failed > 0 {
		level, message = slog.LevelWarn, "batch done in part; the rest is to be brought again"
	}
	attrs := []slog.Attr{
		slog.Int("records", r.Records), slog.Int("applied", r.Applied), slog.Int("duplicates", r.Duplicates), slog.Int("skipped", r.Skipped),
		slog.Int("dead_letters", r.DeadLetters), slog.Int("documents", r.Documents), slog.Int("partitions_again", failed), slog.Duration("took", took),
	}
	if why != nil {
		attrs = append(attrs, slog.Any("why", why))
	}
	f.c.Log.LogAttrs(ctx, level, message, attrs...)
	for _, reason := range r.Reasons {
		f.c.Log.WarnContext(ctx, "dead letter", "reason", reason)
	}
}

func add(sum, r *projection.Report) {
	sum.Records += r.Records
	sum.Applied += r.Applied
	sum.Duplicates += r.Duplicates
	sum.Skipped += r.Skipped
	sum.DeadLetters += r.DeadLetters
	sum.Documents += r.Documents
	sum.Reasons = append(sum.Reasons, r.Reasons...)
}
