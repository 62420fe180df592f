package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"comptoir/functions/query"
	"comptoir/local/datadir"
	"comptoir/local/ledger"
	"comptoir/shared/config"
	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/state"
)

// ErrStateAhead says that the state holds events that the ledger never recorded.
var ErrStateAhead = errors.New("the state holds events that this ledger never recorded, which is an older copy then")

// ErrOtherLedger says that the state is of another source than the ledger's.
var ErrOtherLedger = errors.New("the state is not of this ledger")

// fits refuses a state that the ledger's events must not reach: it would keep them
// aside, or pass them over as applied. A state that has nothing yet begins as the
// ledger's.
func fits(ctx context.Context, store projection.Store, all []projection.Function, l *ledger.Ledger) error {
	epochs := projection.Epochs{Store: store}
	live, _, err := epochs.Live(ctx)
	if errors.Is(err, projection.ErrNoState) {
		if len(l.Retired()) == 0 {
			return nil
		}
		return epochs.Found(ctx, projection.Settings{Currency: l.Currency(), Ledger: l.Source(), Retired: l.Retired()})
	}
	if err != nil {
		return err
	}
	if err := belongs(live.Ledger, l); err != nil {
		return err
	}
	return behindLedger(ctx, projection.At(store, max(live.Epoch, 1)), all, l)
}

// belongs tells whether a state whose events are of a source is the ledger's.
func belongs(source string, l *ledger.Ledger) error {
	switch {
	case source == "" || source == l.Source():
		return nil
	case slices.Contains(l.Retired(), source):
		return fmt.Errorf("%w: the ledger began a new epoch since; run `comptoir rebuild`, then this again", ErrOtherLedger)
	}
	return fmt.Errorf("%w: it is of %s and the ledger is %s; name the right directory with --data DIR, or give this ledger a state of its own", ErrOtherLedger, source, l.Source())
}

// mayPublish refuses to publish under a new source while the state that the settings
// name is of an earlier one. For a relay that runs without functions.
func mayPublish(ctx context.Context, dir *datadir.Dir, cfg *config.Config, l *ledger.Ledger) (err error) {
	if len(l.Retired()) == 0 {
		return nil
	}
	reader, err := OpenReader(ctx, dir, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	live, err := query.Live(ctx, reader)
	if err != nil {
		return err
	}
	var settings projection.Settings
	raw, ok, err := live.Get(ctx, projection.SettingsCollection.Name, projection.SettingsID)
	switch {
	case errors.Is(err, state.ErrNothingYet) || err == nil && !ok:
		return nil
	case err == nil:
		err = json.Unmarshal(raw, &settings)
	}
	if err != nil {
		return fmt.Errorf("reading what the state is for: %w", err)
	}
	return belongs(settings.Ledger, l)
}

// behindLedger refuses a state that has more than the ledger.
func behindLedger(ctx context.Context, store projection.Store, all []projection.Function, l *ledger.Ledger) error {
	heads, _, err := l.Heads(ctx)
	if err != nil {
		return err
	}
	streams := map[string]string{} // by the checkpoint's id
	var ids []string
	for _, f := range all {
		for _, topic := range f.Topics {
			if topic == event.Heartbeats {
				continue
			}
			for p := range l.Partitions() {
				stream := fmt.Sprintf("%s/%d", topic, p)
				id := projection.CheckpointID(f.Name, stream)
				streams[id], ids = stream, append(ids, id)
			}
		}
	}
	docs, err := store.Load(ctx, &projection.Checkpoints, ids)
	if err != nil {
		return err
	}
	for id, doc := range docs {
		for _, s := range doc.Head().Sources {
			if stream := streams[id]; s.Source == l.Source() && s.Applied > heads[stream] {
				return fmt.Errorf("%w: of %s it has number %d, and the ledger ends at %d; restore the newest backup, or run `comptoir ledger new-epoch` and then `comptoir rebuild` to go on from this one",
					ErrStateAhead, stream, s.Applied, heads[stream])
			}
		}
	}
	return nil
}
