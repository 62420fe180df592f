package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"comptoir/local/datadir"
	"comptoir/local/runner"
)

func (c *console) run() *cobra.Command {
	var untilCaughtUp bool
	names := make([]string, 0, len(datadir.Parts()))
	for _, p := range datadir.Parts() {
		names = append(names, string(p))
	}
	cmd := &cobra.Command{
		Use:   "run [PART…]",
		Short: "Run the parts, all of them or those named",
		Long: `Run the parts, all of them or those named: relay, broker, functions, query, accountant.
Ctrl+C or SIGTERM ends it: what is in hand is finished, and the next run goes on there. A
second one stops at once. A part runs once on a data directory.`,
		Example: `  comptoir run --currency EUR
  comptoir run relay functions
  comptoir run --until-caught-up`,
		Args:      oneOf("part", names),
		ValidArgs: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			parts := make([]datadir.Part, 0, len(args))
			for _, a := range args {
				parts = append(parts, datadir.Part(a))
			}
			return c.runParts(cmd.Context(), parts, untilCaughtUp)
		},
	}
	cmd.Flags().BoolVar(&untilCaughtUp, "until-caught-up", false, "end when everything recorded is applied, with a summary")
	return cmd
}

func (c *console) runParts(ctx context.Context, parts []datadir.Part, untilCaughtUp bool) (err error) {
	dir, cfg, err := c.open(true)
	if err != nil {
		return err
	}
	app, err := runner.Open(ctx, runner.Options{Dir: dir, Config: cfg, Log: c.logger(cfg), Parts: parts})
	if ctx.Err() != nil && errors.Is(err, context.Canceled) && !untilCaughtUp {
		return nil // it ends as it would a moment later
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	frugal(ctx, app)
	if !untilCaughtUp {
		return app.Run(ctx)
	}
	started := time.Now()
	progress, err := app.RunUntilLevel(ctx)
	if err != nil {
		return err
	}
	return printCaughtUp(c.out, progress, time.Since(started))
}

func printCaughtUp(out io.Writer, all []runner.FunctionProgress, took time.Duration) error {
	fmt.Fprintf(out, "Caught up in %s: everything recorded is applied.\n", took.Round(10*time.Millisecond))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "records\tdead letters\tmissing\t  function")
	for _, p := range all {
		fmt.Fprintf(w, "%s\t%d\t%d\t  %s\n", humanize.Comma(p.Records), p.DeadLetters, p.Missing, p.Function)
	}
	return w.Flush()
}
