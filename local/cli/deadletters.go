package cli

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"comptoir/functions/setup"
	"comptoir/local/datadir"
	"comptoir/local/deadletters"
	"comptoir/local/runner"
	"comptoir/shared/config"
	"comptoir/shared/records"
)

func (c *console) deadLetters() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dead-letters",
		Short: "What was kept aside: list it, look at it, bring it back",
		Long: `Records that can never be applied are kept aside, with why, in a topic of their own, and
hold up nothing. list shows those that a function still lacks; show prints one with its bytes;
redrive publishes the original again, as it was: who has applied it passes over it.`,
		Example: "  comptoir dead-letters list\n  comptoir dead-letters show 3f9a01\n  comptoir dead-letters redrive --all --dry-run",
	}
	cmd.AddCommand(c.listDeadLetters(), c.showDeadLetter(), c.redriveDeadLetters())
	return cmd
}

func filterFlags(cmd *cobra.Command, f *deadletters.Filter) {
	cmd.Flags().StringVar(&f.Function, "function", "", "only those of this `function`, such as product-winners")
	cmd.Flags().StringVar(&f.Type, "type", "", "only those of this `type`, such as product.sold")
}

func (c *console) listDeadLetters() *cobra.Command {
	var f deadletters.Filter
	var format string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List what was kept aside, each record once",
		Example: "  comptoir dead-letters list\n  comptoir dead-letters list --function loss-risk --settled",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return usagef("there is no format %q: name text or json", format)
			}
			return c.withLetters(cmd.Context(), f, func(_ *records.Cluster, letters []deadletters.Letter) error {
				if format == "json" {
					return json.NewEncoder(c.out).Encode(map[string]any{"items": letters})
				}
				return printLetters(c.out, letters)
			})
		},
	}
	filterFlags(cmd, &f)
	cmd.Flags().BoolVar(&f.Settled, "settled", false, "also those that were applied since")
	cmd.Flags().StringVar(&format, "format", "text", "`text or json`")
	return cmd
}

// withLetters lists dead letters, and lets f work with them and their Kafka.
func (c *console) withLetters(ctx context.Context, filter deadletters.Filter, f func(*records.Cluster, []deadletters.Letter) error) error {
	return c.withKafka(func(dir *datadir.Dir, cfg *config.Config, cluster *records.Cluster) (err error) {
		currency := cfg.Currency
		if l, err := runner.OpenLedger(ctx, dir, cfg, false); err == nil {
			currency = l.Currency()
			if err := l.Close(); err != nil {
				return err
			}
		} else if !errors.Is(err, runner.ErrNoLedger) {
			return err
		}
		if currency == "" {
			if currency, err = cfg.RequireCurrency(); err != nil {
				return err
			}
		}
		all, err := setup.Functions(cfg, currency)
		if err != nil {
			return err
		}
		reader, err := runner.OpenReader(ctx, dir, cfg)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, reader.Close()) }()
		letters, err := deadletters.List(ctx, cluster, runner.Applied(reader, all), filter)
		if err != nil {
			return err
		}
		return f(cluster, letters)
	})
}

// withKafka opens the Kafka of the data directory for f.
func (c *console) withKafka(f func(*datadir.Dir, *config.Config, *records.Cluster) error) (err error) {
	dir, cfg, err := c.open(false)
	if err != nil {
		return err
	}
	cluster, closeKafka, err := runner.Kafka(dir, cfg, c.logger(cfg))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeKafka()) }()
	return f(dir, cfg, cluster)
}

func printLetters(out io.Writer, letters []deadletters.Letter) error {
	if len(letters) == 0 {
		_, err := fmt.Fprintln(out, "Nothing is waiting among the dead letters.")
		return err
	}
	for i := range letters {
		l := &letters[i]
		fmt.Fprintf(out, "%s  %s of %s, %s\n", l.ID, orNone(clean(l.Type), "no type"), orNone(clean(l.Key), "no key"), strings.Join(l.Origins, ", "))
		for _, k := range l.Cases {
			settled := ""
			if k.Applied {
				settled = ", applied since"
			}
			fmt.Fprintf(out, "    %s, %s%s%s\n        %s\n        → %s\n", k.Function, stamp(&k.Last), times(k.Times), settled, clean(k.Reason), k.Do)
		}
	}
	_, err := fmt.Fprintf(out, "%s. `comptoir dead-letters show ID` prints one, `redrive` brings them back.\n", recordsText(len(letters)))
	return err
}

