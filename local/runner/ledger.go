package runner

import (
	"context"
	"errors"
	"fmt"

	"comptoir/local/datadir"
	"comptoir/local/ledger"
	"comptoir/shared/config"
)

// ErrNoLedger says that a data directory has no ledger yet.
var ErrNoLedger = errors.New("there is no ledger")

// OpenLedger opens the ledger of a data directory, or makes it where create is
// set: that needs CURRENCY, which a ledger keeps for ever. Settings that contradict an
// existing ledger are refused.
func OpenLedger(ctx context.Context, dir *datadir.Dir, cfg *config.Config, create bool) (*ledger.Ledger, error) {
	o := ledger.Options{Zone: cfg.Zone, BusinessDate: cfg.BusinessDate}
	if !dir.Has(dir.Ledger()) {
		if !create {
			return nil, fmt.Errorf("%w in %s: make one by `comptoir import --currency EUR FILE…` (or your own currency)", ErrNoLedger, dir.Path())
		}
		currency, err := cfg.RequireCurrency()
		if err != nil {
			return nil, fmt.Errorf("making a ledger in %s: %w; a ledger keeps its currency for ever", dir.Path(), err)
		}
		// A run and an import that begin together make one ledger.
		var made *ledger.Ledger
		if err := dir.Alone("ledger", func() (err error) {
			if !dir.Has(dir.Ledger()) {
				made, err = ledger.Create(ctx, dir.Ledger(), ledger.Setup{Currency: currency, Partitions: cfg.Partitions}, o)
			}
			return err
		}); err != nil || made != nil {
			return made, err
		}
	}
	l, err := ledger.Open(ctx, dir.Ledger(), o)
	if err != nil {
		return nil, err
	}
	switch {
	case cfg.Currency != "" && cfg.Currency != l.Currency():
		err = fmt.Errorf("CURRENCY=%s, but the ledger %s is in %s for ever: leave CURRENCY out, or name another directory with --data DIR", cfg.Currency, dir.Ledger(), l.Currency())
	case cfg.IsSet("PARTITIONS") && cfg.Partitions != l.Partitions():
		err = fmt.Errorf("PARTITIONS=%d, but the ledger %s was made with %d, which is for ever: leave PARTITIONS out", cfg.Partitions, dir.Ledger(), l.Partitions())
	default:
		return l, nil
	}
	return nil, errors.Join(err, l.Close())
}
