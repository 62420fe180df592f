// Package deployed makes what the mains of deployed functions serve, out of the
// environment.
package deployed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"time"

	"comptoir/functions/query"
	"comptoir/functions/setup"
	"comptoir/shared/config"
	"comptoir/shared/event"
	"comptoir/shared/logs"
	"comptoir/shared/projection"
	"comptoir/shared/records"
)

// Program is a deployed program's settings and what it has opened. Connections to
// Kafka and MongoDB are made once, beside whatever else the program does, or when first used.
type Program struct {
	Config *config.Config
	Log    *slog.Logger

	topics  records.Topics
	cluster *records.Cluster
	closers []io.Closer
}

// analytics are the functions that fold events.
func analytics() []string {
	var names []string
	for _, f := range query.Functions() {
		names = append(names, f.Name)
	}
	return names
}

// Load reads the settings of one of the analytics, query, review, or what else is
// named. All that is wrong or missing is reported at once.
func Load(others ...string) (*Program, error) {
	names := append(append(analytics(), config.FunctionQuery, config.FunctionReview), others...)
	cfg, err := config.LoadDeployed(names, requires, config.Environment())
	if err != nil {
		return nil, err
	}
	log := logs.New(os.Stderr, cfg.LogFormat, cfg.LogLevel).With("function", cfg.Function)
	return &Program{Config: cfg, Log: log, topics: setup.Topics(cfg)}, nil
}

// requires names the settings that a function cannot do without.
func requires(function string) []string {
	switch function {
	case config.FunctionQuery:
		return []string{"MONGODB_URI"}
	case config.FunctionReview:
		return []string{"MONGODB_URI", "CURRENCY"}
	case config.FunctionDeadLetters:
		return []string{"KAFKA_BOOTSTRAP_SERVERS"}
	}
	return []string{"KAFKA_BOOTSTRAP_SERVERS", "MONGODB_URI", "CURRENCY"}
}

// Close gives connections back.
func (p *Program) Close() error {
	var errs []error
	for _, c := range slices.Backward(p.closers) {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// Topics gives the names of topics on Kafka.
func (p *Program) Topics() map[event.Topic]string { return p.topics.Map() }

// Kafka returns the cluster of the settings, which is connected to when first used.
func (p *Program) Kafka() (*records.Cluster, error) {
	if p.cluster != nil {
		return p.cluster, nil
	}
	kafka, err := setup.Kafka(p.Config)
	if err != nil {
		return nil, err
	}
	kafka.ClientID = "comptoir-" + p.Config.Function
	p.cluster, err = records.Connect(kafka)
	return p.cluster, err
}

// Morgue returns the dead letters' topic.
func (p *Program) Morgue() (projection.Morgue, error) {
	cluster, err := p.Kafka()
	if err != nil {
		return nil, err
	}
	return records.NewMorgue(cluster, time.Now), nil
}

// Store is a state that is written to.
type Store interface {
	projection.Store
	io.Closer
	// Ping asks whether it is there.
	Ping(ctx context.Context) error
}

// Engine makes the engine of the analytic that FUNCTION names.
func (p *Program) Engine(checkpointsApart bool) (*projection.Engine, Store, error) {
	all, store, err := p.state()
	if err != nil {
		return nil, nil, err
	}
	morgue, err := p.Morgue()
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(all, func(f projection.Function) bool { return f.Name == p.Config.Function })
	if i < 0 {
		return nil, nil, fmt.Errorf("making %s: there is no such analytic", p.Config.Function)
	}
	c := p.engineConfig(all[i], store, morgue)
	c.CheckpointsApart = checkpointsApart
	e, err := projection.New(c)
	return e, store, err
}

func (p *Program) engineConfig(f projection.Function, s Store, m projection.Morgue) projection.Config {
	return projection.Config{
		Function: f, Store: s, Morgue: m, Today: p.Config.Calendar().Today, Currency: p.Config.Currency,
		RulesVersion: p.Config.RulesVersion, Topics: p.Topics(),
	}
}

// state prepares the state for all analytics.
func (p *Program) state() ([]projection.Function, Store, error) {
	all, err := setup.Functions(p.Config, p.Config.Currency)
	if err != nil {
		return nil, nil, err
	}
	s, err := newStore(p.Config, all)
	if err != nil {
		return nil, nil, err
	}
	p.closers = append(p.closers, s)
	return all, s, nil
}

// Review makes the review of every analytic's documents that are due. It stops
// when its context ends; what is left is due at the next, and that is no error.
func (p *Program) Review() (func(context.Context) error, Store, error) {
	all, store, err := p.state()
	if err != nil {
		return nil, nil, err
	}
	engines := make([]*projection.Engine, 0, len(all))
	for _, f := range all {
		e, err := projection.New(p.engineConfig(f, store, noLetters{}))
		if err != nil {
			return nil, nil, err
		}
		engines = append(engines, e)
	}
	return func(ctx context.Context) error { return p.review(ctx, engines) }, store, nil
}

func (p *Program) review(ctx context.Context, engines []*projection.Engine) error {
	var errs []error
	for _, e := range engines {
		if ctx.Err() != nil {
			p.Log.WarnContext(ctx, "review: out of time; the rest is due at the next", "from", e.Function().Name)
			break
		}
		began := time.Now()
		n, err := e.Review(ctx)
		if err != nil && ctx.Err() == nil {
			errs = append(errs, fmt.Errorf("reviewing %s: %w", e.Function().Name, err))
		}
		p.Log.InfoContext(ctx, "review", "analytic", e.Function().Name, "documents", n, "took", time.Since(began))
	}
	return errors.Join(errs...)
}

// noLetters is the morgue of reviews, which take no records.
type noLetters struct{}

func (noLetters) Bury(context.Context, []projection.DeadLetter) error {
	return errors.New("a review has no dead letters")
}

// Query makes the query API.
func (p *Program) Query() (http.Handler, Reader, error) {
	r, err := newReader(p.Config)
	if err != nil {
		return nil, nil, err
	}
	p.closers = append(p.closers, r)
	s := query.New(query.Config{
		Reader: r, Today: p.Config.Calendar().Today, Currency: p.Config.Currency, AllowedOrigins: p.Config.CORSAllowedOrigins, Logger: p.Log,
	})
	return s.Handler(), r, nil
}

// Reader is a state that is only read.
type Reader interface {
	query.Reader
	io.Closer
	// Ping asks whether it is there.
	Ping(ctx context.Context) error
}
