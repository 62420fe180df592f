package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"comptoir/functions"
	"comptoir/functions/query"
	"comptoir/functions/setup"
	"comptoir/local/datadir"
	"comptoir/local/deadletters"
	"comptoir/local/ledger"
	"comptoir/local/rebuild"
	"comptoir/local/verify"
	"comptoir/shared/config"
	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/records"
	"comptoir/shared/trigger/kafkatrigger"
)

// RebuildOptions say what is built anew. Dir, Config and Log are required.
type RebuildOptions struct {
	Dir    *datadir.Dir
	Config *config.Config
	Log    *slog.Logger
	// Functions are those that fold; Comptoir's own where nil.
	Functions []projection.Function
	// Report is given what the verification found; it may be nil.
	Report func(*verify.Report)
}

// Rebuild makes the state anew from the event log and swaps it with the live one.
// It may be done beside a running run; a second one at the same time is refused.
func Rebuild(ctx context.Context, o RebuildOptions) (res rebuild.Result, err error) {
	lock, err := o.Dir.Acquire(datadir.Rebuild)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	b, err := openBuilder(ctx, o)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	return rebuild.Run(ctx, b.config())
}

// Forget removes the epochs of the state that are no longer live.
func Forget(ctx context.Context, o RebuildOptions) (gone []rebuild.Forgotten, err error) {
	lock, err := o.Dir.Acquire(datadir.Rebuild)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	b := &builder{o: o}
	if err := errors.Join(b.openState(ctx)); err != nil {
		return nil, errors.Join(err, b.close())
	}
	defer func() { err = errors.Join(err, b.close()) }()
	return rebuild.Forget(ctx, b.config())
}

// builder is what a rebuild reads from and writes to. It is a rebuild.Source.
type builder struct {
	o       RebuildOptions
	all     []projection.Function
	rules   functions.Config
	ledger  *ledger.Ledger
	store   Store
	reader  Reader
	cluster *records.Cluster
	closers []func() error
}

func openBuilder(ctx context.Context, o RebuildOptions) (_ *builder, err error) {
	b := &builder{o: o}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close())
		}
	}()
	if err := b.openState(ctx); err != nil {
		return nil, err
	}
	if b.reader, err = OpenReader(ctx, o.Dir, o.Config); err != nil {
		return nil, err
	}
	b.closers = append(b.closers, b.reader.Close)
	cluster, closeKafka, err := Kafka(o.Dir, o.Config, o.Log)
	if err != nil {
		return nil, err
	}
	b.cluster = cluster
	b.closers = append(b.closers, closeKafka)
	if len(o.Config.KafkaBootstrapServers) == 0 {
		_, err = cluster.Migrate(ctx, Layout(o.Config, b.ledger))
	}
	return b, err
}

func (b *builder) openState(ctx context.Context) (err error) {
	if b.ledger, err = OpenLedger(ctx, b.o.Dir, b.o.Config, false); err != nil {
		return err
	}
	b.closers = append(b.closers, b.ledger.Close)
	if b.rules, err = setup.Rules(b.o.Config, b.ledger.Currency()); err != nil {
		return err
	}
	if b.all = b.o.Functions; b.all == nil {
		b.all = functions.All(b.rules)
	}
	if b.store, err = OpenState(ctx, b.o.Dir, b.o.Config, b.all); err != nil {
		return err
	}
	b.closers = append(b.closers, b.store.Close)
	return b.store.Migrate(ctx)
}

func (b *builder) close() error { return closeAll(b.closers) }

func (b *builder) config() rebuild.Config {
	return rebuild.Config{
		Store: b.store, Tables: b.store, Source: b, Functions: b.all, Log: b.o.Log,
		Currency: b.ledger.Currency(), Ledger: b.ledger.Source(), Retired: b.ledger.Retired(),
	}
}

// Publish is rebuild.Source's: the relay of a running run does it, or one for as
// long as it takes.
func (b *builder) Publish(ctx context.Context) error {
	return publishAll(ctx, b.o.Dir, b.ledger, b.cluster, b.o.Log)
}

