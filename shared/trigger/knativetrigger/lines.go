package knativetrigger

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"comptoir/shared/projection"
)

// lines says what comes in, summed up: a line for each record would drown what
// matters.
type lines struct {
	log  *slog.Logger
	mu   sync.Mutex
	sum  projection.Report
	last time.Time
}

// every spaces the lines of what goes well.
const every = 5 * time.Second

func (l *lines) batch(ctx context.Context, r *projection.Report, outcome *projection.Outcome) {
	for _, reason := range r.Reasons {
		l.log.WarnContext(ctx, "dead letter", "reason", reason)
	}
	if outcome.Err != nil {
		l.log.WarnContext(ctx, "events cannot be applied yet", "error", outcome.Err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sum.Records += r.Records
	l.sum.Applied += r.Applied
	l.sum.Duplicates += r.Duplicates
	l.sum.Skipped += r.Skipped
	l.sum.DeadLetters += r.DeadLetters
	l.sum.Documents += r.Documents
	if time.Since(l.last) >= every {
		l.say(ctx)
	}
}

// end says what has not been said yet.
func (l *lines) end(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sum.Records > 0 {
		l.say(ctx)
	}
}

func (l *lines) say(ctx context.Context) {
	l.last = time.Now()
	l.log.InfoContext(ctx, "events done", "records", l.sum.Records, "applied", l.sum.Applied, "duplicates", l.sum.Duplicates,
		"skipped", l.sum.Skipped, "dead_letters", l.sum.DeadLetters, "documents", l.sum.Documents)
	l.sum = projection.Report{}
}

func (l *lines) refused(ctx context.Context, status int, err error) {
	level := slog.LevelWarn
	if status >= http.StatusInternalServerError {
		level = slog.LevelInfo // why was said with the batch
	}
	l.log.Log(ctx, level, "request refused", "status", status, "error", err)
}
