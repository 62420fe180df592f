// Package runner puts the parts of Comptoir together in one process: main and
// the end-to-end tests build the same App.
package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"

	"comptoir/functions/setup"
	"comptoir/local/accountant"
	"comptoir/local/broker"
	"comptoir/local/datadir"
	"comptoir/local/ledger"
	"comptoir/local/relay"
	"comptoir/shared/config"
	"comptoir/shared/event"
	"comptoir/shared/money"
	"comptoir/shared/projection"
	"comptoir/shared/records"
	"comptoir/shared/trigger/kafkatrigger"
)

// Options say what an App runs, and on what. Dir, Config and Log are required.
type Options struct {
	Dir    *datadir.Dir
	Config *config.Config
	Log    *slog.Logger
	// Parts are what is run; empty means all that the settings call for.
	Parts []datadir.Part
	// Functions are those that are run; Comptoir's own where nil.
	Functions []projection.Function
}

// App is the running parts of one data directory. Open makes one, Run runs it,
// Close gives everything back.
type App struct {
	o        Options
	parts    []datadir.Part
	currency money.Currency

	lease    *datadir.Lease
	ledger   *ledger.Ledger // nil where functions or the API run without one
	broker   *broker.Broker // nil where it runs elsewhere
	cluster  *records.Cluster
	state    Store
	reader   Reader
	engines  []*projection.Engine
	triggers []*kafkatrigger.Consumer
	relay    *relay.Relay
	listener net.Listener // of the query API
	books    *accountant.App
	desk     net.Listener // of the accountant's app
	wake     chan struct{}

	closers []func() error
}

