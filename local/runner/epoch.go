package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"comptoir/functions/setup"
	"comptoir/local/datadir"
	"comptoir/local/ledger"
	"comptoir/local/relay"
	"comptoir/shared/config"
	"comptoir/shared/records"
)

// ErrNoNeed says that a new epoch of the ledger would change nothing for the better.
var ErrNoNeed = errors.New("neither Kafka nor the state has events that this ledger lacks: there is no need for a new epoch; `comptoir run` goes on")

// NewEpoch gives a ledger a new source where "Kafka" or "the state" is ahead of it,
// and returns which. Nothing may run on the directory.
func NewEpoch(ctx context.Context, dir *datadir.Dir, cfg *config.Config, log *slog.Logger) (which string, err error) {
	l, err := OpenLedger(ctx, dir, cfg, false)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	lease, err := dir.Acquire(datadir.Relay, datadir.Functions, datadir.Rebuild)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, lease.Release()) }()
	if which, err = ahead(ctx, dir, cfg, l, log); err != nil {
		return "", err
	}
	if which == "" {
		return "", fmt.Errorf("beginning a new epoch of the ledger %s: %w", l.Path(), ErrNoNeed)
	}
	return which, l.NewEpoch(ctx)
}

// ahead tells which of the state and Kafka is ahead of the ledger, "" where neither is.
func ahead(ctx context.Context, dir *datadir.Dir, cfg *config.Config, l *ledger.Ledger, log *slog.Logger) (which string, err error) {
	all, err := setup.Functions(cfg, l.Currency())
	if err != nil {
		return "", err
	}
	store, err := OpenState(ctx, dir, cfg, all)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := store.Migrate(ctx); err != nil {
		return "", err
	}
	switch err := fits(ctx, store, all, l); {
	case errors.Is(err, ErrStateAhead):
		return "the state", nil
	case err != nil:
		return "", err
	}
	cluster, closeKafka, err := Kafka(dir, cfg, log)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, closeKafka()) }()
	r, err := relay.New(relay.Options{Ledger: l, Cluster: cluster, Log: log})
	if err != nil {
		return "", err
	}
	// Topics that are not there hold nothing.
	switch err := r.Check(ctx); {
	case errors.Is(err, relay.ErrAhead):
		return "Kafka", nil
	case errors.Is(err, relay.ErrBehind), errors.Is(err, records.ErrTopic), err == nil:
		return "", nil
	default:
		return "", err
	}
}
