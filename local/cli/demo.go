package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"comptoir/functions/query"
	"comptoir/local/datadir"
	"comptoir/local/demo"
	"comptoir/local/importer"
	"comptoir/local/runner"
	"comptoir/shared/config"
	"comptoir/shared/logs"
)

func (c *console) demo() *cobra.Command {
	var exit bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Load a real shop's year, show its figures, serve them",
		Long: `Load a real shop's year into a data directory of its own, with every part running on
2011-12-09, the last day of that year; show the three lists, then serve the manager's
page and the query API until Ctrl+C. Where the year is there already, it is level at once.`,
		Example: "  comptoir demo\n  comptoir demo --data /tmp/shop --exit",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.runDemo(cmd.Context(), exit) },
	}
	cmd.Flags().BoolVar(&exit, "exit", false, "end after the lists instead of serving")
	return cmd
}

func (c *console) runDemo(ctx context.Context, exit bool) (err error) {
	started := time.Now()
	dir, cfg, err := c.demoDirectory()
	if err != nil {
		return err
	}
	// While it loads, the progress is what there is to see; afterwards, what happens.
	level := new(slog.LevelVar)
	level.Set(max(cfg.LogLevel, slog.LevelWarn))
	if cfg.IsSet("LOG_LEVEL") {
		level.Set(cfg.LogLevel)
	}
	app, err := runner.Open(ctx, runner.Options{Dir: dir, Config: cfg, Log: logs.New(c.err, cfg.LogFormat, level)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	frugal(ctx, app)
	runCtx, stop := context.WithCancel(ctx)
	defer stop()
	ran := make(chan error, 1)
	go func() {
		defer stop() // a part that fails ends the loading
		ran <- app.Run(runCtx)
	}()
	err = c.load(runCtx, app, started)
	if err == nil && !exit {
		fmt.Fprintf(c.err, "\nServing until Ctrl+C. In another terminal: comptoir status --data %s\n", dir.Path())
		level.Set(cfg.LogLevel)
		<-runCtx.Done()
	}
	stop()
	if failed := <-ran; failed != nil {
		return failed
	}
	if err != nil && ctx.Err() != nil && !exit {
		fmt.Fprintln(c.err, "Stopped; what was finished is kept: the next `comptoir demo` goes on there.")
		return nil
	}
	return err
}

// demoDirectory opens the demo's own data directory, and settles what day and
// currency it is in.
func (c *console) demoDirectory() (*datadir.Dir, *config.Config, error) {
	path, err := c.dataPath()
	if err != nil {
		return nil, nil, err
	}
	if c.data == "" {
		path += "-demo" // never among the user's own books
	}
	dir, err := datadir.Open(path, true)
	if err != nil {
		return nil, nil, err
	}
	if !dir.Has(dir.Settings()) {
		if dir.Has(dir.Ledger()) {
			return nil, nil, fmt.Errorf("loading the demo: %s holds the books of a shop already: name another folder with --data DIR", dir.Path())
		}
		kept := config.FormatFile("The demo's year ends on this day.", map[string]string{
			"BUSINESS_DATE": demo.BusinessDate().String(), "CURRENCY": string(demo.Currency), "BUSINESS_TIMEZONE": "Europe/London",
		})
		if err := dir.WriteSettings(kept); err != nil {
			return nil, nil, err
		}
	}
	cfg, err := c.settings(dir.Settings())
	if err != nil {
		return nil, nil, err
	}
	if cfg.BusinessDate != demo.BusinessDate() || cfg.Currency != demo.Currency {
		return nil, nil, fmt.Errorf("loading the demo: it is in %s on %s, and the settings say %q on %q: leave them out, and name a new folder with --data DIR",
			demo.Currency, demo.BusinessDate(), cfg.Currency, cfg.BusinessDate)
	}
	return dir, cfg, nil
}

// load imports the year while everything runs, and shows what came out.
func (c *console) load(ctx context.Context, app *runner.App, started time.Time) error {
	fmt.Fprintln(c.err, "Loading a real shop's year: 541,909 invoice lines, 2010-12-01 to 2011-12-09.")
	if _, err := importer.Import(ctx, importer.Options{
		Ledger: app.Ledger(), Files: demo.Files(), Profile: demo.Profile, Who: "demo", StockDate: demo.BusinessDate(),
		Progress: importer.NewMeter(c.err).Show,
	}); err != nil {
		return err
	}
	app.Wake()
	imported := time.Since(started)
	if err := app.Level(ctx, nil); err != nil {
		return err
	}
	level := time.Since(started)
	s := query.New(query.Config{Reader: app.Reader(), Today: demo.BusinessDate})
	if err := printLists(ctx, c.out, s); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.out, "Imported in %.1f s, everything applied after %.1f s.\nThe manager's page: %s/\nThe accountant's app: %s/\n", imported.Seconds(), level.Seconds(), app.QueryURL(), app.AccountantURL())
	return err
}