// Open takes the locks of the parts, opens their files and listens, so that
// everything that can be wrong with a data directory is found before anything runs. A
// part that runs already is a *datadir.HeldError.
func Open(ctx context.Context, o Options) (_ *App, err error) {
	a := &App{o: o, wake: make(chan struct{}, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if a.parts, err = chooseParts(o); err != nil {
		return nil, err
	}
	if a.lease, err = o.Dir.Acquire(a.parts...); err != nil {
		return nil, err
	}
	a.closers = append(a.closers, a.lease.Release)
	for _, step := range []func(context.Context) error{a.openLedger, a.openKafka, a.openRelay, a.openFunctions, a.openQuery, a.openAccountant} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// chooseParts returns the parts to run.
func chooseParts(o Options) ([]datadir.Part, error) {
	outside := len(o.Config.KafkaBootstrapServers) > 0
	if len(o.Parts) == 0 {
		return slices.DeleteFunc(datadir.Parts(), func(p datadir.Part) bool { return outside && p == datadir.Broker }), nil
	}
	for _, p := range o.Parts {
		if !slices.Contains(datadir.Parts(), p) {
			return nil, fmt.Errorf("there is no part %q: name some of %v", p, datadir.Parts())
		}
		if outside && p == datadir.Broker {
			return nil, errors.New("the embedded broker is not used while KAFKA_BOOTSTRAP_SERVERS is set: leave out the one or the other")
		}
	}
	return o.Parts, nil
}

func (a *App) runs(p datadir.Part) bool { return slices.Contains(a.parts, p) }

// openLedger opens the ledger where there is one, and makes it for a relay or the accountant.
// Functions and the API run without one where CURRENCY is set.
func (a *App) openLedger(ctx context.Context) error {
	l, err := OpenLedger(ctx, a.o.Dir, a.o.Config, a.runs(datadir.Relay) || a.runs(datadir.Accountant))
	if errors.Is(err, ErrNoLedger) {
		if !a.runs(datadir.Functions) {
			return nil
		}
		a.currency, err = a.o.Config.RequireCurrency()
		return err
	}
	if err != nil {
		return err
	}
	a.ledger, a.currency = l, l.Currency()
	a.closers = append(a.closers, l.Close)
	return nil
}

// openKafka starts the embedded broker, or finds the one to use.
func (a *App) openKafka(ctx context.Context) error {
	if a.runs(datadir.Broker) {
		b, err := startBroker(a.o.Dir, a.o.Config, broker.Options{Log: a.o.Log})
		if err != nil {
			return err
		}
		a.broker = b
		a.closers = append(a.closers, b.Close)
		if err := a.lease.Announce(datadir.Broker, b.Addr()); err != nil {
			return err
		}
		a.o.Log.Info("broker: listening", "address", b.Addr())
	}
	if !a.runs(datadir.Relay) && !a.runs(datadir.Functions) && a.broker == nil {
		return nil
	}
	cluster, err := Connect(a.o.Dir, a.o.Config)
	if err != nil {
		return err
	}
	a.cluster = cluster
	a.closers = append(a.closers, func() error { cluster.Close(); return nil })
	if a.broker != nil {
		_, err = cluster.Migrate(ctx, Layout(a.o.Config, a.ledger))
		return err
	}
	// Topics of a Kafka are made by `comptoir migrate`. One that cannot be asked now
	// is no reason to end: the parts wait for it, and the API answers meanwhile. One
	// that answers and refuses needs a person.
	layout := Layout(a.o.Config, a.ledger)
	if a.ledger == nil {
		layout.Partitions = 1 // only the ledger knows over how many it spreads its keys
	}
	switch err := cluster.Check(ctx, layout); {
	case errors.Is(err, records.ErrTopic), errors.Is(err, records.ErrRefused), ctx.Err() != nil:
		return err
	case err != nil:
		a.o.Log.Warn("Kafka does not answer yet; trying again", "error", err)
	}
	return nil
}

func (a *App) openRelay(ctx context.Context) (err error) {
	if !a.runs(datadir.Relay) {
		return nil
	}
	if err := mayPublish(ctx, a.o.Dir, a.o.Config, a.ledger); err != nil {
		return fmt.Errorf("starting the relay: %w", err)
	}
	a.relay, err = relay.New(relay.Options{
		Ledger: a.ledger, Cluster: a.cluster, Log: a.o.Log, Wake: a.wake, Heartbeat: a.o.Config.HeartbeatInterval,
	})
	return err
}

func (a *App) openFunctions(ctx context.Context) error {
	if !a.runs(datadir.Functions) {
		return nil
	}
	all := a.o.Functions
	if all == nil {
		var err error
		if all, err = setup.Functions(a.o.Config, a.currency); err != nil {
			return err
		}
	}
	var err error
	if a.state, err = OpenState(ctx, a.o.Dir, a.o.Config, all); err != nil {
		return err
	}
	a.closers = append(a.closers, a.state.Close)
	if err := a.state.Migrate(ctx); err != nil {
		return err
	}
	if a.ledger != nil {
		if err := fits(ctx, a.state, all, a.ledger); err != nil {
			return fmt.Errorf("starting the functions: %w", err)
		}
	}
	for _, f := range all {
		e, err := projection.New(a.engineConfig(f))
		if err != nil {
			return err
		}
		// A state that is for something else is found here, not at the first event.
		if err := e.Start(ctx); err != nil {
			return fmt.Errorf("starting %s: %w", f.Name, err)
		}
		a.engines = append(a.engines, e)
	}
	return a.openTriggers()
}

// openTriggers makes each function's member of its consumer group.
func (a *App) openTriggers() error {
	// One store gains nothing by several large batches at a time.
	slots := kafkatrigger.NewSlots(1)
	for _, e := range a.engines {
		cluster, err := Connect(a.o.Dir, a.o.Config) // its own: it drops connections that are stuck
		if err != nil {
			return err
		}
		a.closers = append(a.closers, func() error { cluster.Close(); return nil })
		t, err := kafkatrigger.New(kafkatrigger.Config{
			Function: e.Function().Name, Topics: e.Function().Topics, Uses: e.Uses, Cluster: cluster, Handler: e,
			Checkpoints: e, Bulk: func() kafkatrigger.Bulk { return e.Bulk() }, Log: a.o.Log, BatchMaxRecords: a.o.Config.BatchMaxRecords, Slots: slots,
		})
		if err != nil {
			return err
		}
		a.triggers = append(a.triggers, t)
	}
	return nil
}

func (a *App) openQuery(ctx context.Context) (err error) {
	if !a.runs(datadir.Query) {
		return nil
	}
	if a.reader, err = OpenReader(ctx, a.o.Dir, a.o.Config); err != nil {
		return err
	}
	a.closers = append(a.closers, a.reader.Close)
	if a.listener, err = listen(ctx, a.o.Config, "QUERY_ADDR", a.o.Config.QueryAddr); err != nil {
		return err
	}
	a.closers = append(a.closers, func() error {
		if err := a.listener.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil // the server closed it when it stopped
	})
	return a.lease.Announce(datadir.Query, a.QueryURL())
}

// Close gives everything back, in the reverse order.
func (a *App) Close() error {
	closers := a.closers
	a.closers = nil
	return closeAll(closers)
}

// closeAll gives back what was opened, in the reverse order.
func closeAll(closers []func() error) error {
	var errs []error
	for _, c := range slices.Backward(closers) {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// Ledger returns the ledger, nil where there is none.
func (a *App) Ledger() *ledger.Ledger { return a.ledger }

// Reader returns the state to be read; nil where the API is not run.
func (a *App) Reader() Reader { return a.reader }

// Cluster returns the Kafka that is used; nil where no part uses one.
func (a *App) Cluster() *records.Cluster { return a.cluster }

// QueryURL is where the query API is, such as http://127.0.0.1:8480; "" where it is not run.
func (a *App) QueryURL() string {
	if a.listener == nil {
		return ""
	}
	return "http://" + a.listener.Addr().String()
}

// Wake tells the relay that something was recorded in this process, so that it
// need not find out.
func (a *App) Wake() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

func (a *App) today() event.Date { return a.o.Config.Calendar().Today() }
