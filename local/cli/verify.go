package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"comptoir/functions/setup"
	"comptoir/local/runner"
	"comptoir/local/verify"
)

func (c *console) verify() *cobra.Command {
	var strict bool
	var limit int
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Recompute every figure from the ledger and compare the state",
		Long: `Recompute every figure from the ledger's own tables, without the functions' rules, and
compare each document of the state at its own revisions and day. It prints each
difference and exits 1 where there is one. It only reads, and works beside a running run.`,
		Example: "  comptoir verify\n  comptoir verify --strict",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.runVerify(cmd.Context(), strict, limit) },
	}
	cmd.Flags().BoolVar(&strict, "strict", false, "fail also on what is behind, missing, or added by other sources")
	cmd.Flags().IntVar(&limit, "limit", 100, "list at most this many differences; all are counted")
	return cmd
}

func (c *console) runVerify(ctx context.Context, strict bool, limit int) (err error) {
	dir, cfg, err := c.open(false)
	if err != nil {
		return err
	}
	l, err := runner.OpenLedger(ctx, dir, cfg, false)
	if err != nil {
		return err
	}
	source, currency := l.Source(), l.Currency()
	if err := l.Close(); err != nil {
		return err
	}
	rules, err := setup.Rules(cfg, currency)
	if err != nil {
		return err
	}
	reader, err := runner.OpenReader(ctx, dir, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	report, err := verify.Run(ctx, verify.Config{LedgerPath: dir.Ledger(), Source: source, State: reader, Rules: rules, Limit: limit})
	if err != nil {
		return err
	}
	return c.printReport(report, strict)
}

func (c *console) printReport(r *verify.Report, strict bool) error {
	for _, d := range r.Differences {
		fmt.Fprintln(c.out, d)
	}
	if more := r.Found - len(r.Differences); more > 0 {
		fmt.Fprintf(c.out, "and %s more: list them with --limit\n", humanize.Comma(int64(more)))
	}
	var behind, gaps int64
	for _, f := range slices.Sorted(maps.Keys(r.Behind)) {
		if n := r.Behind[f]; n > 0 {
			behind += n
			fmt.Fprintf(c.out, "%s is behind: %s events are recorded and not applied yet\n", f, humanize.Comma(n))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Gaps)) {
		if n := r.Gaps[name]; n > 0 {
			gaps += n
			fmt.Fprintf(c.out, "%s misses %s events: `comptoir republish` brings them again\n", name, humanize.Comma(n))
		}
	}
	for _, d := range r.Foreign {
		fmt.Fprintf(c.out, "added by other sources, which the books cannot confirm: %s\n", d)
	}
	total := 0
	for _, name := range slices.Sorted(maps.Keys(r.Documents)) {
		total += r.Documents[name]
		fmt.Fprintf(c.out, "%s: %s documents compared\n", name, humanize.Comma(int64(r.Documents[name])))
	}
	switch {
	case r.Found > 0:
		fmt.Fprintf(c.err, "comptoir: %s figures of the state are not what the ledger says\n", humanize.Comma(int64(r.Found)))
		return errQuiet
	case strict && (behind > 0 || gaps > 0 || len(r.Foreign) > 0):
		fmt.Fprintln(c.err, "comptoir: the state is not the whole of the ledger and nothing else, as --strict asks")
		return errQuiet
	}
	_, err := fmt.Fprintf(c.out, "Every figure of %s documents is what the ledger says.\n", humanize.Comma(int64(total)))
	return err
}
