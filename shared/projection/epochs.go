package projection

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Epochs takes a state from one epoch to the next. Each step may be repeated: it
// finds what was done before, also by a process that was killed before it was told.
type Epochs struct {
	Store Store
	// Backoff is as Config.Backoff.
	Backoff func(attempt int) time.Duration
}

// ErrNoState says that nothing has ever been computed in a state.
var ErrNoState = errors.New("nothing has been computed yet: there is nothing to build anew; start the functions with `comptoir run`")

// ErrOvertaken says that a later rebuild has begun, or that another epoch is live by now.
var ErrOvertaken = errors.New("another rebuild has begun or ended meanwhile; this one has changed nothing that is live")

// Live returns the settings of the epoch that is live, and the plain ones, which
// are the pointer to it. They are the same document in the first epoch.
func (s *Epochs) Live(ctx context.Context) (live, pointer *Settings, err error) {
	if pointer, err = s.settings(ctx, 1); err != nil {
		return nil, nil, err
	}
	if pointer == nil {
		return nil, nil, ErrNoState
	}
	if pointer.Epoch <= 1 {
		return pointer, pointer, nil
	}
	if live, err = s.settings(ctx, pointer.Epoch); err != nil {
		return nil, nil, err
	}
	if live == nil {
		return nil, nil, fmt.Errorf("the state says that its epoch %d is live, and that has no settings: it was changed by hand; restore a backup of it", pointer.Epoch)
	}
	return live, pointer, nil
}

// Found writes the settings of a state that has none yet, so that the ledger is not
// taken from the first event: that may be of a retired source.
func (s *Epochs) Found(ctx context.Context, seed Settings) error {
	seed.Header, seed.Epoch = Header{ID: SettingsID, Version: 1}, 1
	return s.insert(ctx, &SettingsCollection, 1, &seed)
}

// Begin gives out the number of a new epoch, which no earlier attempt has had: what
// a process that was killed may still write lies elsewhere.
func (s *Epochs) Begin(ctx context.Context) (epoch int64, err error) {
	err = s.update(ctx, 1, func(p *Settings) (bool, error) {
		epoch = max(p.Newest, p.Epoch) + 1
		p.Newest = epoch
		return true, nil
	})
	return epoch, err
}

// Seed writes the settings of a new epoch, whose collections have been made. It is
// being filled until Filled.
func (s *Epochs) Seed(ctx context.Context, epoch int64, seed Settings) error {
	seed.Header = Header{ID: SettingsID, Version: 1}
	seed.Epoch, seed.Filling = epoch, true
	seed.Newest, seed.Before, seed.SwappedAt, seed.Successor = 0, 0, time.Time{}, ""
	return s.insert(ctx, &SettingsCollection, epoch, &seed)
}

// Swap makes an epoch the live one where from still is, and no later one was begun.
func (s *Epochs) Swap(ctx context.Context, from, to int64, at time.Time) error {
	return s.update(ctx, 1, func(p *Settings) (bool, error) {
		switch {
		case p.Epoch == to:
			return false, nil
		case max(p.Epoch, 1) != from || p.Newest != to:
			return false, ErrOvertaken
		}
		p.Epoch, p.Before, p.SwappedAt = to, from, at.UTC()
		return true, nil
	})
}

// Close says for ever that an epoch is no longer worked in. It must not be live. All
// that anybody has acknowledged by work in it was on Kafka before Close returned.
func (s *Epochs) Close(ctx context.Context, epoch int64) error {
	mark := &Checkpoint{Header: Header{ID: closedID, Version: 1}, Offset: -1}
	return s.insert(ctx, &Checkpoints, epoch, mark)
}

// Filled says that an epoch holds all that was acknowledged before it was live.
func (s *Epochs) Filled(ctx context.Context, epoch int64) error {
	return s.update(ctx, epoch, func(p *Settings) (bool, error) {
		changed := p.Filling
		p.Filling = false
		return changed, nil
	})
}

// Await has the functions of an epoch wait with the events of a ledger's new source
// instead of keeping them aside, until the state is rebuilt.
func (s *Epochs) Await(ctx context.Context, epoch int64, source string) error {
	return s.update(ctx, epoch, func(p *Settings) (bool, error) {
		changed := p.Successor != source && p.Ledger != source
		if changed {
			p.Successor = source
		}
		return changed, nil
	})
}

func (s *Epochs) settings(ctx context.Context, epoch int64) (*Settings, error) {
	docs, err := At(s.Store, epoch).Load(ctx, &SettingsCollection, []string{SettingsID})
	if err != nil {
		return nil, fmt.Errorf("reading what the state is for: %w", err)
	}
	found, _ := docs[SettingsID].(*Settings)
	return found, nil
}

// update changes the settings of an epoch, which must be there.
func (s *Epochs) update(ctx context.Context, epoch int64, change func(*Settings) (bool, error)) error {
	for attempt := 1; ; attempt++ {
		p, err := s.settings(ctx, epoch)
		switch {
		case err != nil:
		case p == nil:
			return ErrNoState
		default:
			var changed bool
			if changed, err = change(p); err != nil || !changed {
				return err
			}
			var results []Result
			p.Version++
			results, err = At(s.Store, epoch).Commit(ctx, &SettingsCollection, []Write{{Doc: p, Read: p.Version - 1}})
			if err == nil && results[0] == Written {
				return nil
			}
		}
		if err := s.again(ctx, attempt, err); err != nil {
			return fmt.Errorf("writing what the state is for: %w", err)
		}
	}
}

// insert writes a document that is the same whoever writes it, where there is none.
func (s *Epochs) insert(ctx context.Context, c *Collection, epoch int64, doc Document) error {
	for attempt := 1; ; attempt++ {
		results, err := At(s.Store, epoch).Commit(ctx, c, []Write{{Doc: doc}})
		if err == nil && results[0] != Refused {
			return nil // written, or there already
		}
		if err := s.again(ctx, attempt, err); err != nil {
			return fmt.Errorf("writing %s of epoch %d: %w", c.Name, epoch, err)
		}
	}
}

// patience is how often a step is tried: for about half a minute.
const patience = 40

func (s *Epochs) again(ctx context.Context, attempt int, err error) error {
	if attempt == patience {
		return fmt.Errorf("after %d attempts: %w", attempt, err)
	}
	if s.Backoff != nil {
		return wait(ctx, s.Backoff(attempt))
	}
	return wait(ctx, backoff(attempt))
}

// backoff is a jittered time that doubles from 5 ms to 1 s.
func backoff(attempt int) time.Duration {
	d := min(5*time.Millisecond<<min(attempt-1, 10), time.Second)
	return d/2 + rand.N(d/2+1)
}
