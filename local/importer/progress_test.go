package importer

import (
	"strings"
	"testing"
	"time"
)

func TestMeter(t *testing.T) {
	steps := []struct {
		after time.Duration
		step  Step
	}{
		{0, Step{Stage: "checking", Done: 0}},
		{time.Second, Step{Stage: "checking", Done: 300_000}},
		{3 * time.Second, Step{Stage: "checking", Done: 500_000}},
		{4 * time.Second, Step{Stage: "invoices", Done: 0, Total: 600_000}},
		{8 * time.Second, Step{Stage: "invoices", Done: 200_000, Total: 600_000}},
		{9 * time.Second, Step{Stage: "done", Done: 600_000, Total: 600_000, Ended: true}},
	}
	for _, c := range []struct {
		terminal bool
		every    time.Duration
		want     []string
	}{
		{false, 3 * time.Second, []string{"checking: 500,000 rows\n", "invoices: 200,000 of 600,000 rows, 33 %, 50,000 rows/s, 8s left\n"}},
		{true, 100 * time.Millisecond, []string{"\rchecking: 300,000 rows", "\r[######--------------] invoices: 200,000 of 600,000 rows, 33 %, 50,000 rows/s, 8s left"}},
	} {
		var out strings.Builder
		start := time.Date(2011, 12, 9, 12, 0, 0, 0, time.UTC)
		now := start
		m := &Meter{out: &out, now: func() time.Time { return now }, terminal: c.terminal, every: c.every}
		for _, s := range steps {
			now = start.Add(s.after)
			m.Show(s.step)
		}
		for _, w := range c.want {
			if !strings.Contains(out.String(), w) {
				t.Errorf("terminal %t: %q is not in %q", c.terminal, w, out.String())
			}
		}
		if c.terminal && !strings.HasSuffix(out.String(), " \r") {
			t.Errorf("the bar is left standing: %q", out.String())
		}
		if lines := strings.Count(out.String(), "\n"); !c.terminal && lines != len(c.want) || c.terminal && lines != 0 {
			t.Errorf("terminal %t: %d lines", c.terminal, lines)
		}
	}
}
