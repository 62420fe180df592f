package ledger

import (
	"context"
	"errors"

	"comptoir/shared/event"
)

// Submitted returns the entry that was recorded under the key of a form; ok is
// false where that form was never recorded. The key is the form's own, made
// before it is filled in, so that a form that is sent twice records once.
func (tx *Tx) Submitted(key string) (entry int64, ok bool, err error) {
	r, ok, err := tx.row("SELECT entry FROM submissions WHERE key = ?", key)
	if err != nil || !ok {
		return 0, false, err
	}
	return r.int(0), true, nil
}

// Submit notes, in the transaction of the entry, that the form of that key became it.
func (tx *Tx) Submit(key string, entry int64) error {
	if event.CheckID(key) != nil {
		return badID("key", key)
	}
	return tx.exec("INSERT INTO submissions (key, entry) VALUES (?, ?)", key, entry)
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
