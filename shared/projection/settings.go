package projection

import (
	"context"
	"fmt"

	"comptoir/shared/money"
)

// Settings is what one state database is for. It keeps this from its first use
// and refuses what differs. It is the one document of its collection.
type Settings struct {
	Header
	Currency money.Currency `json:"currency"`
	// Ledger is the source of the one ledger whose events the state holds; "" before the first.
	Ledger string `json:"ledger"`
	// Epoch counts the rebuilds, from 1.
	Epoch int64 `json:"epoch"`
	// Rules holds, per function, the version of the rules in force.
	Rules map[string]Rules `json:"rules"`
}

// Rules identifies thresholds.
type Rules struct {
	Version int64  `json:"version"`
	Hash    string `json:"hash"`
}

// SettingsCollection holds the one Settings document.
var SettingsCollection = Collection{Name: "settings", New: func() Document { return &Settings{} }}

// SettingsID is the id of the one Settings document.
const SettingsID = "state"

// terms is what an engine and its state have agreed on.
type terms struct {
	ledger string // the source of the one ledger; "" before the first
	rules  int64  // the version of this function's rules
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

// claim makes sure that the state is for this currency, these rules and, where
// one is given, this ledger; the first to come decides.
func (e *Engine) claim(ctx context.Context, ledger string) (*terms, error) {
	if t := e.terms.Load(); t != nil && (ledger == "" || t.ledger != "") {
		return t, nil
	}
	e.claiming.Lock()
	defer e.claiming.Unlock()
	for attempt := 1; ; attempt++ {
		docs, err := e.store.Load(ctx, &SettingsCollection, []string{SettingsID})
		if err != nil {
			return nil, fmt.Errorf("reading what the state is for: %w", err)
		}
		s, ok := docs[SettingsID].(*Settings)
		if !ok {
			s = &Settings{Currency: e.currency, Epoch: 1}
			s.ID = SettingsID
		}
		changed, err := e.agree(s, ledger)
		if err != nil {
			return nil, err
		}
		if !changed && ok {
			return e.settle(s), nil
		}
		read := s.Version
		s.Version = read + 1
		results, err := e.store.Commit(ctx, &SettingsCollection, []Write{{Doc: s, Read: read}})
		if err == nil && results[0] == Written {
			return e.settle(s), nil
		}
		if attempt == maxAttempts {
			return nil, fmt.Errorf("noting what the state is for, after %d attempts: %w", attempt, err)
		}
		if err := wait(ctx, e.backoff(attempt)); err != nil {
			return nil, fmt.Errorf("noting what the state is for: %w", err)
		}
	}
}

func (e *Engine) settle(s *Settings) *terms {
	t := &terms{ledger: s.Ledger, rules: s.Rules[e.fn.Name].Version}
	e.terms.Store(t)
	return t
}

// agree compares the settings with the engine's own and adds what is missing.
func (e *Engine) agree(s *Settings, ledger string) (changed bool, err error) {
	if s.Currency != e.currency {
		return false, &SettingsError{fmt.Sprintf("this state is in %s and %s is configured for %s: set CURRENCY=%s, or give it a state of its own",
			s.Currency, e.fn.Name, e.currency, s.Currency)}
	}
	if s.Ledger == "" && ledger != "" {
		s.Ledger, changed = ledger, true
	}
	stored, known := s.Rules[e.fn.Name]
	want := Rules{Version: e.wanted, Hash: e.fn.RulesHash}
	switch {
	case e.wanted == 0 && known && stored.Hash == want.Hash:
		want = stored
	case e.wanted == 0:
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
