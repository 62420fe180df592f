package projection

import (
	"context"
	"fmt"
	"slices"
	"time"

	"comptoir/shared/money"
)

// Settings is what one epoch of a state database is for. It keeps this from its
// first use and refuses what differs. It is the one document of its collection. That
// of the first epoch, under the plain name, also says which epoch is live.
type Settings struct {
	Header
	Currency money.Currency `json:"currency"`
	// Ledger is the source of the one ledger whose events the state holds; "" before the first.
	Ledger string `json:"ledger"`
	// Retired holds earlier sources of that ledger: their events are passed over.
	Retired []string `json:"retired,omitempty"`
	// Epoch counts the rebuilds, from 1. In the plain document it is the live one.
	Epoch int64 `json:"epoch"`
	// Rules holds, per function, the version of the rules in force.
	Rules map[string]Rules `json:"rules"`
	// Filling: not all that was acknowledged before this epoch was live is in it yet.
	Filling bool `json:"filling,omitempty"`
	// Successor is the source that the ledger has by now, whose events wait for the
	// rebuild that takes them in.
	Successor string `json:"successor,omitempty"`

	// Of the plain document alone: the greatest epoch that a rebuild has begun, the
	// epoch that was live before this one, and when that changed.
	Newest    int64     `json:"newest,omitempty"`
	Before    int64     `json:"before,omitempty"`
	SwappedAt time.Time `json:"swapped_at,omitzero"`
}

// Rules identifies thresholds.
type Rules struct {
	Version int64  `json:"version"`
	Hash    string `json:"hash"`
}

// SettingsCollection holds the one Settings document of an epoch.
var SettingsCollection = Collection{Name: "settings", New: func() Document { return &Settings{} }}

// SettingsID is the id of the one Settings document.
const SettingsID = "state"

// terms is what an engine and its state have agreed on.
type terms struct {
	epoch  int64
	in     Store  // that epoch
	ledger string // the source of the one ledger; "" before the first
	// retired are earlier sources of it, successor a later one.
	retired   []string
	successor string
	rules     int64 // the version of this function's rules
	filling   bool
}

// SettingsError says that a function's configuration differs from what its
// state is for. Nothing is claimed until that is mended.
type SettingsError struct{ Reason string }

func (e *SettingsError) Error() string { return e.Reason }

// Start agrees with the state on currency and rules before the first batch. A
// *SettingsError is final until the configuration changes; other errors may pass.
func (e *Engine) Start(ctx context.Context) error {
	_, err := e.claim(ctx, "")
	return err
}

// claim makes sure that the live epoch is for this currency, these rules and,
// where one is given, this ledger; the first to come decides.
func (e *Engine) claim(ctx context.Context, ledger string) (*terms, error) {
	if t := e.terms.Load(); t != nil && (ledger == "" || t.ledger != "") && (!t.filling || e.pinned > 0) {
		return t, nil
	}
	e.claiming.Lock()
	defer e.claiming.Unlock()
	for attempt := 1; ; attempt++ {
		epoch, s, err := e.settings(ctx)
		if err != nil {
			return nil, err
		}
		ok := s != nil
		if !ok {
			s = &Settings{Currency: e.currency, Epoch: 1}
			s.ID = SettingsID
		}
		changed, err := e.agree(s, ledger)
		if err != nil {
			return nil, err
		}
		if !changed && ok {
			return e.settle(epoch, s), nil
		}
		read := s.Version
		s.Version = read + 1
		results, err := At(e.store, epoch).Commit(ctx, &SettingsCollection, []Write{{Doc: s, Read: read}})
		if err == nil && results[0] == Written {
			return e.settle(epoch, s), nil
		}
		if attempt == maxAttempts {
			return nil, fmt.Errorf("noting what the state is for, after %d attempts: %w", attempt, err)
		}
		if err := wait(ctx, e.backoff(attempt)); err != nil {
			return nil, fmt.Errorf("noting what the state is for: %w", err)
		}
	}
}

// settings reads those of the engine's epoch, or of the live one where it has none.
func (e *Engine) settings(ctx context.Context) (epoch int64, s *Settings, err error) {
	epochs := Epochs{Store: e.store}
	if epoch = max(e.pinned, 1); e.pinned <= 1 {
		if s, err = epochs.settings(ctx, 1); err != nil || s == nil || e.pinned == 1 {
			return 1, s, err
		}
		epoch = max(s.Epoch, 1)
	}
	if epoch > 1 {
		if s, err = epochs.settings(ctx, epoch); err == nil && s == nil {
			err = fmt.Errorf("reading what the state is for: epoch %d has no settings", epoch)
		}
	}
	return epoch, s, err
}

func (e *Engine) settle(epoch int64, s *Settings) *terms {
	t := &terms{
		epoch: epoch, in: At(e.store, epoch), ledger: s.Ledger, retired: s.Retired, successor: s.Successor,
		rules: s.Rules[e.fn.Name].Version, filling: s.Filling,
	}
	e.agreed = t.rules
	e.terms.Store(t)
	return t
}

// forget has the terms agreed on anew, where t are still the ones in force.
func (e *Engine) forget(t *terms) { e.terms.CompareAndSwap(t, nil) }

// open agrees with the live epoch as it is now.
func (e *Engine) open(ctx context.Context) (*terms, error) {
	for attempt := 1; ; attempt++ {
		t, err := e.claim(ctx, "")
		if err != nil || e.pinned > 0 {
			return t, err
		}
		docs, err := t.in.Load(ctx, &Checkpoints, []string{closedID})
		if err != nil {
			return nil, fmt.Errorf("asking whether epoch %d is still live: %w", t.epoch, err)
		}
		if !closed(docs) {
			return t, nil
		}
		e.forget(t)
		if attempt == maxAttempts {
			return nil, errNoEpoch
		}
	}
}

// agree compares the settings with the engine's own and adds what is missing.
func (e *Engine) agree(s *Settings, ledger string) (changed bool, err error) {
	if s.Currency != e.currency {
		return false, &SettingsError{fmt.Sprintf("this state is in %s and %s is configured for %s: set CURRENCY=%s, or give it a state of its own",
			s.Currency, e.fn.Name, e.currency, s.Currency)}
	}
	if s.Ledger == "" && ledger != "" && !slices.Contains(s.Retired, ledger) {
		s.Ledger, changed = ledger, true
	}
	wanted := e.wanted
	if wanted == 0 {
		// A process does not take its own rules for new ones when the epoch changes.
		wanted = e.agreed
	}
	stored, known := s.Rules[e.fn.Name]
	want := Rules{Version: wanted, Hash: e.fn.RulesHash}
	switch {
	case wanted == 0 && known && stored.Hash == want.Hash:
		want = stored
	case wanted == 0:
		want.Version = stored.Version + 1
	case known && stored.Version > want.Version:
		return false, &SettingsError{fmt.Sprintf("the state has version %d of the rules of %s and this function has version %d: deploy the newer one, or set RULES_VERSION=%d",
			stored.Version, e.fn.Name, want.Version, stored.Version+1)}
	case known && stored.Version == want.Version && stored.Hash != want.Hash:
		return false, &SettingsError{fmt.Sprintf("the thresholds of %s differ from those of RULES_VERSION=%d in the state: set RULES_VERSION=%d to have them take effect",
			e.fn.Name, want.Version, want.Version+1)}
	}
	if !known || stored != want {
		if s.Rules == nil {
			s.Rules = map[string]Rules{}
		}
		s.Rules[e.fn.Name], changed = want, true
	}
	return changed, nil
}
