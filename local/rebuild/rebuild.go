// Package rebuild makes a state anew from the event log, beside the one that is
// live, and swaps the two. Every step may be interrupted: before the swap nothing that
// is live has changed, and after it the next rebuild ends what is left to do.
package rebuild

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"comptoir/shared/money"
	"comptoir/shared/projection"
)

// Tables make and remove collections; sqlitestate.Store and mongostate.Store do.
type Tables interface {
	Make(ctx context.Context, collections []projection.Collection) error
	// Drop removes collections by their names, and returns how many bytes they had.
	Drop(ctx context.Context, names []string) (bytes int64, err error)
}

// Source is what a rebuild reads and is checked against.
type Source interface {
	// Publish sees to it that everything that is recorded now is on Kafka.
	Publish(ctx context.Context) error
	// Fold brings the epoch all that is on Kafka at the call, to every function, from
	// where the epoch's checkpoints say.
	Fold(ctx context.Context, epoch int64) error
	// Verify compares the epoch with the books. An error that wraps ErrDiffers says
	// that it is not what they say.
	Verify(ctx context.Context, epoch int64) error
}

// ErrDiffers says that what was built is not what the books say.
var ErrDiffers = errors.New("what was built from the event log is not what the ledger says")

// Config is what a rebuild works with. All fields but the last two are required.
type Config struct {
	Store     projection.Store
	Tables    Tables
	Source    Source
	Functions []projection.Function
	Currency  money.Currency
	// Ledger is the source of the ledger's events, Retired those that it had before.
	Ledger  string
	Retired []string
	Log     *slog.Logger
	Now     func() time.Time
	// Backoff is as projection.Config.Backoff.
	Backoff func(attempt int) time.Duration
}

// Result is what was done.
type Result struct {
	// Before is the epoch that was live, Epoch the one that is.
	Before, Epoch int64
	// Resumed: an earlier rebuild was ended, after its swap.
	Resumed bool
}

// Run makes the next epoch live, or ends a rebuild that was interrupted after its
// swap. One rebuild of a state runs at a time; of two that do all the same, the one
// that began last wins, and the other changes nothing.
func Run(ctx context.Context, c Config) (Result, error) {
	r := newRebuild(c)
	live, pointer, err := r.found(ctx)
	if err != nil {
		return Result{}, err
	}
	if live.Filling {
		r.log.Info("rebuild: ending one that was interrupted", "epoch", pointer.Epoch)
		res := Result{Before: pointer.Before, Epoch: pointer.Epoch, Resumed: true}
		return res, r.finish(ctx, res)
	}
	res := Result{Before: max(live.Epoch, 1)}
	if live.Ledger != "" && live.Ledger != c.Ledger {
		// Functions that are at work wait with the events of the new source.
		if err := r.epochs.Await(ctx, res.Before, c.Ledger); err != nil {
			return Result{}, err
		}
	}
	r.log.Info("rebuild: publishing what is recorded")
	if err := c.Source.Publish(ctx); err != nil {
		return Result{}, err
	}
	if res.Epoch, err = r.build(ctx, live, pointer); err != nil {
		return Result{}, err
	}
	r.log.Info("rebuild: swapping", "from", res.Before, "to", res.Epoch)
	if err := r.epochs.Swap(ctx, res.Before, res.Epoch, r.now()); err != nil {
		return Result{}, err
	}
	return res, r.finish(ctx, res)
}

type rebuild struct {
	Config
	epochs projection.Epochs
	log    *slog.Logger
}

func newRebuild(c Config) *rebuild {
	r := &rebuild{Config: c, epochs: projection.Epochs{Store: c.Store, Backoff: c.Backoff}, log: c.Log}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	return r
}

func (r *rebuild) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}

// found returns the settings of the state; of one that was lost, those that it begins with.
func (r *rebuild) found(ctx context.Context) (live, pointer *projection.Settings, err error) {
	live, pointer, err = r.epochs.Live(ctx)
	if !errors.Is(err, projection.ErrNoState) {
		return live, pointer, err
	}
	if err := r.epochs.Found(ctx, projection.Settings{Currency: r.Currency, Ledger: r.Ledger, Retired: r.Retired}); err != nil {
		return nil, nil, err
	}
	return r.epochs.Live(ctx)
}

// build makes a new epoch, and has it verified.
func (r *rebuild) build(ctx context.Context, live, pointer *projection.Settings) (epoch int64, err error) {
	if _, err := r.abandoned(ctx, pointer); err != nil {
		return 0, err
	}
	if epoch, err = r.epochs.Begin(ctx); err != nil {
		return 0, err
	}
	r.log.Info("rebuild: folding the event log", "epoch", epoch)
	if err := r.Tables.Make(ctx, projection.Collections(r.Functions, epoch)); err != nil {
		return 0, err
	}
	seed := projection.Settings{Currency: r.Currency, Ledger: r.Ledger, Retired: r.Retired, Rules: live.Rules}
	if err := r.epochs.Seed(ctx, epoch, seed); err != nil {
		return 0, err
	}
	if err := r.Source.Fold(ctx, epoch); err != nil {
		return 0, err
	}
	r.log.Info("rebuild: verifying", "epoch", epoch)
	if err := r.Source.Verify(ctx, epoch); err != nil {
		return 0, fmt.Errorf("rebuilding: epoch %d is not made live, and nothing that is has changed: %w", epoch, err)
	}
	// What came meanwhile, so that little is left for after the swap.
	return epoch, r.Source.Fold(ctx, epoch)
}

// finish does what follows the swap. Work in the old epoch is closed first; then all
// that anybody ever acknowledged by it is on Kafka, and is folded into the new one.
func (r *rebuild) finish(ctx context.Context, res Result) error {
	r.log.Info("rebuild: closing the old epoch", "epoch", res.Before)
	if err := r.epochs.Close(ctx, res.Before); err != nil {
		return r.unfinished(res, err)
	}
	r.log.Info("rebuild: folding what came meanwhile", "epoch", res.Epoch)
	if err := r.Source.Fold(ctx, res.Epoch); err != nil {
		return r.unfinished(res, err)
	}
	if err := r.epochs.Filled(ctx, res.Epoch); err != nil {
		return r.unfinished(res, err)
	}
	r.log.Info("rebuild: done", "epoch", res.Epoch)
	return nil
}

func (r *rebuild) unfinished(res Result, err error) error {
	return fmt.Errorf("epoch %d is live and does not hold the last events yet; run `comptoir rebuild` again to end that: %w", res.Epoch, err)
}
