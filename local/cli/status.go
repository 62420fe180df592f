package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"comptoir/functions/query"
	"comptoir/local/datadir"
	"comptoir/local/runner"
	"comptoir/shared/config"
	"comptoir/shared/money"
)

func (c *console) status() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "How far everything has come",
		Long: `How far everything has come: what runs, what is recorded and published, and for each
function up to when the state is complete, how far it is behind, what is missing and what
was kept aside. It only reads.`,
		Example: "  comptoir status\n  comptoir status --format json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return usagef("there is no format %q: name text or json", format)
			}
			return c.runStatus(cmd.Context(), format)
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "`text or json`")
	return cmd
}

// overview is what `comptoir status` tells.
type overview struct {
	Data    string                           `json:"data"`
	Running map[datadir.Part]datadir.Running `json:"running"`
	Ledger  *ledgerStatus                    `json:"ledger"`
	State   *query.Status                    `json:"state"`
}

// ledgerStatus is how much is recorded and published, in events.
type ledgerStatus struct {
	ID        string                  `json:"id"`
	Currency  money.Currency          `json:"currency"`
	Recorded  int64                   `json:"recorded"`
	Published int64                   `json:"published"`
	Streams   map[string]streamStatus `json:"streams"`
}

type streamStatus struct {
	Recorded  int64 `json:"recorded"`
	Published int64 `json:"published"`
}

func (c *console) runStatus(ctx context.Context, format string) error {
	dir, cfg, err := c.open(false)
	if err != nil {
		return err
	}
	o, err := c.look(ctx, dir, cfg)
	if err != nil {
		return err
	}
	if format == "json" {
		e := json.NewEncoder(c.out)
		e.SetIndent("", "  ")
		return e.Encode(o)
	}
	return printStatus(c.out, o)
}

// look gathers the overview. A part of it that is not there yet stays nil.
func (c *console) look(ctx context.Context, dir *datadir.Dir, cfg *config.Config) (o overview, err error) {
	o.Data = dir.Path()
	if o.Running, err = dir.Running(); err != nil {
		return o, err
	}
	if o.Ledger, err = lookAtLedger(ctx, dir, cfg); err != nil && !errors.Is(err, runner.ErrNoLedger) {
		return o, err
	}
	return o, c.withQuery(ctx, dir, cfg, func(s *query.Service) error {
		st, err := s.Status(ctx)
		o.State = &st
		return err
	})
}

func lookAtLedger(ctx context.Context, dir *datadir.Dir, cfg *config.Config) (_ *ledgerStatus, err error) {
	l, err := runner.OpenLedger(ctx, dir, cfg, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	published, err := l.Published(ctx)
	if err != nil {
		return nil, err
	}
	heads, _, err := l.Heads(ctx)
	if err != nil {
		return nil, err
	}
	s := &ledgerStatus{ID: l.ID(), Currency: l.Currency(), Streams: map[string]streamStatus{}}
	for stream, n := range heads {
		s.Streams[stream] = streamStatus{Recorded: n, Published: published[stream]}
		s.Recorded += n
		s.Published += published[stream]
	}
	return s, nil
}

func printStatus(out io.Writer, o overview) error {
	fmt.Fprintf(out, "Data directory  %s\n", o.Data)
	for _, p := range datadir.Parts() {
		r, ok := o.Running[p]
		switch {
		case !ok:
			fmt.Fprintf(out, "%-15s not running\n", p)
		case r.Address != "":
			fmt.Fprintf(out, "%-15s running at %s, process %d since %s\n", p, r.Address, r.PID, stamp(&r.Since))
		default:
			fmt.Fprintf(out, "%-15s running, process %d since %s\n", p, r.PID, stamp(&r.Since))
		}
	}
	if l := o.Ledger; l != nil {
		fmt.Fprintf(out, "Ledger          %s, %s: %s events recorded, %s published\n", l.ID, l.Currency, humanize.Comma(l.Recorded), humanize.Comma(l.Published))
	} else {
		fmt.Fprintln(out, "Ledger          none yet")
	}
	st := o.State
	if st == nil {
		return nil
	}
	if !st.Computed {
		_, err := fmt.Fprintf(out, "State           %s\n", st.Note)
		return err
	}
	fmt.Fprintf(out, "State           as of %s, business date %s, last heartbeat %s\n\n", stamp(st.AsOf), st.BusinessDate, stamp(st.HeartbeatAt))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "as of\tbehind\tmissing\tdead letters\treviews due\t  function")
	for _, f := range st.Functions {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t  %s\n", stamp(f.AsOf), optional(f.Lag, humanize.Comma), f.Gaps, f.DeadLetters, f.ReviewsDue, f.Name)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, g := range gapsOf(st.Functions) {
		fmt.Fprintf(out, "missing of %s: %d to %d, to %s: bring them again with `%s`\n", g.stream, g.first, g.last, strings.Join(g.functions, ", "), g.republish())
	}
	return nil
}

// gap is a range of a stream that functions have never seen.
type gap struct {
	stream      string
	first, last int64
	functions   []string
}

func (g *gap) republish() string {
	return fmt.Sprintf("comptoir republish %s:%d-%d", g.stream, g.first, g.last)
}

// gapsOf lists what is missing, each range once.
func gapsOf(all []query.FunctionStatus) (gaps []gap) {
	for _, f := range all {
		for _, s := range f.Streams {
			for _, r := range s.Missing {
				i := slices.IndexFunc(gaps, func(g gap) bool { return g.stream == s.Stream && g.first == r[0] && g.last == r[1] })
				if i < 0 {
					i = len(gaps)
					gaps = append(gaps, gap{stream: s.Stream, first: r[0], last: r[1]})
				}
				gaps[i].functions = append(gaps[i].functions, f.Name)
			}
		}
	}
	return gaps
}

func stamp(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "unknown"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}