// Fold is rebuild.Source's. It reads as the functions do that are far behind, in
// no group of theirs.
func (b *builder) Fold(ctx context.Context, epoch int64) error {
	// What can never be applied lies with the dead letters already, mostly.
	morgue, err := deadletters.Keep(ctx, b.cluster, records.NewMorgue(b.cluster, time.Now))
	if err != nil {
		return err
	}
	slots := kafkatrigger.NewSlots(1)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	group, gctx := errgroup.WithContext(ctx)
	for _, f := range b.all {
		group.Go(func() error { return b.fold(gctx, f, epoch, morgue, slots, stop) })
	}
	if err := group.Wait(); err != nil {
		if cause := context.Cause(ctx); cause != nil && ctx.Err() != nil {
			return cause
		}
		return err
	}
	return nil
}

func (b *builder) fold(ctx context.Context, f projection.Function, epoch int64, morgue projection.Morgue, slots *kafkatrigger.Slots, stop context.CancelCauseFunc) error {
	cluster, err := Connect(b.o.Dir, b.o.Config)
	if err != nil {
		return err
	}
	defer cluster.Close()
	e, err := projection.New(projection.Config{
		Function: f, Store: b.store, Today: func() event.Date { return b.o.Config.Calendar().Today() }, Currency: b.ledger.Currency(),
		RulesVersion: b.o.Config.RulesVersion, Morgue: morgue, Rereader: cluster, Topics: cluster.Topics().Map(), Epoch: epoch,
	})
	if err != nil {
		return err
	}
	if err := e.Start(ctx); err != nil {
		return fmt.Errorf("starting %s: %w", f.Name, err)
	}
	k, err := kafkatrigger.New(kafkatrigger.Config{
		Function: f.Name, Topics: f.Topics, Uses: e.Uses, Cluster: cluster, Handler: strict{e, stop}, Checkpoints: e,
		Bulk: func() kafkatrigger.Bulk { return e.Bulk() }, Log: slog.New(warnings{b.o.Log.With("epoch", epoch).Handler()}), BatchMaxRecords: b.o.Config.BatchMaxRecords, Slots: slots,
	})
	if err != nil {
		return err
	}
	return k.Replay(ctx)
}

// warnings leaves out what a consumer tells of its everyday work: what a rebuild
// does is told step by step.
type warnings struct{ slog.Handler }

// Enabled is slog.Handler's.
func (w warnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && w.Handler.Enabled(ctx, l)
}

// WithAttrs is slog.Handler's.
func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attrs)}
}

// WithGroup is slog.Handler's.
func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }

// strict ends a fold that newer rules have overtaken: to try again does not help.
type strict struct {
	*projection.Engine
	stop context.CancelCauseFunc
}

// Handle is kafkatrigger.Handler's.
func (s strict) Handle(ctx context.Context, batch []projection.Delivery) (projection.Outcome, projection.Report) {
	outcome, report := s.Engine.Handle(ctx, batch)
	if refused := (*projection.SettingsError)(nil); errors.As(outcome.Err, &refused) {
		s.stop(outcome.Err)
	}
	return outcome, report
}

// Verify is rebuild.Source's.
func (b *builder) Verify(ctx context.Context, epoch int64) error {
	report, err := verify.Run(ctx, verify.Config{
		LedgerPath: b.o.Dir.Ledger(), Source: b.ledger.Source(), State: query.At(b.reader, epoch), Rules: b.rules, Limit: 100,
	})
	if err != nil {
		return err
	}
	if b.o.Report != nil {
		b.o.Report(report)
	}
	if report.Found > 0 {
		return fmt.Errorf("%w in %d figures: look at what differs; `comptoir republish --all` brings what the topics lack, and a version whose rules are other ones than the ledger's may not be right", rebuild.ErrDiffers, report.Found)
	}
	return nil
}
