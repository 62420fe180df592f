package runner

import (
	"context"
	"errors"
	"io"

	"comptoir/functions/query"
	"comptoir/functions/setup"
	"comptoir/local/datadir"
	"comptoir/local/rebuild"
	"comptoir/shared/config"
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
		s, err := mongostate.Open(ctx, setup.MongoDB(cfg), first)
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
	return s.Make(ctx, projection.Collections(s.all, live))
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
		r, err := mongostate.OpenReader(ctx, setup.MongoDB(cfg))
		if err != nil {
			return nil, err
		}
		return r, nil
	}
	return sqlitestate.OpenReader(ctx, dir.State(), sqlitestate.Options{})
}
