package ledger

import (
	"context"
	"errors"

	"comptoir/shared/event"
)

// Submission is what a form became.
type Submission struct {
	Entry int64
	// Content is the digest of what was filled in; "" of a form that was recorded
	// before digests were kept.
	Content string
}

// Submitted returns what was recorded under the key of a form; ok is false where
// nothing was. The key is the form's own, made before it is filled in, so that a form
// that is sent twice records once. Whoever asks compares the content: one key with
// another content is another form.
func (tx *Tx) Submitted(key string) (s Submission, ok bool, err error) {
	r, ok, err := tx.row("SELECT entry, content FROM submissions WHERE key = ?", key)
	if err != nil || !ok {
		return Submission{}, false, err
	}
	return Submission{Entry: r.int(0), Content: r.text(1)}, true, nil
}

// Submit notes, in the transaction of the entry, that the form of that key became it,
// and what stood in the form.
func (tx *Tx) Submit(key string, s Submission) error {
	if event.CheckID(key) != nil {
		return badID("key", key)
	}
	return tx.exec("INSERT INTO submissions (key, entry, content) VALUES (?, ?, ?)", key, s.Entry, textOrNull(s.Content))
}

// errTried ends the transaction of Try.
var errTried = errors.New("tried")

// Try runs f as Record would, by the same rules, and takes all of it back: for
// checks while somebody is still typing, and for dry runs. What f was given, such
// as document numbers, is what Record would give if nothing is recorded in between.
func (l *Ledger) Try(ctx context.Context, who string, f func(*Tx) error) error {
	err := l.record(ctx, who, true, func(tx *Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		if tx.broken != nil {
			return tx.broken
		}
		return errTried
	})
	if errors.Is(err, errTried) {
		return nil
	}
	return err
}

// LastEntry is the id of the entry that was recorded last, in this transaction or before.
func (tx *Tx) LastEntry() int64 { return tx.b.entry }
