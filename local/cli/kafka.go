package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"comptoir/functions/setup"
	"comptoir/local/ledger"
	"comptoir/local/runner"
	"comptoir/shared/money"
)

func (c *console) migrate() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Make the topics and the state's indexes that are missing",
		Long: `Make the topics on Kafka and the collections and indexes of the state that are missing.
What is there is left as it is; it can be run again at any time. On the embedded broker
and state, ` + "`comptoir run`" + ` does this by itself.`,
		Example: "  comptoir migrate --kafka-bootstrap-servers kafka:9092 --replication-factor 3",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.runMigrate(cmd.Context()) },
	}
}

func (c *console) runMigrate(ctx context.Context) (err error) {
	dir, cfg, err := c.open(true)
	if err != nil {
		return err
	}
	var l *ledger.Ledger
	var currency money.Currency
	if dir.Has(dir.Ledger()) {
		if l, err = runner.OpenLedger(ctx, dir, cfg, false); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, l.Close()) }()
		currency = l.Currency()
	} else if currency, err = cfg.RequireCurrency(); err != nil {
		return err
	}
	cluster, closeKafka, err := runner.Kafka(dir, cfg, c.logger(cfg))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeKafka()) }()
	created, err := cluster.Migrate(ctx, runner.Layout(cfg, l))
	if err != nil {
		return err
	}
	all, err := setup.Functions(cfg, currency)
	if err != nil {
		return err
	}
	store, err := runner.OpenState(ctx, dir, cfg, all)
	if err != nil {
		return err
	}
	if err := errors.Join(store.Migrate(ctx), store.Close()); err != nil {
		return err
	}
	if len(created) == 0 {
		fmt.Fprintln(c.out, "All topics were there.")
	} else {
		fmt.Fprintf(c.out, "Made the topics %s.\n", strings.Join(created, ", "))
	}
	_, err = fmt.Fprintln(c.out, "The state has its collections and indexes.")
	return err
}

func (c *console) republish() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "republish STREAM:FROM-TO",
		Short: "Publish a part of the event log again",
		Long: `Publish a part of the ledger's event log again, as it was. What was applied is passed
over; what is missing is applied. A range works beside a running run. --all
publishes everything, after the broker's log was removed; nothing may run meanwhile.`,
		Example: "  comptoir republish sales/3:912-913\n  comptoir republish --all",
		Args: func(_ *cobra.Command, args []string) error {
			if all == (len(args) == 1) || len(args) > 1 {
				return errors.New("name one range, such as sales/3:912-913, or --all")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return c.runRepublish(cmd.Context(), args) },
	}
	cmd.Flags().BoolVar(&all, "all", false, "the whole event log")
	return cmd
}

func (c *console) runRepublish(ctx context.Context, args []string) error {
	var stream string
	var from, to int64
	if len(args) == 1 {
		var err error
		if stream, from, to, err = parseRange(args[0]); err != nil {
			return err
		}
	}
	dir, cfg, err := c.open(false)
	if err != nil {
		return err
	}
	log := c.logger(cfg)
	if stream == "" {
		n, err := runner.RepublishAll(ctx, dir, cfg, log, nil)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.out, "Published %s events again; the next `comptoir run` reads them from the start.\n", humanize.Comma(n))
		return err
	}
	if err := runner.Republish(ctx, dir, cfg, log, stream, from, to, nil); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "Published %s events of %s again.\n", humanize.Comma(to-from+1), stream)
	return err
}

// parseRange reads sales/3:912-913, or sales/3:912 for one event.
func parseRange(s string) (stream string, from, to int64, err error) {
	stream, span, ok := strings.Cut(s, ":")
	first, last, ranged := strings.Cut(span, "-")
	if !ranged {
		last = first
	}
	from, err1 := strconv.ParseInt(first, 10, 64)
	to, err2 := strconv.ParseInt(last, 10, 64)
	if !ok || stream == "" || err1 != nil || err2 != nil || from < 1 || to < from {
		return "", 0, 0, usagef("%q is not a range of a stream: write it as sales/3:912-913", s)
	}
	return stream, from, to, nil
}