func recordsText(n int) string {
	if n == 1 {
		return "1 record"
	}
	return humanize.Comma(int64(n)) + " records"
}

func orNone(s, none string) string {
	if s == "" {
		return none
	}
	return s
}

func times(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(" (%d times)", n)
}

func (c *console) showDeadLetter() *cobra.Command {
	return &cobra.Command{
		Use:     "show ID",
		Short:   "Print one record that was kept aside, with its bytes",
		Example: "  comptoir dead-letters show 3f9a01",
		Args:    oneArgument("the id of a dead letter, as list shows it"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withKafka(func(_ *datadir.Dir, _ *config.Config, cluster *records.Cluster) error {
				stored, err := deadletters.Show(cmd.Context(), cluster, args[0])
				if err != nil {
					return err
				}
				return printLetter(c.out, stored)
			})
		},
	}
}

func oneArgument(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return errors.New("name " + what)
		}
		return nil
	}
}

// printLetter prints nothing that a terminal could take for a command.
func printLetter(out io.Writer, stored []records.StoredLetter) error {
	for i := range stored {
		s := &stored[i]
		fmt.Fprintf(out, "kept aside by %s on %s, from %s\n    %s\n", s.Function, stamp(&s.Time), s.Origin, clean(s.Reason))
	}
	m := &stored[0].Message
	fmt.Fprintf(out, "key      %s\n", safe(m.Key))
	for _, h := range m.Headers {
		fmt.Fprintf(out, "header   %s = %s\n", strconv.QuoteToASCII(h.Key), safe(h.Value))
	}
	fmt.Fprintf(out, "value    %s\n", humanize.IBytes(uint64(len(m.Value))))
	var pretty bytes.Buffer
	switch {
	case json.Indent(&pretty, m.Value, "", "  ") == nil && utf8.Valid(m.Value):
		for line := range strings.Lines(pretty.String()) {
			fmt.Fprintln(out, clean(strings.TrimRight(line, "\n")))
		}
		return nil
	case m.Value == nil:
		_, err := fmt.Fprintln(out, "(null)")
		return err
	}
	const most = 4096
	if _, err := fmt.Fprint(out, hex.Dump(m.Value[:min(len(m.Value), most)])); err != nil || len(m.Value) <= most {
		return err
	}
	_, err := fmt.Fprintf(out, "and %s bytes more\n", humanize.Comma(int64(len(m.Value)-most)))
	return err
}

func safe(b []byte) string {
	if b == nil {
		return "(null)"
	}
	return strconv.QuoteToASCII(string(b))
}

func (c *console) redriveDeadLetters() *cobra.Command {
	var f deadletters.Filter
	var all, dry bool
	cmd := &cobra.Command{
		Use:   "redrive [ID…]",
		Short: "Publish what was kept aside again, as it was",
		Long: `Publish the original records again, as they were and where they were. A function that has
applied one passes over it; the one that lacks it finds it missing and applies it, where it
can by now. It may be repeated at any time, in any order, beside a running run.`,
		Example: "  comptoir dead-letters redrive 3f9a01\n  comptoir dead-letters redrive --function loss-risk\n  comptoir dead-letters redrive --all --dry-run",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && !all && f.Function == "" && f.Type == "" {
				return errors.New("name the records by their ids, a --function, a --type, or --all that are waiting")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			f.IDs = args
			return c.withLetters(cmd.Context(), f, func(cluster *records.Cluster, letters []deadletters.Letter) error {
				return c.redrive(cmd.Context(), cluster, letters, dry)
			})
		},
	}
	filterFlags(cmd, &f)
	cmd.Flags().BoolVar(&all, "all", false, "all that a function still lacks")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "say what would be published, and publish nothing")
	return cmd
}

func (c *console) redrive(ctx context.Context, cluster *records.Cluster, letters []deadletters.Letter, dry bool) error {
	if len(letters) == 0 {
		return errors.New("redriving: no dead letter is meant by that; `comptoir dead-letters list` shows what is waiting")
	}
	for i := range letters {
		l := &letters[i]
		fmt.Fprintf(c.out, "%s  %s of %s\n", l.ID, orNone(clean(l.Type), "no type"), orNone(clean(l.Key), "no key"))
	}
	if dry {
		_, err := fmt.Fprintf(c.out, "%s would be published again; nothing was.\n", recordsText(len(letters)))
		return err
	}
	n, err := deadletters.Redrive(ctx, cluster, letters)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "Published %s again. What cannot be applied yet is kept aside once more.\n", recordsText(n))
	return err
}
