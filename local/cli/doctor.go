package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"comptoir/functions/query"
	"comptoir/local/datadir"
	"comptoir/local/runner"
	"comptoir/shared/config"
)

func (c *console) doctor() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "What is wrong, and what to do",
		Long: `Answer what a user asks when nothing shows: are the functions running, are there events,
how far behind is everything, does the state have data, is it reachable, what to do. It
changes nothing. It exits 1 where something needs doing.`,
		Example: "  comptoir doctor",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.runDoctor(cmd.Context()) },
	}
}

// finding is one answer of the doctor. Advice is "" where all is well.
type finding struct{ about, says, advice string }

func (c *console) runDoctor(ctx context.Context) error {
	dir, cfg, err := c.open(false)
	if errors.Is(err, datadir.ErrAbsent) {
		return c.printFindings([]finding{{"data", "there is no data directory yet", err.Error()}})
	}
	if err != nil {
		return err
	}
	findings := []finding{{about: "data", says: dir.Path()}}
	findings = append(findings, examineLedger(ctx, dir, cfg)...)
	findings = append(findings, examineParts(ctx, dir, cfg)...)
	findings = append(findings, examineKafka(ctx, dir, cfg)...)
	findings = append(findings, c.examineState(ctx, dir, cfg)...)
	return c.printFindings(findings)
}

func (c *console) printFindings(findings []finding) error {
	wrong := 0
	for _, f := range findings {
		mark := "ok   "
		if f.advice != "" {
			mark = "LOOK "
			wrong++
		}
		fmt.Fprintf(c.out, "%s %-18s %s\n", mark, f.about, f.says)
		if f.advice != "" {
			fmt.Fprintf(c.out, "      %-18s %s\n", "", f.advice)
		}
	}
	if wrong > 0 {
		return errQuiet
	}
	_, err := fmt.Fprintln(c.out, "All is well.")
	return err
}

func examineLedger(ctx context.Context, dir *datadir.Dir, cfg *config.Config) []finding {
	l, err := lookAtLedger(ctx, dir, cfg)
	switch {
	case errors.Is(err, runner.ErrNoLedger):
		return []finding{{"ledger", "nothing is recorded yet", "record something: `comptoir import --currency EUR FILE…` (or your own currency)"}}
	case err != nil:
		return []finding{{"ledger", "it cannot be read", err.Error()}}
	case l.Recorded == 0:
		return []finding{{"ledger", "there are no events yet", "record something: `comptoir import FILE…`"}}
	}
	f := finding{about: "ledger", says: fmt.Sprintf("%s events recorded, %s published to Kafka", humanize.Comma(l.Recorded), humanize.Comma(l.Published))}
	if n := l.Recorded - l.Published; n > 0 {
		f.advice = fmt.Sprintf("%s events wait for the relay: keep `comptoir run` running, and see below whether Kafka can be reached", humanize.Comma(n))
	}
	return []finding{f}
}

func examineParts(ctx context.Context, dir *datadir.Dir, cfg *config.Config) (findings []finding) {
	running, err := dir.Running()
	if err != nil {
		return []finding{{"parts", "it is not known what runs", err.Error()}}
	}
	if len(running) == 0 {
		return []finding{{"parts", "nothing is running: what was computed stays as it is", "start everything: `comptoir run`"}}
	}
	for _, p := range datadir.Parts() {
		if p == datadir.Broker && len(cfg.KafkaBootstrapServers) > 0 {
			continue
		}
		r, ok := running[p]
		f := finding{about: string(p), says: fmt.Sprintf("running, process %d", r.PID)}
		if !ok {
			f = finding{string(p), "not running", fmt.Sprintf("start it: `comptoir run`, or `comptoir run %s` for it alone", p)}
		}
		if ok && r.Address != "" {
			f.says += " at " + r.Address
		}
		if ok && p == datadir.Query {
			if err := healthy(ctx, r.Address); err != nil {
				f.advice = fmt.Sprintf("it does not answer (%v): look at its log, then end process %d and start it again", err, r.PID)
			}
		}
		findings = append(findings, f)
	}
	return findings
}

