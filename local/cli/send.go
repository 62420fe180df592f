package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"comptoir/local/runner"
	"comptoir/local/sender"
)

func (c *console) send() *cobra.Command {
	var rate float64
	cmd := &cobra.Command{
		Use:   "send FILE|-",
		Short: "Publish CloudEvents as another producer would",
		Long: `Publish CloudEvents, one a line in JSON, as another producer than the ledger would.
- reads them from standard input. Each line is checked before it is sent.

With --rate events are sent when they are due, whether or not Kafka has acknowledged
those before; how late each was acknowledged is told at the end.`,
		Example: "  comptoir send till.jsonl\n  tail -f till.jsonl | comptoir send - --rate 100",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.runSend(cmd.Context(), args[0], rate) },
	}
	cmd.Flags().Float64Var(&rate, "rate", 0, "so many events a second fall due (default: as fast as it goes)")
	return cmd
}

func (c *console) runSend(ctx context.Context, name string, rate float64) (err error) {
	if rate < 0 {
		return usagef("--rate %g: it must be above zero", rate)
	}
	var in io.Reader
	if name == "-" {
		name = "standard input"
		// A read that waits for a terminal or a pipe knows no context.
		in = cancellable(ctx, c.in)
	} else {
		f, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("sending: %w; check the name of the file", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		in = f
	}
	dir, cfg, err := c.open(true)
	if err != nil {
		return err
	}
	cluster, closeKafka, err := runner.Kafka(dir, cfg, c.logger(cfg))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeKafka()) }()
	// The keys of one entity go where the ledger's go, whoever sends them.
	partitions := cfg.Partitions
	if dir.Has(dir.Ledger()) {
		l, err := runner.OpenLedger(ctx, dir, cfg, false)
		if err != nil {
			return err
		}
		partitions = l.Partitions()
		if err := l.Close(); err != nil {
			return err
		}
	}
	layout := runner.Layout(cfg, nil)
	layout.Partitions = partitions
	if err := cluster.Check(ctx, layout); err != nil {
		return err
	}
	report, err := sender.Send(ctx, sender.Options{In: in, Name: name, Cluster: cluster, Partitions: partitions, Rate: rate})
	fmt.Fprintf(c.out, "%s events sent and acknowledged in %.1f s.\n", humanize.Comma(report.Sent), report.Took.Seconds())
	if rate > 0 && report.Sent > 0 {
		fmt.Fprintf(c.out, "Acknowledged after they were due: median %s, p99 %s, at most %s.\n", short(report.Late.Median), short(report.Late.P99), short(report.Late.Max))
	}
	return err
}

// short writes a duration with three digits or so.
func short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < time.Second:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

// cancellable ends a reader's input where the context ends.
func cancellable(ctx context.Context, in io.Reader) io.Reader {
	r, w := io.Pipe()
	go func() {
		_, err := io.Copy(w, in)
		w.CloseWithError(err) // always nil
	}()
	context.AfterFunc(ctx, func() { w.CloseWithError(ctx.Err()) })
	return r
}
