package query

import (
	"context"
	"encoding/json"
	"fmt"

	"comptoir/shared/projection"
	"comptoir/shared/state"
)

// At returns a state as one epoch of it is.
func At(r Reader, epoch int64) Reader {
	if epoch <= 1 {
		return r
	}
	return inEpoch{r, epoch}
}

// Live returns the state as the epoch is that is live now. A state that has
// nothing yet is in its first.
func Live(ctx context.Context, r Reader) (Reader, error) {
	s, err := liveSettings(ctx, r)
	return At(r, s.Epoch), err
}

// liveSettings reads which epoch is live, and what that one is for; all of it is
// zero while nothing has run.
func liveSettings(ctx context.Context, r Reader) (s settingsDoc, err error) {
	pointer, _, err := settingsOf(ctx, r)
	if err != nil || pointer.Epoch <= 1 {
		return pointer, err
	}
	s, ok, err := settingsOf(ctx, At(r, pointer.Epoch))
	if err == nil && !ok {
		err = fmt.Errorf("reading %s: epoch %d is live and has none", settings, pointer.Epoch)
	}
	return s, err
}

func settingsOf(ctx context.Context, r Reader) (s settingsDoc, ok bool, err error) {
	raw, ok, err := r.Get(ctx, settings, projection.SettingsID)
	if err = nothingYet(err); err == nil && ok {
		err = decode(settings, raw, &s)
	}
	return s, ok, err
}

type inEpoch struct {
	reader Reader
	epoch  int64
}

func (r inEpoch) Get(ctx context.Context, collection, id string) (json.RawMessage, bool, error) {
	return r.reader.Get(ctx, projection.NameIn(collection, r.epoch), id)
}

func (r inEpoch) Find(ctx context.Context, collection string, f state.Find) ([]json.RawMessage, error) {
	return r.reader.Find(ctx, projection.NameIn(collection, r.epoch), f)
}

func (r inEpoch) Sum(ctx context.Context, collection string, s state.Sum) ([]state.Group, error) {
	return r.reader.Sum(ctx, projection.NameIn(collection, r.epoch), s)
}
