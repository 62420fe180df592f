package rebuild

import (
	"context"
	"fmt"
	"time"

	"comptoir/shared/projection"
)

// Forgotten is an epoch that was removed.
type Forgotten struct {
	Epoch int64
	// Bytes is what its documents had.
	Bytes int64
}

// readersLeave is for how long after a swap a reader may still be at the old epoch:
// what it holds for current, and then the reading of a list.
const readersLeave = time.Minute

// Forget removes the epochs below the live one, and those of rebuilds that came to
// nothing. No rebuild may be running.
func Forget(ctx context.Context, c Config) ([]Forgotten, error) {
	r := newRebuild(c)
	live, pointer, err := r.epochs.Live(ctx)
	if err != nil {
		return nil, err
	}
	if live.Filling {
		return nil, fmt.Errorf("removing old epochs: epoch %d does not hold all of what epoch %d did; run `comptoir rebuild` first, which ends that", pointer.Epoch, pointer.Before)
	}
	if left := readersLeave - r.now().Sub(pointer.SwappedAt); left > 0 {
		return nil, fmt.Errorf("removing old epochs: epoch %d is live for less than a minute, and somebody may still be reading the one before; do it again in %s", pointer.Epoch, left.Round(time.Second))
	}
	var gone []Forgotten
	for epoch := int64(1); epoch < live.Epoch; epoch++ {
		bytes, err := r.Tables.Drop(ctx, r.names(epoch, false))
		if err != nil {
			return gone, err
		}
		if bytes > 0 {
			gone = append(gone, Forgotten{epoch, bytes})
		}
	}
	more, err := r.abandoned(ctx, pointer)
	return append(gone, more...), err
}

// abandoned removes the epochs of rebuilds that came to nothing.
func (r *rebuild) abandoned(ctx context.Context, pointer *projection.Settings) (gone []Forgotten, err error) {
	for epoch := max(pointer.Epoch, 1) + 1; epoch <= pointer.Newest; epoch++ {
		bytes, err := r.Tables.Drop(ctx, r.names(epoch, true))
		if err != nil {
			return gone, err
		}
		if bytes > 0 {
			gone = append(gone, Forgotten{epoch, bytes})
		}
	}
	return gone, nil
}

// names lists the collections of an epoch that are removed with it. The settings of
// the first are the pointer to the live one; and the checkpoints of one that was ever
// live keep the mark that it is closed, for whoever wakes up in it.
func (r *rebuild) names(epoch int64, whole bool) (names []string) {
	for _, f := range r.Functions {
		names = append(names, f.Collection.In(epoch).Name)
	}
	if whole {
		names = append(names, projection.Checkpoints.In(epoch).Name)
	}
	if epoch > 1 {
		names = append(names, projection.SettingsCollection.In(epoch).Name)
	}
	return names
}
