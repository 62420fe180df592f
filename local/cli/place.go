package cli

import (
	"context"
	"errors"

	"comptoir/local/datadir"
	"comptoir/local/ledger"
	"comptoir/local/runner"
	"comptoir/shared/config"
	"comptoir/shared/money"
)

// place is what a command that reads the state needs of a data directory.
type place struct {
	dir *datadir.Dir
	cfg *config.Config
	// currency is the ledger's, or the setting where there is no ledger; source is that
	// of the ledger's events, "" where there is none.
	currency money.Currency
	source   string
	state    runner.Reader
}

// withState opens the state of a data directory to be read, for f.
func withState(ctx context.Context, dir *datadir.Dir, cfg *config.Config, f func(*place) error) (err error) {
	p := &place{dir: dir, cfg: cfg}
	l, err := runner.OpenLedger(ctx, dir, cfg, false)
	switch {
	case err == nil:
		p.currency, p.source = l.Currency(), l.Source()
		err = l.Close()
	case errors.Is(err, runner.ErrNoLedger):
		p.currency, err = cfg.RequireCurrency()
	}
	if err != nil {
		return err
	}
	if p.state, err = runner.OpenReader(ctx, dir, cfg); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.state.Close()) }()
	return f(p)
}

// withLedger opens the ledger that is there for f.
func (c *console) withLedger(ctx context.Context, f func(*ledger.Ledger) error) (err error) {
	dir, cfg, err := c.open(false)
	if err != nil {
		return err
	}
	l, err := runner.OpenLedger(ctx, dir, cfg, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return f(l)
}
