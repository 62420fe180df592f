package runner

import (
	"context"
	"io"

	"comptoir/functions/query"
	"comptoir/functions/setup"
	"comptoir/local/datadir"
	"comptoir/shared/config"
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
		s, err := mongostate.Open(ctx, setup.MongoDB(cfg), setup.Collections(all))
		if err != nil {
			return nil, err // not s: a nil of its own type is no nil Store
		}
		return s, nil
	}
	return sqlitestate.Open(ctx, dir.State(), setup.Collections(all), sqlitestate.Options{})
}

// OpenReader opens the state that the settings name, to be read.
func OpenReader(ctx context.Context, dir *datadir.Dir, cfg *config.Config) (Reader, error) {
	if cfg.MongoURI != "" {
		r, err := mongostate.OpenReader(ctx, setup.MongoDB(cfg))
		if err != nil {
			return nil, err
		}
		return r, nil
	}
	return sqlitestate.OpenReader(ctx, dir.State(), sqlitestate.Options{})
}
