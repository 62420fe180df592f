package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"comptoir/local/rebuild"
	"comptoir/local/runner"
	"comptoir/local/verify"
)

func (c *console) rebuild() *cobra.Command {
	var forget bool
	cmd := &cobra.Command{
		Use:   "rebuild",
		Short: "Make the state anew from the event log, beside the live one, and swap",
		Long: `Fold the whole event log into new collections beside the live ones, compare them with the
ledger, and make them the live ones. It works beside a running run; readers see the old
figures, then the new ones, and never a mixture. Where they are not what the ledger says
nothing is swapped. It can be stopped or killed at any time: run again, it begins anew,
or ends what was left to do after the swap. The old collections stay until --forget.`,
		Example: "  comptoir rebuild\n  comptoir rebuild --forget",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if forget {
				return c.runForget(cmd.Context())
			}
			return c.runRebuild(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&forget, "forget", false, "remove what rebuilds have left behind, and build nothing")
	return cmd
}

func (c *console) rebuilding() (runner.RebuildOptions, error) {
	dir, cfg, err := c.open(false)
	if err != nil {
		return runner.RebuildOptions{}, err
	}
	return runner.RebuildOptions{Dir: dir, Config: cfg, Log: c.logger(cfg)}, nil
}

func (c *console) runRebuild(ctx context.Context) error {
	o, err := c.rebuilding()
	if err != nil {
		return err
	}
	o.Report = func(r *verify.Report) { c.printDifferences(r) }
	began := time.Now()
	res, err := runner.Rebuild(ctx, o)
	if err != nil {
		return err
	}
	took := time.Since(began).Round(10 * time.Millisecond)
	if res.Resumed {
		_, err = fmt.Fprintf(c.out, "Ended a rebuild that had been interrupted after its swap (%s): epoch %d is live and whole.\n", took, res.Epoch)
		return err
	}
	_, err = fmt.Fprintf(c.out, "Epoch %d is live (%s). Epoch %d is kept until `comptoir rebuild --forget`.\n", res.Epoch, took, res.Before)
	return err
}

func (c *console) runForget(ctx context.Context) error {
	o, err := c.rebuilding()
	if err != nil {
		return err
	}
	gone, err := runner.Forget(ctx, o)
	if err != nil {
		return err
	}
	for _, g := range gone {
		printForgotten(c, g)
	}
	if len(gone) == 0 {
		_, err = fmt.Fprintln(c.out, "There was nothing to remove.")
	}
	return err
}

func printForgotten(c *console, g rebuild.Forgotten) {
	fmt.Fprintf(c.out, "Removed epoch %d (%s).\n", g.Epoch, humanize.IBytes(uint64(max(0, g.Bytes))))
}
