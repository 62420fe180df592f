package runner

import (
	"context"
	"io"

	"comptoir/functions"
	"comptoir/functions/query"
	"comptoir/local/datadir"
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
	// Migrate makes the collections and indexes that are missing. It can be run again at any time.
	Migrate(ctx context.Context) error
}

// Reader is a state database that is only read.
type Reader interface {
	query.Reader
	io.Closer
}

// OpenState opens the state that the settings name, to be written to.
func OpenState(ctx context.Context, dir *datadir.Dir, cfg *config.Config, all []projection.Function) (Store, error) {
	if cfg.MongoURI != "" {
		s, err := mongostate.Open(ctx, mongo(cfg), collections(all))
		if err != nil {
			return nil, err // not s: a nil of its own type is no nil Store
		}
		return s, nil
	}
	return sqlitestate.Open(ctx, dir.State(), collections(all), sqlitestate.Options{})
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

func collections(all []projection.Function) []projection.Collection {
	c := []projection.Collection{projection.Checkpoints, projection.SettingsCollection}
	for _, f := range all {
		c = append(c, f.Collection)
	}
	return c
}
