// Package harness starts the same App as the command does, in a test's own
// directory, and asks it what a user would ask.
package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"comptoir/functions/query"
	"comptoir/functions/setup"
	"comptoir/local/datadir"
	"comptoir/local/rebuild"
	"comptoir/local/runner"
	"comptoir/local/verify"
	"comptoir/shared/config"
	"comptoir/shared/projection"
	"comptoir/shared/state"
)

// Shop is a data directory of a test, running or not.
type Shop struct {
	T        testing.TB
	Path     string
	Settings map[string]string
	// Functions are those of the release that runs; Comptoir's own where nil.
	Functions []projection.Function
	// Log holds what the parts logged.
	Log *Log

	App  *runner.App
	stop func() error
}

// New prepares a shop; nothing runs yet. Addresses are chosen by the system.
func New(t testing.TB, settings map[string]string) *Shop {
	t.Helper()
	s := &Shop{T: t, Path: t.TempDir(), Log: &Log{}, Settings: map[string]string{
		"BROKER_ADDR": "127.0.0.1:0", "QUERY_ADDR": "127.0.0.1:0", "HEARTBEAT_INTERVAL": "1s",
	}}
	maps.Copy(s.Settings, Servers(t))
	maps.Copy(s.Settings, settings)
	t.Cleanup(func() {
		if s.App != nil {
			s.Stop()
		}
		if t.Failed() && testing.Verbose() {
			t.Logf("the log:\n%s", s.Log.String())
		}
	})
	return s
}

// Start runs the parts named, all of them where none is.
func (s *Shop) Start(parts ...datadir.Part) {
	s.T.Helper()
	dir, err := datadir.Open(s.Path, true)
	if err != nil {
		s.T.Fatal(err)
	}
	cfg, err := config.Load(config.Map("the test", s.Settings))
	if err != nil {
		s.T.Fatal(err)
	}
	if s.Settings["KAFKA_BOOTSTRAP_SERVERS"] != "" {
		if err := migrate(dir, s.Settings); err != nil {
			s.T.Fatal(err)
		}
		// Where there is a Kafka no broker is run.
		parts = slices.DeleteFunc(slices.Clone(parts), func(p datadir.Part) bool { return p == datadir.Broker })
	}
	app, err := runner.Open(context.Background(), runner.Options{
		Dir: dir, Config: cfg, Parts: parts, Functions: s.Functions, Log: slog.New(slog.NewTextHandler(s.Log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		s.T.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background()) //nolint:gosec // Stop calls it
	ended := make(chan error, 1)
	go func() { ended <- app.Run(ctx) }()
	s.App = app
	s.stop = func() error {
		cancel()
		err := <-ended
		if closeErr := app.Close(); err == nil {
			err = closeErr
		}
		return err
	}
}

// Stop drains and closes.
func (s *Shop) Stop() {
	s.T.Helper()
	err := s.stop()
	s.App, s.stop = nil, nil
	if err != nil {
		s.T.Errorf("stopping: %v", err)
	}
}

// Level waits until everything recorded is applied and reviewed, and the query
// API, which holds an answer for a moment, shows it.
func (s *Shop) Level() {
	s.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s.App.Wake()
	if err := s.App.Level(ctx, nil); err != nil {
		s.T.Fatalf("waiting until everything recorded is applied: %v\n%s", err, s.Log.Tail())
	}
	if err := s.App.Review(ctx); err != nil {
		s.T.Fatal(err)
	}
	if s.App.Reader() == nil {
		return
	}
	docs, err := s.Live().Find(ctx, "checkpoints", state.Find{Limit: 1000})
	if err != nil {
		s.T.Fatal(err)
	}
	var sum int64
	for _, raw := range docs {
		var c struct {
			Function string `json:"function"`
			Version  int64  `json:"version"`
		}
		if err := json.Unmarshal(raw, &c); err != nil {
			s.T.Fatal(err)
		}
		if c.Function != "freshness" { // heartbeats are no news of the figures
			sum += c.Version
		}
	}
	want := fmt.Sprintf("%012d", sum)
	for {
		var status struct {
			Version string `json:"version"`
		}
		s.Get("/v1/status", &status)
		if len(status.Version) > 12 && status.Version[len(status.Version)-12:] >= want {
			return
		}
		if ctx.Err() != nil {
			s.T.Fatalf("the query API shows version %s, and the state has come to %s", status.Version, want)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// Live is the state that is live.
func (s *Shop) Live() query.Reader {
	s.T.Helper()
	live, err := query.Live(context.Background(), s.App.Reader())
	if err != nil {
		s.T.Fatal(err)
	}
	return live
}

// Rebuild builds the state anew with the functions and the settings of the shop.
func (s *Shop) Rebuild() (rebuild.Result, error) {
	s.T.Helper()
	dir, err := datadir.Open(s.Path, false)
	if err != nil {
		s.T.Fatal(err)
	}
	cfg, err := config.Load(config.Map("the test", s.Settings))
	if err != nil {
		s.T.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return runner.Rebuild(ctx, runner.RebuildOptions{Dir: dir, Config: cfg, Functions: s.Functions, Log: slog.New(slog.NewTextHandler(s.Log, nil))})
}

// Get asks the query API and decodes the answer; the status must be 200.
func (s *Shop) Get(path string, into any) http.Header {
	s.T.Helper()
	status, header, body := s.Ask(path, nil)
	if status != http.StatusOK {
		s.T.Fatalf("GET %s: %d %s", path, status, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		s.T.Fatalf("GET %s: %v in %s", path, err, body)
	}
	return header
}

// Ask asks the query API.
func (s *Shop) Ask(path string, header http.Header) (status int, _ http.Header, body []byte) {
	s.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.App.QueryURL()+path, http.NoBody)
	if err != nil {
		s.T.Fatal(err)
	}
	maps.Copy(req.Header, header)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.T.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(resp.Body); err != nil {
		s.T.Fatal(err)
	}
	return resp.StatusCode, resp.Header, body
}

// Items asks for all items of a list, page by page.
func (s *Shop) Items(list string, query url.Values) []map[string]json.RawMessage {
	s.T.Helper()
	var all []map[string]json.RawMessage
	if query = maps.Clone(query); query == nil {
		query = url.Values{}
	}
	query.Set("limit", "100")
	for {
		var page struct {
			Items []map[string]json.RawMessage `json:"items"`
			Next  *string                      `json:"next"`
		}
		s.Get("/v1/"+list+"?"+query.Encode(), &page)
		all = append(all, page.Items...)
		if page.Next == nil {
			return all
		}
		query.Set("cursor", *page.Next)
	}
}

// Verify compares the state with the ledger.
func (s *Shop) Verify() *verify.Report {
	s.T.Helper()
	cfg, err := config.Load(config.Map("the test", s.Settings))
	if err != nil {
		s.T.Fatal(err)
	}
	l := s.App.Ledger()
	rules, err := setup.Rules(cfg, l.Currency())
	if err != nil {
		s.T.Fatal(err)
	}
	dir, err := datadir.Open(s.Path, false)
	if err != nil {
		s.T.Fatal(err)
	}
	report, err := verify.Run(context.Background(), verify.Config{LedgerPath: dir.Ledger(), Source: l.Source(), State: s.Live(), Rules: rules, Limit: 20})
	if err != nil {
		s.T.Fatal(err)
	}
	return report
}

// Log collects log lines, from many goroutines.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String returns all of it.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Tail returns the end of it.
func (l *Log) Tail() string {
	s := l.String()
	return "…" + s[max(0, len(s)-3000):]
}