func healthy(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/healthz", http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	if err := response.Body.Close(); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}

func examineKafka(ctx context.Context, dir *datadir.Dir, cfg *config.Config) []finding {
	cluster, err := runner.Connect(dir, cfg)
	if errors.Is(err, runner.ErrNoBroker) {
		return nil // said with the parts
	}
	if err != nil {
		return []finding{{"kafka", "it cannot be used", err.Error()}}
	}
	defer cluster.Close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	at := strings.Join(cluster.Bootstrap(), ",")
	if err := cluster.Ping(ctx); err != nil {
		return []finding{{"kafka", "it does not answer at " + at, err.Error()}}
	}
	layout := runner.Layout(cfg, nil)
	if l, err := runner.OpenLedger(ctx, dir, cfg, false); err == nil {
		layout = runner.Layout(cfg, l)
		if err := l.Close(); err != nil {
			return []finding{{"kafka", "the ledger cannot be closed", err.Error()}}
		}
	}
	if err := cluster.Check(ctx, layout); err != nil {
		return []finding{{"kafka", "it answers at " + at + ", and its topics do not fit", err.Error()}}
	}
	return []finding{{about: "kafka", says: "it answers at " + at + ", and its topics fit"}}
}

func (c *console) examineState(ctx context.Context, dir *datadir.Dir, cfg *config.Config) (findings []finding) {
	err := c.withQuery(ctx, dir, cfg, func(s *query.Service) error {
		st, err := s.Status(ctx)
		if err != nil {
			return err
		}
		if !st.Computed {
			findings = append(findings, finding{"state", "there is nothing to show yet", st.Note})
			return nil
		}
		findings = append(findings, finding{about: "state", says: fmt.Sprintf("it has data: as of %s, business date %s", stamp(st.AsOf), st.BusinessDate)})
		if st.Filling {
			findings = append(findings, finding{"rebuild", fmt.Sprintf("epoch %d is live and does not hold the last events yet", st.Epoch), "where no `comptoir rebuild` is running, run it: it ends what was interrupted"})
		}
		for _, f := range st.Functions {
			findings = append(findings, examineFunction(f)...)
		}
		findings = append(findings, examineHeartbeat(dir, cfg, st.HeartbeatAt)...)
		return nil
	})
	if err != nil {
		findings = append(findings, finding{"state", "it cannot be read", err.Error()})
	}
	return findings
}

func examineFunction(f query.FunctionStatus) (findings []finding) {
	level := finding{about: f.Name, says: fmt.Sprintf("as of %s, %s events behind", stamp(f.AsOf), optional(f.Lag, humanize.Comma))}
	switch {
	case f.AsOf == nil:
		level.says = "it has not heard from the relay yet"
		level.advice = "start the relay and the functions: `comptoir run`"
	case f.Lag == nil: // freshness itself has no number to reach
		level.says = "as of " + stamp(f.AsOf)
	case *f.Lag > 0:
		level.advice = "it catches up while `comptoir run` is running; if it does not, look at the log for why"
	}
	findings = append(findings, level)
	if f.Gaps > 0 {
		var commands []string
		for _, g := range gapsOf([]query.FunctionStatus{f}) {
			commands = append(commands, g.republish())
		}
		findings = append(findings, finding{f.Name, fmt.Sprintf("%s events are missing", humanize.Comma(f.Gaps)), "bring them again: " + strings.Join(commands[:min(len(commands), 5)], "; ")})
	}
	if f.DeadLetters > 0 {
		findings = append(findings, finding{
			f.Name, recordsText(int(f.DeadLetters)) + " kept aside so far",
			"see `comptoir dead-letters list`, which says what to do about each",
		})
	}
	if f.ReviewsDue > 0 {
		findings = append(findings, finding{f.Name, fmt.Sprintf("%s documents are of an earlier day", humanize.Comma(f.ReviewsDue)), "they are brought up to the day while `comptoir run` is running"})
	}
	return findings
}

// examineHeartbeat tells a quiet shop from a dead pipeline: while relay and
// functions run, a heartbeat comes through every few seconds.
func examineHeartbeat(dir *datadir.Dir, cfg *config.Config, last *time.Time) []finding {
	running, err := dir.Running()
	relay, functions := running[datadir.Relay], running[datadir.Functions]
	if err != nil || relay.PID == 0 || functions.PID == 0 {
		return nil // said with the parts
	}
	patience := 3*cfg.HeartbeatInterval + 30*time.Second
	since := relay.Since
	if last != nil && last.After(since) {
		since = *last
	}
	if silent := time.Since(since); silent > patience {
		return []finding{{
			"heartbeat", fmt.Sprintf("none came through for %s", silent.Round(time.Second)),
			fmt.Sprintf("look at the log of process %d (relay) and of process %d (functions) for what keeps them", relay.PID, functions.PID),
		}}
	}
	return []finding{{about: "heartbeat", says: "it comes through, the last at " + stamp(last)}}
}
