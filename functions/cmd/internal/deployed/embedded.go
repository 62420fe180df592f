//go:build embeddedstate

package deployed

import (
	"context"
	"os"

	"comptoir/functions/setup"
	"comptoir/shared/config"
	"comptoir/shared/projection"
	"comptoir/shared/state/sqlitestate"
)

// This build keeps the state in the file that STATE_FILE names, to measure what is
// not MongoDB's. It is not deployed.

type embedded struct{ *sqlitestate.Store }

func (embedded) Ping(context.Context) error { return nil }

type embeddedReader struct{ *sqlitestate.Reader }

func (embeddedReader) Ping(context.Context) error { return nil }

func newStore(_ *config.Config, all []projection.Function) (Store, error) {
	s, err := sqlitestate.Open(context.Background(), os.Getenv("STATE_FILE"), setup.Collections(all), sqlitestate.Options{})
	if err != nil {
		return nil, err
	}
	return embedded{s}, s.Migrate(context.Background())
}

func newReader(*config.Config) (Reader, error) {
	r, err := sqlitestate.OpenReader(context.Background(), os.Getenv("STATE_FILE"), sqlitestate.Options{})
	if err != nil {
		return nil, err
	}
	return embeddedReader{r}, nil
}
