//go:build !embeddedstate

package deployed

import (
	"context"

	"comptoir/functions/setup"
	"comptoir/shared/config"
	"comptoir/shared/projection"
	"comptoir/shared/state/mongostate"
)

// newStore prepares the use of the MongoDB of the settings. It waits for nothing.
func newStore(cfg *config.Config, all []projection.Function) (Store, error) {
	s, err := mongostate.New(setup.MongoDB(cfg), setup.Collections(all))
	if err != nil {
		return nil, err // not s: a nil of its own type is no nil Store
	}
	return s, nil
}

func newReader(cfg *config.Config) (Reader, error) {
	r, err := mongostate.OpenReader(context.Background(), setup.MongoDB(cfg))
	if err != nil {
		return nil, err
	}
	return r, nil
}
