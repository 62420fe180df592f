package runner

import (
	"context"
	"errors"
	"io"

	"comptoir/functions"
	"comptoir/functions/query"
	"comptoir/local/datadir"
	"comptoir/local/rebuild"
	"comptoir/shared/config"
	"comptoir/shared/money"
	"comptoir/shared/projection"
	"comptoir/shared/state/mongostate"
	"comptoir/shared/state/sqlitestate"
)

// Store is a state database that is written to.
type Store interface {
	projection.Store
	io.Closer
	rebuild.Tables
	// Migrate makes the collections and indexes of the live epoch that are missing. It
	// can be run again at any time.
	Migrate(ctx context.Context) error
}

// Reader is a state database that is only read.
type Reader interface {
	query.Reader
	io.Closer
}

// OpenState opens the state that the settings name, to be written to.
func OpenState(ctx context.Context, dir *datadir.Dir, cfg *config.Config, all []projection.Function) (Store, error) {
	// The plain settings are always there: they say which epoch is live.
	first := []projection.Collection{projection.SettingsCollection}
	if cfg.MongoURI != "" {
		s, err := mongostate.Open(ctx, mongo(cfg), first)
		if err != nil {
			return nil, err
		}
		return &liveStore{s, all}, nil
	}
	s, err := sqlitestate.Open(ctx, dir.State(), first, sqlitestate.Options{})
	if err != nil {
		return nil, err
	}
	return &liveStore{s, all}, nil
}

// liveStore makes what is missing of the epoch that is live when it is asked to.
type liveStore struct {
	Store
	all []projection.Function
}

// Migrate is Store's.
func (s *liveStore) Migrate(ctx context.Context) error {
	if err := s.Store.Migrate(ctx); err != nil {
		return err
	}
	live, err := liveEpoch(ctx, s)
	if err != nil {
		return err
	}
	return s.Make(ctx, collections(s.all, live))
}

// liveEpoch returns the number of the epoch that is live; that of a state that has
// nothing yet is 1.
func liveEpoch(ctx context.Context, s projection.Store) (int64, error) {
	epochs := projection.Epochs{Store: s}
	live, _, err := epochs.Live(ctx)
	switch {
	case errors.Is(err, projection.ErrNoState):
		return 1, nil
	case err != nil:
		return 0, err
	}
	return max(live.Epoch, 1), nil
}

// OpenReader opens the state that the settings name, to be read.
func OpenReader(ctx context.Context, dir *datadir.Dir, cfg *config.Config) (Reader, error) {
	if cfg.MongoURI != "" {
		r, err := mongostate.OpenReader(ctx, mongo(cfg))
		if err != nil {
			return nil, err
		}
		return r, nil
	}
	return sqlitestate.OpenReader(ctx, dir.State(), sqlitestate.Options{})
}

func mongo(cfg *config.Config) mongostate.Options {
	return mongostate.Options{URI: cfg.MongoURI, Database: cfg.MongoDatabase}
}

// Rules returns the rules with the thresholds of the settings.
func Rules(cfg *config.Config, currency money.Currency) (functions.Config, error) {
	t, err := cfg.Thresholds(currency)
	if err != nil {
		return functions.Config{}, err
	}
	rules := functions.Defaults(currency)
	rules.PromoThreshold, rules.SilverThreshold, rules.GoldThreshold = t.Promo, t.Silver, t.Gold
	return rules, nil
}

// Functions returns the analytics with the thresholds of the settings.
func Functions(cfg *config.Config, currency money.Currency) ([]projection.Function, error) {
	rules, err := Rules(cfg, currency)
	if err != nil {
		return nil, err
	}
	return functions.All(rules), nil
}

func collections(all []projection.Function, epoch int64) []projection.Collection {
	c := []projection.Collection{projection.Checkpoints.In(epoch), projection.SettingsCollection.In(epoch)}
	for _, f := range all {
		c = append(c, f.Collection.In(epoch))
	}
	return c
}
