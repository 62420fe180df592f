package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"comptoir/admin"
	"comptoir/functions/query"
	"comptoir/local/datadir"
	"comptoir/shared/projection"
	"comptoir/shared/records"
)

// Run runs the parts until ctx ends, which is no error: each part then finishes
// what it has in hand. It returns early with the error of a part that needs a
// person; the others are drained then too.
func (a *App) Run(ctx context.Context) error {
	g, gctx := errgroup.WithContext(ctx)
	if a.relay != nil {
		g.Go(func() error { return a.relay.Run(gctx) })
	}
	for _, t := range a.triggers {
		g.Go(func() error { return t.Run(gctx) })
	}
	if len(a.engines) > 0 {
		g.Go(func() error { a.reviewAtTimes(gctx); return nil })
	}
	if a.listener != nil {
		g.Go(func() error { return a.serve(gctx) })
	}
	if a.books != nil {
		g.Go(func() error {
			a.o.Log.Info("accountant: serving", "app", a.AccountantURL()+"/")
			return a.serveAccountant(gctx)
		})
	}
	g.Go(func() error { // the broker runs by itself; this keeps the process for it
		<-gctx.Done()
		a.o.Log.Info("stopping: finishing what is in hand")
		return nil
	})
	a.o.Log.Info("running", "parts", fmt.Sprint(a.parts), "data", a.o.Dir.Path())
	err := g.Wait()
	if err == nil {
		a.o.Log.Info("stopped")
	}
	return err
}

func (a *App) engineConfig(f projection.Function) projection.Config {
	return projection.Config{
		Function: f, Store: a.state, Today: a.today, Currency: a.currency, RulesVersion: a.o.Config.RulesVersion,
		Morgue: records.NewMorgue(a.cluster, time.Now), Rereader: a.cluster, Topics: a.cluster.Topics().Map(),
	}
}

// reviewAtTimes brings documents up to the day, at the start and at each interval.
func (a *App) reviewAtTimes(ctx context.Context) {
	tick := time.NewTicker(a.o.Config.ReviewInterval)
	defer tick.Stop()
	for {
		if err := a.Review(ctx); err != nil && ctx.Err() == nil {
			a.o.Log.Warn("review: not all documents could be brought up to the day; trying again at the next", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Review brings every document that is due up to the business day.
func (a *App) Review(ctx context.Context) error {
	var errs []error
	for _, e := range a.engines {
		started := time.Now()
		n, err := e.Review(ctx)
		if n > 0 {
			a.o.Log.Info("review: documents brought up to the day", "function", e.Function().Name, "documents", n, "took", time.Since(started))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// serve answers the query API, and the page that reads it, until ctx ends.
func (a *App) serve(ctx context.Context) error {
	service := query.New(query.Config{
		Reader: a.reader, Today: a.today, AllowedOrigins: a.o.Config.CORSAllowedOrigins, Logger: a.o.Log,
	})
	page, err := admin.Handler()
	if err != nil {
		return err
	}
	// One address for both: the page then needs no CORS, and one link opens it.
	mux := http.NewServeMux()
	mux.Handle("/", page)
	mux.Handle("/v1/", service.Handler())
	mux.Handle("/healthz", service.Handler())
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(a.o.Log.Handler(), slog.LevelWarn),
	}
	a.o.Log.Info("query: serving", "page", a.QueryURL()+"/", "api", a.QueryURL()+"/v1/")
	return serveUntil(ctx, server, a.listener, "the query API")
}

// serveAccountant answers the accountant's app until ctx ends.
func (a *App) serveAccountant(ctx context.Context) error {
	defer a.books.Close()
	go a.books.ReadAhead(ctx)
	return serveUntil(ctx, a.books.Server(ctx), a.desk, "the accountant's app")
}

// serveUntil answers until ctx ends, then lets requests in hand end.
func serveUntil(ctx context.Context, server *http.Server, l net.Listener, what string) error {
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving %s on http://%s: %w", what, l.Addr(), err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		_ = server.Close() // who has not got an answer in that time is cut off
	}
	<-ended
	return nil
}

// Parts lists what the App runs.
func (a *App) Parts() []datadir.Part { return a.parts }

// RunUntilLevel runs the parts until everything recorded is applied and
// reviewed, drains them, and returns how far each function is. A Kafka that cannot be
// reached for half a minute is an error here, not something to wait for.
func (a *App) RunUntilLevel(ctx context.Context) (last []FunctionProgress, err error) {
	if a.cluster != nil {
		if err := a.reach(ctx, 30*time.Second); err != nil {
			return nil, err
		}
	}
	runCtx, stop := context.WithCancel(ctx)
	defer stop()
	ran := make(chan error, 1)
	go func() {
		defer stop() // a part that fails ends the waiting
		ran <- a.Run(runCtx)
	}()
	err = a.Level(runCtx, func(p []FunctionProgress) { last = p })
	if err == nil {
		err = a.Review(runCtx)
	}
	stop()
	if failed := <-ran; failed != nil {
		return nil, failed // why the waiting ended, where both have an error
	}
	return last, err
}

// reach asks Kafka until it answers.
func (a *App) reach(ctx context.Context, patience time.Duration) error {
	deadline := time.Now().Add(patience)
	for {
		err := a.cluster.Ping(ctx)
		if err == nil || errors.Is(err, records.ErrRefused) || ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
		a.o.Log.Warn("waiting for Kafka", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Second):
		}
	}
}
