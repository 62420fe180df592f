package projection

import (
	"context"
	"errors"
	"fmt"

	"comptoir/shared/event"
)

// Review brings every document of the function that is due up to today: windows
// and flags move with the days, and with new thresholds. It carries no data and
// may run at any time, several at once too. It stops when ctx ends; what is left
// is due at the next. It returns how many documents it wrote.
func (e *Engine) Review(ctx context.Context) (written int, err error) {
	t, err := e.open(ctx)
	if err != nil {
		return 0, err
	}
	today := e.today()
	c := &e.fn.Collection
	var failed error
	for after := ""; ; {
		ids, err := t.in.Due(ctx, c, today, t.rules, after, chunk)
		if err != nil {
			return written, fmt.Errorf("looking for documents of %s that are due: %w", c.Name, err)
		}
		if len(ids) == 0 {
			return written, failed
		}
		after = ids[len(ids)-1]
		n, err := e.reviewAll(ctx, t, ids, today)
		written += n
		if n > 0 {
			// Noted page by page: a reader learns that there is something new.
			if err := e.noteReview(ctx, t, int64(n), today); err != nil {
				return written, err
			}
		}
		failed = errors.Join(failed, err)
		if ctx.Err() != nil {
			return written, failed
		}
	}
}

func (e *Engine) reviewAll(ctx context.Context, t *terms, ids []string, today event.Date) (written int, failed error) {
	c := &e.fn.Collection
	for attempt := 1; len(ids) > 0; attempt++ {
		if attempt > maxAttempts {
			return written, fmt.Errorf("reviewing %s: %d documents could not be written after %d attempts; they stay due", c.Name, len(ids), maxAttempts)
		}
		if attempt > 1 {
			if err := wait(ctx, e.backoff(attempt-1)); err != nil {
				return written, err
			}
		}
		docs, err := t.in.Load(ctx, c, ids)
		if err != nil {
			return written, fmt.Errorf("reading %d documents of %s: %w", len(ids), c.Name, err)
		}
		var writes []Write
		for _, id := range ids {
			doc := docs[id]
			if doc == nil || !t.due(doc.Head(), today) {
				if attempt > 1 {
					written++ // by the write whose reply was lost, or by another reviewer
				}
				continue
			}
			read := doc.Head().Version
			if err := e.review(doc, max(doc.Head().Day, today), t); err != nil {
				failed = errors.Join(failed, err) // one bad document keeps no other from its day
				continue
			}
			doc.Head().Version = read + 1
			writes = append(writes, Write{Doc: doc, Read: read})
		}
		ids = ids[:0:0]
		if len(writes) == 0 {
			break
		}
		results, err := t.in.Commit(ctx, c, writes)
		for i, w := range writes {
			if err != nil || results[i] != Written {
				ids = append(ids, w.Doc.Head().ID)
			} else {
				written++
			}
		}
	}
	return written, failed
}

// due tells whether an engine on these terms has something to review in a document. A lower
// rules version never reviews.
func (t *terms) due(h *Header, today event.Date) bool {
	if h.RulesVersion > t.rules {
		return false
	}
	return h.RulesVersion < t.rules || (h.ReviewOn != event.NoDate && h.ReviewOn <= today)
}

func (e *Engine) noteReview(ctx context.Context, t *terms, n int64, today event.Date) error {
	id := CheckpointID(e.fn.Name, reviewStream)
	for attempt := 1; ; attempt++ {
		docs, err := t.in.Load(ctx, &Checkpoints, []string{id})
		if err != nil {
			return fmt.Errorf("reading the checkpoint of the reviews of %s: %w", e.fn.Name, err)
		}
		c := e.checkpoint(docs, reviewStream)
		read := c.Version
		c.Records += n
		e.stamp(c, today, t.rules)
		results, err := t.in.Commit(ctx, &Checkpoints, []Write{{Doc: c, Read: read}})
		if err == nil && results[0] == Written {
			return nil
		}
		if attempt == maxAttempts {
			return fmt.Errorf("noting the review of %s: the checkpoint could not be written: %w", e.fn.Name, err)
		}
		if err := wait(ctx, e.backoff(attempt)); err != nil {
			return err
		}
	}
}
