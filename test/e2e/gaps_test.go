package e2e

import (
	"fmt"
	"io"
	"log/slog"
	"testing"

	"comptoir/local/datadir"
	"comptoir/local/runner"
	"comptoir/shared/config"
	"comptoir/shared/event"
)

// Events that never came through are seen, counted and named with their range by
// every function that lacks them; republish brings them, and may be repeated.
func TestAGapIsSeenAndHealed(t *testing.T) {
	s := shop(t)
	s.Level()
	s.Stop()
	// The relay is away: what it would publish is published here, all but a part.
	s.Start(datadir.Broker, datadir.Functions, datadir.Query)
	for range 6 {
		record(t, s, sale("TEA", 1))
	}
	stream := fmt.Sprintf("sales/%d", event.Partition("TEA", s.App.Ledger().Partitions()))
	logged, err := s.App.Ledger().Events(ctx, stream, 1, 100)
	if err != nil {
		t.Fatal(err)
	}
	const first, last = 2, 4
	var messages []event.Message
	for i := range logged {
		if n := logged[i].Sequence; n < first || n > last {
			messages = append(messages, event.Encode(logged[i].Attributes, logged[i].Data))
		}
	}
	send(t, s, messages...)
	s.Level()
	type status struct {
		Gaps      int64 `json:"gaps"`
		Functions []struct {
			Name    string `json:"name"`
			Gaps    int64  `json:"gaps"`
			Streams []struct {
				Stream  string     `json:"stream"`
				Missing [][2]int64 `json:"missing"`
			} `json:"streams"`
		} `json:"functions"`
	}
	var st status
	s.Get("/v1/status", &st)
	seen := 0
	for _, f := range st.Functions {
		for _, in := range f.Streams {
			if in.Stream == stream && fmt.Sprint(in.Missing) == fmt.Sprintf("[[%d %d]]", first, last) {
				seen++
			}
		}
	}
	if seen != 2 || st.Gaps != 2*(last-first+1) {
		t.Errorf("the gap is named by %d functions and counted as %d, want 2 and 6: %+v", seen, st.Gaps, st)
	}
	if got := revenue(t, s, "TEA"); got != "1500" {
		t.Errorf("with a gap of three sales of six the revenue is %s, want 1500", got)
	}

	cfg, err := config.Load(config.Map("the test", s.Settings))
	if err != nil {
		t.Fatal(err)
	}
	dir, err := datadir.Open(s.Path, false)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := runner.Republish(ctx, dir, cfg, slog.New(slog.NewTextHandler(io.Discard, nil)), stream, first, last, nil); err != nil {
			t.Fatal(err)
		}
		s.Level()
	}
	s.Get("/v1/status", &st)
	if got := revenue(t, s, "TEA"); got != "3000" || st.Gaps != 0 {
		t.Errorf("republished twice, the revenue is %s and %d are missing, want 3000 and 0", got, st.Gaps)
	}
	if r := s.Verify(); r.Found != 0 {
		t.Errorf("the books disagree: %v", r.Differences)
	}
}
